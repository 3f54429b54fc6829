import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("Sealers beside each other and beside writers")
struct SealerRaceTests {
    /// Points of one series in order, from a step on.
    private static func batch(_ steps: Range<Int64>) -> LogBatch {
        var batch = LogBatch()
        for step in steps { batch.append(key: "loss", step: step, time: 10 * step, value: Double(step % 97) / 97) }
        return batch
    }

    @Test("two sealers and a writer at once lose no point and double none", arguments: 0..<4)
    func race(round: Int) async throws {
        let scratch = try await MetricScratch()
        let starts: [Int64] = Array(stride(from: 0, to: 9_000, by: 150))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for start in starts { try await scratch.log(Self.batch(start..<start + 150)) }
            }
            for _ in 0..<2 {
                let sealer = Sealer(database: scratch.database, backlog: scratch.backlog)
                group.addTask {
                    for _ in 0..<60 { try await sealer.sealEverything() }
                }
            }
            try await group.waitForAll()
        }
        try await scratch.sealer.sealEverything()
        let history = try await scratch.history("loss")
        #expect(history.steps == Array(0..<9_000))
        #expect(history.values == history.steps.map { Double($0 % 97) / 97 })
        #expect(try await scratch.summary("loss")?.count == 9_000)
        let left = try await scratch.database.read {
            try $0.first("SELECT count(*) FROM point_log") { $0.integer(0) }
        }
        #expect(left == 0)
    }

    @Test("a truncation between the reading and the writing of a sealer wins")
    func truncationWins() async throws {
        let scratch = try await MetricScratch()
        for round in 0..<20 {
            let first = Int64(round * 400)
            try await scratch.log(Self.batch(first..<first + 400))
            async let sealed = scratch.sealer.sealEverything()
            try await scratch.database.write {
                _ = try Truncation.truncate(run: 1, experiment: 1, from: first + 200, on: $0)
            }
            _ = try await sealed
            let steps = try await scratch.history("loss").steps
            #expect(steps.last == first + 199 && Set(steps).count == steps.count)
        }
    }

    @Test("a sealer that dies after reading leaves everything as it was")
    func interrupted() async throws {
        let scratch = try await MetricScratch()
        try await scratch.log(Self.batch(0..<5_000))
        let before = try await scratch.history("loss")
        let database = scratch.database
        let sealing = Sealer(database: BrokenWrites(database: database), backlog: scratch.backlog)
        await #expect(throws: MartletError.self) { try await sealing.sealEverything() }
        #expect(try await scratch.history("loss") == before)
        #expect(try await scratch.sealer.sealEverything() == 1)
        #expect(try await scratch.history("loss") == before)
    }
}

/// A database in which every write is rolled back at its end, as when the power fails before the commit.
struct BrokenWrites: SQLDatabase {
    let database: any SQLDatabase
    var dialect: SQLDialect { database.dialect }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result {
        try await database.read(body)
    }

    func write<Result: Sendable>(
        asking questions: @escaping @Sendable () -> [SQLQuestion],
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result {
        try await database.write(asking: questions) { connection in
            _ = try body(connection)
            throw MartletError(.unavailable, "the power failed")
        }
    }
}
