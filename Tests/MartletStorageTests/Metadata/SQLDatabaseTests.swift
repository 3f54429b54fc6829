import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("What every database does")
struct SQLDatabaseTests {
    let folder: ScratchFolder
    let database: any SQLDatabase

    init() async throws {
        folder = try ScratchFolder()
        database = try await openTestDatabase(in: folder.path)
        try await database.write { connection in
            let dialect = connection.dialect
            try connection.execute(
                """
                CREATE TABLE thing (
                  id BIGINT PRIMARY KEY, name \(dialect.text), size \(dialect.real), content \(dialect.bytes))
                """
            )
        }
    }

    private func count() async throws -> Int64 {
        try await database.read { try $0.first("SELECT count(*) FROM thing") { $0.integer(0) } ?? -1 }
    }

    @Test("placeholders are bound by their number, not by their place")
    func bindsByName() async throws {
        let text = try await database.write { connection in
            try connection.execute("INSERT INTO thing (name, id) VALUES ($2, $1)", [.integer(7), .text("seven")])
            return try connection.first("SELECT name FROM thing WHERE id = $1", [.integer(7)]) { $0.text(0) }
        }
        #expect(text == "seven")
    }

    @Test("a refusal before the first write fails nobody else of the same transaction")
    func refusalsAreAlone() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for id in 0..<200 {
                group.addTask {
                    do {
                        try await database.write { connection in
                            if id % 3 == 0 { throw MartletError(.invalidArgument, "no threes") }
                            try connection.execute("INSERT INTO thing (id) VALUES ($1)", [.integer(id)])
                        }
                        return true
                    } catch let error as MartletError where error.code == .invalidArgument {
                        return false
                    }
                }
            }
            var stored = 0
            for try await done in group where done { stored += 1 }
            #expect(stored == 133)
        }
        #expect(try await count() == 133)
    }

    @Test("an error after a write undoes that write and no other")
    func failuresAreAlone() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in 0..<100 {
                group.addTask {
                    let shouldFail = id % 10 == 0
                    let outcome: MartletError?
                    do {
                        try await database.write { connection in
                            try connection.execute("INSERT INTO thing (id) VALUES ($1)", [.integer(id)])
                            if shouldFail { throw MartletError(.conflict, "too late") }
                        }
                        outcome = nil
                    } catch let error as MartletError {
                        outcome = error
                    }
                    #expect((outcome?.code == .conflict) == shouldFail)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await count() == 90)
    }

    private static let insertion = "INSERT INTO thing (id, name, size, content) VALUES ($1, $2, $3, $4)"

    @Test("values come back as they were, NULL before and after others in the same statement")
    func values() async throws {
        let rows: [[SQLValue]] = [
            [.integer(.min), .null, .null, .null],
            [.integer(0), .text(""), .real(0), .blob([])],
            [.integer(1), .null, .real(.infinity), .null],
            [.integer(.max), .text("ä\u{1F600}'\"\\ %_"), .real(5e-324), .blob(Array(0...255))],
        ]
        try await database.write { connection in
            for row in rows { try connection.send(Self.insertion, row) }
        }
        let read = try await database.read { connection in
            try connection.rows("SELECT id, name, size, content FROM thing ORDER BY id") { row -> [SQLValue] in
                [
                    .integer(row.integer(0)), .text(row.optionalText(1)), .real(row.optionalReal(2)),
                    row.isNull(3) ? .null : .blob(row.blob(3)),
                ]
            }
        }
        #expect(read == rows)
    }

    @Test("sums and counts are numbers, whatever type the engine gives them")
    func sums() async throws {
        let numbers = try await database.write { connection -> [Int64] in
            for id in [1, 20_000, 300_000_000] {
                try connection.send(Self.insertion, [.integer(id), .null, .null, .null])
            }
            return try connection.first("SELECT sum(id), count(*), max(id), -sum(id) FROM thing") { row in
                (0..<4).map { row.integer($0) }
            } ?? []
        }
        #expect(numbers == [300_020_001, 3, 300_000_000, -300_020_001])
    }

    @Test("a statement that nobody waits for fails its own write alone")
    func lateFailures() async throws {
        try await database.write { try $0.send(Self.insertion, [.integer(0), .null, .null, .null]) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...60 {
                group.addTask {
                    // Every tenth takes an id that is taken, and asks nothing afterwards.
                    let id = number % 10 == 0 ? 0 : number
                    do {
                        try await database.write { try $0.send(Self.insertion, [.integer(id), .null, .null, .null]) }
                        #expect(id > 0)
                    } catch let error as MartletError {
                        #expect(id == 0 && error.code == .internal)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await count() == 55)
    }

    @Test("a query may ask another for each of its rows")
    func nestedQueries() async throws {
        let names = try await database.write { connection in
            for id in 0..<5 { try connection.send(Self.insertion, [.integer(id), .text("n\(id)"), .null, .null]) }
            return try connection.rows("SELECT id FROM thing ORDER BY id") { row in
                let other = SQLValue.integer(4 - row.integer(0))
                return try connection.first("SELECT name FROM thing WHERE id = $1", [other]) { $0.text(0) }
            }
        }
        #expect(names == ["n4", "n3", "n2", "n1", "n0"])
    }

    @Test("a scan ends where its reader has enough, and the connection goes on")
    func scans() async throws {
        try await database.write { connection in
            for id in 0..<1_700 { try connection.send(Self.insertion, [.integer(id), .null, .null, .null]) }
        }
        let seen = try await database.read { connection in
            var counts: [Int] = []
            for limit in [1, 500, 1_200, 9_999] {
                var count = 0
                try connection.scan("SELECT id FROM thing WHERE id >= $1 ORDER BY id", [.integer(0)]) { _ in
                    count += 1
                    return count < limit
                }
                counts.append(count)
            }
            return counts
        }
        #expect(seen == [1, 500, 1_200, 1_700])
    }

    @Test("more statements than are kept prepared")
    func manyStatements() async throws {
        let sum = try await database.read { connection in
            var sum: Int64 = 0
            for number in 0..<1_200 {
                try connection.query("SELECT CAST($1 AS BIGINT) + \(number)", [.integer(1)]) { sum += $0.integer(0) }
            }
            return sum
        }
        #expect(sum == 1_200 * 1_199 / 2 + 1_200)
    }
}
