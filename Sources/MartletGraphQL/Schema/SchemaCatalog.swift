/// All types by name, without the Swift type of the context.
final class SchemaCatalog: Sendable {
    let types: [String: TypeDefinition]
    /// Names in the order of declaration.
    let order: [String]

    init(types: [String: TypeDefinition], order: [String]) {
        self.types = types
        self.order = order
    }

    /// The type whose fields an operation's first level is.
    func root(of kind: OperationNode.Kind) -> TypeDefinition? {
        switch kind {
        case .query: types["Query"]
        case .mutation: types["Mutation"]
        case .subscription: nil
        }
    }

    /// The object types that may stand where a type is declared; empty for leaves and for what is unknown.
    func objects(of name: String) -> [TypeDefinition] { types[name]?.possibleTypes.compactMap { types[$0] } ?? [] }

    /// Whether a fragment for a type takes objects of another. A type that is unknown takes none.
    func condition(_ name: String, takes object: TypeDefinition) -> Bool {
        name == object.name || types[name]?.possibleTypes.contains(object.name) ?? false
    }
}
