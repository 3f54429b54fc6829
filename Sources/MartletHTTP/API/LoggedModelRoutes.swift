import Hummingbird
import MartletCore

/// `POST /api/v1/logged-models/search`.
struct LoggedModelRoutes: NativeRoutes {
    let services: Services
    let largestBody: Int

    func add(to router: Router<MartletRequestContext>) {
        router.post("/api/v1/logged-models/search", use: search)
    }

    private func search(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        let page = try await services.loggedModels.search(
            SearchLoggedModels(
                experiments: try experimentIDs(fields),
                filter: try SearchText.filter(
                    try fields.string("filter"),
                    of: .loggedModels,
                    now: services.environment.now()
                ),
                datasets: [],
                order: try SearchText.order(try fields.strings("orderBy") ?? [], of: .loggedModels),
                limit: try fields.count("limit", most: 1_000) ?? 100,
                offset: try fields.offset("offset")
            ),
            as: context.principal
        )
        var json = JSONWriter(reserving: 1_024 * page.items.count + 64)
        json.beginObject()
        json.key("models")
        json.beginArray()
        for model in page.items { json.loggedModel(model) }
        json.endArray()
        json.field("hasMore", page.hasMore)
        json.endObject()
        return answer(json, to: request, context)
    }
}
