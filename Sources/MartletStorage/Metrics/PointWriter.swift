package import MartletCore

/// Appends points to the log and keeps the summaries.
///
/// The caller holds the runs: on an engine with several writers it has locked their rows, so that two requests
/// to one run come one after the other.
package enum PointWriter {
    /// The points for one run.
    struct Share {
        var run: Int64
        var experiment: Int64
        var batch: LogBatch
    }

    /// Stores the points of a batch that are not stored yet; see "Write" in docs/metric-chunks.md.
    ///
    /// Writes nothing before all checks have passed. Durable with the caller's transaction. O(points), and O(keys)
    /// rows; points that come late, below their series' mark, cost a look at what is stored of that time.
    /// - Returns: how many points were new.
    /// - Throws: `invalidArgument` for columns that do not fit each other.
    package static func write(
        _ batch: LogBatch,
        run: Int64,
        experiment: Int64,
        now: Int64,
        noting backlog: SealBacklog,
        on connection: any SQLConnection
    ) throws -> Int {
        let share = Share(run: run, experiment: experiment, batch: batch)
        return try write([share], now: now, noting: backlog, on: connection)
    }

    /// The same for several runs, each named once, with one look at what is stored.
    static func write(
        _ shares: [Share],
        now: Int64,
        noting backlog: SealBacklog,
        on connection: any SQLConnection
    ) throws -> Int {
        let lookup = try SeriesLookup(shares)
        try connection.ask(lookup.questions())
        return try write(lookup.found, now: now, noting: backlog, on: connection)
    }

    /// The same for series that were looked up in the same transaction.
    static func write(
        _ found: [SeriesGroups],
        now: Int64,
        noting backlog: SealBacklog,
        on connection: any SQLConnection
    ) throws -> Int {
        var all = found
        for index in all.indices { try all[index].dropKnown(on: connection) }
        all.removeAll { groups in !groups.groups.contains { !$0.range.isEmpty } }
        for index in all.indices { try all[index].nameNewKeys(on: connection) }
        var (count, log, summaries) = (0, [[SQLValue]](), [[SQLValue]]())
        for groups in all { count += append(groups, now: now, noting: backlog, to: &log, &summaries) }
        try appendRows(log, on: connection)
        try SeriesState.upsert.send(summaries, on: connection)
        return count
    }

    /// Makes the log row of a run and the rows of its series.
    /// - Returns: how many points they have.
    private static func append(
        _ groups: SeriesGroups,
        now: Int64,
        noting backlog: SealBacklog,
        to log: inout [[SQLValue]],
        _ summaries: inout [[SQLValue]]
    ) -> Int {
        let (points, run) = (groups.points, groups.run)
        var pieces: [PointLog.Piece] = []
        pieces.reserveCapacity(groups.groups.count)
        var (firstTime, lastTime, count) = (Int64.max, Int64.min, 0)
        for group in groups.groups where !group.range.isEmpty {
            pieces.append(PointLog.Piece(key: group.key, range: group.range))
            firstTime = min(firstTime, points.times[group.range.lowerBound])
            lastTime = max(lastTime, points.times[group.range.upperBound - 1])
            count += group.range.count
            var state = group.state
            state.add(points, group.range)
            summaries.append(state.arguments(run: run, key: group.key, experiment: groups.experiment))
        }
        let data = PointLog.encode(pieces, of: points)
        backlog.note(LoggedRows(oldest: now, bytes: Int64(data.count), rows: 1), of: run)
        log.append([
            .integer(run), .integer(firstTime), .integer(lastTime), .integer(now), .integer(count),
            .integer(data.count), .blob(data),
        ])
        return count
    }

    /// - Parameter log: at most one row for each run.
    private static func appendRows(_ log: [[SQLValue]], on connection: any SQLConnection) throws {
        switch connection.dialect {
        case .postgres: try numbered.send(log, on: connection)
        case .sqlite: try counted.send(log.map { [$0[0]] + $0 }, on: connection)
        }
    }

    private static let numbered = insert(number: "nextval('\(M0020_log_numbers.sequence)')")
    private static let counted = insert(number: "(SELECT coalesce(max(seq), 0) + 1 FROM point_log WHERE run = ?)")

    private static func insert(number: String) -> BatchedInsert {
        BatchedInsert(
            "INSERT INTO point_log (run, seq, first_time, last_time, received_at, points, bytes, data)",
            row: ["?", number, "?", "?", "?", "?", "?", "?"]
        )
    }
}

/// The points for a run by series, each sorted and distinct, and what is stored of each series.
struct SeriesGroups {
    /// One series of the batch.
    struct Group {
        /// Its place among the batch's keys.
        let keyIndex: Int
        /// Of `metric_key`; 0 while it is not known.
        var key: Int64 = 0
        /// The series before this batch.
        var state = SeriesState()
        /// Its points.
        var range: Range<Int>
    }

