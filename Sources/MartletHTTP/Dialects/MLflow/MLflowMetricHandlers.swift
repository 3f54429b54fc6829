import Hummingbird
import MartletCore

extension MLflowDialect {
    /// Points that are read from the store at once.
    private static let stride = 100_000

    func metricHistory(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.runID()
        let key = try message.required("metric_key")
        let limit = try message.integer("max_results")
        if let limit, limit <= 0 {
            throw MLflowErrors.invalid(
                "Invalid value \(limit) for parameter 'max_results' supplied. It must be a positive integer."
            )
        }
        var cursor = try MLflowPageToken.cursor(try message.string("page_token"))
        var writer = JSONWriter(reserving: 4_096)
        var remaining = limit ?? Int64.max
        var isEmpty = true
        var next: HistoryCursor?
        while remaining > 0 {
            // One more than is wanted tells whether something follows.
            let wanted = Int(min(remaining, Int64(Self.stride)))
            let points = try await history(of: id, key: key, after: cursor, limit: wanted + 1, context)
            let taken = min(points.count, wanted)
            writer.mlflowPoints(points, 0..<taken, key: key, isFirst: isEmpty)
            isEmpty = isEmpty && taken == 0
            remaining -= Int64(taken)
            next = taken < points.count ? MLflowPageToken.cursor(at: taken - 1, of: points) : nil
            guard let next else { break }
            cursor = next
        }
        guard !isEmpty else { return Self.emptyObject }
        writer.piece(Array("]".utf8))
        if let next { writer.piece(Array(",\"next_page_token\":\"\(MLflowPageToken.token(at: next))\"".utf8)) }
        writer.piece(Array("}".utf8))
        return .json(writer.bytes)
    }

    /// One metric of several runs, whole histories one after another; MLflow's own web interface asks.
    func metricHistoryBulk(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let query = try request.queryItems
        let ids = Set(query.all("run_id")).sorted()
        guard !ids.isEmpty else {
            throw MLflowErrors.invalid("GetMetricHistoryBulk request must specify at least one run_id.")
        }
        guard ids.count <= 100 else {
            throw MLflowErrors.invalid(
                "GetMetricHistoryBulk request cannot specify more than 100 run_ids. Received \(ids.count) run_ids."
            )
        }
        guard let key = query.first("metric_key") else {
            throw MLflowErrors.invalid("GetMetricHistoryBulk request must specify a metric_key.")
        }
        var remaining = try MLflowRules.limit(MLflowMessage(query), standard: 25_000, most: Int(Int32.max))
        remaining = min(remaining, 25_000)
        var writer = JSONWriter(reserving: 4_096)
        writer.beginObject()
        writer.key("metrics")
        writer.beginArray()
        for id in ids.map({ Run.ID($0) }) where remaining > 0 {
            let points: PointColumns
            do {
                points = try await history(of: id, key: key, after: nil, limit: remaining, context)
            } catch {
                // MLflow leaves runs out that it does not know.
                guard error.code == .notFound else { throw error }
                continue
            }
            for place in 0..<points.count { writer.mlflowPoint(points, place, key: key, of: id) }
            remaining -= points.count
        }
        writer.endArray()
        writer.endObject()
        return .json(writer.bytes)
    }

    /// One metric of several runs, evenly thinned by rank in (step, time, value); first and last are kept.
    func metricHistorySample(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let ids = try message.strings("run_ids")
        guard !ids.isEmpty else { throw MLflowErrors.missing("run_ids") }
        guard ids.count <= 100 else {
            throw MLflowErrors.invalid(
                "GetMetricHistoryBulkInterval request must specify at most 100 run_ids. Received \(ids.count) "
                    + "run_ids." + MLflowErrors.apiDocs
            )
        }
        let key = try message.required("metric_key")
        let limit = try message.integer("max_results") ?? 2_500
        guard (1...2_500).contains(limit) else {
            throw MLflowErrors.invalid("max_results must be between 1 and 2500." + MLflowErrors.apiDocs)
        }
        let range = try Self.stepRange(message)
        var writer = JSONWriter(reserving: 4_096)
        writer.beginObject()
        var isFirst = true
        for id in ids.map({ Run.ID($0) }) {
            let points: PointColumns
            do {
                points = try await wholeHistory(of: id, key: key, steps: range, context)
            } catch {
                // MLflow leaves runs out that it does not know.
                guard error.code == .notFound else { throw error }
                continue
            }
            for place in MetricSampling.ranks(of: points, limit: Int(limit)) {
                if isFirst {
                    writer.key("metrics")
                    writer.beginArray()
                    isFirst = false
                }
                writer.mlflowPoint(points, place, key: key, of: id)
            }
        }
        if !isFirst { writer.endArray() }
        writer.endObject()
        return .json(writer.bytes)
    }

