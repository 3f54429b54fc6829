package import MartletCore

extension MetricReader {
    /// The points of a run's series whose steps are in a range, by key; series without any are left out.
    ///
    /// O(points of the chunks that reach into the range), one look at the unsealed log for all series.
    /// - Parameter keys: `nil` for all.
    package static func series(
        run: Int64,
        keys: [String]?,
        steps: ClosedRange<Int64>,
        on connection: any SQLConnection
    ) throws -> [StepTable.Series] {
        try readable {
            let names = try names(of: run, keys: keys, on: connection)
            let sealed = try chunks(run: run, keys: names, steps: steps, on: connection)
            let fresh = try unsealed(run: run, keys: names, steps: steps, on: connection)
            let codec = ChunkCodec(compressor: Compressor())
            // One room for all: memory that is new to the process costs more than what is read into it.
            let points = PointBuffer()
            var found: [StepTable.Series] = []
            for (key, name) in names {
                let chunks = sealed[key] ?? []
                points.removeAll()
                points.reserve(chunks.reduce(fresh[key]?.count ?? 0) { $0 + $1.count })
                for chunk in chunks { try chunk.read(into: points, with: codec, on: connection) }
                if let fresh = fresh[key] { points.append(fresh, 0..<fresh.count) }
                if let series = series(name, points, steps, like: found.last) { found.append(series) }
            }
            return found.sorted { $0.key < $1.key }
        }
    }

    private static func names(
        of run: Int64,
        keys: [String]?,
        on connection: any SQLConnection
    ) throws -> [Int64: String] {
        var names: [Int64: String] = [:]
        let wanted = keys.map { Set($0) }
        try connection.query(
            "SELECT k.id, k.name FROM metric_summary s JOIN metric_key k ON k.id = s.key WHERE s.run = $1",
            [.integer(run)]
        ) { row in
            let name = row.text(1)
            if wanted?.contains(name) ?? true { names[row.integer(0)] = name }
        }
        return names
    }

    private static func chunks(
        run: Int64,
        keys: [Int64: String],
        steps: ClosedRange<Int64>,
        on connection: any SQLConnection
    ) throws -> [Int64: [ChunkRow]] {
        let rows = try connection.rows(
            """
            SELECT \(ChunkRow.columns), key FROM metric_chunk
            WHERE run = $1 AND greatest_step >= $2 AND least_step <= $3
            """,
            [.integer(run), .integer(steps.lowerBound), .integer(steps.upperBound)]
        ) { (key: $0.integer(ChunkRow.columnCount), chunk: ChunkRow($0)) }
        return Dictionary(grouping: rows.filter { keys[$0.key] != nil }, by: \.key).mapValues { $0.map(\.chunk) }
    }

    private static func unsealed(
        run: Int64,
        keys: [Int64: String],
        steps: ClosedRange<Int64>,
        on connection: any SQLConnection
    ) throws -> [Int64: PointBuffer] {
        let compressor = Compressor()
        var points: [Int64: PointBuffer] = [:]
        try connection.query("SELECT data FROM point_log WHERE run = $1 ORDER BY seq", [.integer(run)]) { row in
            try row.withBytes(0) { bytes in
                try PointLog.forEachSeries(in: bytes) { series, content in
                    guard keys[series] != nil, try content.steps()?.overlaps(steps) ?? true else { return }
                    let known = points[series] ?? PointBuffer(capacity: content.count)
                    try content.read(into: known, with: compressor)
                    points[series] = known
                }
            }
        }
        return points
    }

    /// - Parameter other: most often all series have the same steps: those of another are then used again, so that they
    ///   are in memory once and are known to be equal.
    private static func series(
        _ key: String,
        _ points: PointBuffer,
        _ steps: ClosedRange<Int64>,
        like other: StepTable.Series?
    ) -> StepTable.Series? {
        points.sortAndUnite()
        if points.stepsAscend {
            let range = points.range(ofSteps: steps)
            guard !range.isEmpty else { return nil }
            let known = other.flatMap { points.hasSteps($0.steps, in: range) ? $0.steps : nil }
            return StepTable.Series(key: key, steps: known ?? points.steps(range), values: points.values(range))
        }
        var series = StepTable.Series(key: key, steps: [], values: [])
        for index in 0..<points.count where steps.contains(points.steps[index]) {
            series.steps.append(points.steps[index])
            series.values.append(points.values[index])
        }
        guard !series.steps.isEmpty else { return nil }
        if zip(series.steps, series.steps.dropFirst()).contains(where: { $0 > $1 }) {
            let order = series.steps.indices.sorted { series.steps[$0] < series.steps[$1] }
            series.steps = order.map { series.steps[$0] }
            series.values = order.map { series.values[$0] }
        }
        return series
    }
}
