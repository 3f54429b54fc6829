/// Blobs whose bytes are in an S3 store (kind 3), by the id of their object. See docs/s3.md.
struct M0008_blobs_in_s3: Migration {
    let number: Int64 = 8

    func statements(for dialect: SQLDialect) -> [String] {
        [
            "ALTER TABLE blob ADD COLUMN object \(dialect.text)",
            "CREATE UNIQUE INDEX blob_by_object ON blob (object) WHERE object IS NOT NULL",
            // One row: the name that this database has in the store that it uses.
            "CREATE TABLE blob_store (id \(dialect.text) PRIMARY KEY)",
        ]
    }
}
