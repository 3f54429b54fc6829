package import MartletCore

extension SQLMetadataStore: ArtifactStore {
    package func entry(
        at path: ArtifactPath,
        of owner: ArtifactOwner
    ) async throws(MartletError) -> ArtifactEntry? {
        guard !path.isRoot else { return nil }
        let (place, owner) = (TreePlace(path), owner.key)
        return try await database.read { try ArtifactRows.entry(at: place, of: owner, $0) }
    }

    package func list(_ folder: ArtifactPath, of owner: ArtifactOwner) async throws(MartletError) -> [ArtifactEntry] {
        let (folder, owner) = (folder.description, owner.key)
        return try await database.read { try ArtifactRows.list(folder, of: owner, $0) }
    }

    package func copy(
        _ paths: [ArtifactPath],
        of source: ArtifactOwner,
        to owner: ArtifactOwner
    ) async throws(MartletError) -> Int64 {
        let (now, source, owner) = (environment.now(), source.key, owner.key)
        return try await database.write { connection in
            var bytes: Int64 = 0
            for path in paths where !path.isRoot {
                let place = TreePlace(path)
                guard let file = try ArtifactRows.entry(at: place, of: source, connection), let digest = file.digest,
                    try BlobRows.isPresent(digest, connection),
                    try ArtifactRows.entry(at: place, of: owner, connection) == nil
                else { continue }
                do {
                    let vacancy = try ArtifactRows.vacancy(at: path.description, of: owner, connection)
                    let blob = StoredBlob(digest: digest, md5: file.md5, size: file.size ?? 0)
                    try ArtifactRows.put(blob, at: vacancy, now: now, connection)
                    bytes += blob.size
                } catch let error as MartletError where error.code == .conflict {
                    // A file has the name of one of its folders.
                    continue
                }
            }
            return bytes
        }
    }

    package func delete(_ path: ArtifactPath, of owner: ArtifactOwner) async throws(MartletError) {
        let (path, owner) = (path.description, owner.key)
        try await database.write { try ArtifactRows.delete(path, of: owner, $0) }
    }
}

/// The key of a row in the tree: the path of the parent (empty for the root) and the last name.
struct TreePlace: Sendable {
    var folder: String
    var name: String

    init(_ path: ArtifactPath) {
        folder = path.folder.description
        name = path.name
    }

    /// - Parameter path: a checked path that is not the root.
    init(checked path: String) {
        if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
            folder = String(path[..<slash])
            name = String(path[path.utf8.index(after: slash)...])
        } else {
            folder = ""
            name = path
        }
    }

    var path: String { folder.isEmpty ? name : "\(folder)/\(name)" }
    var key: [SQLValue] { [.text(folder), .text(name)] }
}

/// The rows of the trees. Paths are checked before they come here; `owner` is `ArtifactOwner.key`.
enum ArtifactRows {
    static func entry(
        at place: TreePlace,
        of owner: String,
        _ connection: any SQLConnection
    ) throws -> ArtifactEntry? {
        try connection.first(
            """
            SELECT name, is_folder, size, digest, md5, modified_at FROM artifact
            WHERE owner = $1 AND folder = $2 AND name = $3
            """,
            [.text(owner)] + place.key
        ) { entry(in: place.folder, $0) }
    }

    /// By name, in the order of its UTF-8 bytes. One range of the primary key.
    static func list(
        _ folder: String,
        of owner: String,
        _ connection: any SQLConnection
    ) throws -> [ArtifactEntry] {
        try connection.rows(
            """
            SELECT name, is_folder, size, digest, md5, modified_at FROM artifact
            WHERE owner = $1 AND folder = $2 ORDER BY name
            """,
            [.text(owner), .text(folder)]
        ) { entry(in: folder, $0) }
    }

