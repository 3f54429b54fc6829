import Foundation
import MartletCore

/// A connection that is made when it is needed, and anew when it broke. Used by one thread at a time.
///
/// A class, because it owns the connection.
final class PostgresLane {
    private let address: String
    private let settings: [String]
    private var connection: PostgresConnection?
    /// Whether the database was sought in vain: the next who asks does not wait for it again.
    private var isAway = false
    /// Seconds during which a lost database is sought again.
    private static let patience = 5.0

    init(address: String, settings: [String]) {
        self.address = address
        self.settings = settings
    }

    /// The connection, if there is one that works.
    var current: PostgresConnection? { connection.flatMap { $0.isLost ? nil : $0 } }

    func connected() throws -> PostgresConnection {
        if let current { return current }
        connection = nil
        let end = Date(timeIntervalSinceNow: Self.patience)
        while true {
            do {
                let fresh = try PostgresConnection(address, settings: settings)
                connection = fresh
                isAway = false
                return fresh
            } catch let error as PostgresError where error.isLost {
                isAway = isAway || Date() >= end
                if isAway { throw error }
                Thread.sleep(forTimeInterval: 0.1)
            }
        }
    }

    func disconnect() { connection = nil }

    /// Ends a transaction without keeping anything.
    func rollBack() {
        guard let current, current.isInTransaction else { return }
        do {
            try current.execute("ROLLBACK")
        } catch {
            disconnect()
        }
    }

    /// Runs `body` on one snapshot; once more when the connection turns out to be gone.
    func read<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result {
        do {
            return try snapshot(body)
        } catch let error as PostgresError where error.isLost {
            disconnect()
            return try snapshot(body)
        }
    }

    private func snapshot<Result>(_ body: (any SQLConnection) throws -> Result) throws -> Result {
        let connection = try connected()
        do {
            try connection.send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", [])
            let result = try body(connection)
            // Nobody waits for the answer: it is read before that of the next statement.
            try connection.post("COMMIT", [], nil)
            try connection.postSynchronisation()
            return result
        } catch {
            rollBack()
            throw error
        }
    }
}

/// The writer's lane: it knows what became of a transaction whose end was not heard.
final class PostgresWriter: WriteConnection {
    private let lane: PostgresLane
    /// The transaction's own number, which tells its fate later.
    private var number: PostgresConnection.Reply?
    /// Seconds that the fate of a transaction is sought.
    private static let patience = 10.0

    init(lane: PostgresLane) { self.lane = lane }

    var dialect: SQLDialect { .postgres }
    var hasWritten: Bool { lane.current?.hasWritten ?? true }
    var hasFailed: Bool { lane.current?.hasFailed ?? true }
    func forgetWrites() { lane.current?.forgetWrites() }
    func rollBack() { lane.rollBack() }
    func isTransient(_ error: any Error) -> Bool { (error as? PostgresError)?.isTransient ?? false }

    func disconnect() { lane.disconnect() }

    /// The connection itself, outside of a transaction.
    func connected() throws -> PostgresConnection { try lane.connected() }

    func begin() throws {
        let connection = try lane.connected()
        let reply = PostgresConnection.Reply()
        try connection.send("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", [])
        try connection.post("SELECT CAST(pg_current_xact_id() AS TEXT)", [], reply)
        number = reply
    }

    func commit() throws {
        let connection = try open()
        if number?.text == nil { try connection.synchronise() }
        let reply = PostgresConnection.Reply()
        do {
            try connection.post("COMMIT", [], reply)
            try connection.synchronise()
        } catch let error as PostgresError where error.isLost {
            guard try wasCommitted() else { throw error }
            return
        }
        guard reply.tag == "COMMIT" else {
            throw PostgresError(state: "25P02", message: "the transaction had failed before", sql: "COMMIT")
        }
    }

    /// What became of a transaction during whose commit the connection broke.
    /// - Throws: `unavailable` when nobody can say.
    private func wasCommitted() throws -> Bool {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while let number = number?.text, Date() < end {
            lane.disconnect()
            // A server that is not back yet is asked again until the time is up.
            let state = try? lane.connected().first(
                "SELECT pg_xact_status(CAST(CAST($1 AS TEXT) AS xid8))",
                [.text(number)]
            ) { $0.text(0) }
            switch state {
            case "committed": return true
            case "aborted": return false
            default: Thread.sleep(forTimeInterval: 0.1)
            }
        }
        throw MartletError(
            .unavailable,
            "the database was lost while it stored this: it may be stored or not; look, or send it again"
        )
    }

    private func open() throws -> PostgresConnection {
        guard let connection = lane.current else {
            throw PostgresError(state: nil, message: "the connection was lost", sql: "")
        }
        return connection
    }

    @discardableResult
    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int { try open().execute(sql, arguments) }
    func send(_ sql: String, _ arguments: [SQLValue]) throws { try open().send(sql, arguments) }
    func query(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Void) throws {
        try open().query(sql, arguments, body)
    }
}
