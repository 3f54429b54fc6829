import Hummingbird
import MartletCore

/// Versioned artifacts: `/api/v1/collections`, and what runs made and used of them.
struct CollectionRoutes: NativeRoutes {
    private static let mostCollections = 1_000
    private static let mostVersions = 500

    let services: Services

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/collections", use: list)
        router.get("/api/v1/collections/{id}", use: read)
        router.patch("/api/v1/collections/{id}", use: update)
        router.delete("/api/v1/collections/{id}", use: delete)
        router.get("/api/v1/collections/{id}/versions", use: versions)
        router.get("/api/v1/runs/{id}/versions", use: versionsOfRun)
    }

    /// `?experiment=1&type=dataset&after=name&limit=200`: by name, each with its last version.
    private func list(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        guard let experiment = query.first("experiment").flatMap({ Experiment.ID($0) }) else {
            throw MartletError(.invalidArgument, "name an experiment: ?experiment=<id>")
        }
        let limit = try query.number("limit", in: 1...Self.mostCollections) ?? 200
        var found = try await services.versions.collections(
            in: experiment,
            type: query.first("type"),
            after: query.first("after") ?? "",
            limit: limit + 1,
            as: context.principal
        )
        let hasMore = found.count > limit
        if hasMore { found.removeLast() }
        let latest = try await latest(of: found, as: context.principal)
        var json = JSONWriter(reserving: 1_024 * found.count + 64)
        json.beginObject()
        json.key("collections")
        json.beginArray()
        for collection in found { json.collection(collection, latest: latest[collection.id]) }
        json.endArray()
        json.field("hasMore", hasMore)
        json.endObject()
        return answer(json, to: request, context)
    }

    private func latest(
        of collections: [ArtifactCollection],
        as principal: Principal
    ) async throws(MartletError) -> [ArtifactCollection.ID: ArtifactMembership] {
        var latest: [ArtifactCollection.ID: ArtifactMembership] = [:]
        for collection in collections where collection.versionCount > 0 {
            latest[collection.id] = try await services.versions.members(of: collection, limit: 1, as: principal).first
        }
        return latest
    }

    private func collection(_ context: MartletRequestContext) async throws(MartletError) -> ArtifactCollection {
        let id = ArtifactCollection.ID(try decodedParameter("id", context))
        return try await services.versions.collection(id, as: context.principal)
    }

    private func read(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let collection = try await collection(context)
        var json = JSONWriter()
        json.collection(
            collection,
            latest: try await latest(of: [collection], as: context.principal)[collection.id]
        )
        return answer(json, to: request, context)
    }

    private func update(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let known = try await collection(context)
        let fields = try await body(request, upTo: 1 << 20)
        var changes = CollectionChanges()
        changes.name = try fields.string("name")
        changes.description = try fields.string("description")
        if let tags = try fields.strings("tags") {
            changes.addedTags = tags.filter { !known.tags.contains($0) }
            changes.removedTags = known.tags.filter { !tags.contains($0) }
        }
        let changed = try await services.versions.update(known.id, changes, as: context.principal)
        var json = JSONWriter()
        json.collection(changed, latest: try await latest(of: [changed], as: context.principal)[changed.id])
        return answer(json, to: request, context)
    }

    private func delete(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        try await services.versions.delete(try await collection(context).id, as: context.principal)
        return noContent
    }

    /// `?before=12&limit=50`: the last first.
    private func versions(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let limit = try query.number("limit", in: 1...Self.mostVersions) ?? 50
        let before = try query.number("before", in: 0...Int.max).map { Int64($0) }
        var members = try await services.versions.members(
            of: try await collection(context),
            before: before,
            limit: limit + 1,
            as: context.principal
        )
        let hasMore = members.count > limit
        if hasMore { members.removeLast() }
        var json = JSONWriter(reserving: 1_024 * members.count + 64)
        json.beginObject()
        json.key("versions")
        json.beginArray()
        for member in members { json.version(member.version, as: member) }
        json.endArray()
        json.field("hasMore", hasMore)
        json.endObject()
        return answer(json, to: request, context)
    }

    private func versionsOfRun(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let run = try runID(context)
        // An unknown run would only have none.
        let fields = RunFields(params: [], metrics: [], tags: [], inputs: false)
        _ = try await services.runs.run(run, fields: fields, as: context.principal)
        var json = JSONWriter()
        json.beginObject()
        for role in VersionRole.allCases {
            let versions = try await services.versions.versions(role, of: run, as: context.principal)
            json.key(role == .output ? "outputs" : "inputs")
            json.beginArray()
            for version in versions { json.version(version) }
            json.endArray()
        }
        json.endObject()
        return answer(json, to: request, context)
    }
}

extension JSONWriter {
    /// - Parameter latest: its last version; `nil` when it has none.
    mutating func collection(_ collection: ArtifactCollection, latest: ArtifactMembership?) {
        beginObject()
        field("id", collection.id.rawValue)
        field("experimentID", collection.experimentID.description)
        field("name", collection.name)
        field("type", collection.type)
        field("kind", collection.kind.rawValue)
        field("description", collection.description)
        texts("tags", collection.tags)
        field("createdAt", collection.createdAt)
        field("updatedAt", collection.updatedAt)
        field("versionCount", collection.versionCount)
        if let latest {
            key("latest")
            version(latest.version, as: latest)
        }
        endObject()
    }

    /// - Parameter member: gives name, number and aliases in another collection than its own.
    mutating func version(_ version: ArtifactVersion, as member: ArtifactMembership? = nil) {
        beginObject()
        versionFields(version, as: member)
        endObject()
    }

    mutating func versionFields(_ version: ArtifactVersion, as member: ArtifactMembership? = nil) {
        field("id", version.id.rawValue)
        field("collectionID", (member?.collection.id ?? version.collectionID).rawValue)
        field("collection", member?.collection.name ?? version.collection)
        field("type", version.type)
        field("experimentID", version.experimentID.description)
        optional("number", member?.number ?? version.number)
        field("state", version.state.rawValue)
        field("digest", version.digest)
        field("description", version.description)
        key("metadata")
        json(Array(version.metadata.utf8))
        texts("tags", version.tags)
        texts("aliases", member?.aliases ?? version.aliases)
        optional("runID", version.runID?.rawValue)
        optional("runName", version.runName)
        optional("step", version.step)
        field("size", version.size)
        field("fileCount", version.fileCount)
        field("createdAt", version.createdAt)
        field("updatedAt", version.updatedAt)
        optional("expiresAt", version.expiresAt)
    }

    private mutating func texts(_ key: StaticString, _ texts: [String]) {
        self.key(key)
        beginArray()
        for text in texts { string(text) }
        endArray()
    }
}
