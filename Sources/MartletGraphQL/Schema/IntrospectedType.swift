/// A type as introspection shows it (specification, section 4): a named one, or a list or an exclamation mark around
/// another.
struct IntrospectedType: Sendable {
    var reference: TypeReference

    func definition(_ catalog: SchemaCatalog) -> TypeDefinition? {
        guard case .named(let name) = reference else { return nil }
        return catalog.types[name]
    }

    /// A name that arguments mention and nobody declared counts as a scalar.
    func kind(_ catalog: SchemaCatalog) -> String {
        switch reference {
        case .list: "LIST"
        case .required: "NON_NULL"
        case .named: definition(catalog)?.kind.rawValue ?? TypeDefinition.Kind.scalar.rawValue
        }
    }

    var name: String? {
        if case .named(let name) = reference { return name }
        return nil
    }

    var inner: IntrospectedType? {
        switch reference {
        case .list(let type), .required(let type): IntrospectedType(reference: type)
        case .named: nil
        }
    }
}

/// The two directives, which are the same for every schema.
struct IntrospectedDirective: Sendable {
    var name: String
}
