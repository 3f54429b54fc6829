import MartletCore

/// What the database says of blobs, wherever their bytes are: both stores keep their rows and names through it.
struct BlobCatalog: Sendable {
    let database: any SQLDatabase
    let environment: Environment

    /// Milliseconds. A blob that was stored longer ago than this gets a new grace period when it is stored again.
    private static let freshness: Int64 = 60_000

    func row(_ digest: Digest) async throws(MartletError) -> BlobRow? {
        try await database.read { try BlobRows.row(digest, $0) }
    }

    /// The blob of that digest under one more name, when it is there; it stays for another grace period.
    func keep(_ blob: StoredBlob, as name: BlobName?) async throws(MartletError) -> StoredBlob? {
        try name?.check(blob)
        guard let row = try await row(blob.digest) else { return nil }
        guard row.place != .parts else { throw Self.digestTaken(blob.digest) }
        let now = environment.now()
        let isFresh = now - row.storedAt < Self.freshness
        if isFresh, name == nil { return row.blob }
        return try await database.write { connection in
            let name = try CheckedName(name, connection)
            let isThere =
                try isFresh
                ? BlobRows.isPresent(blob.digest, connection) : BlobRows.touch(blob.digest, now: now, connection)
            guard isThere else { return nil }
            try name.give(to: row.blob, now: now, connection)
            return row.blob
        }
    }

    /// The row and the name of a blob whose bytes are durable, in one transaction.
    /// - Returns: false when the row names another place, because the same content was there before: the bytes in this
    ///   one are garbage.
    @discardableResult
    func commit(
        _ blob: StoredBlob,
        at place: BlobPlace,
        as name: BlobName?
    ) async throws(MartletError) -> Bool {
        try name?.check(blob)
        let now = environment.now()
        return try await database.write { connection in
            let name = try CheckedName(name, connection)
            let isFirst = try BlobRows.insert(blob, at: place, now: now, connection)
            let known = isFirst ? place : try Self.renewed(blob.digest, now: now, connection)
            try name.give(to: blob, now: now, connection)
            return known == place
        }
    }

    /// The place of a blob that is there, whose grace period begins anew where it is not young.
    /// - Throws: `unavailable` when the garbage collector of another server was faster.
    private static func renewed(_ digest: Digest, now: Int64, _ connection: any SQLConnection) throws -> BlobPlace {
        guard let row = try BlobRows.row(digest, connection),
            try now - row.storedAt < freshness || BlobRows.touch(digest, now: now, connection)
        else { throw MartletError(.unavailable, "the content was removed meanwhile; send it again") }
        guard row.place != .parts else { throw digestTaken(digest) }
        return row.place
    }

    /// Only content that was made up to have the digest of a composition comes here.
    static func digestTaken(_ digest: Digest) -> MartletError {
        MartletError(.conflict, "the digest \(digest.rawValue.prefix(12))… names another content; this one is refused")
    }

    /// - Throws: `notFound`.
    static func requireRow(_ digest: Digest, _ connection: any SQLConnection) throws -> BlobRow {
        guard let row = try BlobRows.row(digest, connection) else {
            throw MartletError(.notFound, "there is no content \(digest.rawValue.prefix(64))")
        }
        return row
    }

    /// The range to read, which lies inside the blob; `nil` is all of it. - Throws: `invalidArgument`.
    static func checked(_ range: Range<Int64>?, in blob: StoredBlob) throws(MartletError) -> Range<Int64> {
        guard let range else { return 0..<blob.size }
        guard range.lowerBound >= 0, range.upperBound <= blob.size else {
            throw MartletError(.invalidArgument, "bytes \(range) are not inside a content of \(blob.size) bytes")
        }
        return range
    }
}
