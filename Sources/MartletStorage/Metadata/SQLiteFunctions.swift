import GRDB
import GRDBSQLite
import MartletCore

/// SQL functions that SQLite lacks and PostgreSQL has operators for.
enum SQLiteFunctions {
    /// `martlet_like(text, pattern, ignores case)`: NULL for a NULL text.
    static func register(on database: Database) throws {
        let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC
        let code = sqlite3_create_function_v2(
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
        guard code == SQLITE_OK else {
            throw SQLiteError(code: code, connection: database.sqliteConnection, sql: "martlet_like")
        }
    }
}
