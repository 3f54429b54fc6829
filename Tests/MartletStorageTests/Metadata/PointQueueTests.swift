import Dispatch
import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("Points that wait together")
struct PointQueueTests {
    let folder: ScratchFolder
    let database: any SQLDatabase
    let store: SQLMetadataStore
    let runs = (0..<5).map { Run.ID("run \($0)") }

    init() async throws {
        folder = try ScratchFolder()
        database = try await openTestDatabase(in: folder.path)
        store = SQLMetadataStore(database: database, environment: .manual(ManualClock()))
        try await store.prepare()
        for run in runs { _ = try await store.createRun(CreateRun(experimentID: Experiment.ID(0), name: ""), id: run) }
    }

    private func point(_ key: String, _ step: Int64, _ value: Double) -> LogBatch {
        var batch = LogBatch()
        batch.append(key: key, step: step, time: 1_000 + step, value: value)
        return batch
    }

    /// Holds the writer until all requests of `body` wait for it.
    private func together<Result: Sendable>(
        _ requests: [@Sendable () async -> Result]
    ) async throws -> [Result] {
        let (began, isOver) = (AsyncStream<Void>.makeStream(), DispatchSemaphore(value: 0))
        let held = Task { [database] in
            try await database.write { _ in
                began.continuation.finish()
                isOver.wait()
            }
        }
        for await _ in began.stream {}
        return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            for (index, request) in requests.enumerated() { group.addTask { (index, await request()) } }
            // Until they are in the queue; later ones would only be written apart.
            try await Task.sleep(for: .milliseconds(100))
            isOver.signal()
            var results: [(Int, Result)] = []
            for try await result in group { results.append(result) }
            try await held.value
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func code(_ batch: LogBatch, to run: Run.ID) async -> MartletError.Code? {
        do throws(MartletError) {
            try await store.log(batch, to: run)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("each is stored once, in its run and series, also those that come twice")
    func allAreStored() async throws {
        let requests = (0..<200).map { number -> @Sendable () async -> MartletError.Code? in
            let (run, step) = (runs[number % runs.count], Int64(number / 10))
            // Two keys, so that a batch of one and that of another name them in different order.
            let keys = number % 3 == 0 ? ["a", "b"] : ["b", "a"]
            var batch = LogBatch()
            for key in keys { batch.append(key: key, step: step, time: 1_000 + step, value: key == "a" ? 0.5 : 2) }
            return { [batch] in await code(batch, to: run) }
        }
        #expect(try await together(requests).allSatisfy { $0 == nil })
        for run in runs {
            for (key, value) in [("a", 0.5), ("b", 2)] {
                let points = try await store.history(of: run, key: key, after: nil, limit: 1_000)
                #expect(points.steps == Array(0..<20))
                #expect(points.values.allSatisfy { $0 == value })
            }
            let metrics = try await store.run(run, fields: .all).metrics
            #expect(metrics.map(\.count) == [20, 20])
            #expect(metrics.map(\.lastStep) == [19, 19])
        }
    }

    @Test("who is refused is refused alone")
    func refusals() async throws {
        try await store.moveRuns([runs[1]], to: .deleted)
        var crooked = point("x", 0, 1)
        crooked.keyIndexes = [7]
        var short = point("x", 1, 1)
        short.times = []
        let (good, deleted) = (runs[0], runs[1])
        let cases: [(LogBatch, Run.ID, MartletError.Code?)] = [
            (point("x", 2, 1), good, nil), (point("x", 3, 1), Run.ID("nobody"), .notFound),
            (point("x", 4, 1), deleted, .failedPrecondition), (crooked, good, .invalidArgument),
            (short, good, .invalidArgument), (point("y", 5, .nan), good, nil), (point("x", 6, 1), runs[2], nil),
        ]
        let codes = try await together(cases.map { batch, run, _ in { await code(batch, to: run) } })
        #expect(codes == cases.map(\.2))
        #expect(try await store.history(of: good, key: "x", after: nil, limit: 10).steps == [2])
        #expect(try await store.history(of: good, key: "y", after: nil, limit: 10).steps == [5])
        #expect(try await store.history(of: runs[2], key: "x", after: nil, limit: 10).steps == [6])
        try await store.moveRuns([deleted], to: .active)
        #expect(try await store.history(of: deleted, key: "x", after: nil, limit: 10).steps.isEmpty)
    }

    @Test("more series and points than one write takes")
    func many() async throws {
        var wide = LogBatch()
        for key in 0..<300 { wide.append(key: "k\(key)", step: 1, time: 1, value: Double(key)) }
        var long = LogBatch()
        for step in 0..<40_000 { long.append(key: "long", step: Int64(step), time: Int64(step), value: 1) }
        let (batches, target) = ([wide, long, point("k7", 2, 2), long], runs)
        let requests = (0..<16).map { number -> @Sendable () async -> MartletError.Code? in
            { await code(batches[number % 4], to: target[number / 4]) }
        }
        #expect(try await together(requests).allSatisfy { $0 == nil })
        for run in runs.prefix(4) {
            let metrics = try await store.run(run, fields: .all).metrics
            #expect(metrics.count == 301)
            #expect(metrics.first { $0.key == "k7" }?.count == 2)
            #expect(metrics.first { $0.key == "long" }?.count == 40_000)
        }
    }

    @Test("more runs than one question names")
    func manyRuns() async throws {
        let many = (0..<150).map { Run.ID("one of many \($0)") }
        for run in many { _ = try await store.createRun(CreateRun(experimentID: Experiment.ID(0), name: ""), id: run) }
        // The first time their numbers are not known, then they are assumed.
        for step in 0..<3 as Range<Int64> {
            let codes = try await together(
                many.enumerated().map { index, run in { await code(point("x", step, Double(index)), to: run) } }
            )
            #expect(codes.allSatisfy { $0 == nil })
        }
        for (index, run) in many.enumerated() {
            let points = try await store.history(of: run, key: "x", after: nil, limit: 10)
            #expect(points.steps == [0, 1, 2])
            #expect(points.values.allSatisfy { $0 == Double(index) })
        }
    }

    @Test("a run that was purged and came back under another number gets its points there")
    func anotherNumber() async throws {
        let (again, other) = (runs[0], runs[1])
        for run in [again, other] { try await store.log(point("x", 0, 7), to: run) }
        func number() async throws -> Int64? {
            try await database.read { connection in
                try connection.first("SELECT number FROM run WHERE id = $1", [.text(again.rawValue)]) { $0.integer(0) }
            }
        }
        let before = try await number()
        try await store.moveRuns([again], to: .deleted)
        _ = try await Purge(of: database, deletedBefore: .max).run { _ in }
        // So that the next number is another also where numbers are used again.
        _ = try await store.createRun(CreateRun(experimentID: Experiment.ID(0), name: ""), id: Run.ID("between"))
        _ = try await store.createRun(CreateRun(experimentID: Experiment.ID(0), name: ""), id: again)
        #expect(try await number() != before)
        let codes = try await together(
            [again, other].map { run in { await code(point("x", 1, 8), to: run) } }
        )
        #expect(codes.allSatisfy { $0 == nil })
        #expect(try await store.history(of: again, key: "x", after: nil, limit: 10).values == [8])
        #expect(try await store.history(of: other, key: "x", after: nil, limit: 10).values == [7, 8])
    }
}
