/// What a resolver is told, its context in a box.
@usableFromInline
package struct ErasedCall: Sendable {
    let context: any AnyObject & Sendable
    let arguments: GraphQLArguments
    let selection: GraphQLSelection
    let catalog: SchemaCatalog
}

/// What a resolver is told beside its object.
@usableFromInline
package struct GraphQLCall<Context: Sendable>: Sendable {
    package let context: Context
    package let arguments: GraphQLArguments
    /// The fields that are asked for below this one.
    package let selection: GraphQLSelection
    let catalog: SchemaCatalog

    @usableFromInline
    init(_ call: ErasedCall) {
        guard let context = call.context as? GraphQLBox<Context> else {
            preconditionFailure("the executor and its schema are generic over the same context")
        }
        self.context = context.value
        arguments = call.arguments
        selection = call.selection
        catalog = call.catalog
    }
}
