/// Metrics: the log of points, the sealed chunks, the running summaries. See docs/metric-chunks.md.
struct M0002_metrics: Migration {
    let number: Int64 = 2

    func statements(for dialect: SQLDialect) -> [String] {
        let (text, real, bytes) = (dialect.text, dialect.real, dialect.bytes)
        return [
            "CREATE TABLE metric_key (id \(dialect.autoNumber), name \(text) NOT NULL UNIQUE)",
            // One row per series. `*_nan` flags stand for NaN, which SQL columns do not keep.
            // The mark is the greatest (time, step, value key) seen: a point above it is new for certain.
            """
            CREATE TABLE metric_summary (
              run BIGINT NOT NULL, key BIGINT NOT NULL, experiment BIGINT NOT NULL,
              last_value \(real) NOT NULL, last_nan BIGINT NOT NULL, last_step BIGINT NOT NULL,
              last_time BIGINT NOT NULL, min_value \(real), min_step BIGINT, max_value \(real), max_step BIGINT,
              finite_sum \(real) NOT NULL, finite_count BIGINT NOT NULL, count BIGINT NOT NULL,
              nan_count BIGINT NOT NULL, mark_time BIGINT NOT NULL, mark_step BIGINT NOT NULL,
              mark_value BIGINT NOT NULL, flags BIGINT NOT NULL,
              PRIMARY KEY (run, key))
            """ + (dialect == .sqlite ? " WITHOUT ROWID" : ""),
            "CREATE INDEX metric_summary_by_last ON metric_summary (experiment, key, last_nan, last_value, run)",
            // What was logged and is not sealed yet: one row per request and run.
            """
            CREATE TABLE point_log (
              seq \(dialect.autoNumber), run BIGINT NOT NULL, first_time BIGINT NOT NULL,
              last_time BIGINT NOT NULL, received_at BIGINT NOT NULL, points BIGINT NOT NULL,
              bytes BIGINT NOT NULL, data \(bytes) NOT NULL)
            """,
            "CREATE INDEX point_log_by_run ON point_log (run, last_time)",
            // Sealed points of one series, up to 4,096 a chunk, and beside them the pyramid that charts read.
            """
            CREATE TABLE metric_chunk (
              run BIGINT NOT NULL, key BIGINT NOT NULL, chunk BIGINT NOT NULL, points BIGINT NOT NULL,
              first_time BIGINT NOT NULL, last_time BIGINT NOT NULL, first_step BIGINT NOT NULL,
              last_step BIGINT NOT NULL, flags BIGINT NOT NULL, pyramid \(bytes) NOT NULL,
              PRIMARY KEY (run, key, chunk))
            """,
            """
            CREATE TABLE metric_chunk_data (
              run BIGINT NOT NULL, key BIGINT NOT NULL, chunk BIGINT NOT NULL, data \(bytes) NOT NULL,
              PRIMARY KEY (run, key, chunk))
            """,
        ]
    }
}
