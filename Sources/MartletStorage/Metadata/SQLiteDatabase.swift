import Dispatch
import Foundation
import GRDB
import GRDBSQLite
package import Logging
package import MartletCore
import Synchronization

/// SQLite in one folder, for one process at a time: WAL, `synchronous = FULL`, snapshot reads beside one writer.
///
/// Writes that wait at the same time share one transaction and one sync (group commit).
///
/// A class, because it owns the connections. All of its state is immutable or behind a mutex.
package final class SQLiteDatabase: SQLDatabase {
    package var dialect: SQLDialect { .sqlite }
    private let pool: DatabasePool
    private let folder: FolderLock
    private let logger: Logger
    private let queue = WriteQueue()
    /// Connections by the identity of GRDB's, which is retained so that the identity stays its own.
    private let connections = Mutex<[ObjectIdentifier: KeptConnection]>([:])
    private let checkpointer: DatabaseQueue
    let path: String

    /// Opens or makes the database `martlet.db` in the folder and brings it to the newest schema.
    /// - Throws: `failedPrecondition` when another process has the folder or the data is from a newer build;
    ///   `unavailable` when the folder cannot be used.
    package init(folder path: String, now: Int64, logger: Logger) throws(MartletError) {
        self.logger = logger
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            folder = try FolderLock(folder: path)
            self.path = path + "/martlet.db"
            try Self.requireKnownSchema(at: self.path)
            pool = try DatabasePool(path: self.path, configuration: Self.configuration(readers: 4))
            // GRDB sets NORMAL when it opens a pool, which would lose acknowledged writes with the power.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            checkpointer = try DatabaseQueue(path: self.path, configuration: Self.configuration(readers: 1))
            try Self.requireFullSync(pool)
        } catch {
            throw Self.refusal(error, logger)
        }
        try migrate(now: now)
    }

    private static func configuration(readers: Int) -> Configuration {
        var configuration = Configuration()
        configuration.maximumReaderCount = readers
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            let pragmas = [
                "secure_delete = OFF", "wal_autocheckpoint = 0", "temp_store = MEMORY", "synchronous = FULL",
                "journal_size_limit = \(Checkpointer.longestLog)",
            ]
            // Only the writer has many pages to keep, and only it may say how the file is laid out.
            let own =
                database.configuration.readonly
                ? ["cache_size = -16384"] : ["cache_size = -65536", "auto_vacuum = INCREMENTAL"]
            for pragma in pragmas + own { try database.execute(sql: "PRAGMA \(pragma)") }
            try SQLiteFunctions.register(on: database)
        }
        return configuration
    }

    /// Looks without a write at what is there: opening it as its own would change the header.
    /// - Throws: `failedPrecondition` for a database from a newer build.
    private static func requireKnownSchema(at path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        var configuration = Configuration()
        configuration.readonly = true
        let database = try DatabaseQueue(path: path, configuration: configuration)
        let schema = try database.read { database in
            guard try database.tableExists("schema_migration") else { return Int64(0) }
            return try Int64.fetchOne(database, sql: "SELECT max(number) FROM schema_migration") ?? 0
        }
        try database.close()
        try Migrator.requireKnown(schema)
    }

    private static func requireFullSync(_ pool: DatabasePool) throws {
        let (mode, sync) = try pool.writeWithoutTransaction {
            (try String.fetchOne($0, sql: "PRAGMA journal_mode"), try Int.fetchOne($0, sql: "PRAGMA synchronous"))
        }
        guard mode == "wal", sync == 2 else {
            throw MartletError(
                .unavailable,
                "the database would not be durable (journal \(mode ?? "?"), synchronous \(sync ?? -1))"
            )
        }
    }

    private func migrate(now: Int64) throws(MartletError) {
        do {
            try pool.writeWithoutTransaction { database in
                let connection = try connection(of: database)
                try connection.execute("BEGIN IMMEDIATE")
                do {
                    try Migrator.migrate(connection, now: now)
                    try connection.execute("COMMIT")
                } catch {
                    try connection.execute("ROLLBACK")
                    throw error
                }
            }
        } catch {
            throw Self.refusal(error, logger)
        }
    }

    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result {
        do {
            return try await pool.read { database in try body(try self.connection(of: database)) }
        } catch {
            throw Self.refusal(error, logger)
        }
    }

    package func write<Result: Sendable>(
        asking questions: @escaping @Sendable () -> [SQLQuestion],
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result {
        let logger = logger
        return try await queue.submit(
            asking: questions,
            body,
            refusal: { Self.refusal($0, logger) },
            start: startDraining
        )
    }

    /// Jobs that wait for the writer, for `/metrics`.
    package var waitingWrites: Int { queue.count }

    private func connection(of database: Database) throws -> SQLiteConnection {
        let id = ObjectIdentifier(database)
        if let kept = connections.withLock({ $0[id] }) { return kept.connection }
        let fresh = KeptConnection(database: database, connection: try SQLiteConnection(database))
        connections.withLock { $0[id] = fresh }
        return fresh.connection
    }
}

/// Retained together: statements must not outlive their connection, nor its address be used again.
///
/// Sendable without proof by the compiler: both are used only inside accesses of GRDB's queues.
private struct KeptConnection: @unchecked Sendable {
    let database: Database
    let connection: SQLiteConnection
}

