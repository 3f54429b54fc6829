/// What tells a writer whether a transaction was committed whose end it did not hear: a row that is stored with the
/// transaction or, by the one who asks first, instead of it.
///
/// PostgreSQL only; SQLite says what became of a commit.
struct M0010_write_marks: Migration {
    let number: Int64 = 10

    func statements(for dialect: SQLDialect) -> [String] {
        guard dialect == .postgres else { return [] }
        return [
            """
            CREATE TABLE write_mark (
              writer \(dialect.text) NOT NULL, number BIGINT NOT NULL, is_stored BOOLEAN NOT NULL,
              made_at TIMESTAMPTZ NOT NULL DEFAULT now(), PRIMARY KEY (writer, number))
            """,
            // What was packed by us does not become smaller, and new points wait a minute to be packed.
            "ALTER TABLE point_log ALTER COLUMN data SET STORAGE EXTERNAL",
            "ALTER TABLE metric_chunk_data ALTER COLUMN data SET STORAGE EXTERNAL",
            "ALTER TABLE metric_chunk_cells ALTER COLUMN data SET STORAGE EXTERNAL",
        ]
    }
}
