/// Limits of what is stored, and running sums of files, so that a limit costs an upload next to nothing.
///
/// What belongs to no experiment has -1 for it; a limit of -1 is that of the installation.
struct M0012_quotas: Migration {
    let number: Int64 = 12

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        return [
            "CREATE TABLE quota (experiment BIGINT PRIMARY KEY, bytes BIGINT NOT NULL)",
            // One row per tree of files.
            """
            CREATE TABLE file_use (
              owner \(text) PRIMARY KEY, experiment BIGINT NOT NULL, files BIGINT NOT NULL, bytes BIGINT NOT NULL)
            """,
            "CREATE INDEX file_use_by_experiment ON file_use (experiment, files, bytes)",
            """
            INSERT INTO file_use (owner, experiment, files, bytes)
            SELECT a.owner,
              coalesce(
                (SELECT experiment FROM run WHERE id = substr(a.owner, 5)),
                (SELECT experiment FROM logged_model WHERE id = substr(a.owner, 7)), -1),
              count(*), CAST(sum(a.size) AS BIGINT)
            FROM artifact AS a WHERE a.is_folder = 0 GROUP BY a.owner
            """,
        ]
    }
}
