import MartletCore

/// The rows of the files and references of versions.
enum VersionFileRows {
    static func stored(
        in id: ArtifactVersion.ID,
        after place: TreePlace?,
        limit: Int,
        _ connection: any SQLConnection
    ) throws -> [VersionFile] {
        let behind = place == nil ? "" : "AND (folder > $3 OR (folder = $4 AND name > $5))"
        let values: [SQLValue] = place.map { [.text($0.folder), .text($0.folder), .text($0.name)] } ?? []
        return try connection.rows(
            """
            SELECT folder, name, size, digest, md5, modified_at FROM artifact
            WHERE owner = $1 AND is_folder = 0 \(behind) ORDER BY folder, name LIMIT $2
            """,
            [.text(ArtifactOwner.version(id).key), .integer(limit)] + values,
            file
        )
    }

    private static func file(_ row: any SQLRow) -> VersionFile {
        let folder = row.text(0)
        return VersionFile(
            path: folder.isEmpty ? row.text(1) : "\(folder)/\(row.text(1))",
            size: row.integer(2),
            digest: Digest(row.text(3)),
            md5: row.optionalText(4),
            reference: nil,
            modifiedAt: row.integer(5)
        )
    }

    /// Files at any depth below a folder of any tree, by folder and name.
    static func contents(
        below folder: String,
        of owner: String,
        after place: TreePlace?,
        limit: Int,
        _ connection: any SQLConnection
    ) throws -> [(place: TreePlace, blob: StoredBlob)] {
        let owned: SQLText = "owner = \(value: .text(owner)) AND is_folder = 0"
        // '0' is the character after '/': the range holds every path below, in the order of bytes.
        let below: SQLText = """
            (folder = \(value: .text(folder)) OR (folder >= \(value: .text(folder + "/"))
            AND folder < \(value: .text(folder + "0"))))
            """
        let behind: SQLText = """
            (folder > \(value: .text(place?.folder)) OR (folder = \(value: .text(place?.folder))
            AND name > \(value: .text(place?.name))))
            """
        let sql: SQLText = """
            SELECT folder, name, size, digest, md5 FROM artifact
            WHERE \(owned) AND \(folder.isEmpty ? "1 = 1" : below) AND \(place == nil ? "1 = 1" : behind)
            ORDER BY folder, name LIMIT \(value: .integer(limit))
            """
        return try connection.rows(sql) { row in
            let blob = StoredBlob(digest: Digest(row.text(3)), md5: row.optionalText(4), size: row.integer(2))
            return (TreePlace(checked: row.text(0).isEmpty ? row.text(1) : "\(row.text(0))/\(row.text(1))"), blob)
        }
    }

    static func references(
        in id: ArtifactVersion.ID,
        after path: String,
        limit: Int,
        _ connection: any SQLConnection
    ) throws -> [VersionFile] {
        try connection.rows(
            """
            SELECT path, uri, digest, size, extra FROM artifact_reference
            WHERE version = $1 AND path > $2 ORDER BY path LIMIT $3
            """,
            [.text(id.rawValue), .text(path), .integer(limit)],
            reference
        )
    }

    private static func reference(_ row: any SQLRow) -> VersionFile {
        VersionFile(
            path: row.text(0),
            size: row.integer(3),
            digest: nil,
            md5: nil,
            reference: VersionFile.Reference(uri: row.text(1), digest: row.text(2), extra: row.text(4)),
            modifiedAt: 0
        )
    }

    static func file(
        at path: String,
        in id: ArtifactVersion.ID,
        _ connection: any SQLConnection
    ) throws -> VersionFile? {
        let stored = try connection.first(
            """
            SELECT folder, name, size, digest, md5, modified_at FROM artifact
            WHERE owner = $1 AND folder = $2 AND name = $3 AND is_folder = 0
            """,
            [.text(ArtifactOwner.version(id).key)] + TreePlace(checked: path).key,
            file
        )
        if let stored { return stored }
        return try connection.first(
            "SELECT path, uri, digest, size, extra FROM artifact_reference WHERE version = $1 AND path = $2",
            [.text(id.rawValue), .text(path)],
            reference
        )
    }

    static func file(
        md5: String,
        in id: ArtifactVersion.ID,
        _ connection: any SQLConnection
    ) throws -> VersionFile? {
        let (owner, columns) = (
            ArtifactOwner.version(id).key, "a.folder, a.name, a.size, a.digest, a.md5, a.modified_at"
        )
        let found = try connection.first(
            """
            SELECT \(columns) FROM blob b JOIN artifact a ON a.digest = b.digest WHERE b.md5 = $1 AND a.owner = $2 LIMIT 1
            """,
            [.text(md5), .text(owner)],
            file
        )
        if let found { return found }
        // What came in parts has its MD5 where it is named, and not where it is stored.
        return try connection.first(
            "SELECT \(columns) FROM artifact a WHERE a.owner = $1 AND a.md5 = $2 LIMIT 1",
            [.text(owner), .text(md5)],
            file
        )
    }

    /// A content that a version of the experiment has, by its MD5.
    static func content(
        _ md5: String,
        in experiment: Experiment.ID,
        _ connection: any SQLConnection
    ) throws -> StoredBlob? {
        try connection.first(
            """
            SELECT a.digest, a.md5, a.size FROM blob b JOIN artifact a ON a.digest = b.digest
            JOIN artifact_version v ON v.id = substr(a.owner, 9)
            WHERE b.md5 = $1 AND v.experiment = $2 AND v.state = 1 AND a.owner >= 'version:' AND a.owner < 'version;'
            LIMIT 1
            """,
            [.text(md5), .integer(experiment.number)]
        ) { StoredBlob(digest: Digest($0.text(0)), md5: $0.optionalText(1), size: $0.integer(2)) }
    }

