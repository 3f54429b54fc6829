/// Every score of a logged model is kept, where M0003 kept the latest.
struct M0009_scores: Migration {
    let number: Int64 = 9

    func statements(for dialect: SQLDialect) -> [String] {
        let (text, real) = (dialect.text, dialect.real)
        return [
            // Empty names stand for no dataset. The value is in the key, as it is for the points of runs: a client that
            // sends a score again adds nothing, and two that differ are both kept.
            """
            CREATE TABLE logged_model_score (
              model \(text) NOT NULL, key \(text) NOT NULL, time BIGINT NOT NULL, step BIGINT NOT NULL,
              run \(text) NOT NULL, dataset_name \(text) NOT NULL, dataset_digest \(text) NOT NULL,
              value \(real) NOT NULL, value_nan BIGINT NOT NULL,
              PRIMARY KEY (model, key, time, step, run, dataset_name, dataset_digest, value, value_nan))
            """,
            """
            INSERT INTO logged_model_score
              (model, key, time, step, run, dataset_name, dataset_digest, value, value_nan)
            SELECT model, key, time, step, run, dataset_name, dataset_digest, value, value_nan
            FROM logged_model_metric
            """,
            "DROP TABLE logged_model_metric",
        ]
    }
}
