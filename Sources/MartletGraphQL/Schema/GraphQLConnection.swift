/// One element of a page.
package struct GraphQLEdge: Sendable {
    package var node: GraphQLOutput
    /// Where the page after this element begins. Clients give it back and do not look into it.
    package var cursor: String
    /// Fields that the edges of this connection have beside.
    package var members: [GraphQLOutput.Member]

    package init(node: GraphQLOutput, cursor: String, members: KeyValuePairs<String, GraphQLOutput> = [:]) {
        self.node = node
        self.cursor = cursor
        self.members = members.map { GraphQLOutput.Member(key: $0.key, value: $0.value) }
    }
}

/// One page of a list.
package struct GraphQLConnection: Sendable {
    package var edges: [GraphQLEdge]
    package var hasNextPage: Bool
    package var hasPreviousPage: Bool
    /// Elements of all pages; `nil` where nobody counted, because nobody asked (`call.selection.contains("totalCount")`).
    package var totalCount: Int?
    /// Fields that this connection has beside.
    package var members: [GraphQLOutput.Member]

    package init(
        edges: [GraphQLEdge],
        hasNextPage: Bool,
        hasPreviousPage: Bool = false,
        totalCount: Int? = nil,
        members: KeyValuePairs<String, GraphQLOutput> = [:]
    ) {
        self.edges = edges
        self.hasNextPage = hasNextPage
        self.hasPreviousPage = hasPreviousPage
        self.totalCount = totalCount
        self.members = members.map { GraphQLOutput.Member(key: $0.key, value: $0.value) }
    }

    /// A page of a list that is all at hand; cursors are positions in it.
    /// - Throws: `execution` with status 400 for a cursor that is none.
    package init<Element>(
        _ page: GraphQLPage,
        of elements: some RandomAccessCollection<Element>,
        node: (Element) throws -> GraphQLOutput
    ) throws {
        let range = try page.range(of: elements.count)
        let slice = elements.dropFirst(range.lowerBound).prefix(range.count)
        self.init(
            edges: try zip(slice, range).map { element, index in
                GraphQLEdge(node: try node(element), cursor: String(index + 1))
            },
            hasNextPage: range.upperBound < elements.count,
            hasPreviousPage: range.lowerBound > 0,
            totalCount: elements.count
        )
    }

    var pageInfo: GraphQLOutput {
        .record([
            "hasNextPage": .bool(hasNextPage),
            "endCursor": .value(edges.last?.cursor),
            "hasPreviousPage": .bool(hasPreviousPage),
            "startCursor": .value(edges.first?.cursor),
        ])
    }

    static func member(_ name: String, of members: [GraphQLOutput.Member]) -> GraphQLOutput {
        members.last { $0.key == name }?.value ?? .null
    }
}
