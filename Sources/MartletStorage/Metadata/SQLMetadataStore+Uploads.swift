package import MartletCore

extension SQLMetadataStore: UploadStore {
    package func beginUpload(
        to path: ArtifactPath,
        of owner: ArtifactOwner
    ) async throws(MartletError) -> String {
        let (id, path, owner, now) = (environment.newID(), path.description, owner.key, environment.now())
        try await database.write { try UploadRows.begin(id, to: path, of: owner, now: now, $0) }
        return id
    }

    package func owner(of upload: String) async throws(MartletError) -> ArtifactOwner {
        let key = try await database.read { connection in
            try connection.first("SELECT owner FROM upload WHERE id = $1", [.text(upload)]) { $0.text(0) }
        }
        guard let owner = key.flatMap({ ArtifactOwner(key: $0) }) else { throw UploadRows.unknown(upload) }
        return owner
    }

    package func requireOpen(upload: String) async throws(MartletError) {
        try await database.read { try UploadRows.requireOpen(upload, $0) }
    }

    package func size(of upload: String, but number: Int) async throws(MartletError) -> Int64 {
        try await database.read { connection in
            try connection.first(
                "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM upload_part WHERE upload = $1 AND number <> $2",
                [.text(upload), .integer(number)]
            ) { $0.integer(0) } ?? 0
        }
    }

    package func parts(of upload: String) async throws(MartletError) -> [BlobPart] {
        try await database.read { try UploadRows.parts(of: upload, $0) }
    }

    package func completeUpload(_ upload: String, as blob: StoredBlob) async throws(MartletError) {
        let now = environment.now()
        try await database.write { try UploadRows.complete(upload, as: blob, now: now, $0) }
    }

    package func abortUpload(_ upload: String) async throws(MartletError) {
        try await database.write { try UploadRows.abort(upload, $0) }
    }
}

/// The rows of uploads in many parts. States are 0 open and 1 completed; an aborted upload has no row.
enum UploadRows {
    private static let open: Int64 = 0
    private static let completed: Int64 = 1

    static func begin(
        _ id: String,
        to path: String,
        of owner: String,
        now: Int64,
        _ connection: any SQLConnection
    ) throws {
        guard !path.isEmpty else { throw MartletError(.invalidArgument, "an artifact needs a path") }
        try connection.execute(
            "INSERT INTO upload (id, owner, path, state, created_at) VALUES ($1, $2, $3, $4, $5)",
            [.text(id), .text(owner), .text(path), .integer(open), .integer(now)]
        )
    }

    /// - Throws: `notFound` for an unknown or aborted upload; `failedPrecondition` for a completed one.
    static func requireOpen(_ upload: String, _ connection: any SQLConnection) throws {
        guard try state(of: upload, connection) == open else {
            throw MartletError(.failedPrecondition, "upload \(upload) is completed; begin another one")
        }
    }

    /// Remembers a part of an open upload, whose blob has a row. A part of the same number is replaced.
    static func add(_ part: BlobPart, to upload: String, _ connection: any SQLConnection) throws {
        try connection.execute(
            """
            INSERT INTO upload_part (upload, number, digest, md5, size) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (upload, number) DO UPDATE
            SET digest = excluded.digest, md5 = excluded.md5, size = excluded.size
            """,
            [
                .text(upload), .integer(part.number), .text(part.blob.digest.rawValue), .text(part.blob.md5),
                .integer(part.blob.size),
            ]
        )
    }

    /// By number. A completed upload keeps its parts until the garbage collector forgets it.
    static func parts(of upload: String, _ connection: any SQLConnection) throws -> [BlobPart] {
        _ = try state(of: upload, connection)
        return try connection.rows(
            "SELECT number, digest, md5, size FROM upload_part WHERE upload = $1 ORDER BY number",
            [.text(upload)]
        ) { row in
            BlobPart(
                number: Int(row.integer(0)),
                blob: StoredBlob(digest: Digest(row.text(1)), md5: row.optionalText(2), size: row.integer(3))
            )
        }
    }

    /// The name in the tree and the state of the upload change together.
    static func complete(
        _ upload: String,
        as blob: StoredBlob,
        now: Int64,
        _ connection: any SQLConnection
    ) throws {
        guard try state(of: upload, connection) == open else { return }
        let place = try connection.first("SELECT owner, path FROM upload WHERE id = $1", [.text(upload)]) {
            (owner: $0.text(0), path: $0.text(1))
        }
        guard let place else { throw unknown(upload) }
        let vacancy = try ArtifactRows.vacancy(at: place.path, of: place.owner, connection)
        try BlobRows.requirePresent(blob.digest, connection)
        try ArtifactRows.put(blob, at: vacancy, now: now, connection)
        try connection.execute(
            "UPDATE upload SET state = $1, digest = $2 WHERE id = $3",
            [.integer(completed), .text(blob.digest.rawValue), .text(upload)]
        )
    }

    /// A completed upload stays what it is.
    static func abort(_ upload: String, _ connection: any SQLConnection) throws {
        let removed = try connection.execute(
            "DELETE FROM upload WHERE id = $1 AND state = $2",
            [.text(upload), .integer(open)]
        )
        if removed > 0 { try connection.execute("DELETE FROM upload_part WHERE upload = $1", [.text(upload)]) }
    }

    /// Forgets all uploads to a tree, in whatever state.
    static func removeAll(of owner: String, _ connection: any SQLConnection) throws {
        try connection.execute(
            "DELETE FROM upload_part WHERE upload IN (SELECT id FROM upload WHERE owner = $1)",
            [.text(owner)]
        )
        try connection.execute("DELETE FROM upload WHERE owner = $1", [.text(owner)])
    }

    /// - Throws: `notFound`.
    private static func state(of upload: String, _ connection: any SQLConnection) throws -> Int64 {
        let state = try connection.first("SELECT state FROM upload WHERE id = $1", [.text(upload)]) { $0.integer(0) }
        guard let state else { throw unknown(upload) }
        return state
    }

    static func unknown(_ upload: String) -> MartletError {
        MartletError(.notFound, "there is no upload '\(upload.prefix(64))': it was aborted, or it expired; begin again")
    }
}
