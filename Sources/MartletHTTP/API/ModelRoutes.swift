import Hummingbird
import MartletCore

/// Registered models of a workspace: `/api/v1/models`. Their versions are those of `/api/v1/collections`.
struct ModelRoutes: NativeRoutes {
    private static let mostModels = 1_000

    let services: Services

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/models", use: list)
        router.get("/api/v1/models/{name}", use: read)
        router.get("/api/v1/models/{name}/versions/{number}", use: readVersion)
    }

    /// `?find=words&limit=200&offset=0`: the latest change first.
    private func list(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let words = (query.first("find") ?? "").split(whereSeparator: \.isWhitespace).prefix(32)
        let search = SearchModelRegistry(
            filter: .all(words.map { .word(String($0)) }),
            order: [SearchOrder(field: .attribute(.updatedAt), descending: true)],
            limit: try query.number("limit", in: 1...Self.mostModels) ?? 200,
            offset: try query.number("offset", in: 0...Int(Int32.max)) ?? 0
        )
        let listing = try await WorkspaceListing(for: context.principal, services)
        let page = try await services.models.search(search, as: listing.principal)
        var json = JSONWriter(reserving: 2_048 * page.items.count + 64)
        json.beginObject()
        listing.write(to: &json)
        json.key("models")
        json.beginArray()
        for model in page.items { json.registeredModel(model) }
        json.endArray()
        json.field("hasMore", page.hasMore)
        json.endObject()
        return answer(json, to: request, context)
    }

    private func read(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let model = try await services.models.model(
            try decodedParameter("name", context),
            as: context.principal
        )
        var json = JSONWriter()
        json.registeredModel(model)
        return answer(json, to: request, context)
    }

    private func readVersion(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let text = try decodedParameter("number", context)
        guard let number = Int64(text), number >= 0 else {
            throw MartletError(.invalidArgument, "'\(text.prefix(50))' is no number of a version")
        }
        let name = try decodedParameter("name", context)
        var json = JSONWriter()
        json.modelVersion(try await services.models.version(number, of: name, as: context.principal))
        return answer(json, to: request, context)
    }
}

extension JSONWriter {
    fileprivate mutating func registeredModel(_ model: RegisteredModel) {
        let collection = model.collection
        beginObject()
        field("id", collection.id.rawValue)
        field("experimentID", collection.experimentID.description)
        field("name", collection.name)
        field("type", collection.type)
        field("description", collection.description)
        field("createdAt", collection.createdAt)
        field("updatedAt", collection.updatedAt)
        field("versionCount", collection.versionCount)
        pairs("tags", model.tags)
        key("aliases")
        beginArray()
        for alias in model.aliases {
            beginObject()
            field("alias", alias.name)
            field("number", alias.number)
            endObject()
        }
        endArray()
        key("latest")
        beginArray()
        for version in model.latest { modelVersion(version) }
        endArray()
        endObject()
    }

    fileprivate mutating func modelVersion(_ version: ModelVersion) {
        beginObject()
        versionFields(version.membership.version, as: version.membership)
        field("stage", version.stage.rawValue)
        field("source", version.origin.source)
        pairs("properties", version.tags)
        endObject()
    }

    private mutating func pairs(_ name: StaticString, _ tags: [Tag]) {
        key(name)
        beginObject()
        for tag in tags {
            key(tag.key)
            string(tag.value)
        }
        endObject()
    }
}
