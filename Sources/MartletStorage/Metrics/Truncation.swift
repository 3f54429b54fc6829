import MartletCore

/// Removes the end of a run's series, as a rewind does. See "Truncation" in docs/metric-chunks.md.
///
/// The caller holds the run, as for `PointWriter`.
struct Truncation {
    private let run: Int64
    private let step: Int64
    private let connection: any SQLConnection
    private let compressor = Compressor()
    /// How many points went, by key.
    private var removed: [Int64: Int] = [:]

    /// Removes every point of the run at `step` or later, sealed or not, and makes the summaries of those series anew.
    ///
    /// O(points of the series that lose some).
    /// - Returns: how many points went.
    static func truncate(
        run: Int64,
        experiment: Int64,
        from step: Int64,
        on connection: any SQLConnection
    ) throws -> Int {
        try MetricReader.readable {
            var truncation = Truncation(run: run, step: step, connection: connection)
            try truncation.cutChunks()
            try truncation.cutLog()
            guard !truncation.removed.isEmpty else { return 0 }
            // A sealer that read the run before must give up what it made of it.
            try connection.execute(
                """
                INSERT INTO metric_seal (run, generation) VALUES ($1, 1)
                ON CONFLICT (run) DO UPDATE SET generation = metric_seal.generation + 1
                """,
                [.integer(run)]
            )
            for key in truncation.removed.keys.sorted() { try truncation.summarise(key, experiment) }
            return truncation.removed.values.reduce(0, +)
        }
    }

    private init(run: Int64, step: Int64, connection: any SQLConnection) {
        self.run = run
        self.step = step
        self.connection = connection
    }

    private mutating func cutChunks() throws {
        let codec = ChunkCodec(compressor: compressor)
        let reached = try connection.rows(
            "SELECT \(ChunkRow.columns), key FROM metric_chunk WHERE run = $1 AND greatest_step >= $2",
            [.integer(run), .integer(step)]
        ) { (key: $0.integer(ChunkRow.columnCount), chunk: ChunkRow($0)) }
        for (key, chunk) in reached {
            let all = PointBuffer(capacity: chunk.count)
            try chunk.read(into: all, with: codec, on: connection)
            let kept = PointBuffer(capacity: chunk.count)
            keep(all, of: key, in: kept)
            try SealPlan(key: key, replacing: chunk, with: kept, codec).apply(run: run, on: connection)
        }
    }

    private mutating func cutLog() throws {
        let rows = try connection.rows(
            "SELECT seq FROM point_log WHERE run = $1 ORDER BY seq",
            [.integer(run)]
        ) { $0.integer(0) }
        for row in rows { try cutRow(row) }
    }

    private mutating func cutRow(_ seq: Int64) throws {
        let kept = PointBuffer()
        var pieces: [PointLog.Piece] = []
        var lost = 0
        try connection.query(
            "SELECT data FROM point_log WHERE run = $1 AND seq = $2",
            [.integer(run), .integer(seq)]
        ) { row in
            try row.withBytes(0) { bytes in
                try PointLog.forEachSeries(in: bytes) { key, content in
                    let all = PointBuffer(capacity: content.count)
                    try content.read(into: all, with: compressor)
                    let start = kept.count
                    keep(all, of: key, in: kept)
                    lost += all.count - (kept.count - start)
                    if kept.count > start { pieces.append(PointLog.Piece(key: key, range: start..<kept.count)) }
                }
            }
        }
        if lost > 0 { try replaceRow(seq, with: pieces, of: kept) }
    }

    private func replaceRow(_ seq: Int64, with pieces: [PointLog.Piece], of points: PointBuffer) throws {
        guard !pieces.isEmpty else {
            try connection.execute(
                "DELETE FROM point_log WHERE run = $1 AND seq = $2",
                [.integer(run), .integer(seq)]
            )
            return
        }
        let data = PointLog.encode(pieces, of: points)
        let times = UnsafeBufferPointer(start: points.times, count: points.count)
        try connection.execute(
            """
            UPDATE point_log SET first_time = $1, last_time = $2, points = $3, bytes = $4, data = $5
            WHERE run = $6 AND seq = $7
            """,
            [
                .integer(times.min() ?? 0), .integer(times.max() ?? 0), .integer(points.count), .integer(data.count),
                .blob(data), .integer(run), .integer(seq),
            ]
        )
    }

    /// Adds the points before the step to `kept` and counts the others.
    private mutating func keep(_ points: PointBuffer, of key: Int64, in kept: PointBuffer) {
        var start = 0
        for index in 0...points.count where index == points.count || points.steps[index] >= step {
            if start < index { kept.append(points, start..<index) }
            if index < points.count { removed[key, default: 0] += 1 }
            start = index + 1
        }
    }

    private func summarise(_ key: Int64, _ experiment: Int64) throws {
        let points = try StoredPoints.around(Int64.min...Int64.max, run: run, key: key, on: connection)
        guard !points.isEmpty else {
            try connection.execute(
                "DELETE FROM metric_summary WHERE run = $1 AND key = $2",
                [.integer(run), .integer(key)]
            )
            return
        }
        var state = SeriesState()
        state.add(points, 0..<points.count)
        let row = state.arguments(run: run, key: key, experiment: experiment)
        try SeriesState.upsert.send([row], on: connection)
    }
}
