/// What may be done with collections of artifacts and their versions, and by whom. See `ArtifactVersionStore`.
///
/// Files of a pending version are written as those of any owner, by `ArtifactService`.
package struct ArtifactVersionService: Sendable {
    let store: any MetadataStore
    let access: AccessControl
    let events: EventBus
    private let environment: Environment

    /// Files and references of one version.
    package static let mostFiles = 1_000_000

    package init(store: any MetadataStore, access: AccessControl, events: EventBus, environment: Environment) {
        self.store = store
        self.access = access
        self.events = events
        self.environment = environment
    }

    // MARK: collections

    package func collection(
        _ id: ArtifactCollection.ID,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactCollection {
        try access.requireSome(.viewer, as: principal, to: "read artifacts")
        let collection = try await store.collection(id)
        do {
            try await access.require(.viewer, in: collection.experimentID, as: principal, to: "read artifacts")
        } catch  where error.code == .notFound {
            throw MartletError(.notFound, "there is no artifact collection \(id)")
        }
        return collection
    }

    /// `nil` when there is none of that name.
    package func collection(
        named name: String,
        in experiment: Experiment.ID,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactCollection? {
        try await access.require(.viewer, in: experiment, as: principal, to: "read artifacts")
        return try await store.collection(named: name, in: experiment)
    }

    /// Collections behind a name, by name.
    package func collections(
        in experiment: Experiment.ID,
        type: String? = nil,
        after name: String = "",
        limit: Int,
        as principal: Principal
    ) async throws(MartletError) -> [ArtifactCollection] {
        try await access.require(.viewer, in: experiment, as: principal, to: "read artifacts")
        return try await store.collections(in: experiment, type: type, after: name, limit: limit)
    }

    package func collectionCount(
        in experiment: Experiment.ID,
        type: String? = nil,
        as principal: Principal
    ) async throws(MartletError) -> Int {
        try await access.require(.viewer, in: experiment, as: principal, to: "read artifacts")
        return try await store.collectionCount(in: experiment, type: type)
    }

    package func collectionTypes(
        in experiment: Experiment.ID,
        as principal: Principal
    ) async throws(MartletError) -> [String] {
        try await access.require(.viewer, in: experiment, as: principal, to: "read artifacts")
        return try await store.collectionTypes(in: experiment)
    }

    package func update(
        _ id: ArtifactCollection.ID,
        _ changes: CollectionChanges,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactCollection {
        let collection = try await collection(id, as: principal)
        try await access.require(.editor, in: collection.experimentID, as: principal, to: "change artifacts")
        if let name = changes.name { try Self.checkCollectionName(name) }
        if let type = changes.type { try Self.checkPlainName(type, what: "artifact type") }
        if let text = changes.description { try Rules.checkText(text, what: "description", longest: Rules.longestNote) }
        try Self.checkTags(changes.addedTags)
        let changed = try await store.update(id, changes)
        events.publish([Topic.collections(of: collection.experimentID)])
        return changed
    }

    package func delete(_ id: ArtifactCollection.ID, as principal: Principal) async throws(MartletError) {
        let collection = try await collection(id, as: principal)
        try await access.require(.editor, in: collection.experimentID, as: principal, to: "delete artifacts")
        try await store.delete(id)
        events.publish([Topic.collections(of: collection.experimentID)])
    }

    // MARK: versions

    /// See `ArtifactVersionStore.create`.
    /// - Throws: also `invalidArgument`; `notFound` for the experiment or the run.
    package func create(
        _ request: CreateArtifactVersion,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactVersion {
        try await access.require(.editor, in: request.experimentID, as: principal, to: "make artifacts")
        try Self.checkCollectionName(request.collection)
        try Self.checkPlainName(request.type, what: "artifact type")
        try Rules.checkText(request.digest, what: "digest", longest: Rules.longestKey)
        try Rules.checkText(request.description, what: "description", longest: Rules.longestNote)
        try Self.checkMetadata(request.metadata)
        try Self.checkAliases(request.aliases)
        try Self.checkTags(request.tags)
        try Self.checkLifetime(request.lifetime)
        if let run = request.runID {
            try await access.require(.editor, of: run, as: principal, to: "log artifacts to a run")
        }
        let version = try await store.create(request, id: ArtifactVersion.ID(environment.newID()))
        if version.state == .committed { publish(version) }
        return version
    }

    /// In whatever state. - Throws: `notFound`.
    package func version(
        _ id: ArtifactVersion.ID,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactVersion {
        try await access.require(.viewer, of: id, as: principal, to: "read artifacts")
        return try await store.version(id)
    }

    /// The version that a client knows by a name of its own; `nil` for none that the principal may see.
    package func version(
        foreignID: String,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactVersion.ID? {
        try access.requireSome(.viewer, as: principal, to: "read artifacts")
        guard let id = try await store.version(foreignID: foreignID) else { return nil }
        do {
            try await access.require(.viewer, of: id, as: principal, to: "read artifacts")
            return id
        } catch  where error.code == .notFound || error.code == .permissionDenied {
            return nil
        }
    }

    /// Committed versions of a collection before a number, the last first.
    package func members(
        of collection: ArtifactCollection,
        before number: Int64? = nil,
        limit: Int,
        as principal: Principal
    ) async throws(MartletError) -> [ArtifactMembership] {
        try await access.require(.viewer, in: collection.experimentID, as: principal, to: "read artifacts")
        return try await store.members(of: collection.id, before: number, limit: limit)
    }

    /// The version that `v3`, an alias or a digest means; `nil` for none.
    package func member(
        of collection: ArtifactCollection,
        named text: String,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactMembership? {
        try await access.require(.viewer, in: collection.experimentID, as: principal, to: "read artifacts")
        for choice in VersionChoice.choices(text) {
            if let member = try await store.member(of: collection.id, choice) { return member }
        }
        return nil
    }

    /// All collections that a version is in and the principal may see, its own first.
    package func memberships(
        of id: ArtifactVersion.ID,
        as principal: Principal
    ) async throws(MartletError) -> [ArtifactMembership] {
        try await access.require(.viewer, of: id, as: principal, to: "read artifacts")
        return try await memberships(of: [id], as: principal)
    }

    /// As above for many versions, in a few questions for all of them; those that the principal may not see are left out.
    package func memberships(
        of ids: [ArtifactVersion.ID],
        as principal: Principal
    ) async throws(MartletError) -> [ArtifactMembership] {
        try access.requireSome(.viewer, as: principal, to: "read artifacts")
        guard !ids.isEmpty else { return [] }
        let all = try await store.memberships(of: ids)
        let places = Set(all.map(\.collection.experimentID) + all.map(\.version.experimentID))
        let seen = Set(try await access.visible(places.sorted(), as: principal, to: "read artifacts"))
        return all.filter { seen.contains($0.collection.experimentID) && seen.contains($0.version.experimentID) }
    }

    package func aliases(
        of collection: ArtifactCollection,
        as principal: Principal
    ) async throws(MartletError) -> [(alias: String, number: Int64)] {
        try await access.require(.viewer, in: collection.experimentID, as: principal, to: "read artifacts")
        return try await store.aliases(of: collection.id)
    }

    package func update(
        _ id: ArtifactVersion.ID,
        _ changes: VersionChanges,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactVersion {
        try await access.require(.editor, of: id, as: principal, to: "change artifacts")
        if let text = changes.description { try Rules.checkText(text, what: "description", longest: Rules.longestNote) }
        if let metadata = changes.metadata { try Self.checkMetadata(metadata) }
        try Self.checkTags(changes.addedTags)
        if let lifetime = changes.lifetime { try Self.checkLifetime(lifetime) }
        let version = try await store.update(id, changes)
        publish(version)
        return version
    }

    /// Gives and takes aliases in a collection. An alias that another version has moves.
    package func setAliases(
        _ added: [String],
        removing removed: [String],
        of id: ArtifactVersion.ID,
        in collection: ArtifactCollection,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.editor, in: collection.experimentID, as: principal, to: "change aliases")
        try await access.require(.viewer, of: id, as: principal, to: "read artifacts")
        try Self.checkAliases(added)
        try await store.setAliases(added, removing: removed, of: id, in: collection.id)
        events.publish([Topic.collections(of: collection.experimentID)])
    }

    package func delete(
        _ id: ArtifactVersion.ID,
        withAliases: Bool,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.editor, of: id, as: principal, to: "delete artifacts")
        try await store.delete(id, withAliases: withAliases)
        publish(try await store.version(id))
    }

    /// See `ArtifactVersionStore.link`.
    package func link(
        _ id: ArtifactVersion.ID,
        toPortfolio name: String,
        in experiment: Experiment.ID,
        aliases: [String],
        as principal: Principal
    ) async throws(MartletError) -> ArtifactMembership {
        try await access.require(.viewer, of: id, as: principal, to: "read artifacts")
        try await access.require(.editor, in: experiment, as: principal, to: "link artifacts")
        try Self.checkCollectionName(name)
        try Self.checkAliases(aliases)
        let member = try await store.link(id, toPortfolio: name, in: experiment, aliases: aliases)
        events.publish([Topic.collections(of: experiment)])
        return member
    }

    package func unlink(
        _ id: ArtifactVersion.ID,
        from collection: ArtifactCollection.ID,
        as principal: Principal
    ) async throws(MartletError) {
        let place = try await self.collection(collection, as: principal)
        try await access.require(.editor, in: place.experimentID, as: principal, to: "unlink artifacts")
        try await store.unlink(id, from: collection)
        events.publish([Topic.collections(of: place.experimentID)])
    }

    // MARK: files

    /// See `ArtifactVersionStore.files`.
    package func files(
        of id: ArtifactVersion.ID,
        after file: VersionFile? = nil,
        limit: Int,
        as principal: Principal
    ) async throws(MartletError) -> [VersionFile] {
        try await access.require(.viewer, of: id, as: principal, to: "read artifacts")
        return try await store.files(of: id, after: file, limit: limit)
    }

    /// Those of the paths that are there.
    package func files(
        of id: ArtifactVersion.ID,
        at paths: [String],
        as principal: Principal
    ) async throws(MartletError) -> [VersionFile] {
        try await access.require(.viewer, of: id, as: principal, to: "read artifacts")
        return try await store.files(of: id, at: paths)
    }

    /// A stored file by the MD5 of its content; `nil` for none.
    package func file(
        of id: ArtifactVersion.ID,
        md5: String,
        as principal: Principal
    ) async throws(MartletError) -> VersionFile? {
        try await access.require(.viewer, of: id, as: principal, to: "read artifacts")
        return try await store.file(of: id, md5: md5)
    }

    /// Names content of the experiment's other versions by its MD5: what is there need not be sent.
    /// - Returns: the paths that have their content now.
    package func claim(
        _ entries: [VersionEntry],
        for id: ArtifactVersion.ID,
        as principal: Principal
    ) async throws(MartletError) -> Set<String> {
        try await access.require(.editor, of: id, as: principal, to: "make artifacts")
        for entry in entries { _ = try ArtifactPath(entry.path) }
        return try await store.claim(entries, for: id)
    }

    /// Makes a version visible that has just these files and references. Once more changes nothing.
    /// - Parameter digest: of the entries.
    /// - Parameter isAnnounced: whether the version was announced with the digest that it will have.
    /// - Throws: `invalidArgument` for a path; `failedPrecondition` for a file whose content is not there, and for
    ///   another digest than was announced.
    package func commit(
        _ id: ArtifactVersion.ID,
        with entries: [VersionEntry],
        digest: String,
        isAnnounced: Bool,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactVersion {
        try await access.require(.editor, of: id, as: principal, to: "make artifacts")
        let known = try await store.version(id)
        if known.state == .committed { return known }
        guard entries.count <= Self.mostFiles else {
            throw MartletError(.invalidArgument, "an artifact has at most \(Self.mostFiles) files; make several")
        }
        for entry in entries { try Self.check(entry) }
        for source in Set(entries.compactMap(\.source)) where source != id {
            try await access.require(.viewer, of: source, as: principal, to: "read artifacts")
        }
        try await store.fill(id, with: entries)
        guard !isAnnounced || known.digest == digest else {
            throw MartletError(
                .failedPrecondition,
                "the files have the digest \(digest), and the artifact was said to have \(known.digest); log it again"
            )
        }
        let version = try await store.commit(id, digest: digest)
        publish(version)
        return version
    }

    /// Deletes versions whose time is over, and pending ones that nobody has touched for a week.
    /// - Returns: how many.
    package func deleteExpired() async throws(MartletError) -> Int {
        let now = environment.now()
        var count = 0
        while true {
            let ids = try await store.expiredVersions(at: now, pendingSince: now - 7 * 86_400_000, limit: 100)
            for id in ids { try await store.delete(id, withAliases: true) }
            count += ids.count
            if ids.count < 100 { return count }
        }
    }

    private func publish(_ version: ArtifactVersion) {
        var topics = [Topic.collections(of: version.experimentID)]
        if let run = version.runID { topics.append(Topic.artifacts(of: run)) }
        events.publish(topics)
    }
}