    private static func entry(in folder: String, _ row: any SQLRow) -> ArtifactEntry {
        let name = row.text(0)
        let isFolder = row.flag(1)
        return ArtifactEntry(
            name: name,
            path: folder.isEmpty ? name : "\(folder)/\(name)",
            isFolder: isFolder,
            size: row.optionalInteger(2),
            digest: row.optionalText(3).map { Digest($0) },
            md5: row.optionalText(4),
            modifiedAt: isFolder ? 0 : row.integer(5)
        )
    }

    /// A file that may be written: nothing stands in its way.
    struct Vacancy {
        let owner: String
        let place: TreePlace
        /// Folders above that do not exist yet.
        let missing: [TreePlace]
    }

    /// Looks whether a file may have that path. Writes nothing.
    /// - Throws: `conflict`; `invalidArgument` for the root.
    static func vacancy(at path: String, of owner: String, _ connection: any SQLConnection) throws -> Vacancy {
        guard !path.isEmpty else { throw MartletError(.invalidArgument, "an artifact needs a path") }
        let place = TreePlace(checked: path)
        let standing = try isFolder(place, of: owner, connection)
        if standing == true { throw folderStands(at: path) }
        let missing = standing == nil ? try missingFolders(above: place, of: owner, connection) : []
        return Vacancy(owner: owner, place: place, missing: missing)
    }

    /// Names a blob that has a row, with the folders above. A file of that name is replaced.
    static func put(_ blob: StoredBlob, at vacancy: Vacancy, now: Int64, _ connection: any SQLConnection) throws {
        for folder in vacancy.missing {
            try connection.execute(
                """
                INSERT INTO artifact (owner, folder, name, is_folder, modified_at) VALUES ($1, $2, $3, 1, $4)
                ON CONFLICT DO NOTHING
                """,
                [.text(vacancy.owner)] + folder.key + [.integer(now)]
            )
        }
        try FileUseRows.add(1, blob.size, to: vacancy.owner, connection)
        try requireOpen(vacancy.owner, connection)
        let replaced = try connection.first(
            "SELECT size FROM artifact WHERE owner = $1 AND folder = $2 AND name = $3 AND is_folder = 0",
            [.text(vacancy.owner)] + vacancy.place.key
        ) { $0.integer(0) }
        if let replaced { try FileUseRows.add(-1, -replaced, to: vacancy.owner, connection) }
        let changed = try connection.execute(
            """
            INSERT INTO artifact (owner, folder, name, is_folder, digest, md5, size, modified_at)
            VALUES ($1, $2, $3, 0, $4, $5, $6, $7)
            ON CONFLICT (owner, folder, name) DO UPDATE
            SET digest = excluded.digest, md5 = excluded.md5, size = excluded.size, modified_at = excluded.modified_at
            WHERE artifact.is_folder = 0
            """,
            [.text(vacancy.owner)] + vacancy.place.key
                + [.text(blob.digest.rawValue), .text(blob.md5), .integer(blob.size), .integer(now)]
        )
        // Only a second server can have made a folder since the check.
        if changed == 0 { throw folderStands(at: vacancy.place.path) }
    }

    /// Behind the line that holds the tree: a version that is committed never changes.
    private static func requireOpen(_ owner: String, _ connection: any SQLConnection) throws {
        switch ArtifactOwner(key: owner) {
        case .version(let id)?, .draft(let id)?: try VersionRows.requirePending(id, connection)
        default: break
        }
    }

    /// `nil` when nothing stands there.
    private static func isFolder(
        _ place: TreePlace,
        of owner: String,
        _ connection: any SQLConnection
    ) throws -> Bool? {
        try connection.first(
            "SELECT is_folder FROM artifact WHERE owner = $1 AND folder = $2 AND name = $3",
            [.text(owner)] + place.key
        ) { $0.flag(0) }
    }

