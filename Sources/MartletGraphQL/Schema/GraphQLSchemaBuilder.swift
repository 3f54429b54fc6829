/// Declares the types of a schema, in any order and from any number of files; `build` checks that they fit.
///
/// Types are written as GraphQL writes them (`"[File!]!"`), arguments as `"first: Int = 50"`, where the type and the
/// default may be left out. Declaring an object again adds fields to it.
/// ```swift
/// schema.object("Project", Project.self) { project in
///     project.field("name", \.name)
///     project.field("entity", "Entity!") { .record(["name": .string($0.workspace)]) }
///     project.connection("runs", of: "Run", arguments: ["filters: JSONString"]) { project, call in
///         let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
///         let withConfig = call.selection.contains("edges", "node", "config")
///         return try await call.context.runs(of: project, page, withConfig: withConfig)
///     }
/// }
/// ```
package struct GraphQLSchemaBuilder<Context: Sendable> {
    private var types: [String: TypeDefinition] = [:]
    private var order: [String] = []
    private var problems: [String] = []
    /// Connections that fields use; those that nobody declared get the plain form.
    private var usedConnections: Set<String> = []

    package init() {
        scalar("String", "Int", "Float", "Boolean", "ID", "Int64")
        record(
            "PageInfo",
            [
                "hasNextPage": "Boolean!", "endCursor": "String", "hasPreviousPage": "Boolean!",
                "startCursor": "String",
            ]
        )
        addIntrospection()
    }

    // MARK: objects

    /// An object whose fields are resolved from a value of a Swift type.
    package mutating func object<Object: Sendable>(
        _ name: String,
        _ type: Object.Type,
        _ declare: (inout GraphQLObjectBuilder<Context, Object>) -> Void
    ) {
        var object = GraphQLObjectBuilder<Context, Object>(name)
        declare(&object)
        add(object.declarations, to: name, swiftType: ObjectIdentifier(Object.self))
    }

    /// Several object types with the same fields and the same Swift type: those of one interface.
    package mutating func objects<Object: Sendable>(
        _ names: [String],
        _ type: Object.Type,
        _ declare: (inout GraphQLObjectBuilder<Context, Object>) -> Void
    ) {
        for name in names { object(name, type, declare) }
    }

    /// An object that resolvers give whole, as a record. Fields by name, with their types.
    package mutating func record(_ name: String, _ fields: KeyValuePairs<String, String>) {
        var declarations = FieldDeclarations(owner: name)
        for (field, type) in fields { declarations.add(field, type, [], .member) }
        add(declarations, to: name, swiftType: nil)
    }

    package mutating func query(_ declare: (inout GraphQLRootBuilder<Context>) -> Void) { root("Query", declare) }
    package mutating func mutation(_ declare: (inout GraphQLRootBuilder<Context>) -> Void) { root("Mutation", declare) }

    private mutating func root(_ name: String, _ declare: (inout GraphQLRootBuilder<Context>) -> Void) {
        var root = GraphQLRootBuilder<Context>(name)
        declare(&root)
        add(root.declarations, to: name, swiftType: ObjectIdentifier(GraphQLRoot.self))
        for input in root.inputs { self.input(input.name, input.members) }
        for payload in root.payloads { add(payload, to: payload.owner, swiftType: nil) }
    }

    private mutating func add(_ declarations: FieldDeclarations, to name: String, swiftType: ObjectIdentifier?) {
        problems += declarations.problems
        usedConnections.formUnion(declarations.connections)
        var type = types[name] ?? TypeDefinition(name: name, kind: .object, possibleTypes: [name], swiftType: swiftType)
        if types[name] == nil { order.append(name) }
        if type.kind != .object { problems.append("\(name) is no object type") }
        if type.swiftType != swiftType { problems.append("\(name) is declared for two Swift types") }
        for field in declarations.fields {
            if type.fieldsByName.updateValue(field, forKey: field.name) != nil {
                problems.append("\(name).\(field.name) is declared twice")
            }
            type.fields.append(field)
        }
        types[name] = type
    }

    // MARK: other types

    package mutating func scalar(_ names: String...) {
        for name in names { declare(TypeDefinition(name: name, kind: .scalar)) }
    }

    /// An interface has the fields that all its object types have with the same type.
    package mutating func interface(_ name: String, of objects: [String]) {
        declare(TypeDefinition(name: name, kind: .interface, possibleTypes: objects))
    }

    package mutating func union(_ name: String, of objects: [String]) {
        declare(TypeDefinition(name: name, kind: .union, possibleTypes: objects))
    }

    package mutating func enumeration(_ name: String, _ values: [String]) {
        declare(TypeDefinition(name: name, kind: .enumeration, values: values))
    }

    /// An input object, for those who ask by `__type`: arguments are not checked against it.
    package mutating func input(_ name: String, _ members: [String]) {
        var type = TypeDefinition(name: name, kind: .input)
        for member in members {
            do {
                type.inputs.append(try ArgumentDefinition(member))
            } catch {
                problems.append("\(name), '\(member)': \(error.message)")
            }
        }
        declare(type)
    }

    private mutating func declare(_ type: TypeDefinition) {
        if types.updateValue(type, forKey: type.name) == nil {
            order.append(type.name)
        } else {
            problems.append("\(type.name) is declared twice")
        }
    }

    // MARK: connections

    /// The types `<name>Connection` and `<name>Edge`, resolved from `GraphQLConnection`. Only a connection with fields
    /// of its own, or whose nodes are not called like it, needs this; fields declare the plain ones by using them.
    package mutating func connection(
        _ name: String,
        node: String? = nil,
        edgeFields: KeyValuePairs<String, String> = [:],
        fields: KeyValuePairs<String, String> = [:]
    ) {
        object("\(name)Connection", GraphQLConnection.self) { connection in
            connection.field("edges", "[\(name)Edge!]!") { .objects($0.edges) }
            connection.field("pageInfo", "PageInfo!") { $0.pageInfo }
            connection.field("totalCount", "Int") { $0.totalCount }
            for (field, type) in fields {
                connection.field(field, type) { GraphQLConnection.member(field, of: $0.members) }
            }
        }
        object("\(name)Edge", GraphQLEdge.self) { edge in
            edge.field("node", node ?? name) { $0.node }
            edge.field("cursor", "String!") { $0.cursor }
            for (field, type) in edgeFields {
                edge.field(field, type) { GraphQLConnection.member(field, of: $0.members) }
            }
        }
    }

    // MARK: building

    /// - Throws: every problem at once: types that nobody declared, fields declared twice, texts that are no types.
    package consuming func build() throws(GraphQLSchemaError) -> GraphQLSchema<Context> {
        for name in usedConnections.sorted() where types["\(name)Connection"] == nil { connection(name) }
        completeAbstractTypes()
        checkFields()
        if types["Query"] == nil { problems.append("there is no query") }
        guard problems.isEmpty else { throw GraphQLSchemaError(problems: problems) }
        return GraphQLSchema(catalog: SchemaCatalog(types: types, order: order))
    }

    private mutating func completeAbstractTypes() {
        for name in order {
            guard var type = types[name], type.kind == .interface || type.kind == .union else { continue }
            for object in type.possibleTypes where types[object]?.kind != .object {
                problems.append("\(name) has the type \(object), which is no object")
            }
            if type.kind == .interface {
                for object in type.possibleTypes { types[object]?.interfaces.append(name) }
                let objects = type.possibleTypes.compactMap { types[$0] }
                type.fields = (objects.first?.fields ?? []).filter { field in
                    objects.allSatisfy { $0.fieldsByName[field.name]?.type == field.type }
                }
                for field in type.fields { type.fieldsByName[field.name] = field }
            }
            types[name] = type
        }
    }

    private mutating func checkFields() {
        for name in order {
            guard let type = types[name], type.kind == .object else { continue }
            if type.fields.isEmpty { problems.append("\(name) has no fields") }
            for field in type.fields {
                let result = types[field.type.name]
                guard result == nil || result?.kind == .input else { continue }
                problems.append("\(name).\(field.name) has the unknown type \(field.type)")
            }
        }
    }
}
