import CLibPQ
import Foundation
import MartletCore

/// One connection to PostgreSQL in pipeline mode: what is sent is answered in order, and only who needs an answer
/// waits for it.
///
/// Used by one thread at a time. A class, because it owns a C handle.
final class PostgresConnection: SQLConnection {
    private let handle: OpaquePointer
    /// What was sent and is not answered, in order.
    private var unanswered: [Sent] = []
    /// By text; several where NULL arguments left types open.
    private var statements: [String: [Statement]] = [:]
    private var lastName = 0
    private(set) var hasWritten = false
    private(set) var isLost = false
    /// Milliseconds that an answer may take; -1 for as long as it takes.
    var patience = PostgresConnection.usualPatience
    static let usualPatience: Int32 = 60_000

    /// Synchronise after so many statements, so that answers nobody waits for cannot fill the network.
    private static let mostUnanswered = 256

    /// Questions that are on their way together: their rows are in memory at the same time.
    private static let questionsAtOnce = 4

    /// A prepared statement.
    private struct Statement {
        var name: String
        var types: [Oid]
    }

    private enum Sent {
        case command(sql: String, reply: Reply?)
        /// Of a statement, which the server does not know when something before it failed.
        case preparation(sql: String)
        case synchronisation

        var isSynchronisation: Bool {
            if case .synchronisation = self { return true }
            return false
        }
    }

    /// The answer to a command that somebody looks at.
    final class Reply {
        fileprivate(set) var result: OpaquePointer?

        deinit { PQclear(result) }

        var rowCount: Int32 { PQntuples(result) }

        /// What was done, e.g. `COMMIT`.
        var tag: String { PQcmdStatus(result).map { String(cString: $0) } ?? "" }

        /// The first column of the first row, once the reply is there.
        var text: String? {
            guard let result, rowCount > 0 else { return nil }
            return PostgresRow(result: result, row: 0).text(0)
        }

        func forEachRow(_ body: (any SQLRow) throws -> Void) rethrows {
            guard let result else { return }
            for row in 0..<rowCount { try body(PostgresRow(result: result, row: row)) }
        }

