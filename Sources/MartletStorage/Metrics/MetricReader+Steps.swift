import Foundation
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
            let ordered = OrderedSteps(codec: codec)
            // One room for all: memory that is new to the process costs more than what is read into it.
            let points = PointBuffer()
            var found: [StepTable.Series] = []
            for (key, name) in names {
                let (chunks, fresh) = (sealed[key] ?? [], fresh[key])
                if try ordered.read(chunks, fresh, on: connection) {
                    if let series = ordered.series(name, steps, like: found.last) { found.append(series) }
                    continue
                }
                points.removeAll()
                points.reserve(chunks.reduce(fresh?.count ?? 0) { $0 + $1.count })
                for chunk in chunks { try chunk.read(into: points, with: codec, on: connection) }
                if let fresh { points.append(fresh, 0..<fresh.count) }
                if let series = series(name, points, steps) { found.append(series) }
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
            ORDER BY key, last_time, last_step, last_value
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

    /// Of points in any order.
    private static func series(
        _ key: String,
        _ points: PointBuffer,
        _ steps: ClosedRange<Int64>
    ) -> StepTable.Series? {
        points.sortAndUnite()
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

/// Reads series whose steps ascend as their points were logged, which most do: without their times, and once.
///
/// Confined to its maker.
private final class OrderedSteps {
    private let codec: ChunkCodec
    /// One room for all series: memory that is new to the process costs more than what is read into it.
    private var steps = UnsafeMutableBufferPointer<Int64>.allocate(capacity: 0)
    private var count = 0
    private var values: [Double] = []

    init(codec: ChunkCodec) { self.codec = codec }

    deinit { steps.deallocate() }

    /// - Parameter chunks: in the order of their points; they do not overlap.
    /// - Returns: false for points in another order, of which nothing is kept.
    func read(_ chunks: [ChunkRow], _ fresh: PointBuffer?, on connection: any SQLConnection) throws -> Bool {
        guard chunks.allSatisfy(\.stepsAscend) else { return false }
        fresh?.sortAndUnite()
        if let last = chunks.last?.last, let fresh, !fresh.isEmpty, !(last < fresh.place(0)) { return false }
        count = chunks.reduce(fresh?.count ?? 0) { $0 + $1.count }
        if steps.count < count {
            steps.deallocate()
            steps = .allocate(capacity: count)
        }
        values = try [Double](unsafeUninitializedCapacity: count) { values, filled in
            for chunk in chunks {
                let place = filled..<(filled + chunk.count)
                try chunk.withData(on: connection) { bytes in
                    try codec.decode(
                        bytes,
                        steps: UnsafeMutableBufferPointer(rebasing: steps[place]),
                        values: UnsafeMutableBufferPointer(rebasing: values[place])
                    )
                }
                filled = place.upperBound
            }
            guard let fresh, let from = steps.baseAddress, let to = values.baseAddress else { return }
            (from + filled).update(from: fresh.steps, count: fresh.count)
            (to + filled).update(from: fresh.values, count: fresh.count)
            filled += fresh.count
        }
        var descents = 0
        for index in 1..<max(count, 1) { descents &+= steps[index - 1] > steps[index] ? 1 : 0 }
        return descents == 0
    }

    /// Of what was read, the part of some steps.
    /// - Parameter other: most often all series have the same steps: those of another are then used again, so that they
    ///   are in memory once and are known to be equal.
    func series(_ key: String, _ wanted: ClosedRange<Int64>, like other: StepTable.Series?) -> StepTable.Series? {
        let all = UnsafeBufferPointer(rebasing: steps[..<count])
        let first = all.firstIndex(from: wanted.lowerBound)
        let end = wanted.upperBound == .max ? count : max(first, all.firstIndex(from: wanted.upperBound + 1))
        guard first < end else { return nil }
        let own = UnsafeBufferPointer(rebasing: all[first..<end])
        let known = other.flatMap { Self.areEqual(own, $0.steps) ? $0.steps : nil }
        defer { values = [] }
        return StepTable.Series(
            key: key,
            steps: known ?? Array(own),
            values: own.count == count ? values : Array(values[first..<end])
        )
    }

    private static func areEqual(_ steps: UnsafeBufferPointer<Int64>, _ others: [Int64]) -> Bool {
        others.withUnsafeBytes { others in
            let own = UnsafeRawBufferPointer(steps)
            guard own.count == others.count, let start = own.baseAddress, let other = others.baseAddress else {
                return false
            }
            return memcmp(start, other, own.count) == 0
        }
    }
}

extension UnsafeBufferPointer<Int64> {
    /// The first of these ascending integers that is not less than another.
    fileprivate func firstIndex(from wanted: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
