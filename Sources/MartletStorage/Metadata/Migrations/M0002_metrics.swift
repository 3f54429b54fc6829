/// Metrics: the log of points, the sealed chunks, the running summaries. See docs/metric-chunks.md.
struct M0002_metrics: Migration {
    let number: Int64 = 2

    func statements(for dialect: SQLDialect) -> [String] {
        let (text, real, bytes) = (dialect.text, dialect.real, dialect.bytes)
        // SQLite keeps a table of small rows inside its primary key; numbers of chunks may be used again.
        let clustered = dialect == .sqlite ? " WITHOUT ROWID" : ""
        let numbered = dialect == .sqlite ? "INTEGER PRIMARY KEY" : dialect.autoNumber
        let rowKey = dialect == .sqlite ? "INTEGER PRIMARY KEY" : "BIGINT PRIMARY KEY"
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
            """ + clustered,
            "CREATE INDEX metric_summary_by_last ON metric_summary (experiment, key, last_nan, last_value, run)",
            // What was logged and is not sealed yet: one row per request and run. `seq` ascends inside a run.
            """
            CREATE TABLE point_log (
              run BIGINT NOT NULL, seq BIGINT NOT NULL, first_time BIGINT NOT NULL, last_time BIGINT NOT NULL,
              received_at BIGINT NOT NULL, points BIGINT NOT NULL, bytes BIGINT NOT NULL, data \(bytes) NOT NULL,
              PRIMARY KEY (run, seq))
            """ + clustered,
            // Sealed points of one series, up to 4,096 a chunk. Chunks of a series do not overlap: the key is the
            // last point by (time, step, value). `cells` is the coarse pyramid, empty for a short chunk.
            """
            CREATE TABLE metric_chunk (
              run BIGINT NOT NULL, key BIGINT NOT NULL, last_time BIGINT NOT NULL, last_step BIGINT NOT NULL,
              last_value BIGINT NOT NULL, id BIGINT NOT NULL, points BIGINT NOT NULL, first_time BIGINT NOT NULL,
              first_step BIGINT NOT NULL, first_value BIGINT NOT NULL, least_step BIGINT NOT NULL,
              greatest_step BIGINT NOT NULL, flags BIGINT NOT NULL, cells \(bytes) NOT NULL,
              PRIMARY KEY (run, key, last_time, last_step, last_value))
            """ + clustered,
            "CREATE TABLE metric_chunk_data (id \(numbered), data \(bytes) NOT NULL)",
            // The fine pyramid, beside the payload so that a chart never touches that. Long chunks only.
            "CREATE TABLE metric_chunk_cells (id \(rowKey), data \(bytes) NOT NULL)",
            // Counts changes of the chunks of a run, so that a sealer notices that another was faster.
            "CREATE TABLE metric_seal (run \(rowKey), generation BIGINT NOT NULL)",
        ]
    }
}
