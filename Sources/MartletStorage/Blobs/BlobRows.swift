import MartletCore

/// Where the bytes of a blob are.
enum BlobPlace: Sendable, Equatable {
    /// A file of its own.
    case file
    /// A record of a pack.
    case pack(PackPlace)
    /// Other blobs, one after another.
    case parts
    /// An object of the S3 store, by its id.
    case object(String)
}

/// A record's pack, and the offset of its header in that file.
struct PackPlace: Sendable, Hashable {
    var pack: Int64
    var offset: Int64
}

/// A blob whose bytes are in an S3 store.
struct StoredObject: Sendable {
    var blob: StoredBlob
    var id: String

    /// Below the prefix of the store.
    var key: String { S3BlobStore.key(id) }
}

/// What the database says of a blob.
struct BlobRow: Sendable {
    var blob: StoredBlob
    var place: BlobPlace
    /// Milliseconds since 1970-01-01 UTC of the last time that it was stored.
    var storedAt: Int64
}

/// The stretch of a composed blob that one part covers.
struct PartRow: Sendable {
    var digest: Digest
    /// In the whole.
    var offset: Int64
    var size: Int64
}

/// The rows of blobs. A blob exists when its row does; a file or a record without a row is nothing.
enum BlobRows {
    static func row(_ digest: Digest, _ connection: any SQLConnection) throws -> BlobRow? {
        try connection.first(
            "SELECT md5, size, kind, pack, pack_offset, object, created_at FROM blob WHERE digest = $1",
            [.text(digest.rawValue)]
        ) { row in
            BlobRow(
                blob: StoredBlob(digest: digest, md5: row.optionalText(0), size: row.integer(1)),
                place: place(row, 2),
                storedAt: row.integer(6)
            )
        }
    }

    /// Reads the four columns `kind, pack, pack_offset, object`.
    static func place(_ row: any SQLRow, _ column: Int) -> BlobPlace {
        switch row.integer(column) {
        case 0: .file
        case 1: .pack(PackPlace(pack: row.integer(column + 1), offset: row.integer(column + 2)))
        case 2: .parts
        default: .object(row.text(column + 3))
        }
    }

    static func isPresent(_ digest: Digest, _ connection: any SQLConnection) throws -> Bool {
        try connection.first("SELECT 1 FROM blob WHERE digest = $1", [.text(digest.rawValue)]) { _ in true } ?? false
    }

    /// - Throws: `unavailable` when there is no such blob: the garbage collector was faster than its name.
    static func requirePresent(_ digest: Digest, _ connection: any SQLConnection) throws {
        guard try isPresent(digest, connection) else {
            throw MartletError(
                .unavailable,
                "the content \(digest.rawValue.prefix(12))… is no longer stored; send the file again"
            )
        }
    }

    /// - Returns: false when a blob of that digest is there already, which stays as it is.
    static func insert(
        _ blob: StoredBlob,
        at place: BlobPlace,
        now: Int64,
        _ connection: any SQLConnection
    ) throws -> Bool {
        let (kind, pack, object): (Int64, PackPlace?, String?) =
            switch place {
            case .file: (0, nil, nil)
            case .pack(let place): (1, place, nil)
            case .parts: (2, nil, nil)
            case .object(let id): (3, nil, id)
            }
        let inserted = try connection.execute(
            """
            INSERT INTO blob (digest, md5, size, kind, pack, pack_offset, object, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (digest) DO NOTHING
            """,
            [
                .text(blob.digest.rawValue), .text(blob.md5), .integer(blob.size), .integer(kind),
                .integer(pack?.pack), .integer(pack?.offset), .text(object), .integer(now),
            ]
        )
        return inserted > 0
    }

    /// Starts the blob's grace period anew. - Returns: false when it is gone.
    static func touch(_ digest: Digest, now: Int64, _ connection: any SQLConnection) throws -> Bool {
        try connection.execute(
            "UPDATE blob SET created_at = $1 WHERE digest = $2",
            [.integer(now), .text(digest.rawValue)]
        ) > 0
    }