    private static func stepRange(_ message: MLflowMessage) throws(MartletError) -> ClosedRange<Int64>? {
        switch (try message.integer("start_step"), try message.integer("end_step")) {
        case (nil, nil): return nil
        case (let start?, let end?):
            guard start <= end else {
                throw MLflowErrors.invalid(
                    "end_step must be greater than start_step. Found start_step=\(start) and end_step=\(end)."
                )
            }
            return start...end
        default:
            throw MLflowErrors.invalid(
                "If either start step or end step are specified, both must be specified."
            )
        }
    }

    private func wholeHistory(
        of id: Run.ID,
        key: String,
        steps: ClosedRange<Int64>?,
        _ context: Context
    ) async throws(MartletError) -> PointColumns {
        var whole = PointColumns()
        var cursor: HistoryCursor?
        while true {
            let points = try await history(of: id, key: key, after: cursor, limit: Self.stride, context)
            for place in 0..<points.count where steps?.contains(points.steps[place]) ?? true {
                whole.steps.append(points.steps[place])
                whole.times.append(points.times[place])
                whole.values.append(points.values[place])
            }
            guard points.count == Self.stride else { return whole }
            cursor = MLflowPageToken.cursor(at: points.count - 1, of: points)
        }
    }

    private func history(
        of id: Run.ID,
        key: String,
        after cursor: HistoryCursor?,
        limit: Int,
        _ context: Context
    ) async throws(MartletError) -> PointColumns {
        do {
            return try await services.runs.history(
                of: id,
                key: key,
                after: cursor,
                limit: limit,
                as: context.principal
            )
        } catch {
            throw MLflowErrors.ofRun(id, error)
        }
    }
}

extension JSONWriter {
    /// Points of one metric as a part of `{"metrics":[…`, which the first part opens.
    fileprivate mutating func mlflowPoints(_ points: PointColumns, _ places: Range<Int>, key: String, isFirst: Bool) {
        guard !places.isEmpty else { return }
        var name = JSONWriter()
        name.string(key)
        let start = Array("{\"key\":".utf8) + name.bytes + Array(",\"value\":".utf8)
        let time = Array(",\"timestamp\":".utf8)
        let step = Array(",\"step\":".utf8)
        piece(Array((isFirst ? "{\"metrics\":[" : ",").utf8))
        let comma = Array("},".utf8)
        for place in places {
            if place > places.lowerBound { piece(comma) }
            piece(start)
            double(MLflowTranslation.sent(points.values[place]))
            piece(time)
            integer(points.times[place])
            piece(step)
            integer(points.steps[place])
        }
        piece([UInt8(ascii: "}")])
    }

    /// One point with the run that it belongs to.
    fileprivate mutating func mlflowPoint(_ points: PointColumns, _ place: Int, key: String, of run: Run.ID) {
        beginObject()
        mlflowMetricFields(key, points.values[place], points.times[place], points.steps[place])
        mlflowField("run_id", run.rawValue)
        endObject()
    }
}

/// Which points MLflow shows of a long series (`_sample_rows_with_window_functions`, 3.17).
enum MetricSampling {
    /// Places in `points`, ascending by (step, time, value): the first of each of `limit` groups of equal size, and
    /// the last of all.
    static func ranks(of points: PointColumns, limit: Int) -> [Int] {
        let order = sorted(points)
        guard order.count > limit else { return order }
        let (size, larger) = order.count.quotientAndRemainder(dividingBy: limit)
        var ranks = (0..<limit).map { order[$0 * size + min($0, larger)] }
        if let last = order.last, ranks.last != last { ranks[ranks.count - 1] = last }
        return ranks
    }

    private static func sorted(_ points: PointColumns) -> [Int] {
        func isBefore(_ left: Int, _ right: Int) -> Bool {
            (points.steps[left], points.times[left], PointOrder.sortKey(of: points.values[left]))
                < (points.steps[right], points.times[right], PointOrder.sortKey(of: points.values[right]))
        }
        let places = Array(0..<points.count)
        let isSorted = zip(places, places.dropFirst()).allSatisfy { !isBefore($1, $0) }
        return isSorted ? places : places.sorted(by: isBefore)
    }
}
