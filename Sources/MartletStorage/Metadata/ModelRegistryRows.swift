import MartletCore

/// The rows of registered models and their versions, inside a transaction of the caller.
enum ModelRegistryRows {
    // MARK: reading

    /// - Throws: `notFound`.
    static func model(_ id: ArtifactCollection.ID, _ connection: any SQLConnection) throws -> RegisteredModel {
        try whole([try VersionRows.collection(id, connection)], connection)[0]
    }

    /// With tags, aliases and the last version of each stage, in their order.
    static func whole(
        _ collections: [ArtifactCollection],
        _ connection: any SQLConnection
    ) throws -> [RegisteredModel] {
        let tags = try tags(of: collections.map { VersionRows.owner($0.id) }, connection)
        let latest = Dictionary(
            grouping: try versions(try latest(of: collections.map(\.id), connection), connection),
            by: \.membership.collection.id
        )
        let aliases = try aliases(of: collections.map(\.id), connection)
        return collections.map { collection in
            RegisteredModel(
                collection: collection,
                tags: tags[VersionRows.owner(collection.id)] ?? [],
                aliases: aliases[collection.id] ?? [],
                latest: (latest[collection.id] ?? []).sorted { $0.stage.stored < $1.stage.stored }
            )
        }
    }

    private static let aliasesOfCollections = BatchedQuery { members in
        "SELECT collection, alias, number FROM artifact_alias WHERE alias <> 'latest' AND collection IN \(members)"
    }

    private static func aliases(
        of collections: [ArtifactCollection.ID],
        _ connection: any SQLConnection
    ) throws -> [ArtifactCollection.ID: [RegisteredModel.Alias]] {
        var aliases: [ArtifactCollection.ID: [RegisteredModel.Alias]] = [:]
        try aliasesOfCollections.forEachRow(of: collections.map(\.number), on: connection) { row in
            aliases[ArtifactCollection.ID(row.integer(0)), default: []].append(
                RegisteredModel.Alias(name: row.text(1), number: row.integer(2))
            )
        }
        return aliases.mapValues { aliases in aliases.sorted { $0.name < $1.name } }
    }

    private static let latestOfCollections = BatchedQuery { members in
        """
        SELECT \(VersionRows.membershipColumns) FROM artifact_membership m JOIN (
          SELECT o.collection AS collection, max(o.number) AS number FROM artifact_membership o
          LEFT JOIN model_version d ON d.collection = o.collection AND d.number = o.number
          WHERE o.collection IN \(members) GROUP BY o.collection, coalesce(d.stage, 0)
        ) l ON l.collection = m.collection AND l.number = m.number
        """
    }

    /// The last member of each stage of each collection.
    private static func latest(
        of collections: [ArtifactCollection.ID],
        _ connection: any SQLConnection
    ) throws -> [VersionRows.Membership] {
        var found: [VersionRows.Membership] = []
        try latestOfCollections.forEachRow(of: collections.map(\.number), on: connection) { row in
            found.append(VersionRows.membership(row))
        }
        return found
    }

    private struct Details: Sendable {
        var stage: ModelVersion.Stage
        var origin: ModelVersion.Origin
    }

    private struct Place: Hashable {
        var collection: Int64
        var number: Int64
    }

    private static let detailsOfVersions = BatchedQuery { members in
        """
        SELECT d.collection, d.number, d.stage, d.source, d.location, d.model_id, d.run_link, d.author, d.run_id
        FROM artifact_membership m JOIN model_version d ON d.collection = m.collection AND d.number = m.number
        WHERE m.version IN \(members)
        """
    }

