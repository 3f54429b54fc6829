import Hummingbird
import MartletCore

/// `POST /api/v1/series`: what charts draw. Keys travel in the body because they hold slashes.
struct MetricRoutes: NativeRoutes {
    let services: Services
    let largestBody: Int

    func add(to router: Router<MartletRequestContext>) {
        router.post("/api/v1/series", use: series)
    }

    private func series(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        guard let runs = try fields.strings("runs") else { throw fields.missing("runs") }
        guard let keys = try fields.strings("keys") else { throw fields.missing("keys") }
        let axis = try fields.string("axis") ?? SeriesAxis.step.rawValue
        guard let axis = SeriesAxis(rawValue: axis) else {
            throw fields.wrong("axis", "one of step, time, relativeTime")
        }
        let form = try SeriesForm(fields)
        let series = try await services.runs.series(
            SeriesRequest(
                runs: try runIDs(runs),
                keys: keys,
                axis: axis,
                from: try fields.integer("from"),
                to: try fields.integer("to"),
                buckets: try fields.count("buckets", most: 10_000) ?? 600,
                smoothingHalfLife: try fields.number("smoothingHalfLife") ?? 0
            ),
            as: context.principal
        )
        let marks = series.reduce(0) { $0 + $1.buckets.count }
        var json = JSONWriter(reserving: 128 * marks + 256 * series.count + 64)
        json.beginObject()
        json.key("series")
        json.beginArray()
        for one in series where !one.buckets.isEmpty { form.write(one, to: &json) }
        json.endArray()
        json.endObject()
        return answer(json, to: request, context)
    }
}
