import Foundation
import GRDB
import GRDBSQLite
import MartletCore

/// A prepared statement and where its `$n` stand. Lives as long as its connection.
///
/// A class, because it owns a C handle.
final class SQLiteStatement {
    let handle: OpaquePointer
    /// `slots[n - 1]` is SQLite's index of `$n`; 0 when the text does not use it.
    let slots: [Int32]
    let isReadOnly: Bool

    init(_ sql: String, on connection: OpaquePointer) throws {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else {
            throw SQLiteError(code: sqlite3_extended_errcode(connection), connection: connection, sql: sql)
        }
        handle = prepared
        isReadOnly = sqlite3_stmt_readonly(prepared) != 0
        var slots: [Int32] = []
        let count = sqlite3_bind_parameter_count(prepared)
        for index in 1..<(count + 1) {
            guard let name = sqlite3_bind_parameter_name(prepared, index), name[0] == UInt8(ascii: "$") else {
                continue
            }
            let number = Int(atoi(name + 1))
            guard number > 0 else { continue }
            while slots.count < number { slots.append(0) }
            slots[number - 1] = index
        }
        self.slots = slots
    }

    deinit { sqlite3_finalize(handle) }
}

/// What SQLite said. The SQL is for the log, never for a client.
struct SQLiteError: Error, CustomStringConvertible {
    let code: Int32
    let message: String
    let sql: String

    init(code: Int32, connection: OpaquePointer?, sql: String) {
        self.code = code
        message = connection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "no connection"
        self.sql = sql
    }

    var description: String { "SQLite error \(code): \(message) in \(sql.prefix(300))" }
}

/// One connection of the pool, with its statements. Used by one thread at a time, as GRDB's queues see to.
final class SQLiteConnection: SQLConnection {
    private let connection: OpaquePointer
    private var statements: [String: SQLiteStatement] = [:]
    /// Statements that changed something since this was last set to false.
    private(set) var hasWritten = false

    init(_ database: Database) throws {
        guard let connection = database.sqliteConnection else {
            throw SQLiteError(code: SQLITE_MISUSE, connection: nil, sql: "open")
        }
        self.connection = connection
    }

    /// - Parameter connection: stays open as long as this is used.
    init(handle connection: OpaquePointer) { self.connection = connection }

    var dialect: SQLDialect { .sqlite }

    @discardableResult
    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        try query(sql, arguments) { _ in }
        return Int(sqlite3_changes(connection))
    }

    func query(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Void) throws {
        let statement = try statement(sql)
        if !statement.isReadOnly { hasWritten = true }
        let handle = statement.handle
        defer {
            sqlite3_reset(handle)
            if !arguments.isEmpty { sqlite3_clear_bindings(handle) }
        }
        try bind(arguments, to: statement, sql)
        let row = SQLiteRow(handle: handle)
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: try body(row)
            case SQLITE_DONE: return
            default: throw SQLiteError(code: sqlite3_extended_errcode(connection), connection: connection, sql: sql)
            }
        }
    }

    private func statement(_ sql: String) throws -> SQLiteStatement {
        if let known = statements[sql] {
            // A statement that an outer query still walks cannot be used again inside it.
            return sqlite3_stmt_busy(known.handle) == 0 ? known : try SQLiteStatement(sql, on: connection)
        }
        let fresh = try SQLiteStatement(sql, on: connection)
        if statements.count >= 500 { statements.removeAll() }
        statements[sql] = fresh
        return fresh
    }

    private func bind(_ arguments: [SQLValue], to statement: SQLiteStatement, _ sql: String) throws {
        guard arguments.count == statement.slots.count else {
            preconditionFailure("\(statement.slots.count) placeholders, \(arguments.count) arguments: \(sql)")
        }
        let handle = statement.handle
        for (argument, slot) in zip(arguments, statement.slots) {
            let code: Int32
            switch argument {
            case .null: code = sqlite3_bind_null(handle, slot)
            case .integer(let value): code = sqlite3_bind_int64(handle, slot, value)
            case .real(let value): code = sqlite3_bind_double(handle, slot, value)
            case .text(var value):
                code = value.withUTF8 { bytes in
                    bytes.withMemoryRebound(to: CChar.self) {
                        sqlite3_bind_text(handle, slot, $0.baseAddress ?? Self.empty, Int32($0.count), Self.transient)
                    }
                }
            case .blob(let value):
                code = value.withUnsafeBytes {
                    sqlite3_bind_blob(handle, slot, $0.baseAddress ?? Self.emptyRaw, Int32($0.count), Self.transient)
                }
            }
            guard code == SQLITE_OK else {
                throw SQLiteError(code: code, connection: connection, sql: sql)
            }
        }
    }

    /// SQLite copies what is bound.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    // A pointer that is not NULL, because NULL would bind SQL NULL instead of an empty value.
    nonisolated(unsafe) private static let empty = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))
    nonisolated(unsafe) private static let emptyRaw = UnsafeRawPointer(empty)
}

extension SQLiteConnection: WriteConnection {
    /// SQLite undoes a statement that fails, and the transaction goes on.
    var hasFailed: Bool { false }
    func forgetWrites() { hasWritten = false }
    func begin() throws { try execute("BEGIN IMMEDIATE") }
    func commit() throws { try execute("COMMIT") }
    func isTransient(_ error: any Error) -> Bool { false }

    func rollBack() {
        // Some failures end the transaction by themselves. A rollback that fails leaves it to the next `begin`, which
        // fails in turn, so that nothing is acknowledged.
        if sqlite3_get_autocommit(connection) == 0 { try? execute("ROLLBACK") }
    }
}

/// The row that a statement stands on.
struct SQLiteRow: SQLRow {
    let handle: OpaquePointer

    func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL }
    func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }
    func real(_ column: Int) -> Double { sqlite3_column_double(handle, Int32(column)) }

    func text(_ column: Int) -> String {
        guard let text = sqlite3_column_text(handle, Int32(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let bytes = sqlite3_column_blob(handle, Int32(column))
        let count = Int(sqlite3_column_bytes(handle, Int32(column)))
        return try body(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count))
    }
}
