/// An argument of a field, or a member of an input object. Types are told to those who ask, not checked.
struct ArgumentDefinition: Sendable {
    var name: String
    var type: TypeReference
    /// Stands in where the argument is absent; `nil` without one.
    var defaultValue: GraphQLValue?

    init(name: String, type: TypeReference) {
        self.name = name
        self.type = type
    }

    /// - Parameter text: `first: Int = 50`; the type (else `String`) and the default may be left out.
    init(_ text: String) throws(GraphQLError) {
        var parser = try Parser(text, limits: GraphQLLimits())
        name = try parser.name()
        type = try parser.skip(.colon) ? try parser.typeReference() : .named("String")
        defaultValue = try parser.skip(.equals) ? try parser.constant() : nil
        guard parser.token.kind == .end else { throw parser.unexpected() }
    }
}
