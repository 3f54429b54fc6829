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
    /// Runs without metrics are left out. Two index seeks a run, and one row a metric.
    package static func summaries(
        runs: [Int64],
        keys: [String]?,
        on connection: any SQLConnection
    ) throws -> [Int64: [MetricSummary]] {
        var names: [Int64: String] = [:]
        if let keys {
            for key in keys {
                if let id = try number(of: key, on: connection) { names[id] = key }
            }
            if names.isEmpty { return [:] }
        }
        var result: [Int64: [MetricSummary]] = [:]
        for run in runs where result[run] == nil {
            var found: [MetricSummary] = []
            if keys != nil, names.count <= 16 {
                for (id, name) in names {
                    try connection.query(summaryOfKey, [.integer(run), .integer(id)]) { row in
                        found.append(SeriesState(row, from: 1).summary(key: name))
                    }
                }
            } else {
                found = try allSummaries(of: run, &names, onlyNamed: keys != nil, on: connection)
            }
            if found.isEmpty { continue }
            found.sort { $0.key < $1.key }
            result[run] = found
        }
        return result
    }

    private static func allSummaries(
        of run: Int64,
        _ names: inout [Int64: String],
        onlyNamed: Bool,
        on connection: any SQLConnection
    ) throws -> [MetricSummary] {
        try connection.rows(summariesOfRun, [.integer(run)]) { row -> MetricSummary? in
            let id = row.integer(0)
            if let name = names[id] { return SeriesState(row, from: 1).summary(key: name) }
            if onlyNamed { return nil }
            let name = try connection.first("SELECT name FROM metric_key WHERE id = $1", [.integer(id)]) { $0.text(0) }
            guard let name else { throw MartletError(.internal, "a metric has no name; restore a backup") }
            names[id] = name
            return SeriesState(row, from: 1).summary(key: name)
        }.compactMap { $0 }
    }

    private static let summariesOfRun =
        "SELECT key, \(SeriesState.columns) FROM metric_summary WHERE run = $1 ORDER BY key"
    private static let summaryOfKey =
        "SELECT key, \(SeriesState.columns) FROM metric_summary WHERE run = $1 AND key = $2"

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