    let run: Int64
    var experiment: Int64
    let names: [String]
    let points: PointBuffer
    /// In the order of the batch's keys, and by key after `nameNewKeys`. Keys without points are left out.
    var groups: [Group] = []

    /// A counting sort by key, then each series in order.
    /// - Throws: `invalidArgument` for columns of different lengths or a key that is not there.
    init(_ share: PointWriter.Share) throws(MartletError) {
        let batch = share.batch
        (run, experiment, names) = (share.run, share.experiment, batch.keys)
        let count = batch.values.count
        try Self.requireEqualColumns(batch)
        var starts = [Int](repeating: 0, count: batch.keys.count + 1)
        for index in batch.keyIndexes {
            guard Int(index) < batch.keys.count else {
                throw MartletError(.invalidArgument, "a point names key \(index) of \(batch.keys.count)")
            }
            starts[Int(index) + 1] += 1
        }
        for key in 0..<batch.keys.count { starts[key + 1] += starts[key] }
        points = PointBuffer(capacity: count)
        points.advance(by: count)
        Self.scatter(batch, from: starts, to: points)
        for key in batch.keys.indices where starts[key] < starts[key + 1] {
            let range = points.sortAndUnite(starts[key]..<starts[key + 1])
            groups.append(Group(keyIndex: key, range: range))
        }
    }

    /// - Throws: `invalidArgument` for columns of different lengths.
    static func requireEqualColumns(_ batch: LogBatch) throws(MartletError) {
        let count = batch.values.count
        guard batch.keyIndexes.count == count, batch.steps.count == count, batch.times.count == count else {
            throw MartletError(.invalidArgument, "the columns of the points are not equally long")
        }
    }

    private static func scatter(_ batch: LogBatch, from starts: [Int], to points: PointBuffer) {
        var next = starts
        let (steps, times, values) = (points.steps, points.times, points.values)
        next.withUnsafeMutableBufferPointer { next in
            batch.keyIndexes.withUnsafeBufferPointer { keys in
                for index in keys.indices {
                    let place = next[Int(keys[index])]
                    next[Int(keys[index])] = place &+ 1
                    steps[place] = batch.steps[index]
                    times[place] = batch.times[index]
                    let value = batch.values[index]
                    // One NaN for all, so that equal points have equal bytes.
                    values[place] = value.isNaN ? .nan : value
                }
            }
        }
    }

    /// Leaves only the points that are not stored.
    mutating func dropKnown(on connection: any SQLConnection) throws {
        for index in groups.indices { try groups[index].dropKnown(of: points, run: run, on: connection) }
    }

    /// Gives numbers to keys that have none, and orders the groups by key, as rows are to be written.
    mutating func nameNewKeys(on connection: any SQLConnection) throws {
        var fresh = groups.indices.filter { groups[$0].key == 0 && !groups[$0].range.isEmpty }
        // By name, so that two servers that add the same keys wait for each other and do not deadlock.
        fresh.sort { names[groups[$0].keyIndex] < names[groups[$1].keyIndex] }
        for index in fresh {
            let name = SQLValue.text(names[groups[index].keyIndex])
            let id =
                try connection.first(Self.addKey, [name]) { $0.integer(0) }
                ?? connection.first("SELECT id FROM metric_key WHERE name = $1", [name]) { $0.integer(0) }
            guard let id else { throw MartletError(.internal, "a metric key could not be numbered") }
            groups[index].key = id
        }
        groups.sort { $0.key < $1.key }
        for (left, right) in zip(groups, groups.dropFirst()) where left.key == right.key && left.key != 0 {
            throw MartletError(.invalidArgument, "the metric '\(names[left.keyIndex])' is named twice")
        }
    }

    private static let addKey =
        "INSERT INTO metric_key (name) VALUES ($1) ON CONFLICT (name) DO NOTHING RETURNING id"
}

extension SeriesGroups.Group {
    /// Leaves only the points that are not stored, in their place and order.
    mutating func dropKnown(of points: PointBuffer, run: Int64, on connection: any SQLConnection) throws {
        guard key != 0, state.count > 0, !range.isEmpty else { return }
        let mark = state.mark
        var firstNew = range.lowerBound
        while firstNew < range.upperBound, points.place(firstNew) < mark { firstNew += 1 }
        let late = range.lowerBound..<firstNew
        if firstNew < range.upperBound, points.place(firstNew) == mark { firstNew += 1 }
        guard !late.isEmpty else {
            range = firstNew..<range.upperBound
            return
        }
        let known = try StoredPoints.around(
            points.times[late.lowerBound]...points.times[late.upperBound - 1],
            run: run,
            key: key,
            on: connection
        )
        // From the back, so that those kept end where the new ones begin.
        var end = firstNew
        for index in late.reversed() where !known.contains(points.place(index)) {
            end -= 1
            points.copy(from: index, to: end)
        }
        range = end..<range.upperBound
    }
}
