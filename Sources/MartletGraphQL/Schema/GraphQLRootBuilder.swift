/// What the fields of Query and Mutation are resolved from: nothing.
struct GraphQLRoot: Sendable {}

/// Declares the fields of Query or Mutation.
package struct GraphQLRootBuilder<Context: Sendable> {
    package typealias Call = GraphQLCall<Context>

    struct Input {
        var name: String
        var members: [String]
    }

    private(set) var declarations: FieldDeclarations
    private(set) var inputs: [Input] = []
    private(set) var payloads: [FieldDeclarations] = []

    init(_ name: String) { declarations = FieldDeclarations(owner: name) }

    package mutating func field(
        _ name: String,
        _ type: String,
        arguments: [String] = [],
        _ value: @escaping @Sendable (Call) async throws -> GraphQLOutput
    ) {
        declarations.add(name, type, arguments, .asynchronous { try await value(Call($1)) })
    }

    /// A page of a list, as `GraphQLObjectBuilder.connection`.
    package mutating func connection(
        _ field: String,
        of name: String,
        arguments: [String] = [],
        _ value: @escaping @Sendable (Call) async throws -> GraphQLConnection
    ) {
        declarations.connections.insert(name)
        declarations.add(
            field,
            "\(name)Connection",
            arguments + GraphQLPage.arguments,
            .asynchronous { .object(try await value(Call($1))) }
        )
    }

    /// A field `name(input: <Name>Input!): <Name>Payload` as Relay has them: both types are declared with it.
    ///
    /// - Parameters:
    ///   - input: the members of the input, as arguments are written.
    ///   - payload: the fields of the answer, with their types; the closure gives a record of them.
    ///   - value: is given the members of the input. `clientMutationId` is handed back by itself.
    package mutating func mutation(
        _ name: String,
        input: [String],
        payload: KeyValuePairs<String, String>,
        _ value: @escaping @Sendable (Call, GraphQLArguments) async throws -> GraphQLOutput
    ) {
        let prefix = name.prefix(1).uppercased() + name.dropFirst()
        inputs.append(Input(name: "\(prefix)Input", members: input + ["clientMutationId"]))
        var declarations = FieldDeclarations(owner: "\(prefix)Payload")
        for (field, type) in payload { declarations.add(field, type, [], .member) }
        declarations.add("clientMutationId", "String", [], .member)
        payloads.append(declarations)
        let resolver = FieldResolver.asynchronous { _, erased in
            let call = Call(erased)
            let input = try call.arguments.requiredObject("input")
            let output = try await value(call, input)
            guard case .record(let type, let members) = output, let id = input["clientMutationId"] else {
                return output
            }
            return .record(type: type, members + [.init(key: "clientMutationId", value: GraphQLOutput(id))])
        }
        self.declarations.add(name, "\(prefix)Payload", ["input: \(prefix)Input!"], resolver)
    }
}
