/// Declares the fields of an object type that is resolved from a Swift type.
@usableFromInline
package struct GraphQLObjectBuilder<Context: Sendable, Object: Sendable> {
    @usableFromInline
    package typealias Call = GraphQLCall<Context>

    private(set) var declarations: FieldDeclarations

    init(_ name: String) { declarations = FieldDeclarations(owner: name) }

    /// A scalar at hand, of the type that its Swift value has: `run.field("name", \.name)`.
    @inlinable
    package mutating func field<Value: GraphQLLeaf>(
        _ name: String,
        _ value: @escaping @Sendable (Object) throws -> Value
    ) {
        add(name, Value.graphQLType, .property { try value(Self.object($0)).graphQL })
    }

    /// A scalar at hand: `run.field("createdAt", "DateTime!", \.createdAt)`.
    @inlinable
    package mutating func field<Value: GraphQLLeaf>(
        _ name: String,
        _ type: String,
        _ value: @escaping @Sendable (Object) throws -> Value
    ) {
        add(name, type, [], .property { try value(Self.object($0)).graphQL })
    }

    /// A value that needs nothing but the object: `run.field("user", "User") { .object($0.user) }`.
    @inlinable
    package mutating func field(
        _ name: String,
        _ type: String,
        _ value: @escaping @Sendable (Object) throws -> GraphQLOutput
    ) {
        add(name, type, [], .property { try value(Self.object($0)) })
    }

    /// A value that needs the context, arguments or the selection, but waits for nothing.
    @inlinable
    package mutating func field(
        _ name: String,
        _ type: String,
        arguments: [String] = [],
        _ value: @escaping @Sendable (Object, Call) throws -> GraphQLOutput
    ) {
        add(name, type, arguments, .synchronous { try value(Self.object($0), Call($1)) })
    }

    /// A value that is waited for.
    @inlinable
    package mutating func field(
        _ name: String,
        _ type: String,
        arguments: [String] = [],
        _ value: @escaping @Sendable (Object, Call) async throws -> GraphQLOutput
    ) {
        add(name, type, arguments, .asynchronous { try await value(Self.object($0), Call($1)) })
    }

    /// A page of a list: a field of the type `<name>Connection`, with the arguments `first`, `after`, `last` and
    /// `before` beside those given. The connection's types are declared with it unless they are declared elsewhere.
    package mutating func connection(
        _ field: String,
        of name: String,
        arguments: [String] = [],
        _ value: @escaping @Sendable (Object, Call) async throws -> GraphQLConnection
    ) {
        declarations.connections.insert(name)
        add(
            field,
            "\(name)Connection",
            arguments + GraphQLPage.arguments,
            .asynchronous { .object(try await value(Self.object($0), Call($1))) }
        )
    }

    @usableFromInline
    mutating func add(_ name: String, _ type: String, _ arguments: [String], _ resolver: FieldResolver) {
        declarations.add(name, type, arguments, resolver)
    }

    @usableFromInline
    mutating func add(_ name: String, _ type: TypeReference, _ resolver: FieldResolver) {
        declarations.add(name, type, [], resolver)
    }

    /// - Throws: when a resolver gave an object of another Swift type for this GraphQL type.
    @inlinable
    static func object(_ source: any AnyObject & Sendable) throws(GraphQLError) -> Object {
        guard let box = source as? GraphQLBox<Object> else { throw .mismatch(Object.self) }
        return box.value
    }
}

extension GraphQLError {
    /// A resolver's mistake.
    @usableFromInline
    static func mismatch(_ type: Any.Type) -> GraphQLError {
        GraphQLError("The object is none that is made from \(type).", status: 500, code: "INTERNAL_SERVER_ERROR")
    }
}
