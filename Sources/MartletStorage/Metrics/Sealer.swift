package import Logging
package import MartletCore
import ServiceLifecycle

/// Rewrites the point log into chunks, run by run, in the background of writes.
///
/// Reads a snapshot, encodes outside of any transaction, then applies in one write that checks that nobody else
/// sealed the run meanwhile. A crash between leaves everything as it was. See "Sealing" in docs/metric-chunks.md.
package struct Sealer: Sendable {
    /// Bytes of log rows that are sealed at once.
    private static let bytesAtOnce: Int64 = 16 << 20

    private let database: any SQLDatabase
    private let backlog: SealBacklog

    /// - Parameter backlog: where those who write to the database note their rows.
    package init(database: any SQLDatabase, backlog: SealBacklog) {
        self.database = database
        self.backlog = backlog
    }

    /// Seals every run in the backlog that is due and not short. What fails is tried again in a minute.
    /// - Returns: how many log rows were sealed.
    @discardableResult
    package func sealDue(now: Int64) async throws(MartletError) -> Int {
        let noted = backlog.takeDue(now: now)
        guard !noted.isEmpty else { return 0 }
        let found: [RowsOfRun]
        do {
            found = try await rows(of: noted.map(\.run))
        } catch {
            for (run, rows) in noted { backlog.note(rows, of: run) }
            throw error
        }
        return try await seal(found.filter { !$0.rows.isShort }, now: now)
    }

    /// Puts into the backlog what lies in the log and was noted by nobody who lives: of servers that ended. O(log).
    /// - Parameter oldest: rows that came later are for who wrote them; `nil` where nobody else writes.
    package func discover(receivedBefore oldest: Int64? = nil) async throws(MartletError) {
        let found = try await database.read { connection in
            try connection.rows(Self.long, [.integer(oldest ?? .max)], Self.loggedRows)
        }
        for (run, rows) in found { backlog.note(rows, of: run) }
    }

    /// Seals all that is in the log now, short or not.
    @discardableResult
    package func sealEverything() async throws(MartletError) -> Int {
        let all = try await database.read { try $0.rows(Self.loggedRows(), [], Self.loggedRows) }
        return try await seal(all, now: 0)
    }

    // MARK: What lies in the log

    private typealias RowsOfRun = (run: Int64, rows: LoggedRows)

    private static func loggedRows(where condition: String = "1 = 1", having: String = "1 = 1") -> String {
        """
        SELECT run, min(received_at), sum(bytes), count(*) FROM point_log WHERE \(condition)
        GROUP BY run HAVING \(having) ORDER BY run
        """
    }

    private static let ofRuns = BatchedQuery { loggedRows(where: "run IN \($0)") }
    private static let long = loggedRows(
        having: "NOT (count(*) <= \(LoggedRows.fewRows) AND sum(bytes) <= \(LoggedRows.fewBytes)) "
            + "AND min(received_at) < $1"
    )

    private static func loggedRows(_ row: any SQLRow) -> RowsOfRun {
        (row.integer(0), LoggedRows(oldest: row.integer(1), bytes: row.integer(2), rows: row.integer(3)))
    }

    private func rows(of runs: [Int64]) async throws(MartletError) -> [RowsOfRun] {
        try await database.read { connection in
            var found: [RowsOfRun] = []
            try Self.ofRuns.forEachRow(of: runs, on: connection) { found.append(Self.loggedRows($0)) }
            return found
        }
    }

    // MARK: Sealing

    /// A run that cannot be sealed now does not keep the others from it; the first failure is thrown at the end.
    private func seal(_ runs: [RowsOfRun], now: Int64) async throws(MartletError) -> Int {
        var total = 0
        var failure: MartletError?
        for (run, rows) in runs where !Task.isCancelled {
            do {
                let (count, isDone) = try await seal(run)
                total += count
                if !isDone { backlog.note(rows, of: run) }
            } catch {
                failure = failure ?? error
                // Not each second: a damaged row stays until somebody restores a backup.
                backlog.note(LoggedRows(oldest: now, bytes: 0, rows: 0), of: run)
            }
        }
        if let failure { throw failure }
        return total
    }

    /// When another seals the run at the same time it is tried again, a few times.
    /// - Returns: how many rows were sealed, and whether none was left.
    private func seal(_ run: Int64) async throws(MartletError) -> (rows: Int, isDone: Bool) {
        var total = 0
        var attempts = 0
        while let work = try await read(run) {
            guard attempts < 8, !Task.isCancelled else { return (total, false) }
            attempts += 1
            guard try await apply(work) else { continue }
            total += work.rows
            attempts = 0
            if !work.hasMore { break }
        }
        return (total, true)
    }

    /// What was read of a run and what becomes of it.
    private struct Work: Sendable {
        var run: Int64
        var generation: Int64
        var firstRow: Int64
        var lastRow: Int64
        var rows: Int
        var hasMore: Bool
        var plans: [SealPlan]
    }

    /// Reads rows and chunks from one snapshot, beside writes, and encodes. `nil` when the log of the run is empty.
    private func read(_ run: Int64) async throws(MartletError) -> Work? {
        try await database.read { connection in
            try MetricReader.readable {
                let generation = try connection.first(
                    "SELECT generation FROM metric_seal WHERE run = $1",
                    [.integer(run)]
                ) { $0.integer(0) }
                var log = LogOfRun()
                try log.read(run, atMost: Self.bytesAtOnce, on: connection)
                guard log.rows > 0 else { return nil }
                let codec = ChunkCodec(compressor: log.compressor)
                let isFirst =
                    try connection.first(
                        "SELECT 1 FROM metric_chunk WHERE run = $1 LIMIT 1",
                        [.integer(run)]
                    ) { _ in true } == nil
                var plans: [SealPlan] = []
                for key in log.series.keys.sorted() {
                    guard let points = log.series[key] else { continue }
                    points.sortAndUnite()
                    plans.append(
                        try SealPlan(
                            key: key,
                            points: points,
                            run: run,
                            isFirst: isFirst,
                            codec: codec,
                            on: connection
                        )
                    )
                }
                return Work(
                    run: run,
                    generation: generation ?? 0,
                    firstRow: log.firstRow,
                    lastRow: log.lastRow,
                    rows: log.rows,
                    hasMore: log.hasMore,
                    plans: plans
                )
            }
        }
    }

    /// Whether the work was still true, and so is done.
    private func apply(_ work: Work) async throws(MartletError) -> Bool {
        try await database.write { connection in
            guard try Self.advance(work.run, from: work.generation, on: connection) else { return false }
            let gone = try connection.execute(
                "DELETE FROM point_log WHERE run = $1 AND seq >= $2 AND seq <= $3",
                [.integer(work.run), .integer(work.firstRow), .integer(work.lastRow)]
            )
            guard gone == work.rows else {
                throw MartletError(.conflict, "the log of a run changed while it was sealed")
            }
            for plan in work.plans { try plan.apply(run: work.run, on: connection) }
            return true
        }
    }

    /// Takes the next generation of a run's chunks; `false` when another has taken it.
    private static func advance(
        _ run: Int64,
        from generation: Int64,
        on connection: any SQLConnection
    ) throws -> Bool {
        if generation == 0 {
            return try connection.execute(
                "INSERT INTO metric_seal (run, generation) VALUES ($1, 1) ON CONFLICT (run) DO NOTHING",
                [.integer(run)]
            ) == 1
        }
        return try connection.execute(
            "UPDATE metric_seal SET generation = $1 WHERE run = $2 AND generation = $3",
            [.integer(generation + 1), .integer(run), .integer(generation)]
        ) == 1
    }
}

