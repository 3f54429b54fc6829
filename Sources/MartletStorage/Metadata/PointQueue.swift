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
            let count = await gathering.lead(now: now, noting: backlog, in: database, after: previous)
            lastCount.store(count, ordering: .relaxed)
        }
        if let outcome = await gathering.outcome(of: place) { return try outcome.get() }
        // One of many was refused in a way that undid the others: each for itself.
        let outcomes = try await database.write { [backlog] connection in
            try PointGathering.write([request], now: now, noting: backlog, on: connection)
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

    /// Writes what has gathered until the writer is free, and tells all who wait.
    /// - Parameter previous: how many the last write was for.
    /// - Returns: how many this one was for.
    func lead(
        now: Int64,
        noting backlog: SealBacklog,
        in database: any SQLDatabase,
        after previous: Int
    ) async -> Int {
        var outcomes: [Outcome?]
        do throws(MartletError) {
            outcomes = try await database.write { connection in
                Siblings.pause(after: previous, waiting: self.count)
                return try Self.write(self.close(), now: now, noting: backlog, on: connection)
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

    /// - Returns: the experiment of each request's run, or why it is refused.
    static func write(
        _ requests: [Request],
        now: Int64,
        noting backlog: SealBacklog,
        on connection: any SQLConnection
    ) throws -> [Outcome] {
        let heads = try SQLMetadataStore.writableHeads(of: Set(requests.map(\.run)), on: connection)
        var shares: [Int64: GatheredPoints] = [:]
        let outcomes = try requests.map { request throws -> Outcome in
            switch heads[request.run] ?? .failure(SQLMetadataStore.unknown(request.run)) {
            case .failure(let error): return .failure(error)
            case .success(let head):
                if try shares[head.number]?.append(request.batch) == nil {
                    shares[head.number] = GatheredPoints(request.batch, of: head)
                }
                return .success(Experiment.ID(head.experiment))
            }
        }
        let byRun = shares.values.map(\.share).sorted { $0.run < $1.run }
        _ = try PointWriter.write(byRun, now: now, noting: backlog, on: connection)
        for case .success(let head) in heads.values { try SQLMetadataStore.beat(head, now: now, on: connection) }
        return outcomes
    }
}

extension LogBatch {
    /// Whether nothing but points of the run is in it.
    var hasOnlyPoints: Bool {
        pointCount > 0 && params.isEmpty && tags.isEmpty && modelMetrics.isEmpty && changes == RunChanges()
    }
}

/// Points of several batches for one run.
private struct GatheredPoints {
    private(set) var share: PointWriter.Share
    /// Where each key stands; made for the second batch.
    private var places: [String: UInt32]?

    init(_ batch: LogBatch, of head: RunHead) {
        share = PointWriter.Share(run: head.number, experiment: head.experiment, batch: batch)
    }

    /// - Throws: `invalidArgument` for a point whose key is not there.
    mutating func append(_ other: LogBatch) throws(MartletError) {
        var places = self.places ?? Self.places(of: share.batch.keys)
        self.places = nil
        let moved = other.keys.map { key in
            if let place = places[key] { return place }
            let place = UInt32(share.batch.keys.count)
            places[key] = place
            share.batch.keys.append(key)
            return place
        }
        for index in other.keyIndexes {
            guard Int(index) < moved.count else {
                throw MartletError(.invalidArgument, "a point names key \(index) of \(moved.count)")
            }
            share.batch.keyIndexes.append(moved[Int(index)])
        }
        share.batch.steps += other.steps
        share.batch.times += other.times
        share.batch.values += other.values
        self.places = places
    }

    private static func places(of keys: [String]) -> [String: UInt32] {
        var places: [String: UInt32] = [:]
        for (place, key) in keys.enumerated() { places[key] = UInt32(place) }
        return places
    }
}
