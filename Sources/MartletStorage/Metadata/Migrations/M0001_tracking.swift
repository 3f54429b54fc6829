/// Workspaces, experiments, runs and what is written to them.
///
/// Stages are 0 active, 1 deleted. Times are milliseconds since 1970-01-01 UTC.
/// Run statuses are 1 running, 2 scheduled, 3 finished, 4 failed, 5 killed.
struct M0001_tracking: Migration {
    let number: Int64 = 1

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        // PostgreSQL's index rows are short; there the head of a value finds the row and the whole value decides.
        let value = dialect == .sqlite ? "value" : "substr(value, 1, 200)"
        // Purging a run removes all that names its number, so SQLite may give the number again and need not count.
        let numbered = dialect == .sqlite ? "INTEGER PRIMARY KEY" : dialect.autoNumber
        let newest = dialect == .sqlite ? "started_at DESC" : "started_at DESC NULLS LAST"
        return [
            "CREATE TABLE workspace (id BIGINT PRIMARY KEY, name \(text) NOT NULL UNIQUE, created_at BIGINT NOT NULL)",
            "INSERT INTO workspace (id, name, created_at) VALUES (1, 'default', 0)",
            """
            CREATE TABLE experiment (
              id \(dialect.autoNumber), workspace BIGINT NOT NULL, name \(text) NOT NULL,
              artifact_location TEXT NOT NULL, stage BIGINT NOT NULL, created_at BIGINT NOT NULL,
              updated_at BIGINT NOT NULL, purpose TEXT NOT NULL, goal_metric TEXT, goal_direction TEXT,
              UNIQUE (workspace, name))
            """,
            """
            CREATE TABLE experiment_tag (
              experiment BIGINT NOT NULL, key \(text) NOT NULL, value \(text) NOT NULL,
              PRIMARY KEY (experiment, key))
            """,
            """
            CREATE TABLE run (
              number \(numbered), id \(text) NOT NULL UNIQUE, workspace BIGINT NOT NULL,
              experiment BIGINT NOT NULL, foreign_id \(text), name \(text) NOT NULL, status BIGINT NOT NULL,
              stage BIGINT NOT NULL, user_name \(text) NOT NULL, started_at BIGINT, ended_at BIGINT,
              created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, heartbeat_at BIGINT NOT NULL,
              deleted_at BIGINT, purpose TEXT NOT NULL, hypothesis TEXT NOT NULL, notes TEXT NOT NULL,
              conclusion TEXT NOT NULL)
            """,
            "CREATE INDEX run_by_start ON run (experiment, stage, \(newest), id)",
            "CREATE UNIQUE INDEX run_by_foreign_id ON run (experiment, foreign_id) WHERE foreign_id IS NOT NULL",
            "CREATE INDEX run_by_name ON run (experiment, name)",
            """
            CREATE TABLE run_param (
              run BIGINT NOT NULL, key \(text) NOT NULL, value \(text) NOT NULL, experiment BIGINT NOT NULL,
              PRIMARY KEY (run, key))
            """,
            "CREATE INDEX run_param_by_value ON run_param (experiment, key, \(value), run)",
            """
            CREATE TABLE run_tag (
              run BIGINT NOT NULL, key \(text) NOT NULL, value \(text) NOT NULL, experiment BIGINT NOT NULL,
              PRIMARY KEY (run, key))
            """,
            "CREATE INDEX run_tag_by_value ON run_tag (experiment, key, \(value), run)",
            """
            CREATE TABLE dataset (
              id \(dialect.autoNumber), experiment BIGINT NOT NULL, name \(text) NOT NULL, digest \(text) NOT NULL,
              source_type TEXT NOT NULL, source TEXT NOT NULL, schema TEXT, profile TEXT,
              UNIQUE (experiment, name, digest))
            """,
            """
            CREATE TABLE run_dataset (
              run BIGINT NOT NULL, dataset BIGINT NOT NULL, context \(text), tags TEXT NOT NULL,
              PRIMARY KEY (run, dataset))
            """,
            "CREATE INDEX run_dataset_by_dataset ON run_dataset (dataset, run)",
            """
            CREATE TABLE run_model (
              run BIGINT NOT NULL, model \(text) NOT NULL, is_output BIGINT NOT NULL, step BIGINT NOT NULL,
              PRIMARY KEY (run, model, is_output))
            """,
        ]
    }
}
