import MartletCore

extension BlobCatalog {
    /// Stands before the parts' digests, so that no file of digests has the digest of a composition by accident.
    static let domain: [UInt8] = Array("martlet parts\0".utf8)

    func compose(_ parts: [StoredBlob]) async throws(MartletError) -> StoredBlob {
        var names = Self.domain
        names.reserveCapacity(names.count + parts.count * 32)
        var rows: [PartRow] = []
        rows.reserveCapacity(parts.count)
        var size: Int64 = 0
        for part in parts {
            guard let bytes = ContentHash.bytes(of: part.digest) else {
                throw MartletError(.invalidArgument, "'\(part.digest.rawValue.prefix(80))' is no digest")
            }
            names += bytes
            rows.append(PartRow(digest: part.digest, offset: size, size: part.size))
            size += part.size
        }
        let digest = Digest(ContentHash.hexadecimal(ContentHash.sha256(of: names[...])))
        let blob = StoredBlob(digest: digest, md5: nil, size: size)
        let (stored, now) = (rows, environment.now())
        try await database.write { try Self.insert(blob, stored, now: now, $0) }
        return blob
    }

    private static func insert(
        _ blob: StoredBlob,
        _ parts: [PartRow],
        now: Int64,
        _ connection: any SQLConnection
    ) throws {
        if let row = try BlobRows.row(blob.digest, connection) {
            guard row.place == .parts else { throw digestTaken(blob.digest) }
            _ = try BlobRows.touch(blob.digest, now: now, connection)
            return
        }
        var checked: Set<Digest> = []
        for part in parts where checked.insert(part.digest).inserted {
            let stored = try BlobRows.row(part.digest, connection)
            guard stored?.blob.size == part.size else {
                throw MartletError(
                    .notFound,
                    "the part \(part.digest.rawValue.prefix(12))… is not stored; send it again"
                )
            }
        }
        _ = try BlobRows.insert(blob, at: .parts, now: now, connection)
        for (position, part) in parts.enumerated() {
            try BlobRows.insertPart(part, at: position, of: blob.digest, connection)
        }
    }
}