    /// Offset in the pack just behind the last record that a row names; `nil` when none does.
    static func end(of pack: Int64, _ connection: any SQLConnection) throws -> Int64? {
        try connection.first(
            """
            SELECT pack_offset, size FROM blob WHERE kind = 1 AND pack = $1
            ORDER BY pack_offset DESC LIMIT 1
            """,
            [.integer(pack)]
        ) { $0.integer(0) + Int64(PackRecord.headerSize) + $0.integer(1) }
    }

    /// Blobs behind `digest` whose bytes are on the disk, by digest.
    static func onDisk(after digest: Digest, limit: Int, _ connection: any SQLConnection) throws -> [StoredBlob] {
        try connection.rows(
            "SELECT digest, md5, size FROM blob WHERE digest > $1 AND kind <= 1 ORDER BY digest LIMIT $2",
            [.text(digest.rawValue), .integer(limit)]
        ) { StoredBlob(digest: Digest($0.text(0)), md5: $0.optionalText(1), size: $0.integer(2)) }
    }

    /// Blobs behind `digest` whose bytes are in an S3 store, by digest.
    static func inStore(after digest: Digest, limit: Int, _ connection: any SQLConnection) throws -> [StoredObject] {
        try connection.rows(
            "SELECT digest, md5, size, object FROM blob WHERE digest > $1 AND kind = 3 ORDER BY digest LIMIT $2",
            [.text(digest.rawValue), .integer(limit)]
        ) { row in
            StoredObject(
                blob: StoredBlob(digest: Digest(row.text(0)), md5: row.optionalText(1), size: row.integer(2)),
                id: row.text(3)
            )
        }
    }

    /// How many blobs have their bytes in an S3 store.
    static func countInStore(_ connection: any SQLConnection) throws -> Int64 {
        try connection.first("SELECT count(*) FROM blob WHERE kind = 3") { $0.integer(0) } ?? 0
    }

    /// Points the row of a blob on the disk at an object with the same bytes. - Returns: false when it is gone.
    static func move(_ digest: Digest, toObject id: String, _ connection: any SQLConnection) throws -> Bool {
        try connection.execute(
            """
            UPDATE blob SET kind = 3, object = $1, pack = NULL, pack_offset = NULL WHERE digest = $2 AND kind <= 1
            """,
            [.text(id), .text(digest.rawValue)]
        ) > 0
    }

    /// The name of this database in the S3 store that it uses; empty when it had none.
    static func storeID(_ connection: any SQLConnection) throws -> String {
        try connection.first("SELECT id FROM blob_store") { $0.text(0) } ?? ""
    }

    /// The name of this database in the S3 store that it uses, which is `fresh` from now on if it had none.
    static func storeID(orElse fresh: String, _ connection: any SQLConnection) throws -> String {
        let id = try storeID(connection)
        if !id.isEmpty { return id }
        try connection.execute("INSERT INTO blob_store (id) VALUES ($1)", [.text(fresh)])
        return fresh
    }

    // MARK: Parts

    static func insertPart(
        _ part: PartRow,
        at position: Int,
        of blob: Digest,
        _ connection: any SQLConnection
    ) throws {
        try connection.execute(
            "INSERT INTO blob_part (blob, position, part, part_offset, part_size) VALUES ($1, $2, $3, $4, $5)",
            [
                .text(blob.rawValue), .integer(position), .text(part.digest.rawValue), .integer(part.offset),
                .integer(part.size),
            ]
        )
    }

    /// The parts that share bytes with the range, in order.
    static func parts(
        of blob: Digest,
        in range: Range<Int64>,
        _ connection: any SQLConnection
    ) throws -> [PartRow] {
        try connection.rows(
            """
            SELECT part, part_offset, part_size FROM blob_part
            WHERE blob = $1 AND part_offset < $2 AND part_offset + part_size > $3 ORDER BY position
            """,
            [.text(blob.rawValue), .integer(range.upperBound), .integer(range.lowerBound)]
        ) { PartRow(digest: Digest($0.text(0)), offset: $0.integer(1), size: $0.integer(2)) }
    }
}
