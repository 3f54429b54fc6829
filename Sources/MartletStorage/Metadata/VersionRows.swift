import MartletCore

/// The rows of collections and versions, inside a transaction of the caller.
enum VersionRows {
    // MARK: reading

    static let collectionColumns = """
        c.id, c.experiment, c.name, c.type, c.kind, c.description, c.created_at, c.updated_at,
        (SELECT count(*) FROM artifact_membership m WHERE m.collection = c.id),
        (SELECT max(m.number) FROM artifact_membership m WHERE m.collection = c.id)
        """

    static func collection(_ row: any SQLRow) -> ArtifactCollection {
        ArtifactCollection(
            id: ArtifactCollection.ID(row.integer(0)),
            experimentID: Experiment.ID(row.integer(1)),
            name: row.text(2),
            type: row.text(3),
            kind: row.integer(4) == 0 ? .sequence : .portfolio,
            description: row.text(5),
            tags: [],
            createdAt: row.integer(6),
            updatedAt: row.integer(7),
            versionCount: row.integer(8),
            lastNumber: row.optionalInteger(9)
        )
    }

    /// - Throws: `notFound`.
    static func collection(
        _ id: ArtifactCollection.ID,
        _ connection: any SQLConnection
    ) throws -> ArtifactCollection {
        let found = try connection.first(
            "SELECT \(collectionColumns) FROM artifact_collection c WHERE c.id = $1",
            [.integer(id.number)],
            collection
        )
        guard let found else { throw MartletError(.notFound, "there is no artifact collection \(id)") }
        return try labelled([found], connection)[0]
    }

    static func collection(
        named name: String,
        in experiment: Experiment.ID,
        _ connection: any SQLConnection
    ) throws -> ArtifactCollection? {
        let found = try connection.rows(
            "SELECT \(collectionColumns) FROM artifact_collection c WHERE c.experiment = $1 AND c.name = $2",
            [.integer(experiment.number), .text(name)],
            collection
        )
        return try labelled(found, connection).first
    }

    private static let collectionsByID = BatchedQuery { members in
        "SELECT \(collectionColumns) FROM artifact_collection c WHERE c.id IN \(members)"
    }

    /// Those that are there, in the order of their ids.
    static func collections(_ ids: [Int64], _ connection: any SQLConnection) throws -> [ArtifactCollection] {
        var found: [Int64: ArtifactCollection] = [:]
        try collectionsByID.forEachRow(of: ids, on: connection) { row in
            let collection = collection(row)
            found[collection.id.number] = collection
        }
        return try labelled(ids.compactMap { found[$0] }, connection)
    }

    static func labelled(
        _ collections: [ArtifactCollection],
        _ connection: any SQLConnection
    ) throws -> [ArtifactCollection] {
        let labels = try labels(of: collections.map { owner($0.id) }, connection)
        return collections.map { collection in
            var collection = collection
            collection.tags = labels[owner(collection.id)] ?? []
            return collection
        }
    }

    static let versionColumns = """
        v.id, v.collection, c.name, c.type, v.experiment, v.state, v.digest, v.description, v.metadata, v.run_id, v.step,
        v.lifetime, v.bytes, v.files, v.created_at, v.updated_at,
        (SELECT o.number FROM artifact_membership o WHERE o.version = v.id AND o.collection = v.collection),
        (SELECT r.name FROM run r WHERE r.id = v.run_id)
        """

    static func version(_ row: any SQLRow) -> ArtifactVersion {
        let state: ArtifactVersion.State =
            switch row.integer(5) {
            case 0: .pending
            case 1: .committed
            default: .deleted
            }
        return ArtifactVersion(
            id: ArtifactVersion.ID(row.text(0)),
            collectionID: ArtifactCollection.ID(row.integer(1)),
            collection: row.text(2),
            type: row.text(3),
            experimentID: Experiment.ID(row.integer(4)),
            number: row.optionalInteger(16),
            state: state,
            digest: row.text(6),
            description: row.text(7),
            metadata: row.text(8),
            tags: [],
            aliases: [],
            runID: row.optionalText(9).map { Run.ID($0) },
            runName: row.optionalText(17),
            step: row.optionalInteger(10),
            lifetime: row.optionalInteger(11),
            size: row.integer(12),
            fileCount: row.integer(13),
            createdAt: row.integer(14),
            updatedAt: row.integer(15)
        )
    }

    /// - Throws: `notFound`.
    static func version(_ id: ArtifactVersion.ID, _ connection: any SQLConnection) throws -> ArtifactVersion {
        let found = try connection.rows(
            """
            SELECT \(versionColumns) FROM artifact_version v JOIN artifact_collection c ON c.id = v.collection
            WHERE v.id = $1
            """,
            [.text(id.rawValue)],
            version
        )
        guard let version = try decorated(found, connection).first else { throw unknown(id) }
        guard version.state == .deleted, let same = try sameAs(id, connection) else { return version }
        return try self.version(same, connection)
    }

    /// The version that a client's counts as, because it had the same content and was committed before.
    static func sameAs(_ id: ArtifactVersion.ID, _ connection: any SQLConnection) throws -> ArtifactVersion.ID? {
        try connection.first(
            "SELECT same_as FROM artifact_version WHERE id = $1 AND same_as IS NOT NULL",
            [.text(id.rawValue)]
        ) { ArtifactVersion.ID($0.text(0)) }
    }

    static func unknown(_ id: ArtifactVersion.ID) -> MartletError {
        MartletError(.notFound, "there is no artifact version \(id.rawValue.prefix(100))")
    }

