import Hummingbird
import MartletCore

/// `/api/v1/views` and `/api/v1/alerts`.
struct SavedViewRoutes: NativeRoutes {
    let services: Services
    let largestBody: Int

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/views", use: list)
        router.post("/api/v1/views", use: create)
        router.get("/api/v1/views/{id}") { request, context in
            let view = try await services.views.view(viewID(context), as: context.principal)
            return answer(view, to: request, context)
        }
        router.patch("/api/v1/views/{id}", use: update)
        router.delete("/api/v1/views/{id}") { _, context in
            try await services.views.delete(viewID(context), as: context.principal)
            return noContent
        }
        router.get("/api/v1/alerts", use: listAlerts)
        router.post("/api/v1/runs/{id}/alerts", use: alert)
    }

    // MARK: views

    private func list(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let found = try await services.views.search(
            SearchSavedViews(
                experimentID: try experiment(try query.required("experiment")),
                kind: query.first("kind").map { SavedView.Kind($0) },
                name: query.first("name"),
                limit: try query.number("limit", in: 1...1_000) ?? 100,
                offset: try query.number("offset", in: 0...1_000_000_000) ?? 0
            ),
            as: context.principal
        )
        var json = JSONWriter(reserving: 512 * found.items.count + 64)
        json.page("views", found) { json, view in
            json.beginObject()
            json.fields(of: view)
            json.endObject()
        }
        return answer(json, to: request, context)
    }

    private func create(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        guard let content = content(fields) else { throw fields.missing("content") }
        let view = try await services.views.create(
            SavedView(
                id: SavedView.ID(0),
                experimentID: try experiment(try fields.requiredString("experimentID")),
                kind: SavedView.Kind(try fields.requiredString("kind")),
                name: try fields.requiredString("name"),
                displayName: try fields.string("displayName") ?? "",
                description: try fields.string("description") ?? "",
                content: content,
                author: "",
                createdAt: 0,
                updatedAt: 0
            ),
            as: context.principal
        )
        return answer(view, to: request, context, status: .created)
    }

    private func update(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        let changes = SavedViewChanges(
            kind: try fields.string("kind").map { SavedView.Kind($0) },
            displayName: try fields.string("displayName"),
            description: try fields.string("description"),
            content: content(fields)
        )
        return answer(
            try await services.views.update(viewID(context), changes, as: context.principal),
            to: request,
            context
        )
    }

    // MARK: alerts

    /// Of one run, or of all runs of one experiment.
    private func listAlerts(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let limit = try query.number("limit", in: 1...1_000) ?? 100
        let offset = try query.number("offset", in: 0...1_000_000_000) ?? 0
        let found: Page<RunAlert>
        if let run = query.first("run") {
            found = try await services.views.alerts(
                of: try runIDs([run])[0],
                limit: limit,
                offset: offset,
                as: context.principal
            )
        } else {
            guard let text = query.first("experiment") else {
                throw MartletError(.invalidArgument, "'run' or 'experiment' is missing: whose alerts are meant?")
            }
            found = try await services.views.alerts(
                in: try experiment(text),
                limit: limit,
                offset: offset,
                as: context.principal
            )
        }
        var json = JSONWriter(reserving: 256 * found.items.count + 64)
        json.page("alerts", found) { $0.alert($1) }
        return answer(json, to: request, context)
    }

    private func alert(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let run = try runID(context)
        let fields = try await body(request, upTo: largestBody)
        let isStored = try await services.views.alert(
            try fields.requiredString("title"),
            try fields.string("text") ?? "",
            severity: try fields.choice("severity", of: RunAlert.Severity.self) ?? .info,
            quiet: try fields.integer("quietMilliseconds") ?? 0,
            of: run,
            as: context.principal
        )
        var json = JSONWriter()
        json.beginObject()
        json.field("stored", isStored)
        json.endObject()
        return answer(json, to: request, context)
    }

    // MARK: parts

    private func experiment(_ text: String) throws(MartletError) -> Experiment.ID {
        guard let id = Experiment.ID(text) else {
            throw MartletError(.invalidArgument, "'\(text.prefix(64))' is no experiment: an id is a decimal number")
        }
        return id
    }

    /// - Throws: `notFound` for what cannot be a view's id.
    private func viewID(_ context: MartletRequestContext) throws(MartletError) -> SavedView.ID {
        let text = try decodedParameter("id", context)
        guard Experiment.ID(text) != nil else {
            throw MartletError(.notFound, "view '\(text.prefix(64))' does not exist: an id is a decimal number")
        }
        return SavedView.ID(text)
    }

    /// Any JSON value; `nil` where it is left out.
    private func content(_ fields: JSONFields) -> String? {
        guard let value = fields.object["content"], value != .null else { return nil }
        var json = JSONWriter()
        json.value(value)
        return json.text
    }

    private func answer(
        _ view: SavedView,
        to request: Request,
        _ context: MartletRequestContext,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        var json = JSONWriter(reserving: view.content.utf8.count + 512)
        json.beginObject()
        json.fields(of: view)
        json.key("content")
        json.json(view.content.utf8)
        json.endObject()
        return answer(json, to: request, context, status: status)
    }
}

extension JSONWriter {
    fileprivate mutating func fields(of view: SavedView) {
        field("id", view.id.rawValue)
        field("experimentID", view.experimentID.description)
        field("kind", view.kind.rawValue)
        field("name", view.name)
        field("displayName", view.displayName)
        field("description", view.description)
        field("author", view.author)
        field("createdAt", view.createdAt)
        field("updatedAt", view.updatedAt)
    }

    fileprivate mutating func alert(_ alert: RunAlert) {
        beginObject()
        field("id", String(alert.id))
        field("runID", alert.run.rawValue)
        field("title", alert.title)
        field("text", alert.text)
        field("severity", alert.severity.rawValue)
        field("createdAt", alert.createdAt)
        endObject()
    }
}