        /// Rows that a command changed.
        var changes: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }
    }

    /// Connects, in at most `connect_timeout` seconds of the address.
    /// - Throws: `PostgresError`.
    init(_ address: String, settings: [String]) throws {
        let defaults = [
            ("connect_timeout", "5"), ("keepalives_idle", "10"), ("keepalives_interval", "3"),
            ("keepalives_count", "3"), ("tcp_user_timeout", "20000"), ("fallback_application_name", "martlet"),
            ("dbname", address), ("client_encoding", "UTF8"),
        ]
        var names = defaults.map { strdup($0.0).map { UnsafePointer<CChar>($0) } } + [nil]
        var values = defaults.map { strdup($0.1).map { UnsafePointer<CChar>($0) } } + [nil]
        defer { for pointer in names + values { free(UnsafeMutableRawPointer(mutating: pointer)) } }
        guard let handle = PQconnectdbParams(&names, &values, 1) else {
            throw PostgresError(state: "53200", message: "no memory for a connection", sql: "connect")
        }
        self.handle = handle
        // Notices, such as that of a table that is there already, are for nobody.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        guard PQstatus(handle) == CONNECTION_OK else { throw PostgresError(lost: handle, sql: "connect") }
        guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
            throw PostgresError(lost: handle, sql: "pipeline")
        }
        for setting in settings { try send(setting, []) }
        try synchronise()
    }

    deinit { PQfinish(handle) }

    var dialect: SQLDialect { .postgres }

    func forgetWrites() { hasWritten = false }
    var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE || !unanswered.isEmpty }
    var hasFailed: Bool { isLost || PQtransactionStatus(handle) == PQTRANS_INERROR }

    // MARK: Statements

    @discardableResult
    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        let reply = Reply()
        try post(sql, arguments, reply)
        try synchronise()
        return reply.changes
    }

    func send(_ sql: String, _ arguments: [SQLValue]) throws {
        try post(sql, arguments, nil)
        if unanswered.count >= Self.mostUnanswered { try synchronise() }
    }

    func query(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Void) throws {
        let reply = Reply()
        try post(sql, arguments, reply)
        try synchronise()
        try reply.forEachRow(body)
    }

    func ask(_ questions: [SQLQuestion]) throws {
        for start in stride(from: 0, to: questions.count, by: Self.questionsAtOnce) {
            let batch = questions[start..<min(start + Self.questionsAtOnce, questions.count)]
            let replies = try batch.map(post)
            try synchronise()
            for (question, reply) in zip(batch, replies) { try reply.forEachRow(question.hear) }
        }
    }

    /// Puts a question on its way.
    func post(_ question: SQLQuestion) throws -> Reply {
        let reply = Reply()
        try post(question.sql, question.arguments, reply)
        return reply
    }

    /// Through a cursor: the server makes no more rows than are asked for, and plans for the first ones.
    func scan(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Bool) throws {
        try send("DECLARE walk NO SCROLL CURSOR FOR " + sql, arguments)
        // Most often a page of 100 is enough.
        var (isWanted, size) = (true, 128)
        while isWanted {
            var count = 0
            try query("FETCH \(size) FROM walk", []) { row in
                count += 1
                if isWanted { isWanted = try body(row) }
            }
            if count < size { isWanted = false }
            size = 512
        }
        try send("CLOSE walk", [])
    }

    /// Puts a statement on its way and prepares it before where that was not done.
    func post(_ sql: String, _ arguments: [SQLValue], _ reply: Reply?) throws {
        guard !isLost else { throw PostgresError(state: nil, message: "the connection was lost before", sql: sql) }
        // Refused arguments reach nobody: they leave the others of the transaction alone.
        let arguments = try PostgresArguments(arguments)
        if !Self.isQuery(sql) { hasWritten = true }
        let name = try statement(sql, arguments.types)
        let sent = arguments.withPointers { values, lengths, formats in
            PQsendQueryPrepared(handle, name, Int32(values.count), values, lengths, formats, 1)
        }
        guard sent == 1 else { throw lost(sql) }
        unanswered.append(.command(sql: sql, reply: reply))
    }

    private static func isQuery(_ sql: String) -> Bool {
        let head = sql.utf8.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") }
        return head == UInt8(ascii: "S") || head == UInt8(ascii: "W") || sql.hasPrefix("BEGIN")
    }

    private func statement(_ sql: String, _ types: [Oid]) throws -> String {
        let known = statements[sql]?.first { statement in
            zip(statement.types, types).allSatisfy { $1 == 0 || $0 == $1 }
        }
        if let known { return known.name }
        if statements.count >= 500, unanswered.isEmpty { try forgetStatements() }
        // What another has learnt, so that there are few: NULLs may stand anywhere among the rows of one statement.
        let types = zip(types, statements[sql]?.last?.types ?? types).map { $0 == 0 ? $1 : $0 }
        lastName += 1
        let name = "s\(lastName)"
        guard PQsendPrepare(handle, name, sql, Int32(types.count), types) == 1 else { throw lost(sql) }
        unanswered.append(.preparation(sql: sql))
        statements[sql, default: []].append(Statement(name: name, types: types))
        return name
    }

    /// The server keeps a statement until it is told not to.
    private func forgetStatements() throws {
        statements = [:]
        guard PQsendQueryParams(handle, "DEALLOCATE ALL", 0, nil, nil, nil, nil, 0) == 1 else {
            throw lost("DEALLOCATE ALL")
        }
        unanswered.append(.command(sql: "DEALLOCATE ALL", reply: nil))
    }

    // MARK: Notifications

    /// Waits until the server has something to say, another descriptor can be read, or the time is up.
    /// - Returns: what was notified meanwhile.
    func notifications(or other: Int32, within milliseconds: Int32) throws -> [String] {
        var descriptors = [
            pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        if poll(&descriptors, 2, milliseconds) < 0, errno != EINTR { throw lost("notifications") }
        guard PQconsumeInput(handle) == 1 else { throw lost("notifications") }
        var payloads: [String] = []
        while let notification = PQnotifies(handle) {
            payloads.append(String(cString: notification.pointee.extra))
            PQfreemem(notification)
        }
        return payloads
    }

    // MARK: Answers

    /// Puts the end of a pipeline on its way: what is sent later runs even when something before it failed.
    func postSynchronisation() throws {
        guard PQpipelineSync(handle) == 1 else { throw lost("sync") }
        unanswered.append(.synchronisation)
        guard PQflush(handle) >= 0 else { throw lost("flush") }
    }

    /// Waits for all answers.
    /// - Throws: the first failure among them.
    func synchronise() throws {
        try postSynchronisation()
        var failure: (any Error)?
        while !unanswered.isEmpty {
            do {
                try readAnswers()
            } catch {
                failure = failure ?? error
                if isLost { break }
            }
        }
        if let failure { throw failure }
    }

    /// Waits for the answers up to the next synchronisation that is on its way.
    /// - Throws: the first failure among them.
    func readAnswers() throws {
        let end = unanswered.firstIndex { $0.isSynchronisation }.map { $0 + 1 } ?? unanswered.count
        let sent = unanswered[..<end]
        unanswered.removeFirst(end)
        var failure: PostgresError?
        for item in sent {
            switch item {
            case .synchronisation:
                guard let result = try nextResult("sync") else { throw lost("sync") }
                PQclear(result)
            case .command(let sql, let reply):
                let error = try readAnswer(sql, reply)
                failure = failure ?? error
            case .preparation(let sql):
                let error = try readAnswer(sql, nil)
                if error != nil || failure != nil { statements[sql] = nil }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    /// Reads the answer to one command. Commands after one that failed are not run; that is no failure of theirs.
    private func readAnswer(_ sql: String, _ reply: Reply?) throws -> PostgresError? {
        var failure: PostgresError?
        while let result = try nextResult(sql) {
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
                if let reply, reply.result == nil {
                    reply.result = result
                    continue
                }
            case PGRES_PIPELINE_ABORTED: break
            default: failure = failure ?? PostgresError(of: result, sql: sql)
            }
            PQclear(result)
        }
        if let failure, failure.isLost { isLost = true }
        return failure
    }

    private func nextResult(_ sql: String) throws -> OpaquePointer? {
        while PQisBusy(handle) == 1 { try waitForInput(sql) }
        let result = PQgetResult(handle)
        if PQstatus(handle) == CONNECTION_BAD {
            let failure = PQresultErrorField(result, Int32(UInt8(ascii: "C"))) == nil
            if failure {
                PQclear(result)
                throw lost(sql)
            }
        }
        return result
    }

    private func waitForInput(_ sql: String) throws {
        let unsent = PQflush(handle)
        guard unsent >= 0 else { throw lost(sql) }
        let events = unsent == 1 ? POLLIN | POLLOUT : POLLIN
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
        let ready = poll(&descriptor, 1, patience)
        if ready < 0, errno == EINTR { return }
        guard ready > 0 else {
            isLost = true
            throw PostgresError(state: nil, message: "no answer in \(patience) ms", sql: sql)
        }
        if descriptor.revents & Int16(POLLIN | POLLERR | POLLHUP) != 0, PQconsumeInput(handle) == 0 {
            throw lost(sql)
        }
    }

    private func lost(_ sql: String) -> PostgresError {
        isLost = true
        return PostgresError(lost: handle, sql: sql)
    }
}
