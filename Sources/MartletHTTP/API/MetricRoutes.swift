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
        for one in series where !one.buckets.isEmpty { write(one, to: &json) }
        json.endArray()
        json.endObject()
        return answer(json, to: request, context)
    }

    private func write(_ series: BucketedSeries, to json: inout JSONWriter) {
        json.beginObject()
        json.field("run", series.run.rawValue)
        json.field("key", series.key)
        json.field("count", Int64(series.count))
        let buckets = series.buckets
        integers("firstX", of: buckets, to: &json) { $0.firstX }
        integers("lastX", of: buckets, to: &json) { $0.lastX }
        numbers("min", of: buckets, to: &json) { $0.min }
        numbers("max", of: buckets, to: &json) { $0.max }
        numbers("mean", of: buckets, to: &json) { $0.mean }
        numbers("last", of: buckets, to: &json) { $0.last }
        integers("n", of: buckets, to: &json) { Int64($0.count) }
        integers("nan", of: buckets, to: &json) { Int64($0.nanCount) }
        integers("inf", of: buckets, to: &json) { Int64($0.infinityCount) }
        json.key("smoothed")
        json.beginArray()
        for value in series.smoothed { number(value, to: &json) }
        json.endArray()
        json.endObject()
    }

    private func integers(
        _ key: StaticString,
        of buckets: [SeriesBucket],
        to json: inout JSONWriter,
        _ value: (SeriesBucket) -> Int64
    ) {
        json.key(key)
        json.beginArray()
        for bucket in buckets { json.integer(value(bucket)) }
        json.endArray()
    }

    private func numbers(
        _ key: StaticString,
        of buckets: [SeriesBucket],
        to json: inout JSONWriter,
        _ value: (SeriesBucket) -> Double
    ) {
        json.key(key)
        json.beginArray()
        for bucket in buckets { number(value(bucket), to: &json) }
        json.endArray()
    }

    /// `null` for what a chart cannot place.
    private func number(_ value: Double, to json: inout JSONWriter) {
        if value.isFinite { json.double(value) } else { json.null() }
    }
}
