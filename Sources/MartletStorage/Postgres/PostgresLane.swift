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
