/// One field of an object type or of an interface.
final class FieldDefinition: Sendable {
    let name: String
    /// The type that has the field.
    let owner: String
    let type: TypeReference
    let arguments: [ArgumentDefinition]
    let resolver: FieldResolver

    init(
        name: String,
        owner: String,
        type: TypeReference,
        arguments: [ArgumentDefinition] = [],
        resolver: FieldResolver
    ) {
        self.name = name
        self.owner = owner
        self.type = type
        self.arguments = arguments
        self.resolver = resolver
    }

    /// Of every object, interface and union.
    static let typename = FieldDefinition(
        name: "__typename",
        owner: "",
        type: .required(.named("String")),
        resolver: .typename
    )
}
