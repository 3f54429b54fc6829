import MartletCore

/// A query for the rows of some members, as many as there are, in a few constant texts: for one member, and for lists
/// of two lengths, which are filled up with their last member.
struct BatchedQuery: Sendable {
    private static let sizes = [1, 8, 64]
    /// By size.
    private let texts: [String]

    /// - Parameters:
    ///   - first: the number of the first placeholder of the members.
    ///   - sql: the text around the list, in parentheses, of the members' placeholders.
    init(from first: Int = 1, _ sql: (String) -> String) {
        texts = Self.sizes.map { size in
            sql("(" + (first..<first + size).map { "$\($0)" }.joined(separator: ", ") + ")")
        }
    }

    /// - Parameter before: the arguments before the members.
    func questions(
        of members: [SQLValue],
        after before: [SQLValue] = [],
        _ hear: @escaping (any SQLRow) throws -> Void
    ) -> [SQLQuestion] {
        let choice = Self.sizes.firstIndex { $0 >= members.count } ?? Self.sizes.count - 1
        let size = Self.sizes[choice]
        return stride(from: 0, to: members.count, by: size).map { start in
            let end = min(start + size, members.count)
            let filling = Array(repeating: members[end - 1], count: size - (end - start))
            return SQLQuestion(sql: texts[choice], arguments: before + members[start..<end] + filling, hear: hear)
        }
    }

    func forEachRow(
        of members: [SQLValue],
        after before: [SQLValue] = [],
        on connection: any SQLConnection,
        _ body: (any SQLRow) throws -> Void
    ) throws {
        try withoutActuallyEscaping(body) { body in
            try connection.ask(questions(of: members, after: before, body))
        }
    }

    func forEachRow(
        of members: [Int64],
        after before: [SQLValue] = [],
        on connection: any SQLConnection,
        _ body: (any SQLRow) throws -> Void
    ) throws {
        try forEachRow(of: members.map { .integer($0) }, after: before, on: connection, body)
    }
}
