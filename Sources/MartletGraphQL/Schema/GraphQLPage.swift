/// Which page of a list is wanted.
package struct GraphQLPage: Sendable, Equatable {
    /// How many at most; never negative.
    package var size: Int
    /// Whether the page is counted from the end of the list: `last` was given and `first` was not.
    package var isFromEnd: Bool
    /// The cursor after which it begins; `nil` for the start. Clients send an empty one for none.
    package var after: String?
    /// The cursor before which it ends; `nil` for the end.
    package var before: String?

    static let arguments = ["first: Int", "after: String", "last: Int", "before: String"]

    /// Positions in a list of which all is at hand, where a cursor is the number of elements up to its own.
    /// - Throws: `execution` with status 400 for a cursor that is none.
    package func range(of count: Int) throws(GraphQLError) -> Range<Int> {
        let start = min(try position(after) ?? 0, count)
        let end = max(start, min((try position(before)).map { $0 - 1 } ?? count, count))
        return isFromEnd ? max(start, end - size)..<end : start..<min(start + size, end)
    }

    private func position(_ cursor: String?) throws(GraphQLError) -> Int? {
        guard let cursor else { return nil }
        guard let position = Int(cursor), position >= 0 else {
            throw GraphQLError("The cursor \"\(cursor.prefix(100))\" is none of this list.", status: 400)
        }
        return position
    }
}

extension GraphQLArguments {
    /// The arguments `first`, `after`, `last` and `before`.
    /// - Throws: `execution` with status 400 for a negative size and for values of other kinds.
    package func page(defaultSize: Int, mostSize: Int) throws(GraphQLError) -> GraphQLPage {
        let first = try int("first")
        let last = try int("last")
        let size = first ?? last ?? defaultSize
        guard size >= 0 else { throw GraphQLError("A page cannot have \(size) elements.", status: 400) }
        let after = try string("after")
        let before = try string("before")
        return GraphQLPage(
            size: min(size, mostSize),
            isFromEnd: first == nil && last != nil,
            after: after?.isEmpty ?? true ? nil : after,
            before: before?.isEmpty ?? true ? nil : before
        )
    }
}
