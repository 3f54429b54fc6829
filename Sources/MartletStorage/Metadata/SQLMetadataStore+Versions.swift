package import MartletCore

extension SQLMetadataStore: ArtifactVersionStore {
    package func experiment(ofVersion id: ArtifactVersion.ID) async throws(MartletError) -> Experiment.ID {
        try await database.read { connection in
            let experiment = try connection.first(
                "SELECT experiment FROM artifact_version WHERE id = $1",
                [.text(id.rawValue)]
            ) { Experiment.ID($0.integer(0)) }
            guard let experiment else { throw VersionRows.unknown(id) }
            return experiment
        }
    }

    package func create(
        _ request: CreateArtifactVersion,
        id: ArtifactVersion.ID
    ) async throws(MartletError) -> ArtifactVersion {
        let now = environment.now()
        return try await database.write { connection in
            let collection = try VersionRows.collection(for: request, now: now, connection)
            let known = try VersionRows.known(request, in: collection, connection)
            if let known { try VersionRows.add(request, to: known, in: collection, now: now, connection) }
            let version = known ?? id
            if known == nil { try VersionRows.insert(request, id, in: collection, now: now, connection) }
            try VersionRows.setLabels(request.tags, removing: [], of: VersionRows.owner(version), connection)
            if let run = request.runID { try VersionRows.note(.output, of: run, version, now: now, connection) }
            return try VersionRows.version(version, connection)
        }
    }

    package func version(_ id: ArtifactVersion.ID) async throws(MartletError) -> ArtifactVersion {
        try await database.read { try VersionRows.version(id, $0) }
    }

    package func version(foreignID: String) async throws(MartletError) -> ArtifactVersion.ID? {
        try await database.read { connection in
            try connection.first(
                "SELECT id FROM artifact_version WHERE foreign_id = $1 ORDER BY created_at DESC, id LIMIT 1",
                [.text(foreignID)]
            ) { ArtifactVersion.ID($0.text(0)) }
        }
    }

    package func members(
        of collection: ArtifactCollection.ID,
        before number: Int64?,
        limit: Int
    ) async throws(MartletError) -> [ArtifactMembership] {
        try await database.read { connection in
            let members = try connection.rows(
                """
                SELECT \(VersionRows.membershipColumns) FROM artifact_membership m
                WHERE m.collection = $1 AND m.number < $2 ORDER BY m.number DESC LIMIT $3
                """,
                [.integer(collection.number), .integer(number ?? .max), .integer(limit)],
                VersionRows.membership
            )
            return try VersionRows.whole(members, connection)
        }
    }

    package func member(
        of collection: ArtifactCollection.ID,
        _ choice: VersionChoice
    ) async throws(MartletError) -> ArtifactMembership? {
        let (condition, value): (String, SQLValue) =
            switch choice {
            case .number(let number): ("m.number = $2", .integer(number))
            case .alias(let alias):
                (
                    "m.number = (SELECT a.number FROM artifact_alias a WHERE a.collection = m.collection AND a.alias = $2)",
                    .text(alias)
                )
            case .digest(let digest):
                ("m.version IN (SELECT v.id FROM artifact_version v WHERE v.digest = $2)", .text(digest))
            }
        return try await database.read { connection in
            let members = try connection.rows(
                """
                SELECT \(VersionRows.membershipColumns) FROM artifact_membership m
                WHERE m.collection = $1 AND \(condition) ORDER BY m.number DESC LIMIT 1
                """,
                [.integer(collection.number), value],
                VersionRows.membership
            )
            return try VersionRows.whole(members, connection).first
        }
    }

    package func memberships(of versions: [ArtifactVersion.ID]) async throws(MartletError) -> [ArtifactMembership] {
        try await database.read { connection in
            let all = try VersionRows.whole(try VersionRows.memberships(of: versions, connection), connection)
            let isOwn = { (member: ArtifactMembership) in member.collection.id == member.version.collectionID }
            return all.filter(isOwn) + all.filter { !isOwn($0) }
        }
    }

    package func aliases(
        of collection: ArtifactCollection.ID
    ) async throws(MartletError) -> [(alias: String, number: Int64)] {
        try await database.read { try VersionRows.aliases(of: collection.number, $0) }
    }

    package func update(
        _ id: ArtifactVersion.ID,
        _ changes: VersionChanges
    ) async throws(MartletError) -> ArtifactVersion {
        let now = environment.now()
        return try await database.write { connection in
            var version = try VersionRows.version(id, connection)
            guard version.state != .deleted else { throw VersionRows.deleted(id) }
            if let description = changes.description { version.description = description }
            if let metadata = changes.metadata { version.metadata = metadata }
            if let lifetime = changes.lifetime { version.lifetime = lifetime }
            try connection.execute(
                """
                UPDATE artifact_version
                SET description = $1, metadata = $2, lifetime = $3, expires_at = $4, updated_at = $5 WHERE id = $6
                """,
                [
                    .text(version.description), .text(version.metadata), .integer(version.lifetime),
                    .integer(version.expiresAt), .integer(now), .text(id.rawValue),
                ]
            )
            try VersionRows.setLabels(
                changes.addedTags,
                removing: changes.removedTags,
                of: VersionRows.owner(id),
                connection
            )
            return try VersionRows.version(id, connection)
        }
    }

