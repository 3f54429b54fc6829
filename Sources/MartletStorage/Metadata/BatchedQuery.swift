import MartletCore

/// A query for the rows of some members, as many as there are, in two constant texts: for one member, and for lists
/// of one length, which are filled up with their last member.
struct BatchedQuery: Sendable {
    private static let size = 64
    private let one: String
    private let many: String

    /// - Parameters:
    ///   - first: the number of the first placeholder of the members.
    ///   - sql: the text around the list, in parentheses, of the members' placeholders.
    init(from first: Int = 1, _ sql: (String) -> String) {
        one = sql("($\(first))")
        many = sql("(" + (first..<first + Self.size).map { "$\($0)" }.joined(separator: ", ") + ")")
    }

    /// - Parameter before: the arguments before the members.
    func forEachRow(
        of members: [SQLValue],
        after before: [SQLValue] = [],
        on connection: any SQLConnection,
        _ body: (any SQLRow) throws -> Void
    ) throws {
        if members.count == 1 { return try connection.query(one, before + members, body) }
        let batches = stride(from: 0, to: members.count, by: Self.size).map { start in
            let end = min(start + Self.size, members.count)
            let filling = Array(repeating: members[end - 1], count: Self.size - (end - start))
            return before + members[start..<end] + filling
        }
        try connection.query(many, each: batches, body)
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
