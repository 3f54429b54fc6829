package import MartletCore

extension SQLMetadataStore {
    package func files(
        of id: ArtifactVersion.ID,
        after last: VersionFile?,
        limit: Int
    ) async throws(MartletError) -> [VersionFile] {
        try await database.read { connection in
            var files: [VersionFile] = []
            if last?.reference == nil {
                let place = last.map { TreePlace(checked: $0.path) }
                files = try VersionFileRows.stored(in: id, after: place, limit: limit, connection)
            }
            guard files.count < limit else { return files }
            let path = last?.reference == nil ? "" : last?.path ?? ""
            return try files + VersionFileRows.references(in: id, after: path, limit: limit - files.count, connection)
        }
    }

    package func files(of id: ArtifactVersion.ID, at paths: [String]) async throws(MartletError) -> [VersionFile] {
        try await database.read { connection in
            try paths.compactMap { try VersionFileRows.file(at: $0, in: id, connection) }
        }
    }

    package func file(of id: ArtifactVersion.ID, md5: String) async throws(MartletError) -> VersionFile? {
        try await database.read { try VersionFileRows.file(md5: md5, in: id, $0) }
    }

    package func claim(
        _ entries: [VersionEntry],
        for id: ArtifactVersion.ID
    ) async throws(MartletError) -> Set<String> {
        let experiment = try await experiment(ofVersion: id)
        let known = try await database.read { connection in
            try entries.compactMap { entry -> (String, StoredBlob)? in
                guard let md5 = entry.md5 else { return nil }
                let whole = try VersionFileRows.content(md5, in: experiment, connection)
                let blob = try whole ?? VersionFileRows.content(ofParts: entry, in: experiment, connection)
                return blob.map { (entry.path, $0) }
            }
        }
        guard !known.isEmpty else { return [] }
        return try await nameContent(known, in: id)
    }

    /// Written in one transaction: others can come between.
    static let mostRows = 500

    /// Names stored content in a pending version, in transactions that others can come between.
    /// - Returns: the paths whose content was still there.
    func nameContent(
        _ files: [(path: String, blob: StoredBlob)],
        in id: ArtifactVersion.ID
    ) async throws(MartletError) -> Set<String> {
        let now = environment.now()
        let owner = ArtifactOwner.version(id).key
        var named: Set<String> = []
        for start in stride(from: 0, to: files.count, by: Self.mostRows) {
            let some = Array(files[start..<min(start + Self.mostRows, files.count)])
            named.formUnion(
                try await database.write { connection in
                    var named: Set<String> = []
                    // Its grace period begins anew: what named it until now may go before this transaction ends.
                    for (path, blob) in some where try BlobRows.touch(blob.digest, now: now, connection) {
                        let vacancy = try ArtifactRows.vacancy(at: path, of: owner, connection)
                        try ArtifactRows.put(blob, at: vacancy, now: now, connection)
                        named.insert(path)
                    }
                    return named
                }
            )
        }
        return named
    }

    package func fill(_ id: ArtifactVersion.ID, with entries: [VersionEntry]) async throws(MartletError) {
        let files = entries.filter { $0.reference == nil }
        let plan = try await database.read { connection in
            try VersionFileRows.plan(files, for: id, connection)
        }
        let named = try await nameContent(plan.missing, in: id)
        if let lost = plan.missing.first(where: { !named.contains($0.path) }) { throw VersionFileRows.lost(lost.path) }
        let now = environment.now()
        let owner = ArtifactOwner.version(id).key
        try await database.write { connection in
            try VersionRows.requirePending(id, connection)
            for path in plan.surplus { try ArtifactRows.delete(path, of: owner, connection) }
            for (path, md5) in plan.unchecked {
                // A file of many parts, whose whole was never read: the parts were checked as they came.
                try connection.execute(
                    "UPDATE artifact SET md5 = $1 WHERE owner = $2 AND folder = $3 AND name = $4",
                    [.text(md5), .text(owner)] + TreePlace(checked: path).key
                )
            }
            try connection.execute("DELETE FROM artifact_reference WHERE version = $1", [.text(id.rawValue)])
            try connection.execute(
                "UPDATE artifact_version SET updated_at = $1 WHERE id = $2",
                [.integer(now), .text(id.rawValue)]
            )
        }
        let references = entries.filter { $0.reference != nil }
        for start in stride(from: 0, to: references.count, by: Self.mostRows) {
            let some = Array(references[start..<min(start + Self.mostRows, references.count)])
            try await database.write { connection in
                try VersionRows.requirePending(id, connection)
                try VersionFileRows.putReferences(some, of: id, connection)
            }
        }
    }

    package func commit(_ id: ArtifactVersion.ID, digest: String) async throws(MartletError) -> ArtifactVersion {
        let now = environment.now()
        return try await database.write { connection in
            // Held until the end: no file comes in between.
            try FileUseRows.add(0, 0, to: ArtifactOwner.version(id).key, connection)
            let version = try VersionRows.version(id, connection)
            switch version.state {
            case .committed: return version
            case .deleted: throw VersionRows.deleted(id)
            case .pending: break
            }
            if let known = try VersionRows.committed(digest, like: id, connection) {
                try VersionRows.merge(version, into: known, now: now, connection)
                return try VersionRows.version(known, connection)
            }
            try VersionRows.commit(version, digest: digest, now: now, connection)
            return try VersionRows.version(id, connection)
        }
    }