    package func setAliases(
        _ added: [String],
        removing removed: [String],
        of id: ArtifactVersion.ID,
        in collection: ArtifactCollection.ID
    ) async throws(MartletError) {
        try await database.write { connection in
            let member = try VersionRows.membership(of: id, in: collection.number, connection)
            guard let member else { throw VersionRows.outside(id, collection) }
            for alias in removed {
                try connection.execute(
                    "DELETE FROM artifact_alias WHERE collection = $1 AND alias = $2 AND number = $3",
                    [.integer(collection.number), .text(alias), .integer(member.number)]
                )
            }
            try VersionRows.setAliases(added, of: collection.number, to: member.number, connection)
        }
    }

    package func delete(_ id: ArtifactVersion.ID, withAliases: Bool) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            // Its collection went while it was made: nothing names it.
            if try VersionRows.isStray(id, connection) { return try VersionRows.forget(id, connection) }
            let version = try VersionRows.version(id, connection)
            if version.state == .deleted { return }
            if !withAliases {
                for membership in try VersionRows.whole(try VersionRows.memberships(of: id, connection), connection)
                where !membership.aliases.isEmpty {
                    throw MartletError(
                        .failedPrecondition,
                        "the version has the aliases \(membership.aliases.joined(separator: ", ")) in "
                            + "'\(membership.collection.name)'; remove them, or delete it with its aliases"
                    )
                }
            }
            try VersionRows.remove(id, now: now, connection)
        }
    }

    package func link(
        _ id: ArtifactVersion.ID,
        toPortfolio name: String,
        in experiment: Experiment.ID,
        aliases: [String]
    ) async throws(MartletError) -> ArtifactMembership {
        let now = environment.now()
        return try await database.write { connection in
            // Its type, which is that of its collection, must not change meanwhile.
            try VersionRows.hold(try VersionRows.version(id, connection).collectionID, connection)
            let version = try VersionRows.version(id, connection)
            guard version.state == .committed else {
                throw MartletError(.failedPrecondition, "the version is \(version.state.rawValue) and cannot be linked")
            }
            let portfolio = try VersionRows.collection(
                named: name,
                in: experiment,
                type: version.type,
                kind: .portfolio,
                now: now,
                connection
            )
            try VersionRows.hold(portfolio.id, connection)
            guard try VersionRows.collection(portfolio.id, connection).type == version.type else {
                throw MartletError(.failedPrecondition, "'\(name)' takes another type now; link again")
            }
            let known = try VersionRows.membership(of: id, in: portfolio.id.number, connection)
            let number =
                try known?.number ?? VersionRows.join(id, to: portfolio.id.number, now: now, connection)
            try VersionRows.setAliases(aliases + ["latest"], of: portfolio.id.number, to: number, connection)
            guard let member = try VersionRows.membership(of: id, in: portfolio.id.number, connection),
                let whole = try VersionRows.whole([member], connection).first
            else { throw VersionRows.outside(id, portfolio.id) }
            return whole
        }
    }

    package func unlink(_ id: ArtifactVersion.ID, from collection: ArtifactCollection.ID) async throws(MartletError) {
        try await database.write { connection in
            let place = try VersionRows.collection(collection, connection)
            guard place.kind == .portfolio, try VersionRows.version(id, connection).collectionID != collection else {
                throw MartletError(.failedPrecondition, "a version cannot leave the collection that it was made in")
            }
            let member = try VersionRows.membership(of: id, in: collection.number, connection)
            guard let member else { throw VersionRows.outside(id, collection) }
            try VersionRows.leave(member, connection)
        }
    }

    package func expiredVersions(
        at time: Int64,
        pendingSince: Int64,
        limit: Int
    ) async throws(MartletError) -> [ArtifactVersion.ID] {
        try await database.read { connection in
            let over = try connection.rows(
                "SELECT id FROM artifact_version WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2",
                [.integer(time), .integer(limit)]
            ) { ArtifactVersion.ID($0.text(0)) }
            return try over
                + connection.rows(
                    "SELECT id FROM artifact_version WHERE state = 0 AND updated_at < $1 ORDER BY updated_at LIMIT $2",
                    [.integer(pendingSince), .integer(limit)]
                ) { ArtifactVersion.ID($0.text(0)) }
        }
    }
}

extension VersionRows {
    /// The collection that a new version goes into, held until the transaction ends.
    static func collection(
        for request: CreateArtifactVersion,
        now: Int64,
        _ connection: any SQLConnection
    ) throws -> ArtifactCollection {
        if let model = request.model {
            try hold(model, connection)
            return try collection(model, connection)
        }
        let collection = try collection(
            named: request.collection,
            in: request.experimentID,
            type: request.type,
            kind: .sequence,
            now: now,
            connection
        )
        try hold(collection.id, connection)
        return collection
    }

