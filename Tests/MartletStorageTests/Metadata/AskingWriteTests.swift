import Foundation
import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

/// Writes whose first questions may be on their way together with the end of the transaction before.
@Suite("Writes that ask before they begin")
struct AskingWriteTests {
    let folder: ScratchFolder
    let database: any SQLDatabase

    init() async throws {
        folder = try ScratchFolder()
        database = try await openTestDatabase(in: folder.path)
        try await database.write { try $0.execute("CREATE TABLE thing (id BIGINT PRIMARY KEY)") }
    }

    /// What a write heard.
    private final class Heard: @unchecked Sendable {
        var ids: [Int64] = []
        var times = 0

        @Sendable func questions() -> [SQLQuestion] {
            ids = []
            times += 1
            return [
                SQLQuestion(sql: "SELECT id FROM thing ORDER BY id", arguments: []) { self.ids.append($0.integer(0)) }
            ]
        }
    }

    /// Runs a write that ends only once the next one waits for it.
    private func write(
        _ first: @escaping @Sendable (any SQLConnection) throws -> Void,
        before id: Int64,
        asking heard: Heard
    ) async throws -> (first: Result<Void, any Error>, next: [Int64]) {
        let (database, attempts) = (database, Attempts())
        let (started, start) = AsyncStream<Void>.makeStream()
        async let outcome: Result<Void, any Error> = {
            do {
                try await database.write { connection in
                    if attempts.isFirst() {
                        start.finish()
                        for _ in 0..<5_000 where Self.waiting(database) == 0 { usleep(1_000) }
                    }
                    try first(connection)
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }()
        for await _ in started {}
        let next = try await database.write(asking: heard.questions) { connection in
            try connection.execute("INSERT INTO thing (id) VALUES ($1)", [.integer(id)])
            return heard.ids
        }
        return (await outcome, next)
    }

    private static func waiting(_ database: any SQLDatabase) -> Int {
        (database as? PostgresDatabase)?.waitingWrites ?? (database as? SQLiteDatabase)?.waitingWrites ?? 0
    }

    private func stored() async throws -> [Int64] {
        try await database.read { try $0.rows("SELECT id FROM thing ORDER BY id") { $0.integer(0) } }
    }

    @Test("a question is answered with what the transaction before it stored")
    func order() async throws {
        let heard = Heard()
        let outcome = try await write(
            { try $0.send("INSERT INTO thing (id) VALUES (1)", []) },
            before: 2,
            asking: heard
        )
        try outcome.first.get()
        #expect(outcome.next == [1])
        #expect(heard.times == 1)
        #expect(try await stored() == [1, 2])
    }

    @Test("a transaction that fails takes nothing of the next one with it")
    func failure() async throws {
        let outcome = try await write(
            { connection in
                try connection.send("INSERT INTO thing (id) VALUES (1)", [])
                try connection.send("INSERT INTO thing (id) VALUES (1)", [])
            },
            before: 2,
            asking: Heard()
        )
        #expect(throws: MartletError.self) { try outcome.first.get() }
        #expect(outcome.next == [])
        #expect(try await stored() == [2])
    }

    @Test("a connection that ends with a transaction loses neither it nor the next", .enabled(if: !TestEngine.isSQLite))
    func cut() async throws {
        let cuts = Attempts()
        let outcome = try await write(
            { connection in
                try connection.send("INSERT INTO thing (id) VALUES (1)", [])
                if cuts.isFirst() { try connection.send("SELECT pg_terminate_backend(pg_backend_pid())", []) }
            },
            before: 2,
            asking: Heard()
        )
        try outcome.first.get()
        #expect(outcome.next == [1])
        #expect(try await stored() == [1, 2])
    }

    @Test("a question that fails is its own write's failure")
    func wrongQuestion() async throws {
        let wrong: @Sendable () -> [SQLQuestion] = {
            [SQLQuestion(sql: "SELECT nothing FROM nowhere", arguments: []) { _ in }]
        }
        await #expect(throws: MartletError.self) {
            try await database.write(asking: wrong) {
                try $0.execute("INSERT INTO thing (id) VALUES (1)")
            }
        }
        try await database.write { try $0.execute("INSERT INTO thing (id) VALUES (2)") }
        #expect(try await stored() == [2])
    }

    @Test("of writes that share a transaction each hears what those before it wrote")
    func shared() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in Int64(1)...40 {
                let database = database
                group.addTask {
                    let own = Heard()
                    let count = try await database.write(asking: own.questions) { connection in
                        try connection.execute("INSERT INTO thing (id) VALUES ($1)", [.integer(id)])
                        let count = try connection.first("SELECT count(*) FROM thing") { $0.integer(0) } ?? 0
                        return Int(count) - own.ids.count
                    }
                    #expect(count == 1)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await stored().count == 40)
    }
}