    /// A content of just these parts that a version of the experiment has. The whole of it was never read, so that its own
    /// MD5 is what the sender says; those of its parts were computed as they came.
    static func content(
        ofParts entry: VersionEntry,
        in experiment: Experiment.ID,
        _ connection: any SQLConnection
    ) throws -> StoredBlob? {
        guard let first = entry.partMD5s.first else { return nil }
        let candidates = try connection.rows(
            """
            SELECT w.digest, w.size FROM blob b JOIN blob_part p ON p.part = b.digest AND p.position = 0
            JOIN blob w ON w.digest = p.blob
            WHERE b.md5 = $1 AND EXISTS (
              SELECT 1 FROM artifact a JOIN artifact_version v ON v.id = substr(a.owner, 9)
              WHERE a.digest = w.digest AND v.experiment = $2 AND v.state = 1
                AND a.owner >= 'version:' AND a.owner < 'version;')
            """,
            [.text(first), .integer(experiment.number)]
        ) { StoredBlob(digest: Digest($0.text(0)), md5: entry.md5, size: $0.integer(1)) }
        return try candidates.first { blob in
            let parts = try connection.rows(
                """
                SELECT b.md5 FROM blob_part p JOIN blob b ON b.digest = p.part WHERE p.blob = $1 ORDER BY p.position
                """,
                [.text(blob.digest.rawValue)]
            ) { $0.text(0) }
            return parts == entry.partMD5s
        }
    }

    // MARK: filling

    /// What makes the files of a version those that are wanted.
    struct Plan: Sendable {
        /// Content that is to be named.
        var missing: [(path: String, blob: StoredBlob)] = []
        /// Files that are not wanted.
        var surplus: [String] = []
        /// Files whose MD5 nobody computed, and what it is said to be.
        var unchecked: [(path: String, md5: String)] = []
    }

    /// - Throws: `failedPrecondition` that names a file without content.
    static func plan(
        _ entries: [VersionEntry],
        for id: ArtifactVersion.ID,
        _ connection: any SQLConnection
    ) throws -> Plan {
        try VersionRows.requirePending(id, connection)
        var plan = Plan()
        let present = try all(of: id, connection)
        let wanted = Set(entries.map(\.path))
        plan.surplus = present.keys.filter { !wanted.contains($0) }.sorted()
        var elsewhere: [ArtifactVersion.ID: [VersionEntry]] = [:]
        for entry in entries {
            if let file = present[entry.path] {
                if file.md5 == nil, let md5 = entry.md5, entry.size ?? file.size == file.size {
                    plan.unchecked.append((entry.path, md5))
                    continue
                }
                if file.md5 == entry.md5 { continue }
                guard entry.source != nil, entry.source != id else { throw mismatch(entry, file.md5 ?? "") }
            }
            guard let source = entry.source, source != id else { throw lost(entry.path) }
            elsewhere[source, default: []].append(entry)
        }
        for (source, entries) in elsewhere {
            let files = try all(of: source, connection)
            let byContent = Dictionary(files.values.map { ($0.md5, $0) }, uniquingKeysWith: { first, _ in first })
            for entry in entries {
                let file = files[entry.path].flatMap { $0.md5 == entry.md5 ? $0 : nil } ?? byContent[entry.md5]
                guard let file, let digest = file.digest else { throw lost(entry.path) }
                let blob = StoredBlob(digest: digest, md5: file.md5, size: file.size)
                plan.missing.append((entry.path, blob))
            }
        }
        return plan
    }

    private static func all(
        of id: ArtifactVersion.ID,
        _ connection: any SQLConnection
    ) throws -> [String: VersionFile] {
        var files: [String: VersionFile] = [:]
        for file in try stored(in: id, after: nil, limit: .max, connection) { files[file.path] = file }
        return files
    }

    static func lost(_ path: String) -> MartletError {
        MartletError(
            .failedPrecondition,
            "the file '\(path.prefix(200))' of the artifact has no content; send it, then commit again"
        )
    }

    private static func mismatch(_ entry: VersionEntry, _ md5: String) -> MartletError {
        MartletError(
            .failedPrecondition,
            "the file '\(entry.path.prefix(200))' has the MD5 \(md5), and the manifest says \(entry.md5 ?? "none"); "
                + "send it again"
        )
    }

    /// Adds references; one of the same path is replaced.
    static func putReferences(
        _ entries: [VersionEntry],
        of id: ArtifactVersion.ID,
        _ connection: any SQLConnection
    ) throws {
        for entry in entries {
            guard let reference = entry.reference else { continue }
            try connection.execute(
                """
                INSERT INTO artifact_reference (version, path, uri, digest, size, extra) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (version, path) DO UPDATE SET uri = excluded.uri, digest = excluded.digest,
                  size = excluded.size, extra = excluded.extra
                """,
                [
                    .text(id.rawValue), .text(entry.path), .text(reference.uri), .text(reference.digest),
                    .integer(entry.size ?? 0), .text(reference.extra),
                ]
            )
        }
    }

    static func sum(
        of id: ArtifactVersion.ID,
        _ connection: any SQLConnection
    ) throws -> (files: Int64, bytes: Int64) {
        let stored = try connection.first(
            "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM artifact WHERE owner = $1 AND is_folder = 0",
            [.text(ArtifactOwner.version(id).key)]
        ) { ($0.integer(0), $0.integer(1)) }
        let referred = try connection.first(
            "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM artifact_reference WHERE version = $1",
            [.text(id.rawValue)]
        ) { ($0.integer(0), $0.integer(1)) }
        return ((stored?.0 ?? 0) + (referred?.0 ?? 0), (stored?.1 ?? 0) + (referred?.1 ?? 0))
    }
}