/// The oldest log rows of a run, by series.
private struct LogOfRun {
    let compressor = Compressor()
    var series: [Int64: PointBuffer] = [:]
    var firstRow: Int64 = 0
    var lastRow: Int64 = 0
    var rows = 0
    var hasMore = false

    mutating func read(_ run: Int64, atMost limit: Int64, on connection: any SQLConnection) throws {
        var bytes: Int64 = 0
        var last: Int64 = 0
        try connection.query("SELECT seq, bytes FROM point_log WHERE run = $1 ORDER BY seq", [.integer(run)]) { row in
            if rows > 0, bytes + row.integer(1) > limit {
                hasMore = true
                return
            }
            if hasMore { return }
            bytes += row.integer(1)
            if rows == 0 { firstRow = row.integer(0) }
            last = row.integer(0)
            rows += 1
        }
        lastRow = last
        guard rows > 0 else { return }
        try connection.query(
            "SELECT data FROM point_log WHERE run = $1 AND seq <= $2 ORDER BY seq",
            [.integer(run), .integer(lastRow)]
        ) { row in
            try row.withBytes(0) { bytes in
                try PointLog.forEachSeries(in: bytes) { key, content in
                    // A run may have 100,000 series with a point each.
                    let points = series[key] ?? PointBuffer(capacity: content.count)
                    series[key] = points
                    try content.read(into: points, with: compressor)
                }
            }
        }
    }
}

/// Seals what is due, once a second. What is not due stays in the log, which outlives the process.
package struct SealerService: Service {
    /// Rounds from one look for what other servers left to the next; it reads the whole log.
    private static let roundsToDiscovery = 300

    private let sealer: Sealer
    private let environment: Environment
    private let logger: Logger

    package init(database: any SQLDatabase, backlog: SealBacklog, environment: Environment, logger: Logger) {
        sealer = Sealer(database: database, backlog: backlog)
        self.environment = environment
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await self.round { try await sealer.discover() }
            for number in 1... {
                do {
                    try await Task.sleep(for: .seconds(1))
                } catch {
                    return
                }
                await self.round {
                    let now = environment.now()
                    if number % Self.roundsToDiscovery == 0 {
                        try await sealer.discover(receivedBefore: now - 2 * LoggedRows.greatestAge)
                    }
                    try await sealer.sealDue(now: now)
                }
            }
        }
    }

    private func round(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            logger.warning(
                "the point log could not be sealed now; it is tried again",
                metadata: ["cause": "\(error)"]
            )
        }
    }
}
