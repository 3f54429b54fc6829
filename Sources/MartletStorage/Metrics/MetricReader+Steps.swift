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
            var points = try sealed(run: run, keys: names, steps: steps, on: connection)
            let compressor = Compressor()
            try connection.query(
                "SELECT data FROM point_log WHERE run = $1 ORDER BY seq",
                [.integer(run)]
            ) { row in
                try row.withBytes(0) { bytes in
                    try PointLog.forEachSeries(in: bytes) { series, content in
                        guard names[series] != nil, try content.steps()?.overlaps(steps) ?? true else { return }
                        let known = points[series] ?? PointBuffer(capacity: content.count)
                        try content.read(into: known, with: compressor)
                        points[series] = known
                    }
                }
            }
            return points.compactMap { key, points in series(names[key] ?? "", points, steps) }
                .sorted { $0.key < $1.key }
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

    private static func sealed(
        run: Int64,
        keys: [Int64: String],
        steps: ClosedRange<Int64>,
        on connection: any SQLConnection
    ) throws -> [Int64: PointBuffer] {
        let chunks = try connection.rows(
            """
            SELECT \(ChunkRow.columns), key FROM metric_chunk
            WHERE run = $1 AND greatest_step >= $2 AND least_step <= $3
            """,
            [.integer(run), .integer(steps.lowerBound), .integer(steps.upperBound)]
        ) { (key: $0.integer(ChunkRow.columnCount), chunk: ChunkRow($0)) }
        let codec = ChunkCodec(compressor: Compressor())
        var points: [Int64: PointBuffer] = [:]
        for (key, chunk) in chunks where keys[key] != nil {
            let known = points[key] ?? PointBuffer(capacity: chunk.count)
            try chunk.read(into: known, with: codec, on: connection)
            points[key] = known
        }
        return points
    }

    private static func series(
        _ key: String,
        _ points: PointBuffer,
        _ steps: ClosedRange<Int64>
    ) -> StepTable.Series? {
        points.sortAndUnite()
        if points.stepsAscend {
            let range = points.range(ofSteps: steps)
            guard !range.isEmpty else { return nil }
            return StepTable.Series(key: key, steps: points.steps(range), values: points.values(range))
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
