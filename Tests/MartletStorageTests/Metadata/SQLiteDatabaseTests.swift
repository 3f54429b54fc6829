import Foundation
import Logging
import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("SQLite as the embedded database")
struct SQLiteDatabaseTests {
    let folder: ScratchFolder
    let database: SQLiteDatabase

    init() async throws {
        folder = try ScratchFolder()
        database = try SQLiteDatabase(folder: folder.path, now: 0, logger: Logger(label: "test"))
        try await database.write { connection in
            try connection.execute("CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT)")
        }
    }

    private func count() async throws -> Int64 {
        try await database.read { try $0.first("SELECT count(*) FROM thing") { $0.integer(0) } ?? -1 }
    }

    @Test("the writer syncs every commit, read back after the pool is open")
    func writesAreDurable() async throws {
        let (mode, synchronous) = try await database.durability()
        #expect(mode == "wal")
        #expect(synchronous == 2)
    }

    @Test("a second server on the same folder is refused")
    func folderIsLocked() async throws {
        let error = #expect(throws: MartletError.self) {
            _ = try SQLiteDatabase(folder: folder.path, now: 0, logger: Logger(label: "test"))
        }
        #expect(error?.code == .failedPrecondition)
        #expect(error?.message.contains("another Martlet") == true)
    }

    @Test("a database from the future is refused and not a byte of it changes", arguments: [UInt8(1), 2])
    func futureIsRefused(header: UInt8) async throws {
        try await database.write { connection in
            try connection.execute("INSERT INTO schema_migration (number, applied_at) VALUES (9999, 0)")
        }
        try await database.close()
        // A build to come may lay the file out in its own way; opening it as this build does would change that.
        let path = folder.path + "/martlet.db"
        var before = try Data(contentsOf: URL(filePath: path))
        // Bytes 18 and 19 of the header are 2 with a write-ahead log and 1 without.
        (before[18], before[19]) = (header, header)
        try before.write(to: URL(filePath: path))
        let error = #expect(throws: MartletError.self) {
            _ = try SQLiteDatabase(folder: folder.path, now: 0, logger: Logger(label: "test"))
        }
        #expect(error?.code == .failedPrecondition)
        #expect(error?.message.contains("newer Martlet") == true)
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }

    @Test("what was written is there after closing and opening again")
    func survivesReopening() async throws {
        try await database.write { try $0.execute("INSERT INTO thing (id, name) VALUES (1, 'kept')") }
        try await database.close()
        let again = try SQLiteDatabase(folder: folder.path, now: 0, logger: Logger(label: "test"))
        let name = try await again.read { try $0.first("SELECT name FROM thing") { $0.text(0) } }
        #expect(name == "kept")
    }

    @Test("a checkpoint beside a writer loses nothing")
    func checkpointsBesideWrites() async throws {
        for id in 0..<50 {
            _ = try await database.write { try $0.execute("INSERT INTO thing (id) VALUES ($1)", [.integer(id)]) }
            if id % 10 == 0 { try await database.checkpoint() }
        }
        try await database.restartLog()
        #expect(try await count() == 50)
    }

    @Test("free pages go back to the file system, few of them stay")
    func givesBackFreePages() async throws {
        let value = SQLValue.text(String(repeating: "x", count: 1_000_000))
        for id in 1...3 {
            try await database.write {
                try $0.execute("INSERT INTO thing (id, name) VALUES ($1, $2)", [.integer(Int64(id)), value])
            }
        }
        let full = try await pages("page_count")
        _ = try await database.write { try $0.execute("DELETE FROM thing WHERE id < 3") }
        #expect(try await pages("freelist_count") >= 480)
        #expect(try await database.releasePages(upTo: 400) == true)
        while try await database.releasePages(upTo: 400) {}
        #expect(try await pages("freelist_count") < 256)
        #expect(try await pages("page_count") <= full - 240)
        let length = try await database.read { try $0.first("SELECT length(name) FROM thing") { $0.integer(0) } }
        #expect(length == 1_000_000)
    }

    private func pages(_ pragma: String) async throws -> Int64 {
        try await database.read { try $0.first("PRAGMA \(pragma)") { $0.integer(0) } } ?? -1
    }
}