    /// Nobody deletes the collection before the transaction ends. - Throws: `notFound`.
    static func hold(_ id: ArtifactCollection.ID, _ connection: any SQLConnection) throws {
        let held = try connection.execute(
            "UPDATE artifact_collection SET next_number = next_number WHERE id = $1",
            [.integer(id.number)]
        )
        if held == 0 { throw MartletError(.notFound, "there is no artifact collection \(id)") }
    }

    static func isStray(_ id: ArtifactVersion.ID, _ connection: any SQLConnection) throws -> Bool {
        try connection.first(
            """
            SELECT 1 FROM artifact_version v WHERE v.id = $1
              AND NOT EXISTS (SELECT 1 FROM artifact_collection c WHERE c.id = v.collection)
            """,
            [.text(id.rawValue)]
        ) { _ in true } ?? false
    }

    /// Deletes the files of a version, and takes it out of all collections.
    static func remove(_ id: ArtifactVersion.ID, now: Int64, _ connection: any SQLConnection) throws {
        try leaveAll(id, connection)
        try removeContent(of: id, connection)
        try connection.execute(
            "UPDATE artifact_version SET state = 2, expires_at = NULL, updated_at = $1 WHERE id = $2",
            [.integer(now), .text(id.rawValue)]
        )
    }

    static func deleted(_ id: ArtifactVersion.ID) -> MartletError {
        MartletError(.failedPrecondition, "the artifact version \(id) was deleted")
    }

    static func outside(_ id: ArtifactVersion.ID, _ collection: ArtifactCollection.ID) -> MartletError {
        MartletError(.notFound, "the artifact version \(id) is not in the collection \(collection)")
    }

    /// The version that a request means, where it is there.
    static func known(
        _ request: CreateArtifactVersion,
        in collection: ArtifactCollection,
        _ connection: any SQLConnection
    ) throws -> ArtifactVersion.ID? {
        if let shared = request.sharedID {
            let known = try connection.first(
                """
                SELECT id FROM artifact_version WHERE collection = $1 AND shared_id = $2 AND state = 0
                ORDER BY created_at LIMIT 1
                """,
                [.integer(collection.id.number), .text(shared)]
            ) { ArtifactVersion.ID($0.text(0)) }
            // What such a version will hold nobody knows yet.
            return known
        }
        guard request.takesKnown, !request.digest.isEmpty else { return nil }
        return try connection.first(
            """
            SELECT m.version FROM artifact_version v
            JOIN artifact_membership m ON m.version = v.id AND m.collection = v.collection
            WHERE v.collection = $1 AND v.digest = $2 AND v.state = 1 ORDER BY m.number DESC LIMIT 1
            """,
            [.integer(collection.id.number), .text(request.digest)]
        ) { ArtifactVersion.ID($0.text(0)) }
    }

    /// What a request adds to a version that is there: aliases, at once or once it is committed.
    static func add(
        _ request: CreateArtifactVersion,
        to id: ArtifactVersion.ID,
        in collection: ArtifactCollection,
        now: Int64,
        _ connection: any SQLConnection
    ) throws {
        if let member = try membership(of: id, in: collection.id.number, connection) {
            try setAliases(request.aliases, of: collection.id.number, to: member.number, connection)
        } else if !request.aliases.isEmpty {
            let wanted = try wantedAliases(of: id, connection)
            let all = wanted + request.aliases.filter { !wanted.contains($0) }
            try connection.execute(
                "UPDATE artifact_version SET wanted_aliases = $1, updated_at = $2 WHERE id = $3",
                [.text(all.joined(separator: "\n")), .integer(now), .text(id.rawValue)]
            )
        }
    }

    static func wantedAliases(of id: ArtifactVersion.ID, _ connection: any SQLConnection) throws -> [String] {
        let text = try connection.first(
            "SELECT wanted_aliases FROM artifact_version WHERE id = $1",
            [.text(id.rawValue)]
        ) { $0.text(0) }
        return (text ?? "").split(separator: "\n").map(String.init)
    }

    static func insert(
        _ request: CreateArtifactVersion,
        _ id: ArtifactVersion.ID,
        in collection: ArtifactCollection,
        now: Int64,
        _ connection: any SQLConnection
    ) throws {
        let expiry = request.lifetime.map { now &+ $0 &* 1_000 }
        try connection.execute(
            """
            INSERT INTO artifact_version
              (id, experiment, collection, state, digest, description, metadata, run_id, step, lifetime, expires_at,
               foreign_id, shared_id, wanted_aliases, takes_known, bytes, files, created_at, updated_at)
            VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, $15, $16)
            """,
            [
                .text(id.rawValue), .integer(request.experimentID.number), .integer(collection.id.number),
                .text(request.digest), .text(request.description), .text(request.metadata),
                .text(request.runID?.rawValue), .integer(request.step), .integer(request.lifetime), .integer(expiry),
                .text(request.foreignID), .text(request.sharedID), .text(request.aliases.joined(separator: "\n")),
                .flag(request.takesKnown), .integer(now), .integer(now),
            ]
        )
    }
}