    // MARK: lineage

    package func note(
        _ role: VersionRole,
        of run: Run.ID,
        _ id: ArtifactVersion.ID
    ) async throws(MartletError) {
        let now = environment.now()
        try await database.write { try VersionRows.note(role, of: run, id, now: now, $0) }
    }

    package func versions(_ role: VersionRole, of run: Run.ID) async throws(MartletError) -> [ArtifactVersion] {
        try await database.read { connection in
            let versions = try connection.rows(
                """
                SELECT \(VersionRows.versionColumns) FROM artifact_use u JOIN artifact_version v ON v.id = u.version
                JOIN artifact_collection c ON c.id = v.collection
                WHERE u.run_id = $1 AND u.role = $2 AND v.state = 1 ORDER BY u.created_at, v.id
                """,
                [.text(run.rawValue), .integer(role.stored)],
                VersionRows.version
            )
            return try VersionRows.decorated(versions, connection)
        }
    }

    package func runs(_ role: VersionRole, of id: ArtifactVersion.ID) async throws(MartletError) -> [Run.ID] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT u.run_id FROM artifact_use u JOIN run r ON r.id = u.run_id
                WHERE u.version = $1 AND u.role = $2 AND r.stage = 0 ORDER BY u.created_at, u.run_id
                """,
                [.text(id.rawValue), .integer(role.stored)]
            ) { Run.ID($0.text(0)) }
        }
    }
}

extension VersionRows {
    /// Makes a pending version visible as the next of its collection. - Returns: its number.
    @discardableResult
    static func commit(
        _ version: ArtifactVersion,
        digest: String,
        now: Int64,
        _ connection: any SQLConnection
    ) throws -> Int64 {
        let id = version.id
        let sum = try VersionFileRows.sum(of: id, connection)
        try connection.execute(
            """
            UPDATE artifact_version SET state = 1, digest = $1, bytes = $2, files = $3, updated_at = $4 WHERE id = $5
            """,
            [.text(digest), .integer(sum.bytes), .integer(sum.files), .integer(now), .text(id.rawValue)]
        )
        let collection = version.collectionID.number
        let number = try join(id, to: collection, now: now, connection)
        let aliases = try wantedAliases(of: id, connection)
        try setAliases(aliases + ["latest"], of: collection, to: number, connection)
        try ArtifactRows.deleteTree(of: ArtifactOwner.draft(id).key, connection)
        return number
    }

    /// The committed version of the same collection and digest, where a new one would take it instead.
    static func committed(
        _ digest: String,
        like id: ArtifactVersion.ID,
        _ connection: any SQLConnection
    ) throws -> ArtifactVersion.ID? {
        try connection.first(
            """
            SELECT o.id FROM artifact_version v
            JOIN artifact_version o ON o.collection = v.collection AND o.digest = $1 AND o.state = 1
            WHERE v.id = $2 AND v.takes_known = 1 ORDER BY o.created_at LIMIT 1
            """,
            [.text(digest), .text(id.rawValue)]
        ) { ArtifactVersion.ID($0.text(0)) }
    }

    /// Gives what a version has of its own to another with the same content, which it counts as from now on.
    static func merge(
        _ version: ArtifactVersion,
        into known: ArtifactVersion.ID,
        now: Int64,
        _ connection: any SQLConnection
    ) throws {
        let aliases = try wantedAliases(of: version.id, connection)
        if let member = try membership(of: known, in: version.collectionID.number, connection) {
            try setAliases(aliases, of: member.collection, to: member.number, connection)
        }
        try setLabels(version.tags, removing: [], of: owner(known), connection)
        for role in VersionRole.allCases {
            let runs = try connection.rows(
                "SELECT run_id FROM artifact_use WHERE version = $1 AND role = $2",
                [.text(version.id.rawValue), .integer(role.stored)]
            ) { Run.ID($0.text(0)) }
            for run in runs { try note(role, of: run, known, now: now, connection) }
        }
        try connection.execute("DELETE FROM artifact_use WHERE version = $1", [.text(version.id.rawValue)])
        try connection.execute("DELETE FROM artifact_label WHERE owner = $1", [.text(owner(version.id))])
        try removeContent(of: version.id, connection)
        try connection.execute(
            """
            UPDATE artifact_version SET state = 2, same_as = $1, foreign_id = NULL, expires_at = NULL, updated_at = $2
            WHERE id = $3
            """,
            [.text(known.rawValue), .integer(now), .text(version.id.rawValue)]
        )
    }

    /// - Throws: `notFound`; `conflict` for one that is committed or deleted.
    static func requirePending(_ id: ArtifactVersion.ID, _ connection: any SQLConnection) throws {
        let state = try connection.first(
            "SELECT state FROM artifact_version WHERE id = $1",
            [.text(id.rawValue)]
        ) { $0.integer(0) }
        guard let state else { throw unknown(id) }
        guard state == 0 else {
            let word = state == 1 ? "committed" : "deleted"
            throw MartletError(.conflict, "the artifact version \(id) is \(word) and takes no files")
        }
    }
}
