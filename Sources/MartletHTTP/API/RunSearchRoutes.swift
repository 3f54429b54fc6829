import Hummingbird
import MartletCore

/// Many runs: `/api/v1/runs/search` and `/api/v1/runs/columns`.
struct RunSearchRoutes: NativeRoutes {
    let services: Services
    let largestBody: Int

    func add(to router: Router<MartletRequestContext>) {
        router.post("/api/v1/runs/search", use: search)
        router.post("/api/v1/runs/columns", use: columns)
    }

    private func search(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        let query = try RunQuery.request(
            fields,
            experiments: experimentIDs(fields),
            now: services.environment.now(),
            by: context.principal
        )
        let page = try await services.runs.search(query, as: context.principal)
        let now = services.environment.now()
        var json = JSONWriter(reserving: 1_024 * page.items.count + 128)
        json.beginObject()
        json.key("runs")
        json.beginArray()
        for run in page.items { json.run(run, now: now) }
        json.endArray()
        json.optional("total", page.total.map(Int64.init))
        json.field("hasMore", page.hasMore)
        json.field("now", now)
        json.endObject()
        return answer(json, to: request, context)
    }

    private func columns(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        var query = try RunQuery.request(
            fields,
            experiments: experimentIDs(fields),
            now: services.environment.now(),
            by: context.principal
        )
        let limit = try fields.count("limit", most: 10_000) ?? 500
        query.limit = 1
        let columns = try await services.runs.columns(of: query, limit: limit, as: context.principal)
        var json = JSONWriter(reserving: 4_096)
        json.beginObject()
        json.field("total", Int64(columns.total))
        json.key("params")
        write(columns.params, to: &json)
        json.key("tags")
        write(columns.tags, to: &json)
        json.key("metrics")
        json.beginArray()
        for metric in columns.metrics {
            json.beginObject()
            json.field("key", metric.key)
            json.field("runs", Int64(metric.runs))
            json.optional("min", metric.min)
            json.optional("max", metric.max)
            json.endObject()
        }
        json.endArray()
        json.key("summary")
        write(columns.summary, to: &json)
        json.endObject()
        return answer(json, to: request, context)
    }

    private func write(_ columns: [RunColumns.Column], to json: inout JSONWriter) {
        json.beginArray()
        for column in columns {
            json.beginObject()
            json.field("key", column.key)
            json.field("runs", Int64(column.runs))
            json.field("distinct", Int64(column.distinct))
            json.optional("only", column.only)
            json.endObject()
        }
        json.endArray()
    }
}
