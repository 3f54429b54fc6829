import Foundation
import GRDBSQLite
import MartletCore

/// One SQLite file through one connection, for upkeep beside the server or without it. Used by one thread at a time.
///
/// A class, because it owns a C handle.
final class SQLiteFile {
    /// What may be done to the file.
    enum Access {
        /// Nothing, while a server may write: snapshots come from the WAL, and closing never copies it.
        case readBeside
        /// Nothing, and nobody else does either: the file is read as it stands, without a WAL.
        case readAlone
        /// All. What is written is not on the disk until the file is synced.
        case fill
    }

    let handle: OpaquePointer
    let connection: SQLiteConnection

    /// - Throws: `SQLiteError`, also for a file that is no database.
    init(_ path: String, _ access: Access) throws {
        let flags: Int32 =
            switch access {
            case .readBeside: SQLITE_OPEN_READONLY
            case .readAlone: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            case .fill: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            }
        let name = if case .readAlone = access { "file:\(Self.escaped(path))?immutable=1" } else { path }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(name, &opened, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else {
            let error = SQLiteError(code: code, connection: opened, sql: "open")
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        connection = SQLiteConnection(handle: opened)
        sqlite3_busy_timeout(opened, 10_000)
        let pragmas =
            if case .fill = access {
                ["journal_mode = OFF", "synchronous = OFF", "auto_vacuum = INCREMENTAL", "cache_size = -65536"]
            } else {
                ["query_only = ON", "cache_size = -32768"]
            }
        for pragma in pragmas + ["temp_store = MEMORY"] { try connection.query("PRAGMA \(pragma)", []) { _ in } }
    }

    deinit { sqlite3_close_v2(handle) }

    /// What a URI takes for a path (RFC 3986, 3.3).
    private static func escaped(_ path: String) -> String {
        path.utf8.reduce(into: "") { text, byte in
            let isPlain =
                byte == 47 || byte == 45 || byte == 46 || byte == 95 || (48...57).contains(byte)
                || (65...90).contains(byte) || (97...122).contains(byte)
            text += isPlain ? String(UnicodeScalar(byte)) : "%" + ContentHash.hexadecimal([byte])
        }
    }

    /// Runs `body` on one snapshot.
    func snapshot<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result {
        try connection.execute("BEGIN")
        defer { connection.rollBack() }
        return try body(connection)
    }

    /// Copies the whole database, as it is at one moment, into a file that is made. Writers go on meanwhile.
    ///
    /// Not on the disk until the file is synced. - Parameter progress: bytes done, bytes of the whole.
    func copy(to path: String, progress: (Int64, Int64) -> Void) throws {
        let target = try SQLiteFile(path, .fill)
        try snapshot { connection in
            // The snapshot begins with the first read, and holds for all steps of the copy.
            let size = try connection.first("SELECT page_size FROM pragma_page_size") { $0.integer(0) } ?? 4_096
            _ = try connection.first("SELECT count(*) FROM sqlite_master") { $0.integer(0) }
            guard let backup = sqlite3_backup_init(target.handle, "main", handle, "main") else {
                throw SQLiteError(
                    code: sqlite3_errcode(target.handle),
                    connection: target.handle,
                    sql: "sqlite3_backup_init"
                )
            }
            var code = SQLITE_OK
            while code == SQLITE_OK {
                code = sqlite3_backup_step(backup, Self.pagesAtOnce)
                let whole = Int64(sqlite3_backup_pagecount(backup))
                progress((whole - Int64(sqlite3_backup_remaining(backup))) * size, whole * size)
            }
            sqlite3_backup_finish(backup)
            guard code == SQLITE_DONE else {
                throw SQLiteError(code: code, connection: target.handle, sql: "sqlite3_backup_step")
            }
        }
    }

    /// 16 MiB of the usual pages.
    private static let pagesAtOnce: Int32 = 4_096
}
