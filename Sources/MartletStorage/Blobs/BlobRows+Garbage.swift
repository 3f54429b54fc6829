import MartletCore

/// A blob that nothing names.
struct DeadBlob: Sendable {
    var digest: Digest
    var size: Int64
    var place: BlobPlace
}

/// A record of a pack that a row names.
struct LiveRecord: Sendable {
    var blob: StoredBlob
    var place: PackPlace
}

extension BlobRows {
    /// What keeps a blob: a name in a tree, a part of an upload, or a place in a composed blob.
    static let unnamed = """
        NOT EXISTS (SELECT 1 FROM artifact WHERE artifact.digest = blob.digest)
        AND NOT EXISTS (SELECT 1 FROM upload_part WHERE upload_part.digest = blob.digest)
        AND NOT EXISTS (SELECT 1 FROM blob_part WHERE blob_part.part = blob.digest)
        """

    /// Blobs behind `digest` that were last stored before `time` and that nothing names, by digest.
    /// - Parameter objects: whether those in an S3 store are among them.
    static func dead(
        after digest: Digest,
        storedBefore time: Int64,
        objects: Bool,
        limit: Int,
        _ connection: any SQLConnection
    ) throws -> [DeadBlob] {
        try connection.rows(
            """
            SELECT digest, size, kind, pack, pack_offset, object FROM blob
            WHERE digest > $1 AND created_at < $2 AND kind <= $3 AND \(unnamed)
            ORDER BY digest LIMIT $4
            """,
            [.text(digest.rawValue), .integer(time), .integer(objects ? 3 : 2), .integer(limit)]
        ) { DeadBlob(digest: Digest($0.text(0)), size: $0.integer(1), place: place($0, 2)) }
    }

    /// Removes the row unless somebody named or stored the blob meanwhile. - Returns: whether it is gone.
    static func remove(_ dead: DeadBlob, storedBefore time: Int64, _ connection: any SQLConnection) throws -> Bool {
        let removed = try connection.execute(
            "DELETE FROM blob WHERE digest = $1 AND created_at < $2 AND \(unnamed)",
            [.text(dead.digest.rawValue), .integer(time)]
        )
        if removed > 0, dead.place == .parts {
            try connection.execute("DELETE FROM blob_part WHERE blob = $1", [.text(dead.digest.rawValue)])
        }
        return removed > 0
    }

    /// Records of a pack that rows name, by offset.
    static func records(of pack: Int64, _ connection: any SQLConnection) throws -> [LiveRecord] {
        try connection.rows(
            "SELECT digest, md5, size, pack_offset FROM blob WHERE kind = 1 AND pack = $1 ORDER BY pack_offset",
            [.integer(pack)]
        ) { row in
            LiveRecord(
                blob: StoredBlob(digest: Digest(row.text(0)), md5: row.optionalText(1), size: row.integer(2)),
                place: PackPlace(pack: pack, offset: row.integer(3))
            )
        }
    }

    /// Of these ids of objects, those that no row names.
    static func unnamed(among objects: [String], _ connection: any SQLConnection) throws -> [String] {
        try objects.filter { object in
            try connection.first("SELECT 1 FROM blob WHERE object = $1", [.text(object)]) { _ in true } == nil
        }
    }

    /// Points the row at a copy of its record, unless it points elsewhere by now.
    static func move(_ record: LiveRecord, to place: PackPlace, _ connection: any SQLConnection) throws {
        try connection.execute(
            "UPDATE blob SET pack = $1, pack_offset = $2 WHERE digest = $3 AND pack = $4 AND pack_offset = $5",
            [
                .integer(place.pack), .integer(place.offset), .text(record.blob.digest.rawValue),
                .integer(record.place.pack), .integer(record.place.offset),
            ]
        )
    }

    /// Forgets uploads: completed ones begun before `completed`, open ones begun before `open`. At most `limit`.
    static func removeUploads(
        completedBefore completed: Int64,
        openBefore open: Int64,
        limit: Int,
        _ connection: any SQLConnection
    ) throws -> Int {
        let ids = try connection.rows(
            """
            SELECT id FROM upload WHERE (state = 1 AND created_at < $1) OR (state = 0 AND created_at < $2) LIMIT $3
            """,
            [.integer(completed), .integer(open), .integer(limit)]
        ) { $0.text(0) }
        for id in ids {
            try connection.execute("DELETE FROM upload_part WHERE upload = $1", [.text(id)])
            try connection.execute("DELETE FROM upload WHERE id = $1", [.text(id)])
        }
        return ids.count
    }
}
