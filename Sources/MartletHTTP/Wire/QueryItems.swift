package import Hummingbird
package import MartletCore

/// The items of a query in their order, keys and values decoded once (`%XX`, and `+` as a space).
package struct QueryItems: Sendable {
    package struct Item: Sendable, Equatable {
        package var key: String
        /// Empty for an item without `=`.
        package var value: String
    }

    package let items: [Item]

    /// - Parameter rawQuery: what follows the `?`, still encoded; `nil` without one.
    /// - Throws: `invalidArgument` when an item is not UTF-8 or holds U+0000.
    package init(_ rawQuery: String?) throws(MartletError) {
        guard let rawQuery, !rawQuery.isEmpty else {
            items = []
            return
        }
        var items: [Item] = []
        for piece in rawQuery.split(separator: "&") {
            let mark = piece.firstIndex(of: "=") ?? piece.endIndex
            let rawValue = mark == piece.endIndex ? "" : piece[piece.index(after: mark)...]
            items.append(
                Item(
                    key: try PercentDecoding.decode(piece[..<mark], plusIsSpace: true, what: "query"),
                    value: try PercentDecoding.decode(rawValue, plusIsSpace: true, what: "query")
                )
            )
        }
        self.items = items
    }

    /// The value of the first item of that key; `nil` without one.
    package func first(_ key: String) -> String? {
        items.first { $0.key == key }?.value
    }

    /// The values of all items of that key, in order.
    package func all(_ key: String) -> [String] {
        items.compactMap { $0.key == key ? $0.value : nil }
    }

    package var isEmpty: Bool { items.isEmpty }
}

extension Request {
    /// The decoded query. Parsed at each call: read it once.
    package var queryItems: QueryItems {
        get throws(MartletError) { try QueryItems(uri.query) }
    }
}
