import GRDB
import GRDBSQLite
import MartletCore

/// SQL functions that SQLite lacks and PostgreSQL has operators for.
enum SQLiteFunctions {
    private static let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC

    static func register(on database: Database) throws {
        try check(registerLike(database), "martlet_like", database)
        try check(registerMatches(database), "martlet_matches", database)
        try check(registerNumber(database), "martlet_number", database)
    }

    private static func check(_ code: Int32, _ name: String, _ database: Database) throws {
        guard code == SQLITE_OK else {
            throw SQLiteError(code: code, connection: database.sqliteConnection, sql: name)
        }
    }

    /// `martlet_like(text, pattern, ignores case)`: NULL for a NULL text.
    private static func registerLike(_ database: Database) -> Int32 {
        sqlite3_create_function_v2(
            database.sqliteConnection,
            "martlet_like",
            3,
            flags,
            nil,
            { context, _, arguments in
                guard let arguments, let text = sqlite3_value_text(arguments[0]),
                    let pattern = sqlite3_value_text(arguments[1])
                else {
                    sqlite3_result_null(context)
                    return
                }
                let matches = LikePattern.matches(
                    UnsafeBufferPointer(start: text, count: Int(sqlite3_value_bytes(arguments[0]))),
                    pattern: UnsafeBufferPointer(start: pattern, count: Int(sqlite3_value_bytes(arguments[1]))),
                    ignoresCase: sqlite3_value_int(arguments[2]) != 0
                )
                sqlite3_result_int(context, matches ? 1 : 0)
            },
            nil,
            nil,
            nil
        )
    }

    /// `martlet_number(text)`: NULL for a text that is no finite decimal number.
    private static func registerNumber(_ database: Database) -> Int32 {
        sqlite3_create_function_v2(
            database.sqliteConnection,
            "martlet_number",
            1,
            flags,
            nil,
            { context, _, arguments in
                guard let arguments, let bytes = sqlite3_value_text(arguments[0]), bytes[0] &- 43 <= 14,
                    let number = Double(String(cString: bytes)), number.isFinite
                else {
                    sqlite3_result_null(context)
                    return
                }
                sqlite3_result_double(context, number)
            },
            nil,
            nil,
            nil
        )
    }

    /// `martlet_matches(text, pattern)` for a `TextPattern`: NULL for a NULL text.
    private static func registerMatches(_ database: Database) -> Int32 {
        sqlite3_create_function_v2(
            database.sqliteConnection,
            "martlet_matches",
            2,
            flags,
            nil,
            { context, _, arguments in
                guard let arguments, let text = sqlite3_value_text(arguments[0]),
                    let kept = KeptPattern.of(arguments[1], context)
                else {
                    sqlite3_result_null(context)
                    return
                }
                let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_value_bytes(arguments[0])))
                let isFound = kept.search.isFound(in: String(decoding: bytes, as: UTF8.self))
                sqlite3_result_int(context, isFound ? 1 : 0)
            },
            nil,
            nil,
            nil
        )
    }
}

/// A pattern that SQLite keeps for the rows of one statement. A class, because SQLite holds a reference to it.
private final class KeptPattern {
    var search: PatternSearch

    private init(_ pattern: TextPattern) { search = PatternSearch(pattern) }

    /// `nil` for what is no pattern.
    static func of(_ argument: OpaquePointer?, _ context: OpaquePointer?) -> KeptPattern? {
        if let kept = sqlite3_get_auxdata(context, 1) {
            return Unmanaged<KeptPattern>.fromOpaque(kept).takeUnretainedValue()
        }
        guard let text = sqlite3_value_text(argument), let pattern = try? TextPattern(String(cString: text)) else {
            return nil
        }
        let fresh = KeptPattern(pattern)
        sqlite3_set_auxdata(context, 1, Unmanaged.passRetained(fresh).toOpaque()) { kept in
            if let kept { Unmanaged<KeptPattern>.fromOpaque(kept).release() }
        }
        return fresh
    }
}
