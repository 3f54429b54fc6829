/// What a client asks for.
package struct GraphQLRequest: Sendable {
    package var query: String
    /// `nil` and empty mean the only operation of the document.
    package var operationName: String?
    /// An object, or null for none.
    package var variables: GraphQLValue

    package init(query: String, operationName: String? = nil, variables: GraphQLValue = .null) {
        self.query = query
        self.operationName = operationName
        self.variables = variables
    }
}
