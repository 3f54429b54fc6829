package import MartletCore

extension MetricReader {
    /// One series for a chart: at most `buckets` marks over the range, and how many points they stand for.
    ///
    /// Buckets are of equal width in x; those without points are left out. Where enough pyramid cells fall on a
    /// bucket its edges snap to cells; else they are exact. `smoothed` has one value per bucket when `halfLife` > 0:
    /// the time-weighted, debiased exponential moving average over all points up to the bucket's last, which does
    /// not depend on `buckets`, `from` or `to`. Cost: rows of chunks, and cells or points of those in the range;
    /// smoothing decodes points.
    /// - Parameters:
    ///   - from: first x that is wanted; `nil` for the start of the series.
    ///   - halfLife: in units of x; 0 for no smoothing.
    ///   - runStart: where relative time begins; `nil` for the series' first point.
    package static func series(
        run: Int64,
        key: String,
        axis: SeriesAxis,
        from: Int64?,
        to: Int64?,
        buckets: Int,
        halfLife: Double,
        runStart: Int64?,
        on connection: any SQLConnection
    ) throws -> (buckets: [SeriesBucket], count: Int, smoothed: [Double]) {
        guard buckets > 0, let key = try number(of: key, on: connection) else { return ([], 0, []) }
        return try readable {
            var reading = try SeriesReading(run: run, key: key, axis: axis, runStart: runStart, on: connection)
            guard let range = reading.range(from: from, to: to) else { return ([], 0, []) }
            let filled = try reading.buckets(buckets, over: range, on: connection)
            guard halfLife > 0, !filled.isEmpty else { return (filled, reading.count, []) }
            return (filled, reading.count, try reading.smoothed(at: filled, halfLife: halfLife, on: connection))
        }
    }
}

/// One read of a series for a chart.
struct SeriesReading {
    private let run: Int64
    private let key: Int64
    private let axis: SeriesAxis
    /// What is taken from x before it is shown.
    private let origin: Int64
    private let chunks: [ChunkRow]
    private let logged: PointBuffer
    private let codec = ChunkCodec()
    /// Points inside the range that was read last.
    private(set) var count = 0

    init(run: Int64, key: Int64, axis: SeriesAxis, runStart: Int64?, on connection: any SQLConnection) throws {
        self.run = run
        self.key = key
        self.axis = axis
        chunks = try connection.rows(
            "SELECT \(ChunkRow.columns) FROM metric_chunk WHERE run = $1 AND key = $2 "
                + "ORDER BY last_time, last_step, last_value",
            [.integer(run), .integer(key)]
        ) { ChunkRow($0) }
        logged = try StoredPoints.logged(
            run: run,
            key: key,
            times: Int64.min...Int64.max,
            compressor: codec.compressor,
            on: connection
        )
        var start = runStart
        if start == nil {
            start = chunks.first?.first.time
            if !logged.isEmpty { start = min(start ?? .max, logged.times[0]) }
        }
        origin = axis == .relativeTime ? start ?? 0 : 0
    }

    private func x(of points: PointBuffer) -> UnsafeMutablePointer<Int64> {
        axis == .step ? points.steps : points.times
    }

    private func extent(of chunk: ChunkRow) -> ClosedRange<Int64> {
        axis == .step ? chunk.leastStep...chunk.greatestStep : chunk.first.time...chunk.last.time
    }

    private func ascends(_ chunk: ChunkRow) -> Bool { axis != .step || chunk.stepsAscend }

    /// The x to read, cut to where there are points; `nil` when there are none.
    func range(from: Int64?, to: Int64?) -> ClosedRange<Int64>? {
        var (low, high) = (Int64.max, Int64.min)
        for chunk in chunks {
            low = min(low, extent(of: chunk).lowerBound)
            high = max(high, extent(of: chunk).upperBound)
        }
        let x = x(of: logged)
        for index in 0..<logged.count {
            low = min(low, x[index])
            high = max(high, x[index])
        }
        if let from { low = max(low, Self.sum(from, origin)) }
        if let to { high = min(high, Self.sum(to, origin)) }
        return low <= high ? low...high : nil
    }

