package import MartletCore

extension SQLMetadataStore {
    package func collection(_ id: ArtifactCollection.ID) async throws(MartletError) -> ArtifactCollection {
        try await database.read { try VersionRows.collection(id, $0) }
    }

    package func collection(
        named name: String,
        in experiment: Experiment.ID
    ) async throws(MartletError) -> ArtifactCollection? {
        try await database.read { try VersionRows.collection(named: name, in: experiment, $0) }
    }

    package func collections(
        in experiment: Experiment.ID,
        type: String?,
        after name: String,
        limit: Int
    ) async throws(MartletError) -> [ArtifactCollection] {
        try await database.read { connection in
            let ofType = type == nil ? "" : "AND c.type = $4"
            let found = try connection.rows(
                """
                SELECT \(VersionRows.collectionColumns) FROM artifact_collection c
                WHERE c.experiment = $1 AND c.name > $2 \(ofType) ORDER BY c.name LIMIT $3
                """,
                [.integer(experiment.number), .text(name), .integer(limit)] + (type.map { [.text($0)] } ?? []),
                VersionRows.collection
            )
            return try VersionRows.labelled(found, connection)
        }
    }

    package func collectionCount(in experiment: Experiment.ID, type: String?) async throws(MartletError) -> Int {
        try await database.read { connection in
            let ofType = type == nil ? "" : "AND type = $2"
            let count = try connection.first(
                "SELECT count(*) FROM artifact_collection WHERE experiment = $1 \(ofType)",
                [.integer(experiment.number)] + (type.map { [.text($0)] } ?? [])
            ) { $0.integer(0) }
            return Int(count ?? 0)
        }
    }

    package func collectionTypes(in experiment: Experiment.ID) async throws(MartletError) -> [String] {
        try await database.read { connection in
            try connection.rows(
                "SELECT DISTINCT type FROM artifact_collection WHERE experiment = $1 ORDER BY type",
                [.integer(experiment.number)]
            ) { $0.text(0) }
        }
    }

    package func update(
        _ id: ArtifactCollection.ID,
        _ changes: CollectionChanges
    ) async throws(MartletError) -> ArtifactCollection {
        let now = environment.now()
        return try await database.write { connection in
            if changes.type != nil { try VersionRows.hold(id, connection) }
            var collection = try VersionRows.collection(id, connection)
            if let name = changes.name, name != collection.name {
                guard try VersionRows.collection(named: name, in: collection.experimentID, connection) == nil else {
                    throw MartletError(.alreadyExists, "there is an artifact collection '\(name)' in this experiment")
                }
                collection.name = name
            }
            if let type = changes.type, type != collection.type {
                try VersionRows.requireUnlinked(collection, connection)
                collection.type = type
            }
            if let description = changes.description { collection.description = description }
            try connection.execute(
                """
                UPDATE artifact_collection SET name = $1, type = $2, description = $3, updated_at = $4 WHERE id = $5
                """,
                [
                    .text(collection.name), .text(collection.type), .text(collection.description), .integer(now),
                    .integer(id.number),
                ]
            )
            try VersionRows.setLabels(
                changes.addedTags,
                removing: changes.removedTags,
                of: VersionRows.owner(id),
                connection
            )
            return try VersionRows.collection(id, connection)
        }
    }

    package func delete(_ id: ArtifactCollection.ID) async throws(MartletError) {
        try await database.write { connection in
            try VersionRows.hold(id, connection)
            try VersionRows.delete(id, connection)
        }
    }
}

extension VersionRows {
    /// A version has the type of each collection that it is in.
    fileprivate static func requireUnlinked(
        _ collection: ArtifactCollection,
        _ connection: any SQLConnection
    ) throws {
        let other = try connection.first(
            """
            SELECT c.name FROM artifact_membership own
            JOIN artifact_membership m ON m.version = own.version AND m.collection <> own.collection
            JOIN artifact_collection c ON c.id = m.collection WHERE own.collection = $1 LIMIT 1
            """,
            [.integer(collection.id.number)]
        ) { $0.text(0) }
        guard let other else { return }
        throw MartletError(
            .failedPrecondition,
            "versions of '\(collection.name)' are in '\(other)' as of the type '\(collection.type)': unlink them before"
        )
    }

