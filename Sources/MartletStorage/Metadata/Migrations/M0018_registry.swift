/// Registered models: portfolios of an experiment that is a registry. Stages are 0 none, 1 staging, 2 production,
/// 3 archived.
///
/// `model_version` has what only a registry knows of a version in a collection; `model_tag` is for collections
/// (`collection:<id>`) and versions (`version:<id>`).
struct M0018_registry: Migration {
    let number: Int64 = 18

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        let clustered = dialect == .sqlite ? " WITHOUT ROWID" : ""
        return [
            "ALTER TABLE experiment ADD COLUMN is_registry BIGINT NOT NULL DEFAULT 0",
            """
            UPDATE experiment SET is_registry = 1 WHERE substr(name, 1, 15) = 'wandb-registry-'
              AND NOT EXISTS (SELECT 1 FROM run WHERE run.experiment = experiment.id)
            """,
            """
            CREATE TABLE model_version (
              collection BIGINT NOT NULL, number BIGINT NOT NULL, stage BIGINT NOT NULL, source TEXT NOT NULL,
              location TEXT NOT NULL, model_id \(text), run_id \(text), run_link TEXT NOT NULL, author \(text) NOT NULL,
              PRIMARY KEY (collection, number))\(clustered)
            """,
            """
            CREATE TABLE model_tag (
              owner \(text) NOT NULL, key \(text) NOT NULL, value TEXT NOT NULL,
              PRIMARY KEY (owner, key))\(clustered)
            """,
        ]
    }
}
