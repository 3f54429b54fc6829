import Foundation
import MartletCore

/// The lane of the one who writes: it knows what became of a transaction whose end was not heard.
///
/// Each transaction stores a mark of its own. When its end is not heard, the same mark is stored in its place: where
/// that succeeds, the transaction is not committed and cannot be any more, also when its last words are still on
/// their way. PostgreSQL's own numbers of transactions do not tell: those that a crash undid are given out again.
final class PostgresWriter: WriteConnection {
    private let lane: PostgresLane
    /// The name of this writer among those of the database, never used before.
    private let name = UUID().uuidString.lowercased()
    /// Of the transaction that is open or was the last.
    private var number: Int64 = 0
    /// What was asked at the end of the last transaction for the one after it, or why it could not be.
    private var asked: Result<[(question: SQLQuestion, reply: PostgresConnection.Reply)], any Error> = .success([])
    /// Marks below are removed.
    private var firstMark: Int64 = 1
    /// Seconds that the fate of a transaction is sought.
    private static let patience = 10.0
    /// Marks that are kept, and then removed at once.
    private static let mostMarks: Int64 = 1_000

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
        try lane.connected().send("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", [])
        number += 1
    }

    func commit() throws { _ = try commit(thenAsking: { [] }) }

    func commit(thenAsking questions: () -> [SQLQuestion]) throws -> Bool {
        let connection = try open()
        let (reply, ended) = (PostgresConnection.Reply(), number)
        var isBegun = false
        do {
            try postMark(connection)
            try connection.post("COMMIT", [], reply)
            try connection.postSynchronisation()
            // The server is at work already: what gathers meanwhile costs it no time.
            let questions = questions()
            isBegun = !questions.isEmpty
            if isBegun { try begin(asking: questions, on: connection) }
            try connection.readAnswers()
        } catch let error as PostgresError where error.isLost {
            guard try wasCommitted(ended) else { throw error }
            return false
        } catch {
            // What failed is said already.
            try? connection.synchronise()
            throw error
        }
        guard reply.tag == "COMMIT" else {
            try? connection.synchronise()
            throw PostgresError(state: "25P02", message: "the transaction had failed before", sql: "COMMIT")
        }
        return isBegun
    }

    /// Puts the beginning of a transaction on its way together with its first questions.
    private func begin(asking questions: [SQLQuestion], on connection: PostgresConnection) throws {
        try begin()
        asked = Result { try questions.map { ($0, try connection.post($0)) } }
        try connection.postSynchronisation()
    }

    func hearAnswers() throws {
        defer { asked = .success([]) }
        try open().readAnswers()
        for (question, reply) in try asked.get() { try reply.forEachRow(question.hear) }
    }

    private func postMark(_ connection: PostgresConnection) throws {
        try connection.post(
            "INSERT INTO write_mark (writer, number, is_stored) VALUES ($1, $2, true)",
            [.text(name), .integer(number)],
            nil
        )
        guard number - firstMark >= Self.mostMarks else { return }
        try connection.post(
            "DELETE FROM write_mark WHERE writer = $1 AND number >= $2 AND number < $3",
            [.text(name), .integer(firstMark), .integer(number)],
            nil
        )
        firstMark = number
    }

    /// What became of a transaction during whose commit the connection broke.
    /// - Throws: `unavailable` when nobody can say.
    private func wasCommitted(_ number: Int64) throws -> Bool {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while Date() < end {
            lane.disconnect()
            // A server that is not back yet is asked again until the time is up.
            if let isStored = try? mark(number) { return isStored }
            Thread.sleep(forTimeInterval: 0.1)
        }
        throw MartletError(
            .unavailable,
            "the database was lost while it stored this: it may be stored or not; look, or send it again"
        )
    }

    /// Stores the mark of a transaction in its place, unless that did: waits for one that is about to.
    private func mark(_ number: Int64) throws -> Bool? {
        let connection = try lane.connected()
        let arguments: [SQLValue] = [.text(name), .integer(number)]
        try connection.execute(
            """
            INSERT INTO write_mark (writer, number, is_stored) VALUES ($1, $2, false)
            ON CONFLICT (writer, number) DO NOTHING
            """,
            arguments
        )
        return try connection.first(
            "SELECT is_stored FROM write_mark WHERE writer = $1 AND number = $2",
            arguments
        ) { $0.flag(0) }
    }

    /// Removes the marks of writers that ended long ago. In a transaction.
    func removeOldMarks() throws {
        try send("DELETE FROM write_mark WHERE made_at < now() - INTERVAL '1 day'", [])
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
    func ask(_ questions: [SQLQuestion]) throws { try open().ask(questions) }
}
