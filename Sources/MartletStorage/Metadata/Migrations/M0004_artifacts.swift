/// Trees of files, the blobs that they name, and uploads in many parts. See docs/blob-layout.md.
///
/// Upload states are 0 open, 1 completed; an aborted upload has no row.
struct M0004_artifacts: Migration {
    let number: Int64 = 4

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        // The rows are short and found by their key alone: one tree is enough.
        let oneTree = dialect == .sqlite ? " WITHOUT ROWID" : ""
        return [
            // One row per file and per folder; `folder` is the path of the parent, empty for the root.
            """
            CREATE TABLE artifact (
              owner \(text) NOT NULL, folder \(text) NOT NULL, name \(text) NOT NULL, is_folder BIGINT NOT NULL,
              digest \(text), md5 \(text), size BIGINT, modified_at BIGINT NOT NULL,
              PRIMARY KEY (owner, folder, name))\(oneTree)
            """,
            "CREATE INDEX artifact_by_digest ON artifact (digest) WHERE digest IS NOT NULL",
            // Where the bytes are: kind 0 a file of its own, 1 a piece of a pack, 2 parts one after another.
            """
            CREATE TABLE blob (
              digest \(text) PRIMARY KEY, md5 \(text), size BIGINT NOT NULL, kind BIGINT NOT NULL,
              pack BIGINT, pack_offset BIGINT, created_at BIGINT NOT NULL)
            """,
            "CREATE INDEX blob_by_md5 ON blob (md5)",
            "CREATE INDEX blob_by_pack ON blob (pack, pack_offset) WHERE kind = 1",
            """
            CREATE TABLE blob_part (
              blob \(text) NOT NULL, position BIGINT NOT NULL, part \(text) NOT NULL, part_offset BIGINT NOT NULL,
              part_size BIGINT NOT NULL, PRIMARY KEY (blob, position))\(oneTree)
            """,
            "CREATE INDEX blob_part_by_part ON blob_part (part)",
            """
            CREATE TABLE upload (
              id \(text) PRIMARY KEY, owner \(text) NOT NULL, path \(text) NOT NULL, state BIGINT NOT NULL,
              digest \(text), created_at BIGINT NOT NULL)
            """,
            """
            CREATE TABLE upload_part (
              upload \(text) NOT NULL, number BIGINT NOT NULL, digest \(text) NOT NULL, md5 \(text),
              size BIGINT NOT NULL, PRIMARY KEY (upload, number))\(oneTree)
            """,
            "CREATE INDEX upload_part_by_digest ON upload_part (digest)",
        ]
    }
}
