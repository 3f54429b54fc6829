import Hummingbird
import MartletCore

/// One version of an artifact: `/api/v1/versions/{id}`.
struct ArtifactVersionRoutes: NativeRoutes {
    let services: Services

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/versions/{id}", use: read)
        router.patch("/api/v1/versions/{id}", use: update)
        router.delete("/api/v1/versions/{id}", use: delete)
        router.get("/api/v1/versions/{id}/artifacts", use: list)
        router.get("/api/v1/versions/{id}/artifacts/content", use: content)
        router.get("/api/v1/versions/{id}/lineage", use: lineage)
        router.get("/api/v1/versions/{id}/diff", use: diff)
    }

    private func versionID(_ context: MartletRequestContext) throws(MartletError) -> ArtifactVersion.ID {
        ArtifactVersion.ID(try decodedParameter("id", context))
    }

    private func read(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        try await whole(try versionID(context), request, context)
    }

    /// A version with the portfolios that it is linked to.
    private func whole(
        _ id: ArtifactVersion.ID,
        _ request: Request,
        _ context: MartletRequestContext
    ) async throws -> Response {
        let version = try await services.versions.version(id, as: context.principal)
        let members = try await services.versions.memberships(of: id, as: context.principal)
        var json = JSONWriter()
        json.beginObject()
        json.versionFields(version)
        json.key("links")
        json.beginArray()
        for member in members where member.collection.id != version.collectionID {
            json.beginObject()
            json.field("collectionID", member.collection.id.rawValue)
            json.field("collection", member.collection.name)
            json.field("experimentID", member.collection.experimentID.description)
            json.field("number", member.number)
            json.key("aliases")
            json.beginArray()
            for alias in member.aliases { json.string(alias) }
            json.endArray()
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return answer(json, to: request, context)
    }

    private func update(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try versionID(context)
        let known = try await services.versions.version(id, as: context.principal)
        let fields = try await body(request, upTo: 16 << 20)
        var changes = VersionChanges()
        changes.description = try fields.string("description")
        if fields.has("metadata"), !fields.isNull("metadata"), let metadata = fields.object["metadata"] {
            var json = JSONWriter()
            json.value(metadata)
            changes.metadata = json.text
        }
        if let tags = try fields.strings("tags") {
            changes.addedTags = tags.filter { !known.tags.contains($0) }
            changes.removedTags = known.tags.filter { !tags.contains($0) }
        }
        let aliases = try fields.strings("aliases")
        _ = try await services.versions.update(id, changes, as: context.principal)
        if let aliases {
            let own = try await services.versions.collection(known.collectionID, as: context.principal)
            try await services.versions.setAliases(
                aliases.filter { !known.aliases.contains($0) },
                removing: known.aliases.filter { !aliases.contains($0) },
                of: id,
                in: own,
                as: context.principal
            )
        }
        return try await whole(id, request, context)
    }

    /// `?aliases=true` deletes one that has aliases, too.
    private func delete(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let withAliases = try request.queryItems.first("aliases") == "true"
        try await services.versions.delete(try versionID(context), withAliases: withAliases, as: context.principal)
        return noContent
    }

    // MARK: files

    /// `?path=folder`: files, folders and references directly inside a folder, by name.
    private func list(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let folder = try ArtifactPath(request.queryItems.first("path") ?? "")
        let id = try versionID(context)
        _ = try await services.versions.version(id, as: context.principal)
        let stored = try await services.artifacts.list(folder, of: .version(id), as: context.principal)
        let referred = try await services.versions.references(in: folder, of: id, as: context.principal)
        var json = JSONWriter(reserving: 256 * (stored.count + referred.count) + 32)
        json.beginObject()
        json.key("entries")
        json.beginArray()
        let folders = Set(stored.filter(\.isFolder).map(\.name))
        for entry in stored { json.artifact(entry) }
        for entry in referred where !(entry.isFolder && folders.contains(entry.name)) { json.reference(entry) }
        json.endArray()
        json.endObject()
        return answer(json, to: request, context)
    }

    private func content(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try versionID(context)
        return try await services.artifacts.content(
            of: .version(id),
            called: "artifact version \(id)",
            request,
            context
        )
    }

    /// `?to=<id>`: how the files of this version differ from those of another.
    private func diff(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try versionID(context)
        _ = try await services.versions.version(id, as: context.principal)
        let other = ArtifactVersion.ID(try request.queryItems.required("to"))
        let diff = try await services.versions.diff(
            id,
            with: other,
            most: 1_000,
            as: context.principal
        )
        var json = JSONWriter()
        json.beginObject()
        for (key, files) in [("added", diff.added), ("removed", diff.removed)] {
            json.key(key)
            json.beginArray()
            for file in files {
                json.beginObject()
                json.field("path", file.path)
                json.field("size", file.size)
                json.endObject()
            }
            json.endArray()
        }
        json.key("changed")
        json.beginArray()
        for (file, otherSize) in diff.changed {
            json.beginObject()
            json.field("path", file.path)
            json.field("size", file.size)
            json.field("otherSize", otherSize)
            json.endObject()
        }
        json.endArray()
        json.field("addedCount", Int64(diff.counts.added))
        json.field("removedCount", Int64(diff.counts.removed))
        json.field("changedCount", Int64(diff.counts.changed))
        json.field("unchanged", Int64(diff.counts.unchanged))
        json.field("isCut", diff.isCut)
        json.endObject()
        return answer(json, to: request, context)
    }

    // MARK: lineage

    private func lineage(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let graph = try await services.versions.lineage(of: try versionID(context), as: context.principal)
        let fields = RunFields(params: [], metrics: [], tags: [], inputs: false)
        var runs: [Run] = []
        for id in graph.runs { runs.append(try await services.runs.run(id, fields: fields, as: context.principal)) }
        var json = JSONWriter()
        json.beginObject()
        json.key("runs")
        json.beginArray()
        for run in runs {
            json.beginObject()
            json.field("id", run.id.rawValue)
            json.field("name", run.name)
            json.field("experimentID", run.experimentID.description)
            json.field("status", run.status.rawValue)
            json.endObject()
        }
        json.endArray()
        json.key("versions")
        json.beginArray()
        for version in graph.versions { json.version(version) }
        json.endArray()
        json.key("edges")
        json.beginArray()
        for edge in graph.edges {
            json.beginObject()
            json.field("run", edge.run.rawValue)
            json.field("version", edge.version.rawValue)
            json.field("role", edge.role.rawValue)
            json.endObject()
        }
        json.endArray()
        json.field("isCut", graph.isCut)
        json.endObject()
        return answer(json, to: request, context)
    }
}

extension JSONWriter {
    fileprivate mutating func reference(_ entry: ReferenceEntry) {
        beginObject()
        field("name", entry.name)
        field("path", entry.path)
        field("isFolder", entry.isFolder)
        optional("size", entry.isFolder ? nil : entry.size)
        optional("reference", entry.uri)
        field("modifiedAt", 0)
        endObject()
    }
}
