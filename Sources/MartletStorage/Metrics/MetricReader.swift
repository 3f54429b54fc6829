package import MartletCore

/// Reads metrics back: histories, charts, summaries. Each call sees log and chunks of one snapshot.
package enum MetricReader {
    /// Points of one series after `cursor`, at most `limit`, ascending by (time, step, value), distinct.
    ///
    /// Empty when the run has no such metric. O(points returned) plus at most one chunk and the unsealed log.
    /// - Throws: `internal` when what is stored is damaged.
    package static func history(
        run: Int64,
        key: String,
        after cursor: HistoryCursor?,
        limit: Int,
        on connection: any SQLConnection
    ) throws -> PointColumns {
        guard limit > 0, let key = try number(of: key, on: connection) else { return PointColumns() }
        return try readable {
            try history(run: run, key: key, after: cursor, limit: limit, on: connection)
        }
    }

    private static func history(
        run: Int64,
        key: Int64,
        after cursor: HistoryCursor?,
        limit: Int,
        on connection: any SQLConnection
    ) throws -> PointColumns {
        let start = cursor.map { PointPlace(time: $0.time, step: $0.step, value: $0.valueKey) }
        let compressor = Compressor()
        let sealed = try sealedPoints(
            run: run,
            key: key,
            after: start,
            limit: limit,
            ChunkCodec(compressor: compressor),
            on: connection
        )
        let logged = try StoredPoints.logged(
            run: run,
            key: key,
            times: (start?.time ?? .min)...Int64.max,
            compressor: compressor,
            on: connection
        )
        if let start { logged.removeFirst(logged.firstIndex(after: start)) }
        if logged.isEmpty { return sealed.columns(0..<min(limit, sealed.count)) }
        let all = PointBuffer.union(sealed, logged)
        return all.columns(0..<min(limit, all.count))
    }

    /// Points of chunks after a place, in order: at least `limit`, unless there are fewer.
    private static func sealedPoints(
        run: Int64,
        key: Int64,
        after start: PointPlace?,
        limit: Int,
        _ codec: ChunkCodec,
        on connection: any SQLConnection
    ) throws -> PointBuffer {
        let points = PointBuffer(capacity: min(limit, 1 << 20))
        var place = start ?? .first
        while true {
            let page = try ChunkRow.chunks(
                run: run,
                key: key,
                after: place,
                limit: limit / ChunkCodec.fullCount + 4,
                on: connection
            )
            for chunk in page {
                let isFirst = points.isEmpty
                try chunk.read(into: points, with: codec, on: connection)
                if isFirst, let start { points.removeFirst(points.firstIndex(after: start)) }
                if points.count >= limit { return points }
            }
            guard let last = page.last else { return points }
            place = last.last
        }
    }

    /// What is known of each metric of some runs, by key. Only the named `keys`; `nil` for all.
    ///
    /// Runs without metrics are left out. An index seek for each run, or for each run and key, and one row a metric.
    package static func summaries(
        runs: [Int64],
        keys: [String]?,
        on connection: any SQLConnection
    ) throws -> [Int64: [MetricSummary]] {
        if let keys, runs.count == 1, let run = runs.first {
            let found = try summaries(run: run, keys: keys, on: connection)
            return found.isEmpty ? [:] : [run: found]
        }
        var names: [Int64: String] = [:]
        var states: [(run: Int64, key: Int64, state: SeriesState)] = []
        let take: (any SQLRow) -> Void = { states.append(($0.integer(0), $0.integer(1), SeriesState($0, from: 2))) }
        if let keys {
            try keyNumbers.forEachRow(of: keys.map { .text($0) }, on: connection) { names[$0.integer(0)] = $0.text(1) }
            for key in names.count <= 16 ? names.keys.sorted() : [] {
                try summariesOfKey.forEachRow(of: runs, after: [.integer(key)], on: connection, take)
            }
        }
        if keys == nil || names.count > 16 {
            try summariesOfRuns.forEachRow(of: runs, on: connection, take)
        }
        if keys == nil {
            let unique = Set(states.map(\.key)).sorted()
            try keyNames.forEachRow(of: unique, on: connection) { names[$0.integer(0)] = $0.text(1) }
        }
        var result: [Int64: [MetricSummary]] = [:]
        for (run, key, state) in states {
            if let name = names[key] {
                result[run, default: []].append(state.summary(key: name))
            } else if keys == nil {
                throw MartletError(.internal, "a metric has no name; restore a backup")
            }
        }
        return result.mapValues { $0.sorted { $0.key < $1.key } }
    }

    /// What is known of some metrics of one run, by key. O(keys), however many metrics the run has.
    static func summaries(
        run: Int64,
        keys: [String],
        on connection: any SQLConnection
    ) throws -> [MetricSummary] {
        var names: [Int64: String] = [:]
        try keyNumbers.forEachRow(of: keys.map { .text($0) }, on: connection) { names[$0.integer(0)] = $0.text(1) }
        var found: [MetricSummary] = []
        try summariesOfRun.forEachRow(of: names.keys.sorted(), after: [.integer(run)], on: connection) { row in
            guard let name = names[row.integer(1)] else { return }
            found.append(SeriesState(row, from: 2).summary(key: name))
        }
        return found.sorted { $0.key < $1.key }
    }

    private static let summariesOfRun = BatchedQuery(from: 2) {
        "SELECT run, key, \(SeriesState.columns) FROM metric_summary WHERE run = $1 AND key IN \($0)"
    }
    private static let keyNumbers = BatchedQuery { "SELECT id, name FROM metric_key WHERE name IN \($0)" }
    private static let keyNames = BatchedQuery { "SELECT id, name FROM metric_key WHERE id IN \($0)" }
    private static let summariesOfRuns = BatchedQuery {
        "SELECT run, key, \(SeriesState.columns) FROM metric_summary WHERE run IN \($0)"
    }
    private static let summariesOfKey = BatchedQuery(from: 2) {
        "SELECT run, key, \(SeriesState.columns) FROM metric_summary WHERE key = $1 AND run IN \($0)"
    }

    /// The number of a key; `nil` when no run has such a metric.
    static func number(of key: String, on connection: any SQLConnection) throws -> Int64? {
        try connection.first("SELECT id FROM metric_key WHERE name = $1", [.text(key)]) { $0.integer(0) }
    }

    /// Damage is reported as `internal`, without what exactly is damaged.
    static func readable<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as CorruptBytes {
            throw MartletError(.internal, "\(error); restore a backup")
        }
    }
}
