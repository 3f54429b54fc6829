import CLibPQ
import Foundation
import MartletCore

/// What PostgreSQL said, or that it says nothing any more. The SQL is for the log, never for a client.
struct PostgresError: Error, CustomStringConvertible {
    /// Five characters (PostgreSQL 15, appendix A); `nil` when the connection is gone.
    let state: String?
    let message: String
    let sql: String

    /// The connection broke or could not be made: nothing can be said of what was under way.
    var isLost: Bool {
        guard let state else { return true }
        // Connection exceptions, a server that shuts down or starts, one that became a standby.
        return state.hasPrefix("08") || ["57P01", "57P02", "57P03", "57P05", "25006"].contains(state)
    }

    /// The same transaction may well succeed when it is run again.
    var isTransient: Bool {
        isLost || state == "40001" || state == "40P01" || state == "55P03"
    }

    var description: String {
        "PostgreSQL \(state ?? "connection"): \(message) in \(sql.prefix(300))"
    }

    /// What the operator is told who starts a server on a database that cannot be reached, or refuses it. libpq names
    /// hosts, ports, users and files there, and no password.
    var refusalAtStart: MartletError {
        let cause = message.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        return MartletError(.unavailable, "the database cannot be used: \(cause.joined(separator: "; "))")
    }

    /// What a client may know of it.
    var refusal: MartletError {
        switch state {
        case "53100":
            MartletError(
                .storageFull,
                "the database's disk is full: nothing of this request was stored; free space and send it again"
            )
        case "57014":
            MartletError(.unavailable, "the database took too long; try again, or ask for less")
        case let state? where state.hasPrefix("53"):
            MartletError(.unavailable, "the database has no resources left; try again")
        case _ where isTransient:
            MartletError(.unavailable, "the database cannot be reached or is busy; try again")
        default:
            MartletError(.internal, "the database failed; the server's log has the cause")
        }
    }
}

extension PostgresError {
    init(of result: OpaquePointer?, sql: String) {
        state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) } ?? "XX000"
        message = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) } ?? "no message"
        self.sql = sql
    }

    init(lost connection: OpaquePointer?, sql: String) {
        state = nil
        message = PQerrorMessage(connection).map { String(cString: $0) } ?? "no connection"
        self.sql = sql
    }
}