    /// Versions with all that is known of them, in the order of the members.
    static func versions(
        _ members: [VersionRows.Membership],
        _ connection: any SQLConnection
    ) throws -> [ModelVersion] {
        let ids = members.map(\.version)
        let tags = try tags(of: ids.map { VersionRows.owner($0) }, connection)
        var details: [Place: Details] = [:]
        try detailsOfVersions.forEachRow(of: ids.map { .text($0.rawValue) }, on: connection) { row in
            let origin = ModelVersion.Origin(
                source: row.text(3),
                location: row.text(4),
                modelID: row.optionalText(5).map { LoggedModel.ID($0) },
                runID: row.optionalText(8).map { Run.ID($0) },
                runLink: row.text(6),
                user: row.text(7)
            )
            details[Place(collection: row.integer(0), number: row.integer(1))] = Details(
                stage: ModelVersion.Stage(stored: row.integer(2)),
                origin: origin
            )
        }
        return try VersionRows.whole(members, connection).map { member in
            var member = member
            member.aliases.removeAll { $0 == "latest" }
            let known = details[Place(collection: member.collection.id.number, number: member.number)]
            return ModelVersion(
                membership: member,
                stage: known?.stage ?? .none,
                tags: tags[VersionRows.owner(member.version.id)] ?? [],
                origin: known?.origin ?? ModelVersion.Origin()
            )
        }
    }

    static func member(
        _ number: Int64,
        of collection: ArtifactCollection.ID,
        _ connection: any SQLConnection
    ) throws -> VersionRows.Membership {
        let found = try connection.first(
            "SELECT \(VersionRows.membershipColumns) FROM artifact_membership m WHERE m.collection = $1 AND m.number = $2",
            [.integer(collection.number), .integer(number)],
            VersionRows.membership
        )
        if let found { return found }
        let name = try VersionRows.collection(collection, connection).name
        throw MartletError(.notFound, "Model Version (name=\(name), version=\(number)) not found")
    }

    /// - Throws: `notFound`.
    static func version(
        _ number: Int64,
        of collection: ArtifactCollection.ID,
        _ connection: any SQLConnection
    ) throws -> ModelVersion {
        let versions = try versions([try member(number, of: collection, connection)], connection)
        guard let version = versions.first else {
            throw MartletError(.internal, "version \(number) of the collection \(collection) has no row of its own")
        }
        return version
    }

    // MARK: tags

    private static let tagsOfOwners = BatchedQuery { members in
        "SELECT owner, key, value FROM model_tag WHERE owner IN \(members)"
    }

    private static func tags(
        of owners: [String],
        _ connection: any SQLConnection
    ) throws -> [String: [Tag]] {
        var tags: [String: [Tag]] = [:]
        try tagsOfOwners.forEachRow(of: Set(owners).map { .text($0) }, on: connection) { row in
            tags[row.text(0), default: []].append(Tag(key: row.text(1), value: row.text(2)))
        }
        return tags.mapValues { tags in tags.sorted { $0.key < $1.key } }
    }

    static func setTag(_ key: String, _ value: String?, of owner: String, _ connection: any SQLConnection) throws {
        guard let value else {
            try connection.execute(
                "DELETE FROM model_tag WHERE owner = $1 AND key = $2",
                [.text(owner), .text(key)]
            )
            return
        }
        try connection.execute(
            """
            INSERT INTO model_tag (owner, key, value) VALUES ($1, $2, $3)
            ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value
            """,
            [.text(owner), .text(key), .text(value)]
        )
    }

    // MARK: writing

    /// - Throws: `alreadyExists`.
    static func insert(
        _ request: CreateRegisteredModel,
        in registry: Experiment.ID,
        now: Int64,
        _ connection: any SQLConnection
    ) throws -> ArtifactCollection.ID {
        let isOpen = try connection.first(
            "SELECT stage FROM experiment WHERE id = $1 \(connection.dialect.holdingRow)",
            [.integer(registry.number)]
        ) { $0.integer(0) == 0 }
        guard isOpen == true else {
            throw MartletError(.notFound, "the registry was removed meanwhile; try again")
        }
        let id = try connection.first(
            """
            INSERT INTO artifact_collection
              (experiment, name, kind, type, description, next_number, created_at, updated_at)
            VALUES ($1, $2, 1, $3, $4, 1, $5, $6) ON CONFLICT (experiment, name) DO NOTHING RETURNING id
            """,
            [
                .integer(registry.number), .text(request.name), .text(request.type), .text(request.description),
                .integer(now), .integer(now),
            ]
        ) { ArtifactCollection.ID($0.integer(0)) }
        guard let id else { throw taken(request.name) }
        for tag in request.tags { try setTag(tag.key, tag.value, of: VersionRows.owner(id), connection) }
        return id
    }

