import MartletCore
import Synchronization

/// Points that wait for the writer at the same time are stored by one write: one look at what is stored for all of
/// them, and one log row for each run.
///
/// The first who comes brings the write on its way; who comes before it begins joins it.
final class PointQueue: Sendable {
    private let last = Mutex<PointGathering?>(nil)
    /// How many the last write stored.
    private let lastCount = Atomic<Int>(0)
    private let backlog: SealBacklog
    private let numbers = RunNumbers()

    init(backlog: SealBacklog) {
        self.backlog = backlog
    }

    /// Stores the points of a batch that has nothing else. Durable once it returns.
    /// - Throws: `notFound`, `failedPrecondition` for the run; `invalidArgument` for columns that do not fit.
    func store(
        _ batch: LogBatch,
        to run: Run.ID,
        now: Int64,
        in database: any SQLDatabase
    ) async throws(MartletError) -> Experiment.ID {
        try SeriesGroups.requireEqualColumns(batch)
        let request = PointGathering.Request(run: run, batch: batch)
        let (gathering, place) = last.withLock { last in
            if let open = last, let place = open.join(request) { return (open, place) }
            let fresh = PointGathering(request)
            last = fresh
            return (fresh, 0)
        }
        if place == 0 {
            let previous = lastCount.load(ordering: .relaxed)
            let writing = PointGathering.Writing(
                now: now,
                backlog: backlog,
                numbers: numbers,
                dialect: database.dialect
            )
            let count = await gathering.lead(writing, in: database, after: previous)
            lastCount.store(count, ordering: .relaxed)
        }
        if let outcome = await gathering.outcome(of: place) { return try outcome.get() }
        // One of many was refused in a way that undid the others: each for itself.
        let writing = PointGathering.Writing(now: now, backlog: backlog, numbers: numbers, dialect: database.dialect)
        let outcomes = try await database.write { connection in
            let points = GatheredWrite([request], writing)
            try connection.ask(points.questions())
            return try points.write(on: connection)
        }
        return try outcomes[0].get()
    }
}

/// Requests that are stored by one write.
final class PointGathering: Sendable {
    struct Request: Sendable {
        var run: Run.ID
        var batch: LogBatch
    }

    typealias Outcome = Result<Experiment.ID, MartletError>

    /// More points than this are for the next write, so that nobody waits long for the others'.
    private static let mostPoints = 65_536

    private struct State {
        var requests: [Request]
        var points: Int
        var isClosed = false
        /// One for each request once the write ended; `nil` when it failed for a reason that may be one request's.
        var outcomes: [Outcome?]?
        var waiting: [(place: Int, continuation: CheckedContinuation<Outcome?, Never>)] = []
    }

    private let state: Mutex<State>
    /// What the writer asked for; only its thread touches it.
    private let asked = Mutex<Confined<GatheredWrite>?>(nil)

    init(_ request: Request) {
        state = Mutex(State(requests: [request], points: request.batch.pointCount))
    }

    /// - Returns: the place of the request; `nil` when the write began, or has enough.
    func join(_ request: Request) -> Int? {
        state.withLock { state in
            guard !state.isClosed, state.points + request.batch.pointCount <= Self.mostPoints else { return nil }
            state.points += request.batch.pointCount
            state.requests.append(request)
            return state.requests.count - 1
        }
    }

    /// What is the same for all of a write.
    struct Writing: Sendable {
        var now: Int64
        var backlog: SealBacklog
        var numbers: RunNumbers
        var dialect: SQLDialect
    }

    /// Writes what has gathered until the writer is free, and tells all who wait.
    /// - Parameter previous: how many the last write was for.
    /// - Returns: how many this one was for.
    func lead(_ writing: Writing, in database: any SQLDatabase, after previous: Int) async -> Int {
        var outcomes: [Outcome?]
        do throws(MartletError) {
            let questions: @Sendable () -> [SQLQuestion] = {
                Siblings.pause(after: previous, waiting: self.count)
                let points = GatheredWrite(self.close(), writing)
                self.asked.withLock { $0 = Confined(points) }
                return points.questions()
            }
            outcomes = try await database.write(asking: questions) { connection in
                guard let points = self.asked.withLock({ $0?.value }) else {
                    throw MartletError(.internal, "points were to be written before they were looked up")
                }
                return try points.write(on: connection)
            }
        } catch {
            let count = close().count
            let isForAll = count == 1 || error.code == .unavailable
            outcomes = Array(repeating: isForAll ? .failure(error) : nil, count: count)
        }
        let waiting = state.withLock { state in
            state.outcomes = outcomes
            state.requests = []
            defer { state.waiting = [] }
            return state.waiting
        }
        for (place, continuation) in waiting { continuation.resume(returning: outcomes[place]) }
        return outcomes.count
    }

    func outcome(of place: Int) async -> Outcome? {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> [Outcome?]? in
                if state.outcomes == nil { state.waiting.append((place, continuation)) }
                return state.outcomes
            }
            if let known { continuation.resume(returning: known[place]) }
        }
    }

    private var count: Int { state.withLock { $0.requests.count } }

    private func close() -> [Request] {
        state.withLock { state in
            state.isClosed = true
            return state.requests
        }
    }
}

extension LogBatch {
    /// Whether nothing but points of the run is in it.
    var hasOnlyPoints: Bool {
        pointCount > 0 && params.isEmpty && tags.isEmpty && modelMetrics.isEmpty && changes == RunChanges()
    }
}