    /// The nearest number to a sum.
    private static func sum(_ x: Int64, _ origin: Int64) -> Int64 {
        let (sum, overflow) = x.addingReportingOverflow(origin)
        return overflow ? (x < 0 ? .min : .max) : sum
    }

    // MARK: - Buckets

    /// How much of a chunk is read.
    private enum Detail { case coarse, fine, points }

    mutating func buckets(
        _ number: Int,
        over range: ClosedRange<Int64>,
        on connection: any SQLConnection
    ) throws -> [SeriesBucket] {
        let result = Buckets(number, over: range)
        let width = Double(UInt64(bitPattern: range.upperBound &- range.lowerBound)) / Double(number)
        let isApart = apart()
        let scratch = PointBuffer(capacity: ChunkCodec.fullCount)
        var coarse: Set<Int> = []
        for (index, chunk) in chunks.enumerated() where extent(of: chunk).overlaps(range) {
            let isInside = range.contains(extent(of: chunk).lowerBound) && range.contains(extent(of: chunk).upperBound)
            switch isApart[index] && isInside ? detail(of: chunk, width: width) : .points {
            case .coarse: coarse.insert(index)
            case .fine: try addFine(chunk, to: result, on: connection)
            case .points:
                scratch.removeAll()
                try chunk.read(into: scratch, with: codec, on: connection)
                add(scratch, isInside: isInside, range, to: result)
            }
        }
        if !coarse.isEmpty { try addCoarse(coarse, to: result, on: connection) }
        add(logged, isInside: false, range, to: result)
        count = result.count
        return result.filled(origin: origin)
    }

    /// The coarsest cells of which at least four fall on a bucket.
    private func detail(of chunk: ChunkRow, width: Double) -> Detail {
        guard chunk.count >= Cells.leastPoints, ascends(chunk) else { return .points }
        let extent = extent(of: chunk)
        let perPoint = Double(UInt64(bitPattern: extent.upperBound &- extent.lowerBound)) / Double(chunk.count)
        if perPoint * Double(4 << Cells.coarseShift) <= width { return .coarse }
        return perPoint * Double(4 << Cells.fineShift) <= width ? .fine : .points
    }

    /// Per chunk whether no point of another chunk or of the log lies between its ends in x.
    private func apart() -> [Bool] {
        var result = [Bool](repeating: true, count: chunks.count)
        let order = axis == .step ? chunks.indices.sorted { before($0, $1) } : Array(chunks.indices)
        var (reach, widest) = (Int64.min, -1)
        for index in order {
            let extent = extent(of: chunks[index])
            if widest >= 0, extent.lowerBound < reach {
                result[index] = false
                result[widest] = false
            }
            if widest < 0 || extent.upperBound >= reach { (reach, widest) = (extent.upperBound, index) }
        }
        guard !logged.isEmpty else { return result }
        let xs = UnsafeBufferPointer(start: x(of: logged), count: logged.count)
        let sorted = axis == .step ? xs.sorted() : Array(xs)
        for index in chunks.indices where result[index] {
            let extent = extent(of: chunks[index])
            let next = Self.firstIndex(in: sorted, above: extent.lowerBound)
            if next < sorted.count, sorted[next] < extent.upperBound { result[index] = false }
        }
        return result
    }