    static func taken(_ name: String) -> MartletError {
        MartletError(.alreadyExists, "Registered Model (name=\(name)) already exists.")
    }

    static func insert(
        _ origin: ModelVersion.Origin,
        of number: Int64,
        in collection: ArtifactCollection.ID,
        _ connection: any SQLConnection
    ) throws {
        try connection.execute(
            """
            INSERT INTO model_version (collection, number, stage, source, location, model_id, run_link, author, run_id)
            VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8)
            """,
            [
                .integer(collection.number), .integer(number), .text(origin.source), .text(origin.location),
                .text(origin.modelID?.rawValue), .text(origin.runLink), .text(origin.user),
                .text(origin.runID?.rawValue),
            ]
        )
    }

    /// Makes a number the next one. - Throws: `conflict` when it was given before.
    static func reserve(
        _ number: Int64,
        in collection: ArtifactCollection.ID,
        _ connection: any SQLConnection
    ) throws {
        let changed = try connection.execute(
            "UPDATE artifact_collection SET next_number = $1 WHERE id = $2 AND next_number <= $3",
            [.integer(number), .integer(collection.number), .integer(number)]
        )
        guard changed == 0 else { return }
        throw MartletError(.conflict, "the number \(number) was given before")
    }

    /// Gives a version the stage and the times that it has where it comes from.
    static func keep(
        _ kept: CreateModelVersion.Kept,
        of version: ArtifactVersion,
        _ connection: any SQLConnection
    ) throws {
        let place: [SQLValue] = [.integer(version.collectionID.number), .integer(kept.number)]
        try connection.execute(
            "UPDATE artifact_version SET created_at = $1, updated_at = $2 WHERE id = $3",
            [.integer(kept.createdAt), .integer(kept.updatedAt), .text(version.id.rawValue)]
        )
        try connection.execute(
            "UPDATE artifact_membership SET created_at = $1 WHERE collection = $2 AND number = $3",
            [.integer(kept.createdAt)] + place
        )
        try connection.execute(
            "UPDATE model_version SET stage = $1 WHERE collection = $2 AND number = $3",
            [.integer(kept.stage.stored)] + place
        )
    }

    /// - Parameter archivesOthers: whether the other versions of that stage leave it.
    static func setStage(
        _ stage: ModelVersion.Stage,
        of number: Int64,
        in collection: ArtifactCollection.ID,
        archivesOthers: Bool,
        now: Int64,
        _ connection: any SQLConnection
    ) throws {
        if archivesOthers {
            let others: [SQLValue] = [
                .integer(collection.number), .integer(stage.stored), .integer(number),
            ]
            try connection.execute(
                """
                UPDATE artifact_version SET updated_at = $1 WHERE id IN (
                  SELECT m.version FROM artifact_membership m
                  JOIN model_version d ON d.collection = m.collection AND d.number = m.number
                  WHERE d.collection = $2 AND d.stage = $3 AND d.number <> $4)
                """,
                [.integer(now)] + others
            )
            try connection.execute(
                "UPDATE model_version SET stage = 3 WHERE collection = $1 AND stage = $2 AND number <> $3",
                others
            )
        }
        try connection.execute(
            """
            INSERT INTO model_version (collection, number, stage, source, location, run_link, author)
            VALUES ($1, $2, $3, '', '', '', '') ON CONFLICT (collection, number) DO UPDATE SET stage = excluded.stage
            """,
            [.integer(collection.number), .integer(number), .integer(stage.stored)]
        )
        try touch(collection, now: now, connection)
    }

    static func touch(_ collection: ArtifactCollection.ID, now: Int64, _ connection: any SQLConnection) throws {
        try connection.execute(
            "UPDATE artifact_collection SET updated_at = $1 WHERE id = $2",
            [.integer(now), .integer(collection.number)]
        )
    }
}

extension ModelVersion.Stage {
    init(stored: Int64) {
        switch stored {
        case 1: self = .staging
        case 2: self = .production
        case 3: self = .archived
        default: self = .none
        }
    }

    var stored: Int64 {
        switch self {
        case .none: 0
        case .staging: 1
        case .production: 2
        case .archived: 3
        }
    }
}
