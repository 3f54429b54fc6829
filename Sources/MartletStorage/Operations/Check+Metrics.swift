import MartletCore

/// What was found in the series of one run, and how it can be mended.
private struct SeriesCheck: Sendable {
    var series = 0
    var chunks = 0
    var points: Int64 = 0
    var findings: [CheckFinding] = []
    var summaries: [Summary] = []
    var plans: [SealPlan] = []

    /// A summary made anew.
    struct Summary: Sendable {
        var key: Int64
        var state: SeriesState
    }
}

extension Check {
    /// Decodes all chunks and log rows, run by run, each on a snapshot of its own.
    func checkRuns(_ report: inout CheckReport) async throws {
        let names = try await database.read { connection in
            var names: [Int64: String] = [:]
            try connection.query("SELECT id, name FROM metric_key", []) { names[$0.integer(0)] = $0.text(1) }
            return names
        }
        var last: Int64 = .min
        while true {
            let (after, repairs) = (last, repairs)
            let page = try await database.read { connection in
                try connection.rows(
                    "SELECT number, id, experiment FROM run WHERE number > $1 ORDER BY number LIMIT 200",
                    [.integer(after)]
                ) { CheckedRun(number: $0.integer(0), id: $0.text(1), experiment: $0.integer(2)) }
            }
            guard let end = page.last else { return }
            last = end.number
            for run in page {
                try Task.checkCancellation()
                let found = try await database.read { try RunCheck(run, names, $0).result() }
                if repairs, !found.summaries.isEmpty || !found.plans.isEmpty { try await mend(run, found) }
                report.runs += 1
                report.series += found.series
                report.chunks += found.chunks
                report.points += found.points
                report.findings += found.findings.map { finding in
                    var finding = finding
                    finding.isRepaired = finding.isRepaired && repairs
                    return finding
                }
                progress("\(report.runs) runs and \(report.points) points checked")
            }
        }
    }

    private func mend(_ run: CheckedRun, _ found: SeriesCheck) async throws {
        try await database.write { connection in
            for plan in found.plans { try plan.apply(run: run.number, on: connection) }
            let rows = found.summaries.map { summary in
                summary.state.arguments(run: run.number, key: summary.key, experiment: run.experiment)
            }
            try SeriesState.upsert.send(rows, on: connection)
        }
    }
}

private struct CheckedRun: Sendable {
    var number: Int64
    var id: String
    var experiment: Int64
}

/// The check of one run, on one snapshot.
private struct RunCheck {
    private let run: CheckedRun
    private let names: [Int64: String]
    private let connection: any SQLConnection
    private let codec = ChunkCodec()
    private var found = SeriesCheck()
    /// Points that are not sealed, by key.
    private var logged: [Int64: PointBuffer] = [:]
    /// Whether a row of the log could not be read: then no summary can be judged.
    private var hasLost = false

    init(_ run: CheckedRun, _ names: [Int64: String], _ connection: any SQLConnection) {
        self.run = run
        self.names = names
        self.connection = connection
    }

    consuming func result() throws -> SeriesCheck {
        try readLog()
        var keys = Set(logged.keys)
        for table in ["metric_summary", "metric_chunk"] {
            let sql = "SELECT DISTINCT key FROM \(table) WHERE run = $1"
            keys.formUnion(try connection.rows(sql, [.integer(run.number)]) { $0.integer(0) })
        }
        for key in keys.sorted() { try checkSeries(key) }
        return found
    }

    private mutating func find(_ what: String, _ key: Int64?, canMend: Bool = false) {
        found.findings.append(
            CheckFinding(
                what: what,
                run: run.id,
                path: key.map { "metric \(names[$0] ?? "number \($0), whose name is lost")" },
                isRepaired: canMend
            )
        )
    }

    // MARK: Log