extension SQLiteDatabase {
    private func startDraining() {
        pool.asyncWriteWithoutTransaction { database in
            do {
                self.queue.drain(on: try self.connection(of: database))
            } catch {
                self.queue.refuseAll(error)
            }
        }
    }
}

// MARK: - Upkeep

extension SQLiteDatabase {
    /// Copies committed pages from the WAL to the database, beside writers and readers.
    /// - Returns: pages in the WAL and pages of it that are copied.
    @discardableResult
    package func checkpoint() async throws(MartletError) -> (walPages: Int, copied: Int) {
        do {
            return try await checkpointer.writeWithoutTransaction { database in
                var (pages, copied) = (Int32(0), Int32(0))
                let code = sqlite3_wal_checkpoint_v2(
                    database.sqliteConnection,
                    nil,
                    SQLITE_CHECKPOINT_PASSIVE,
                    &pages,
                    &copied
                )
                guard code == SQLITE_OK || code == SQLITE_BUSY else {
                    throw SQLiteError(code: code, connection: database.sqliteConnection, sql: "checkpoint")
                }
                return (Int(pages), Int(copied))
            }
        } catch {
            throw Self.refusal(error, logger)
        }
    }

    /// Starts the WAL anew, between two writes. Readers of old snapshots make it wait at most a moment.
    ///
    /// The file keeps its length: a sync is a third quicker where it need not make the file longer as well.
    package func restartLog() async throws(MartletError) {
        try await restartLog(SQLITE_CHECKPOINT_RESTART)
    }

    private func restartLog(_ mode: Int32) async throws(MartletError) {
        do {
            try await pool.writeWithoutTransaction { database in
                let connection = database.sqliteConnection
                sqlite3_busy_timeout(connection, 50)
                defer { sqlite3_busy_timeout(connection, 10_000) }
                let code = sqlite3_wal_checkpoint_v2(connection, nil, mode, nil, nil)
                guard code == SQLITE_OK || code == SQLITE_BUSY else {
                    throw SQLiteError(code: code, connection: connection, sql: "checkpoint")
                }
            }
        } catch {
            throw Self.refusal(error, logger)
        }
    }

    /// Gives up to `limit` free pages at the end of the file back to the file system, when there are many.
    ///
    /// The rows of the point log leave them when they are sealed; what is logged next would use them again.
    /// - Returns: whether there may be more to give back.
    @discardableResult
    package func releasePages(upTo limit: Int) async throws(MartletError) -> Bool {
        do {
            return try await pool.writeWithoutTransaction { database in
                let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
                guard free >= Self.fewFreePages else { return false }
                _ = try Row.fetchAll(database, sql: "PRAGMA incremental_vacuum(\(limit))")
                return free > limit
            }
        } catch {
            throw Self.refusal(error, logger)
        }
    }

    /// Not worth the writing: 1 MiB.
    private static let fewFreePages = 256

    /// Keeps the statistics of the query planner true. Cheap when little changed.
    package func optimize() async throws(MartletError) {
        do {
            try await pool.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA analysis_limit = 400; PRAGMA optimize")
            }
        } catch {
            throw Self.refusal(error, logger)
        }
    }

    /// The journal mode and the level of `synchronous` (2 is FULL) that the writer really has.
    package func durability() async throws(MartletError) -> (journalMode: String, synchronous: Int) {
        do {
            return try await pool.writeWithoutTransaction {
                (
                    try String.fetchOne($0, sql: "PRAGMA journal_mode") ?? "",
                    try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1
                )
            }
        } catch {
            throw Self.refusal(error, logger)
        }
    }

    /// Copies the whole WAL into the database and closes. Nothing may be used afterwards.
    package func close() async throws(MartletError) {
        try await restartLog(SQLITE_CHECKPOINT_TRUNCATE)
        connections.withLock { $0 = [:] }
        do {
            try checkpointer.close()
            try pool.close()
        } catch {
            throw Self.refusal(error, logger)
        }
        folder.release()
    }

    /// What a client may know of a failure. The rest goes to the log.
    private static func refusal(_ error: any Error, _ logger: Logger) -> MartletError {
        if let error = error as? MartletError { return error }
        if error is CancellationError { return MartletError(.cancelled, "the request was cancelled") }
        let code = (error as? SQLiteError)?.code ?? (error as? DatabaseError)?.extendedResultCode.rawValue ?? 0
        switch code & 0xff {
        case SQLITE_FULL:
            logger.error("the disk is full", metadata: ["cause": "\(error)"])
            return MartletError(
                .storageFull,
                "the server's disk is full: nothing of this request was stored; free space and send it again"
            )
        case SQLITE_BUSY, SQLITE_LOCKED:
            return MartletError(.unavailable, "the database is busy; try again")
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            logger.critical("the database is damaged", metadata: ["cause": "\(error)"])
            return MartletError(.internal, "the database is damaged; restore a backup")
        default:
            logger.error("the database failed", metadata: ["cause": "\(error)"])
            return MartletError(.internal, "the database failed; the server's log has the cause")
        }
    }
}
