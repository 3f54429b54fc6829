import Logging
import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

/// Only where there is a PostgreSQL for the tests; see `TestEngine`.
@Suite("PostgreSQL as the database", .enabled(if: !TestEngine.isSQLite))
struct PostgresDatabaseTests {
    let folder: ScratchFolder
    let database: PostgresDatabase

    init() async throws {
        folder = try ScratchFolder()
        database = try #require(try await openTestDatabase(in: folder.path) as? PostgresDatabase)
        try await database.write { try $0.execute("CREATE TABLE thing (id BIGINT PRIMARY KEY)") }
    }

    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    @Test("commits wait for the disk where the installation does not, also on a connection made anew")
    func durability() async throws {
        guard case .postgres(let address) = TestEngine.current else { return }
        let schema = try await database.read { try $0.first("SELECT current_schema()") { $0.text(0) } ?? "" }
        let careless = try await PostgresDatabase(
            address: address + "?options=-csearch_path%3D\(schema)%20-csynchronous_commit%3Doff",
            readers: 1,
            now: 0,
            logger: Self.logger
        )
        // Readers keep the habit, which shows that it is one.
        #expect(try await careless.read { try $0.first("SHOW synchronous_commit") { $0.text(0) } } == "off")
        #expect(try await careless.write { try $0.first("SHOW synchronous_commit") { $0.text(0) } } == "on")
        let cuts = Attempts()
        let mode = try await careless.write { connection in
            if cuts.isFirst() { try connection.execute("SELECT pg_terminate_backend(pg_backend_pid())") }
            return try connection.first("SHOW synchronous_commit") { $0.text(0) }
        }
        #expect(mode == "on")
        await careless.close()
    }

    @Test("a transaction whose connection ends in its commit is stored once")
    func lostInCommit() async throws {
        // The first commit is ended from within, the ones after it pass.
        try await database.write { connection in
            try connection.execute("CREATE SEQUENCE commits")
            try connection.execute(
                """
                CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                  IF nextval('commits') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
                  RETURN NULL; END $$
                """
            )
            try connection.execute(
                """
                CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON thing DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION cut()
                """
            )
        }
        try await database.write { try $0.execute("INSERT INTO thing (id) VALUES (7)") }
        #expect(try await database.read { try $0.first("SELECT count(*) FROM thing") { $0.integer(0) } } == 1)
        #expect(try await database.read { try $0.first("SELECT last_value FROM commits") { $0.integer(0) } } == 2)
        // The mark that was stored in its place says so.
        let inPlace = "SELECT count(*) FROM write_mark WHERE NOT is_stored"
        #expect(try await database.read { try $0.first(inPlace) { $0.integer(0) } } == 1)
    }

    @Test("marks of commits do not pile up")
    func marks() async throws {
        for _ in 0..<2_100 { try await database.write { try $0.execute("DELETE FROM thing") } }
        let count = try await database.read { try $0.first("SELECT count(*) FROM write_mark") { $0.integer(0) } ?? 0 }
        #expect((1...1_100).contains(count))
    }

    @Test("reads see one snapshot and change nothing")
    func snapshots() async throws {
        let error = await #expect(throws: MartletError.self) {
            _ = try await database.read { try $0.execute("INSERT INTO thing (id) VALUES (1)") }
        }
        #expect(error?.code == .unavailable)
        let mode = try await database.read { try $0.first("SHOW transaction_isolation") { $0.text(0) } }
        #expect(mode == "repeatable read")
    }

    @Test("U+0000 is refused before it reaches the server, and nothing else is")
    func nulCharacters() async throws {
        let error = await #expect(throws: MartletError.self) {
            _ = try await database.read { try $0.first("SELECT 1 WHERE $1 = ''", [.text("a\u{0}b")]) { $0.integer(0) } }
        }
        #expect(error?.code == .invalidArgument)
        #expect(try await database.read { try $0.first("SELECT 1") { $0.integer(0) } } == 1)
    }

    @Test("a write that hides a failure is not acknowledged")
    func hiddenFailure() async throws {
        let error = await #expect(throws: MartletError.self) {
            try await database.write { connection in
                try connection.execute("INSERT INTO thing (id) VALUES (1)")
                // The transaction has failed, whatever its writer thinks of it.
                _ = try? connection.execute("INSERT INTO thing (id) VALUES (1)")
            }
        }
        #expect(error?.code == .internal)
        #expect(try await database.read { try $0.first("SELECT count(*) FROM thing") { $0.integer(0) } } == 0)
    }

    @Test("the writer's own connection may be cut between two statements")
    func cutConnection() async throws {
        let cuts = Attempts()
        try await database.write { connection in
            try connection.execute("INSERT INTO thing (id) VALUES (7)")
            guard cuts.isFirst() else { return }
            try connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        }
        #expect(try await database.read { try $0.first("SELECT count(*) FROM thing") { $0.integer(0) } } == 1)
    }

    @Test("a database from the future is refused")
    func future() async throws {
        let schema = try await database.write { connection in
            try connection.execute("INSERT INTO schema_migration (number, applied_at) VALUES (9999, 0)")
            return try connection.first("SELECT current_schema()") { $0.text(0) } ?? ""
        }
        guard case .postgres(let address) = TestEngine.current else { return }
        let error = await #expect(throws: MartletError.self) {
            _ = try await PostgresDatabase(
                address: address + "?options=-csearch_path%3D\(schema)",
                readers: 1,
                now: 0,
                logger: Self.logger
            )
        }
        #expect(error?.code == .failedPrecondition)
        #expect(error?.message.contains("newer Martlet") == true)
    }

    @Test("an address that nobody answers is said to be unreachable, without the address")
    func unreachable() async throws {
        let error = await #expect(throws: MartletError.self) {
            _ = try await PostgresDatabase(
                address: "postgres://secret@127.0.0.1:1/none",
                readers: 1,
                now: 0,
                logger: Self.logger
            )
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("two servers migrate one empty schema at the same time")
    func concurrentMigrations() async throws {
        guard case .postgres(let address) = TestEngine.current else { return }
        try await database.write { try $0.execute("CREATE SCHEMA \(try Self.beside($0))") }
        let schema = try await database.read { try Self.beside($0) }
        let place = address + "?options=-csearch_path%3D\(schema)"
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let server = try await PostgresDatabase(address: place, readers: 1, now: 0, logger: Self.logger)
                    let steps = try await server.read {
                        try $0.first("SELECT count(*) FROM schema_migration") { $0.integer(0) }
                    }
                    #expect(steps == Int64(Migrator.migrations.count))
                    await server.close()
                }
            }
            try await group.waitForAll()
        }
    }

    private static func beside(_ connection: any SQLConnection) throws -> String {
        try (connection.first("SELECT current_schema()") { $0.text(0) } ?? "t") + "_b"
    }
}
