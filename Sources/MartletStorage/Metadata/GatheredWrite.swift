import MartletCore
import Synchronization

/// One write of the points of several requests: its questions, what they were answered, and then the rows.
///
/// A class, because the answers come after the questions. Of one transaction, on the writer's thread.
final class GatheredWrite {
    private let requests: [PointGathering.Request]
    private let writing: PointGathering.Writing
    private let runs: Set<Run.ID>
    private var heads: [Run.ID: RunHead] = [:]
    /// The series by the numbers that the runs had before; `nil` where one is not known.
    private var lookup: SeriesLookup?
    private var assumed: [Run.ID: Int64] = [:]

    init(_ requests: [PointGathering.Request], _ writing: PointGathering.Writing) {
        (self.requests, self.writing) = (requests, writing)
        runs = Set(requests.map(\.run))
    }

    /// Holds the runs, and then looks at what is stored of them: where their numbers are known, in one trip.
    func questions() -> [SQLQuestion] {
        let heads = SQLMetadataStore.headQuestions(of: runs, writing.dialect) { self.heads[$0] = $1 }
        assumed = writing.numbers.known(runs)
        guard assumed.count == runs.count else { return heads }
        // What does not fit together is refused when it is written.
        lookup = try? SeriesLookup(shares { request in assumed[request.run].map { ($0, 0) } })
        return heads + (lookup?.questions() ?? [])
    }

    /// - Returns: the experiment of each request's run, or why it is refused.
    func write(on connection: any SQLConnection) throws -> [PointGathering.Outcome] {
        let checked = Dictionary(uniqueKeysWithValues: runs.map { ($0, SQLMetadataStore.writable(heads[$0], $0)) })
        let lookup = try checkedLookup(checked, on: connection)
        _ = try PointWriter.write(lookup.found, now: writing.now, noting: writing.backlog, on: connection)
        for case .success(let head) in checked.values {
            try SQLMetadataStore.beat(head, now: writing.now, on: connection)
        }
        writing.numbers.learn(heads)
        return requests.map { request in
            (checked[request.run] ?? .failure(SQLMetadataStore.unknown(request.run))).map {
                Experiment.ID($0.experiment)
            }
        }
    }

    /// What was looked up, if all that was assumed is so.
    private func checkedLookup(
        _ checked: [Run.ID: Result<RunHead, MartletError>],
        on connection: any SQLConnection
    ) throws -> SeriesLookup {
        let isAsAssumed = checked.allSatisfy { id, head in (try? head.get().number) == assumed[id] }
        if isAsAssumed, let lookup {
            lookup.setExperiments(Dictionary(heads.values.map { ($0.number, $0.experiment) }) { $1 })
            return lookup
        }
        let fresh = try SeriesLookup(
            shares { request in (try? checked[request.run]?.get()).map { ($0.number, $0.experiment) } }
        )
        try connection.ask(fresh.questions())
        return fresh
    }

    /// One for each run, in order.
    /// - Parameter place: number and experiment of a request's run; `nil` for one that is refused.
    private func shares(
        _ place: (PointGathering.Request) -> (run: Int64, experiment: Int64)?
    ) throws(MartletError) -> [PointWriter.Share] {
        var shares: [Int64: GatheredPoints] = [:]
        for request in requests {
            guard let (run, experiment) = place(request) else { continue }
            if try shares[run]?.append(request.batch) == nil {
                shares[run] = GatheredPoints(request.batch, run: run, experiment: experiment)
            }
        }
        return shares.values.map(\.share).sorted { $0.run < $1.run }
    }
}

/// Numbers that runs had when they were last written to. Only to be assumed: a run may be purged and imported again.
final class RunNumbers: Sendable {
    private let numbers = Mutex<[Run.ID: Int64]>([:])
    private static let most = 10_000

    func known(_ runs: Set<Run.ID>) -> [Run.ID: Int64] {
        numbers.withLock { numbers in
            var known: [Run.ID: Int64] = [:]
            for run in runs { known[run] = numbers[run] }
            return known
        }
    }

    func learn(_ heads: [Run.ID: RunHead]) {
        numbers.withLock { numbers in
            if numbers.count > Self.most { numbers = [:] }
            for (run, head) in heads { numbers[run] = head.number }
        }
    }
}

/// Points of several batches for one run.
private struct GatheredPoints {
    private(set) var share: PointWriter.Share
    /// Where each key stands; made for the second batch.
    private var places: [String: UInt32]?

    init(_ batch: LogBatch, run: Int64, experiment: Int64) {
        share = PointWriter.Share(run: run, experiment: experiment, batch: batch)
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
