/// Models that runs saved. Statuses are 1 pending, 2 ready, 3 failed.
struct M0003_models: Migration {
    let number: Int64 = 3

    func statements(for dialect: SQLDialect) -> [String] {
        let (text, real) = (dialect.text, dialect.real)
        return [
            """
            CREATE TABLE logged_model (
              id \(text) PRIMARY KEY, workspace BIGINT NOT NULL, experiment BIGINT NOT NULL, name \(text) NOT NULL,
              model_type \(text) NOT NULL, status BIGINT NOT NULL, status_message TEXT NOT NULL,
              source_run \(text), artifact_uri TEXT NOT NULL, stage BIGINT NOT NULL, created_at BIGINT NOT NULL,
              updated_at BIGINT NOT NULL)
            """,
            "CREATE INDEX logged_model_by_creation ON logged_model (experiment, stage, created_at, id)",
            """
            CREATE TABLE logged_model_param (
              model \(text) NOT NULL, key \(text) NOT NULL, value \(text) NOT NULL, PRIMARY KEY (model, key))
            """,
            """
            CREATE TABLE logged_model_tag (
              model \(text) NOT NULL, key \(text) NOT NULL, value \(text) NOT NULL, PRIMARY KEY (model, key))
            """,
            // The latest score by (step, time, value); empty names stand for no dataset.
            """
            CREATE TABLE logged_model_metric (
              model \(text) NOT NULL, key \(text) NOT NULL, dataset_name \(text) NOT NULL,
              dataset_digest \(text) NOT NULL, run \(text) NOT NULL, value \(real) NOT NULL,
              value_nan BIGINT NOT NULL, step BIGINT NOT NULL, time BIGINT NOT NULL,
              PRIMARY KEY (model, key, dataset_name, dataset_digest, run))
            """,
        ]
    }
}