    private static func firstIndex(in sorted: [Int64], above x: Int64) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] > x { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func before(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (extent(of: chunks[left]), extent(of: chunks[right]))
        return a.lowerBound != b.lowerBound ? a.lowerBound < b.lowerBound : a.upperBound < b.upperBound
    }

    private func addFine(_ chunk: ChunkRow, to result: Buckets, on connection: any SQLConnection) throws {
        var isFound = false
        try connection.query("SELECT data FROM metric_chunk_cells WHERE id = $1", [.integer(chunk.id)]) { row in
            isFound = true
            try row.withBytes(0) { try add(cells: $0, of: chunk, to: result) }
        }
        guard isFound else { throw CorruptBytes(what: "the cells of a chunk are missing") }
    }

    /// One walk over the rows, in the order of `chunks`: the snapshot is the same.
    private func addCoarse(_ wanted: Set<Int>, to result: Buckets, on connection: any SQLConnection) throws {
        var index = 0
        try connection.query(
            "SELECT cells FROM metric_chunk WHERE run = $1 AND key = $2 ORDER BY last_time, last_step, last_value",
            [.integer(run), .integer(key)]
        ) { row in
            defer { index += 1 }
            guard wanted.contains(index) else { return }
            try row.withBytes(0) { try add(cells: $0, of: chunks[index], to: result) }
        }
    }

    private func add(cells bytes: UnsafeRawBufferPointer, of chunk: ChunkRow, to result: Buckets) throws {
        let cells = try Cells(bytes, with: codec.compressor)
        guard cells.points == chunk.count, axis != .step || !cells.firstSteps.isEmpty else {
            throw CorruptBytes(what: "the cells of a chunk are of another one")
        }
        result.add(cells, axis: axis)
    }

    private func add(_ points: PointBuffer, isInside: Bool, _ range: ClosedRange<Int64>, to result: Buckets) {
        let x = x(of: points)
        if isInside { return result.add(points, x: x, 0..<points.count) }
        // Runs of neighbours that are inside.
        var start = 0
        while start < points.count {
            guard range.contains(x[start]) else {
                start += 1
                continue
            }
            var end = start + 1
            while end < points.count, range.contains(x[end]) { end += 1 }
            result.add(points, x: x, start..<end)
            start = end
        }
    }

    // MARK: - Smoothing

    /// The moving average at the last point of each bucket.
    func smoothed(
        at buckets: [SeriesBucket],
        halfLife: Double,
        on connection: any SQLConnection
    ) throws -> [Double] {
        guard let first = buckets.first, let last = buckets.last else { return [] }
        var smoother = Smoother(halfLife: halfLife, marks: buckets.map { $0.lastX &+ origin })
        // What is 64 half-lives old weighs less than a bit of the result.
        let reach = Double(first.firstX &+ origin) - 64 * halfLife
        let start = reach <= Double(Int64.min / 2) ? Int64.min : Int64(reach)
        let points = PointBuffer(capacity: ChunkCodec.fullCount)
        for cluster in clusters() where cluster.range.upperBound >= start {
            if cluster.range.lowerBound > last.lastX &+ origin { break }
            points.removeAll()
            for index in cluster.chunks { try chunks[index].read(into: points, with: codec, on: connection) }
            if cluster.hasLog { points.append(logged, 0..<logged.count) }
            smoother.feed(points, x: x(of: points))
        }
        return smoother.finish()
    }

    /// Chunks, and the log, that share a range of x and so are sorted together.
    private struct Cluster {
        var range: ClosedRange<Int64>
        var chunks: [Int]
        var hasLog = false
    }

    /// Ascending by x. One chunk each where the series was logged in order.
    private func clusters() -> [Cluster] {
        var parts = chunks.indices.map { Cluster(range: extent(of: chunks[$0]), chunks: [$0]) }
        let x = UnsafeBufferPointer(start: x(of: logged), count: logged.count)
        if let low = x.min(), let high = x.max() { parts.append(Cluster(range: low...high, chunks: [], hasLog: true)) }
        // Already in order for the most part.
        parts.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var result: [Cluster] = []
        for part in parts {
            guard let last = result.last, part.range.lowerBound <= last.range.upperBound else {
                result.append(part)
                continue
            }
            let end = max(last.range.upperBound, part.range.upperBound)
            result[result.count - 1].range = last.range.lowerBound...end
            result[result.count - 1].chunks += part.chunks
            result[result.count - 1].hasLog = last.hasLog || part.hasLog
        }
        return result
    }
}