    private mutating func readLog() throws {
        let seqs = try connection.rows(
            "SELECT seq FROM point_log WHERE run = $1 ORDER BY seq",
            [.integer(run.number)]
        ) { $0.integer(0) }
        for seq in seqs { try readLogRow(seq) }
    }

    private mutating func readLogRow(_ seq: Int64) throws {
        var row: [(key: Int64, points: PointBuffer)] = []
        var (promised, times) = (Int64(0), (Int64(0), Int64(0)))
        do {
            try connection.query(
                "SELECT data, points, first_time, last_time FROM point_log WHERE run = $1 AND seq = $2",
                [.integer(run.number), .integer(seq)]
            ) { found in
                promised = found.integer(1)
                times = (found.integer(2), found.integer(3))
                try found.withBytes(0) { bytes in
                    try PointLog.forEachSeries(in: bytes) { key, series in
                        let points = PointBuffer(capacity: series.count)
                        try series.read(into: points, with: codec.compressor)
                        row.append((key, points))
                    }
                }
            }
        } catch let error as CorruptBytes {
            hasLost = true
            find("a row of the log cannot be read (\(error)): \(promised) points are lost", nil)
            return
        }
        let count = row.reduce(0) { $0 + Int64($1.points.count) }
        if count != promised { find("a row of the log has \(count) points and not \(promised)", nil) }
        for (key, points) in row {
            for index in 0..<points.count where points.times[index] < times.0 || points.times[index] > times.1 {
                find("a row of the log has points outside of its times", key)
                break
            }
            let all = logged[key] ?? PointBuffer()
            all.append(points, 0..<points.count)
            logged[key] = all
        }
    }

    // MARK: Series

    private mutating func checkSeries(_ key: Int64) throws {
        found.series += 1
        if names[key] == nil { find("the metric has no name", key) }
        var state = SeriesState()
        let isWhole = try checkChunks(key, &state)
        if let points = logged[key] {
            points.sortAndUnite()
            state.add(points, 0..<points.count)
        }
        found.points += state.count
        let stored = try connection.first(
            "SELECT key, \(SeriesState.columns), experiment FROM metric_summary WHERE run = $1 AND key = $2",
            [.integer(run.number), .integer(key)]
        ) { (state: SeriesState($0, from: 1), experiment: $0.integer(17)) }
        // Of a series that lost points the summary is the last that is known of them.
        guard isWhole, !hasLost else { return }
        guard state.count > 0 else { return find("the metric has a summary and no points: they are lost", key) }
        let differences: [String]
        if let stored {
            differences =
                stored.state.differences(to: state) + (stored.experiment == run.experiment ? [] : ["experiment"])
            state.flags |= stored.state.flags
        } else {
            differences = ["all of it"]
        }
        guard !differences.isEmpty else { return }
        find("the summary does not fit the points (\(differences.joined(separator: ", ")))", key, canMend: true)
        found.summaries.append(SeriesCheck.Summary(key: key, state: state))
    }

    /// - Returns: false when points are lost.
    private mutating func checkChunks(_ key: Int64, _ state: inout SeriesState) throws -> Bool {
        var (isWhole, place) = (true, PointPlace.first)
        var previous: PointPlace?
        while true {
            let page = try ChunkRow.chunks(run: run.number, key: key, after: place, limit: 64, on: connection)
            for chunk in page {
                found.chunks += 1
                let points = PointBuffer(capacity: min(chunk.count, ChunkCodec.mostPoints))
                do {
                    try chunk.read(into: points, with: codec, on: connection)
                } catch let error as CorruptBytes {
                    isWhole = false
                    find(
                        "a chunk cannot be read (\(error)): \(chunk.count) points are lost, of the steps "
                            + "\(chunk.leastStep) to \(chunk.greatestStep)",
                        key
                    )
                    continue
                }
                try check(chunk, points, after: previous, key)
                if !points.isEmpty { previous = points.place(points.count - 1) }
                state.add(points, 0..<points.count)
            }
            guard page.count == 64, let last = page.last else { return isWhole }
            place = last.last
        }
    }