    /// The collection of that name, made where it is not there.
    /// - Throws: `conflict` when it is of another type or kind.
    static func collection(
        named name: String,
        in experiment: Experiment.ID,
        type: String,
        kind: ArtifactCollection.Kind,
        now: Int64,
        _ connection: any SQLConnection
    ) throws -> ArtifactCollection {
        try connection.execute(
            """
            INSERT INTO artifact_collection
              (experiment, name, kind, type, description, next_number, created_at, updated_at)
            VALUES ($1, $2, $3, $4, '', 0, $5, $6) ON CONFLICT (experiment, name) DO NOTHING
            """,
            [
                .integer(experiment.number), .text(name), .integer(kind == .sequence ? 0 : 1), .text(type),
                .integer(now),
                .integer(now),
            ]
        )
        guard let collection = try collection(named: name, in: experiment, connection) else {
            throw MartletError(.unavailable, "the artifact collection '\(name)' was deleted meanwhile; try again")
        }
        guard collection.kind == kind else {
            let (is_, wanted) = kind == .sequence ? ("a portfolio", "a new version") : ("a sequence", "a link")
            throw MartletError(.conflict, "'\(name)' is \(is_) of versions and takes no \(wanted); choose another name")
        }
        guard collection.type == type else {
            throw MartletError(
                .conflict,
                "artifact collection '\(name)' already exists with type '\(collection.type)'; cannot use '\(type)'"
            )
        }
        return collection
    }

    /// Removes a collection, with the versions that were made in it.
    static func delete(_ id: ArtifactCollection.ID, _ connection: any SQLConnection) throws {
        let versions = try connection.rows(
            "SELECT id FROM artifact_version WHERE collection = $1",
            [.integer(id.number)]
        ) { ArtifactVersion.ID($0.text(0)) }
        for version in versions { try forget(version, connection) }
        for table in ["artifact_alias", "artifact_membership", "model_version"] {
            try connection.execute("DELETE FROM \(table) WHERE collection = $1", [.integer(id.number)])
        }
        try forgetLabels(of: owner(id), connection)
        try connection.execute("DELETE FROM artifact_collection WHERE id = $1", [.integer(id.number)])
    }

    /// Removes all that is known of a version.
    static func forget(_ id: ArtifactVersion.ID, _ connection: any SQLConnection) throws {
        try leaveAll(id, connection)
        try removeContent(of: id, connection)
        try connection.execute("DELETE FROM artifact_use WHERE version = $1", [.text(id.rawValue)])
        try forgetLabels(of: owner(id), connection)
        try connection.execute("DELETE FROM artifact_version WHERE id = $1", [.text(id.rawValue)])
    }

    private static func forgetLabels(of owner: String, _ connection: any SQLConnection) throws {
        for table in ["artifact_label", "model_tag"] {
            try connection.execute("DELETE FROM \(table) WHERE owner = $1", [.text(owner)])
        }
    }

    /// Takes a version out of all collections that it is in.
    static func leaveAll(_ id: ArtifactVersion.ID, _ connection: any SQLConnection) throws {
        for membership in try memberships(of: id, connection) { try leave(membership, connection) }
    }

    static func memberships(of id: ArtifactVersion.ID, _ connection: any SQLConnection) throws -> [Membership] {
        try memberships(of: [id], connection)
    }

    private static let membershipsOfVersions = BatchedQuery { members in
        "SELECT \(membershipColumns) FROM artifact_membership m WHERE m.version IN \(members)"
    }

    /// The first first.
    static func memberships(of ids: [ArtifactVersion.ID], _ connection: any SQLConnection) throws -> [Membership] {
        var found: [Membership] = []
        try membershipsOfVersions.forEachRow(of: Set(ids).map { .text($0.rawValue) }, on: connection) { row in
            found.append(membership(row))
        }
        return found.sorted { ($0.createdAt, $0.collection) < ($1.createdAt, $1.collection) }
    }
}
