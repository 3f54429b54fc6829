package import MartletCore

/// One value that goes to or comes from a database. Floating point NaN is not one: both engines lose it.
package enum SQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    package static func text(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }
    package static func integer(_ value: Int64?) -> SQLValue { value.map { .integer($0) } ?? .null }
    package static func real(_ value: Double?) -> SQLValue { value.map { .real($0) } ?? .null }
    package static func integer(_ value: Int) -> SQLValue { .integer(Int64(value)) }
    package static func flag(_ value: Bool) -> SQLValue { .integer(value ? 1 : 0) }
}

/// The row that a query stands on; columns count from 0. Not valid after the closure that got it.
package protocol SQLRow {
    func isNull(_ column: Int) -> Bool
    /// 0 for NULL.
    func integer(_ column: Int) -> Int64
    /// 0 for NULL.
    func real(_ column: Int) -> Double
    /// Empty for NULL.
    func text(_ column: Int) -> String
    /// The bytes of a blob, valid only inside `body`. Empty for NULL.
    func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

extension SQLRow {
    func optionalInteger(_ column: Int) -> Int64? { isNull(column) ? nil : integer(column) }
    func optionalReal(_ column: Int) -> Double? { isNull(column) ? nil : real(column) }
    func optionalText(_ column: Int) -> String? { isNull(column) ? nil : text(column) }
    func flag(_ column: Int) -> Bool { integer(column) != 0 }
    func blob(_ column: Int) -> [UInt8] { withBytes(column) { [UInt8]($0) } }
}

/// A query, and what is done with each of its rows, in order.
package struct SQLQuestion {
    var sql: String
    var arguments: [SQLValue]
    var hear: (any SQLRow) throws -> Void
}

/// A connection inside one transaction. Confined to the closure that got it.
///
/// SQL is the common subset of SQLite and PostgreSQL, with `$1 …` placeholders, each number used for one value.
/// Statements are cached by their text, so build few texts.
package protocol SQLConnection {
    /// Runs one statement and returns how many rows it changed.
    @discardableResult
    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int
    /// Runs one statement of which nobody asks how many rows it changed.
    ///
    /// An engine behind a network need not wait for the answer: a failure may show at a later statement of the
    /// transaction, and at its end at the latest.
    func send(_ sql: String, _ arguments: [SQLValue]) throws
    /// Runs one statement and hands each row to `body`, in order.
    func query(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Void) throws
    /// Runs several queries, in order. An engine behind a network gets a few on their way before it waits, so the
    /// rows of that many are held in memory.
    func ask(_ questions: [SQLQuestion]) throws
    /// Runs one query and hands out its rows until `body` returns false. The rest is not read.
    func scan(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Bool) throws
    /// What the engine calls things that the common subset lacks.
    var dialect: SQLDialect { get }
}

extension SQLConnection {
    package func execute(_ sql: String) throws { try execute(sql, []) }
    package func send(_ sql: String, _ arguments: [SQLValue]) throws { try execute(sql, arguments) }

    package func ask(_ questions: [SQLQuestion]) throws {
        for question in questions { try query(question.sql, question.arguments, question.hear) }
    }

    package func scan(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Bool) throws {
        do {
            try query(sql, arguments) { row in
                if try !body(row) { throw ScanEnd() }
            }
        } catch is ScanEnd {
            return
        }
    }

    /// All rows, each mapped.
    package func rows<Result>(
        _ sql: String,
        _ arguments: [SQLValue] = [],
        _ map: (any SQLRow) throws -> Result
    ) throws -> [Result] {
        var results: [Result] = []
        try query(sql, arguments) { results.append(try map($0)) }
        return results
    }

    /// The first row, mapped; `nil` when there is none.
    package func first<Result>(
        _ sql: String,
        _ arguments: [SQLValue] = [],
        _ map: (any SQLRow) throws -> Result
    ) throws -> Result? {
        var result: Result?
        try query(sql, arguments) { row in
            if result == nil { result = try map(row) }
        }
        return result
    }
}

/// How a scan leaves a query early. Never seen outside.
private struct ScanEnd: Error {}

/// The few things that the engines spell differently. Everything else is one text for both.
package enum SQLDialect: Sendable {
    case sqlite
    case postgres

    /// Column type of a primary key that numbers itself.
    package var autoNumber: String {
        switch self {
        case .sqlite: "INTEGER PRIMARY KEY AUTOINCREMENT"
        case .postgres: "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
        }
    }

    /// Makes a column of `autoNumber` go on behind the greatest number, after one was chosen; `nil` where it does.
    package func countOn(_ table: String, _ column: String) -> String? {
        switch self {
        case .sqlite: nil
        case .postgres:
            "SELECT setval(pg_get_serial_sequence('\(table)', '\(column)'), greatest(max(\(column)), 1)) FROM \(table)"
        }
    }

    /// Column type of bytes.
    package var bytes: String { self == .sqlite ? "BLOB" : "BYTEA" }

    /// Column type of text that sorts by its UTF-8 bytes.
    package var text: String { self == .sqlite ? "TEXT" : "TEXT COLLATE \"C\"" }

    /// Column type of a 64-bit floating point number.
    package var real: String { self == .sqlite ? "REAL" : "DOUBLE PRECISION" }

    /// A join whose left side is walked first. PostgreSQL chooses by its statistics; SQLite does as it is told.
    package var orderedJoin: String { self == .sqlite ? "CROSS JOIN" : "JOIN" }

    /// What makes a `SELECT` hold its row until the end of the transaction, where there are several writers.
    package var holdingRow: String { self == .sqlite ? "" : "FOR UPDATE" }

    /// A condition that ignores case; `%` and `_` are wildcards and nothing escapes them.
    package func ilike(_ expression: String, _ placeholder: String) -> String {
        switch self {
        case .sqlite: "martlet_like(\(expression), \(placeholder), 1)"
        case .postgres: "\(expression) ILIKE \(placeholder) ESCAPE ''"
        }
    }

    /// A condition that a `TextPattern` is found: as it is written in SQLite, in its POSIX form in PostgreSQL.
    package func matching(_ expression: String, _ placeholder: String) -> String {
        switch self {
        case .sqlite: "martlet_matches(\(expression), \(placeholder))"
        case .postgres: "\(expression) ~ \(placeholder)"
        }
    }

    /// The number that a text is, as 64-bit floating point; NULL for one that is no finite decimal number.
    package func number(_ expression: String) -> String {
        switch self {
        case .sqlite: "martlet_number(\(expression))"
        case .postgres:
            // Without question marks, which are the places of values.
            """
            CASE WHEN \(expression) ~ '^[-+]{0,1}([0-9]+[.]{0,1}[0-9]*|[.][0-9]+)([eE][-+]{0,1}[0-9]{1,2}){0,1}$' \
            AND length(\(expression)) <= 100 THEN (\(expression))::float8 END
            """
        }
    }

    /// A condition that heeds case; `%` and `_` are wildcards and nothing escapes them.
    package func like(_ expression: String, _ placeholder: String) -> String {
        switch self {
        case .sqlite: "martlet_like(\(expression), \(placeholder), 0)"
        case .postgres: "\(expression) LIKE \(placeholder) ESCAPE ''"
        }
    }
}

/// A database of either engine. Reads see one snapshot; writes are serialised and durable once they return.
package protocol SQLDatabase: Sendable {
    /// That of its connections.
    var dialect: SQLDialect { get }

    /// Runs `body` on one snapshot, beside writes.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result

    /// Runs `body` in a transaction that it may share with others that wait at the same time.
    ///
    /// When `body` throws before its first statement that writes, only its own caller gets the error. When it
    /// throws later, the shared transaction is rolled back and each `body` of it runs again, alone: so `body`
    /// must have no effect but on the connection. Durable (`synchronous = FULL`) once it returns.
    /// - Parameter questions: what `body` needs to know first, asked before each run of it; an engine behind a network
    ///   may ask it together with the end of the transaction before. Called where `body` is.
    func write<Result: Sendable>(
        asking questions: @escaping @Sendable () -> [SQLQuestion],
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result
}

extension SQLDatabase {
    package func write<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result {
        try await write(asking: { [] }, body)
    }
}