    /// With tags and aliases.
    static func decorated(
        _ versions: [ArtifactVersion],
        _ connection: any SQLConnection
    ) throws -> [ArtifactVersion] {
        let labels = try labels(of: versions.map { owner($0.id) }, connection)
        var aliases: [ArtifactVersion.ID: [String]] = [:]
        try aliasesOfVersions.forEachRow(of: versions.map { .text($0.id.rawValue) }, on: connection) { row in
            aliases[ArtifactVersion.ID(row.text(0)), default: []].append(row.text(1))
        }
        return versions.map { version in
            var version = version
            version.tags = labels[owner(version.id)] ?? []
            version.aliases = (aliases[version.id] ?? []).sorted()
            return version
        }
    }

    private static let aliasesOfVersions = BatchedQuery { members in
        """
        SELECT v.id, a.alias FROM artifact_version v
        JOIN artifact_membership m ON m.version = v.id AND m.collection = v.collection
        JOIN artifact_alias a ON a.collection = m.collection AND a.number = m.number
        WHERE v.id IN \(members)
        """
    }

    // MARK: labels

    static func owner(_ id: ArtifactVersion.ID) -> String { "version:\(id)" }
    static func owner(_ id: ArtifactCollection.ID) -> String { "collection:\(id)" }

    private static let labelsOfOwners = BatchedQuery { members in
        "SELECT owner, label FROM artifact_label WHERE owner IN \(members)"
    }

    private static func labels(
        of owners: [String],
        _ connection: any SQLConnection
    ) throws -> [String: [String]] {
        var labels: [String: [String]] = [:]
        try labelsOfOwners.forEachRow(of: owners.map { .text($0) }, on: connection) { row in
            labels[row.text(0), default: []].append(row.text(1))
        }
        return labels.mapValues { $0.sorted() }
    }

    static func setLabels(
        _ added: [String],
        removing removed: [String],
        of owner: String,
        _ connection: any SQLConnection
    ) throws {
        for label in removed {
            try connection.execute(
                "DELETE FROM artifact_label WHERE owner = $1 AND label = $2",
                [.text(owner), .text(label)]
            )
        }
        for label in added {
            try connection.execute(
                "INSERT INTO artifact_label (owner, label) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [.text(owner), .text(label)]
            )
        }
    }

    // MARK: memberships

    static let membershipColumns = """
        m.collection, m.number, m.created_at, m.version
        """

    struct Membership: Sendable {
        var collection: Int64
        var number: Int64
        var createdAt: Int64
        var version: ArtifactVersion.ID
    }

    static func membership(_ row: any SQLRow) -> Membership {
        Membership(
            collection: row.integer(0),
            number: row.integer(1),
            createdAt: row.integer(2),
            version: ArtifactVersion.ID(row.text(3))
        )
    }

    private static let versionsByID = BatchedQuery { members in
        """
        SELECT \(versionColumns) FROM artifact_version v JOIN artifact_collection c ON c.id = v.collection
        WHERE v.id IN \(members)
        """
    }

    static func versions(
        _ ids: [ArtifactVersion.ID],
        _ connection: any SQLConnection
    ) throws -> [ArtifactVersion.ID: ArtifactVersion] {
        var versions: [ArtifactVersion.ID: ArtifactVersion] = [:]
        try versionsByID.forEachRow(of: ids.map { .text($0.rawValue) }, on: connection) { row in
            let version = version(row)
            versions[version.id] = version
        }
        let whole = try decorated(Array(versions.values), connection)
        return Dictionary(whole.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static let aliasesOfMemberships = BatchedQuery { members in
        """
        SELECT m.collection, m.number, a.alias FROM artifact_membership m
        JOIN artifact_alias a ON a.collection = m.collection AND a.number = m.number WHERE m.version IN \(members)
        """
    }

    /// Memberships with all that is known of them, in their order.
    static func whole(
        _ memberships: [Membership],
        _ connection: any SQLConnection
    ) throws -> [ArtifactMembership] {
        let versions = try versions(memberships.map(\.version), connection)
        var collections: [Int64: ArtifactCollection] = [:]
        for collection in try self.collections(Set(memberships.map(\.collection)).sorted(), connection) {
            collections[collection.id.number] = collection
        }
        var aliases: [Int64: [Int64: [String]]] = [:]
        try aliasesOfMemberships.forEachRow(of: versions.keys.map { .text($0.rawValue) }, on: connection) { row in
            aliases[row.integer(0), default: [:]][row.integer(1), default: []].append(row.text(2))
        }
        return memberships.compactMap { member in
            guard let collection = collections[member.collection], let version = versions[member.version] else {
                return nil
            }
            return ArtifactMembership(
                collection: collection,
                number: member.number,
                aliases: (aliases[member.collection]?[member.number] ?? []).sorted(),
                version: version,
                createdAt: member.createdAt
            )
        }
    }

    static func aliases(
        of collection: Int64,
        _ connection: any SQLConnection
    ) throws -> [(alias: String, number: Int64)] {
        try connection.rows(
            "SELECT alias, number FROM artifact_alias WHERE collection = $1 ORDER BY alias",
            [.integer(collection)]
        ) { ($0.text(0), $0.integer(1)) }
    }

    /// The membership of a version in a collection; `nil` when it is not in it.
    static func membership(
        of id: ArtifactVersion.ID,
        in collection: Int64,
        _ connection: any SQLConnection
    ) throws -> Membership? {
        try connection.first(
            "SELECT \(membershipColumns) FROM artifact_membership m WHERE m.version = $1 AND m.collection = $2",
            [.text(id.rawValue), .integer(collection)],
            membership
        )
    }
}

extension VersionRole {
    var stored: Int64 { self == .output ? 0 : 1 }
}
