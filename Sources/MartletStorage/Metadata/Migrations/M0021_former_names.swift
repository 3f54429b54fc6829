/// The names that experiments had: a program that began before a renaming knows its run by the old one.
struct M0021_former_names: Migration {
    let number: Int64 = 21

    func statements(for dialect: SQLDialect) -> [String] {
        let clustered = dialect == .sqlite ? " WITHOUT ROWID" : ""
        return [
            """
            CREATE TABLE experiment_former_name (
              name \(dialect.text) NOT NULL, experiment BIGINT NOT NULL, renamed_at BIGINT NOT NULL,
              PRIMARY KEY (name, experiment))\(clustered)
            """
        ]
    }
}
