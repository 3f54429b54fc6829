import Foundation
import GRDB
import GRDBSQLite
import MartletCore

/// A SQLite database of another tool, only read. One thread of its own walks it.
struct SQLiteReader: Sendable {
    private let queue: DatabaseQueue
    private let path: String

    /// - Throws: `notFound`; `unprocessable` for what is no database.
    init(path: String) async throws(MartletError) {
        self.path = path
        queue = try await offPool { () throws(MartletError) in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
                throw MartletError(.notFound, "there is no file \(path)")
            }
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(20)
            do {
                return try DatabaseQueue(path: path, configuration: configuration)
            } catch {
                throw Self.explained(error, path)
            }
        }
    }

    /// Runs queries on one snapshot.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (SQLiteQueries) throws -> Result
    ) async throws(MartletError) -> Result {
        do {
            return try await queue.read { database in
                guard let connection = database.sqliteConnection else {
                    throw MartletError(.internal, "the database is closed")
                }
                return try body(SQLiteQueries(connection: connection))
            }
        } catch let error as MartletError {
            throw error
        } catch {
            throw Self.explained(error, path)
        }
    }

    private static func explained(_ error: any Error, _ path: String) -> MartletError {
        let code: Int32 =
            (error as? SourceSQLError)?.code ?? (error as? DatabaseError)?.resultCode.rawValue ?? SQLITE_ERROR
        switch code & 0xff {
        case SQLITE_NOTADB:
            return MartletError(.unprocessable, "\(path) is no SQLite database, or its head is damaged")
        case SQLITE_CORRUPT:
            return MartletError(
                .unprocessable,
                "\(path) is damaged; what could be read before was taken. `sqlite3 \(path) .recover` may save the rest"
            )
        case SQLITE_BUSY, SQLITE_LOCKED:
            return MartletError(.unprocessable, "\(path) is locked by another program; stop it, or copy the file")
        default: return MartletError(.unprocessable, "\(path) cannot be read: \(error)")
        }
    }
}

struct SourceSQLError: Error, CustomStringConvertible {
    let code: Int32
    let description: String
}

enum SourceSQLValue {
    case text(String)
    case integer(Int64)
}

/// Queries inside one read. Confined to the closure that got it.
struct SQLiteQueries {
    let connection: OpaquePointer

    func query(_ sql: String, _ arguments: [SourceSQLValue] = [], _ body: (SourceRow) throws -> Void) throws {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK, let statement else {
            throw failure
        }
        defer { sqlite3_finalize(statement) }
        for (index, argument) in arguments.enumerated() {
            switch argument {
            case .text(let text): sqlite3_bind_text(statement, Int32(index + 1), text, -1, Self.transient)
            case .integer(let number): sqlite3_bind_int64(statement, Int32(index + 1), number)
            }
        }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: try body(SourceRow(handle: statement))
            case SQLITE_DONE: return
            default: throw failure
            }
        }
    }

    func rows<Result>(
        _ sql: String,
        _ arguments: [SourceSQLValue] = [],
        _ map: (SourceRow) throws -> Result
    ) throws -> [Result] {
        var all: [Result] = []
        try query(sql, arguments) { all.append(try map($0)) }
        return all
    }

    private var failure: SourceSQLError {
        SourceSQLError(
            code: sqlite3_extended_errcode(connection),
            description: sqlite3_errmsg(connection).map { String(cString: $0) } ?? "unknown"
        )
    }

    /// SQLite copies what is bound.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}

/// The row that a query stands on. SQLite keeps any type in any column, so that each is looked at.
struct SourceRow {
    let handle: OpaquePointer

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    /// The text of any value; `nil` for NULL. What is not UTF-8 is repaired.
    func text(_ column: Int32) -> String? {
        guard !isNull(column), let text = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    /// An integer, or a number without fraction; `nil` for anything else.
    func integer(_ column: Int32) -> Int64? {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: sqlite3_column_int64(handle, column)
        case SQLITE_FLOAT: Int64(exactly: sqlite3_column_double(handle, column))
        default: nil
        }
    }

    /// A number; `nil` for anything else.
    func real(_ column: Int32) -> Double? {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER, SQLITE_FLOAT: sqlite3_column_double(handle, column)
        default: nil
        }
    }
}
