/// What may be asked for, and how it is answered. Made by `GraphQLSchemaBuilder`.
package struct GraphQLSchema<Context: Sendable>: Sendable {
    let catalog: SchemaCatalog

    /// The concrete types, interfaces, unions, enumerations, input objects and scalars that were declared, sorted.
    package var typeNames: [String] { catalog.order.filter { !$0.hasPrefix("__") }.sorted() }
}

/// What is wrong with the tables of a schema; only a mistake in them can be the cause.
package struct GraphQLSchemaError: Error, Sendable, CustomStringConvertible {
    package var problems: [String]

    package var description: String { problems.joined(separator: "; ") }
}