    /// The folders that a new file lacks, from the deepest up: one look-up when its folder exists.
    private static func missingFolders(
        above place: TreePlace,
        of owner: String,
        _ connection: any SQLConnection
    ) throws -> [TreePlace] {
        var missing: [TreePlace] = []
        var folder = place.folder
        while !folder.isEmpty {
            let ancestor = TreePlace(checked: folder)
            switch try isFolder(ancestor, of: owner, connection) {
            case true?: return missing
            case false?:
                throw MartletError(
                    .conflict,
                    "'\(place.path)' cannot be stored: '\(folder)' is a file; delete it, or choose another path"
                )
            case nil: missing.append(ancestor)
            }
            folder = ancestor.folder
        }
        return missing
    }

    private static func folderStands(at path: String) -> MartletError {
        MartletError(.conflict, "'\(path)' cannot be stored: it is a folder; delete it, or choose another path")
    }

    /// Removes a file, or a folder with all inside, then the folders above that became empty.
    ///
    /// The root stands for the whole tree. - Throws: `notFound`.
    static func delete(_ path: String, of owner: String, _ connection: any SQLConnection) throws {
        // Holds the tree, so that what is counted is what goes.
        try FileUseRows.add(0, 0, to: owner, connection)
        try requireOpen(owner, connection)
        if path.isEmpty {
            let removed = try deleteTree(of: owner, connection)
            if removed == 0 { throw MartletError(.notFound, "there are no artifacts to delete") }
            return
        }
        let place = TreePlace(checked: path)
        guard let isFolder = try isFolder(place, of: owner, connection) else {
            throw MartletError(.notFound, "there is no artifact '\(path)'")
        }
        let gone: Gone = if isFolder { try removeAll(in: path, of: owner, connection) } else { (0, 0) }
        let file = try remove(place, of: owner, connection)
        try FileUseRows.add(-gone.files - file.files, -gone.bytes - file.bytes, to: owner, connection)
        try removeEmptyFolders(from: place.folder, of: owner, connection)
    }

    /// - Returns: how many files and folders went.
    @discardableResult
    static func deleteTree(of owner: String, _ connection: any SQLConnection) throws -> Int {
        let removed = try connection.execute("DELETE FROM artifact WHERE owner = $1", [.text(owner)])
        try FileUseRows.remove(owner, connection)
        return removed
    }

    private typealias Gone = (files: Int64, bytes: Int64)

    /// - Returns: the files below the folder, and their bytes.
    private static func removeAll(
        in folder: String,
        of owner: String,
        _ connection: any SQLConnection
    ) throws -> Gone {
        // '0' is the character after '/': the range holds every path below, in the order of bytes.
        let below = "owner = $1 AND (folder = $2 OR (folder >= $3 AND folder < $4))"
        return try remove(
            below,
            [.text(owner), .text(folder), .text(folder + "/"), .text(folder + "0")],
            connection
        )
    }

    @discardableResult
    private static func remove(
        _ place: TreePlace,
        of owner: String,
        _ connection: any SQLConnection
    ) throws -> Gone {
        try remove("owner = $1 AND folder = $2 AND name = $3", [.text(owner)] + place.key, connection)
    }

    private static func remove(
        _ condition: String,
        _ values: [SQLValue],
        _ connection: any SQLConnection
    ) throws -> Gone {
        let gone = try connection.first(
            "SELECT count(size), CAST(coalesce(sum(size), 0) AS BIGINT) FROM artifact WHERE \(condition)",
            values
        ) { ($0.integer(0), $0.integer(1)) }
        try connection.execute("DELETE FROM artifact WHERE \(condition)", values)
        return gone ?? (0, 0)
    }

    private static func removeEmptyFolders(
        from deepest: String,
        of owner: String,
        _ connection: any SQLConnection
    ) throws {
        var folder = deepest
        while !folder.isEmpty {
            let child = try connection.first(
                "SELECT 1 FROM artifact WHERE owner = $1 AND folder = $2 LIMIT 1",
                [.text(owner), .text(folder)]
            ) { $0.integer(0) }
            if child != nil { return }
            let place = TreePlace(checked: folder)
            try remove(place, of: owner, connection)
            folder = place.folder
        }
    }
}