    /// The row and the pyramids of a chunk against its points.
    private mutating func check(
        _ chunk: ChunkRow,
        _ points: PointBuffer,
        after previous: PointPlace?,
        _ key: Int64
    ) throws {
        guard !points.isEmpty, points.isSorted(0..<points.count) else {
            return find("a chunk has no points, or not in order", key)
        }
        if let previous, !(previous < points.place(0)) { find("two chunks overlap", key) }
        let plan = SealPlan(key: key, replacing: chunk, with: points, codec)
        guard let expected = plan.chunks.first, plan.chunks.count == 1 else { return }
        var wrong: [String] = []
        if chunk.count != expected.count { wrong.append("count") }
        if chunk.first != expected.first || chunk.last != expected.last { wrong.append("first and last point") }
        if (chunk.leastStep, chunk.greatestStep) != (expected.leastStep, expected.greatestStep) {
            wrong.append("steps")
        }
        if chunk.flags != expected.flags { wrong.append("flags") }
        let coarse = try connection.first(
            """
            SELECT cells FROM metric_chunk
            WHERE run = $1 AND key = $2 AND last_time = $3 AND last_step = $4 AND last_value = $5
            """,
            [
                .integer(run.number), .integer(key), .integer(chunk.last.time), .integer(chunk.last.step),
                .integer(chunk.last.value),
            ]
        ) { $0.blob(0) }
        let fine = try connection.first("SELECT data FROM metric_chunk_cells WHERE id = $1", [.integer(chunk.id)]) {
            $0.blob(0)
        }
        if !isSame(coarse ?? [], expected.coarse) { wrong.append("coarse pyramid") }
        if !isSame(fine ?? [], expected.fine) { wrong.append("fine pyramid") }
        guard !wrong.isEmpty else { return }
        find("a chunk's row does not fit its points (\(wrong.joined(separator: ", ")))", key, canMend: true)
        found.plans.append(plan)
    }

    /// Whether two encoded pyramids say the same; another zstd may have packed them otherwise.
    private func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        if left == right { return true }
        guard !left.isEmpty, !right.isEmpty else { return false }
        let plain = [left, right].map { bytes -> [UInt8]? in
            let cells = try? bytes.withUnsafeBytes { try Cells($0, with: codec.compressor) }
            return cells.map { cells in
                let sink = ByteSink(capacity: 1_024)
                cells.encode(to: sink, with: nil)
                return sink.bytes
            }
        }
        return plain[0] != nil && plain[0] == plain[1]
    }
}

extension SeriesState {
    /// What differs from a state that was made anew of the same points, perhaps in another order.
    fileprivate func differences(to other: SeriesState) -> [String] {
        var names: [String] = []
        if (count, nanCount, finiteCount) != (other.count, other.nanCount, other.finiteCount) { names.append("counts") }
        if mark != other.mark { names.append("mark") }
        if min != other.min || (min != nil && minStep != other.minStep) { names.append("minimum") }
        if max != other.max || (max != nil && maxStep != other.maxStep) { names.append("maximum") }
        // NaN counts as 0 beside a 0 of the same step and time: which came first is not known any more.
        let values = (lastValue.isNaN ? 0 : lastValue, other.lastValue.isNaN ? 0 : other.lastValue)
        if values.0 != values.1 || lastStep != other.lastStep || lastTime != other.lastTime {
            names.append("last value")
        }
        let tolerance = 1e-9 * Swift.max(abs(finiteSum), abs(other.finiteSum), 1e-300)
        let isFinite = finiteSum.isFinite && other.finiteSum.isFinite
        // Large terms of both signs leave rounding of their own size.
        let magnitude = Swift.max(abs(min ?? 0), abs(max ?? 0)) * Double(count) * 1e-12
        if isFinite, abs(finiteSum - other.finiteSum) > Swift.max(tolerance, magnitude) { names.append("sum") }
        return names
    }
}
