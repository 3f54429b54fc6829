extension GraphQLSchemaBuilder {
    /// `__schema` and `__type`, answered from the tables.
    mutating func addIntrospection() {
        query { query in
            query.field("__type", "__Type", arguments: ["name: String!"]) { call in
                let name = try call.arguments.requiredString("name")
                guard call.catalog.types[name] != nil else { return .null }
                return .object(IntrospectedType(reference: .named(name)))
            }
            query.field("__schema", "__Schema!") { .object($0.catalog) }
        }
        addIntrospectedSchema()
        addIntrospectedType()
        addIntrospectedParts()
        enumeration("__TypeKind", Self.typeKinds)
        enumeration("__DirectiveLocation", Self.directiveLocations)
    }

    private static var typeKinds: [String] {
        ["SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT", "LIST", "NON_NULL"]
    }
    private static var directiveLocations: [String] { ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"] }

    private mutating func addIntrospectedSchema() {
        object("__Schema", SchemaCatalog.self) { schema in
            schema.field("description", "String") { _ in .null }
            schema.field("types", "[__Type!]!") { .objects($0.order.map { IntrospectedType(reference: .named($0)) }) }
            schema.field("queryType", "__Type!") { _ in .object(IntrospectedType(reference: .named("Query"))) }
            schema.field("mutationType", "__Type") { catalog in
                guard catalog.types["Mutation"] != nil else { return .null }
                return .object(IntrospectedType(reference: .named("Mutation")))
            }
            schema.field("subscriptionType", "__Type") { _ in .null }
            schema.field("directives", "[__Directive!]!") { _ in
                .objects(["include", "skip"].map { IntrospectedDirective(name: $0) })
            }
        }
    }

    private mutating func addIntrospectedType() {
        object("__Type", IntrospectedType.self) { type in
            type.field("kind", "__TypeKind!") { .string($0.kind($1.catalog)) }
            type.field("name", \.name)
            type.field("description", "String") { _ in .null }
            type.field("specifiedByURL", "String") { _ in .null }
            type.field("fields", "[__Field!]", arguments: ["includeDeprecated: Boolean = false"]) { type, call in
                guard let type = type.definition(call.catalog), type.kind == .object || type.kind == .interface else {
                    return .null
                }
                return .objects(type.fields.filter { !$0.name.hasPrefix("__") })
            }
            type.field("interfaces", "[__Type!]") { type, call in
                guard let type = type.definition(call.catalog), type.kind == .object || type.kind == .interface else {
                    return .null
                }
                return .objects(type.interfaces.map { IntrospectedType(reference: .named($0)) })
            }
            type.field("possibleTypes", "[__Type!]") { type, call in
                guard let type = type.definition(call.catalog), type.kind == .interface || type.kind == .union else {
                    return .null
                }
                return .objects(type.possibleTypes.map { IntrospectedType(reference: .named($0)) })
            }
            let deprecated = ["includeDeprecated: Boolean = false"]
            type.field("enumValues", "[__EnumValue!]", arguments: deprecated) { type, call in
                guard let type = type.definition(call.catalog), type.kind == .enumeration else { return .null }
                return .list(type.values.map { .record(Self.named($0)) })
            }
            type.field("inputFields", "[__InputValue!]") { type, call in
                guard let type = type.definition(call.catalog), type.kind == .input else { return .null }
                return .objects(type.inputs)
            }
            type.field("ofType", "__Type") { .object($0.inner) }
        }
    }

    private static func named(_ name: String) -> KeyValuePairs<String, GraphQLOutput> {
        ["name": .string(name), "isDeprecated": false]
    }

    private mutating func addIntrospectedParts() {
        object("__Field", FieldDefinition.self) { field in
            field.field("name", "String!") { $0.name }
            field.field("description", "String") { _ in .null }
            field.field("args", "[__InputValue!]!", arguments: ["includeDeprecated: Boolean = false"]) { field, _ in
                .objects(field.arguments)
            }
            field.field("type", "__Type!") { .object(IntrospectedType(reference: $0.type)) }
            field.field("isDeprecated", "Boolean!") { _ in false }
            field.field("deprecationReason", "String") { _ in .null }
        }
        object("__InputValue", ArgumentDefinition.self) { input in
            input.field("name", "String!") { $0.name }
            input.field("description", "String") { _ in .null }
            input.field("type", "__Type!") { .object(IntrospectedType(reference: $0.type)) }
            input.field("defaultValue", "String") { input in
                input.defaultValue.map { String(decoding: $0.json, as: UTF8.self) }
            }
        }
        record(
            "__EnumValue",
            ["name": "String!", "description": "String", "isDeprecated": "Boolean!", "deprecationReason": "String"]
        )
        object("__Directive", IntrospectedDirective.self) { directive in
            directive.field("name", "String!") { $0.name }
            directive.field("description", "String") { _ in .null }
            directive.field("isRepeatable", "Boolean!") { _ in false }
            directive.field("locations", "[__DirectiveLocation!]!") { _ in Self.directiveLocations }
            directive.field("args", "[__InputValue!]!", arguments: ["includeDeprecated: Boolean = false"]) { _, _ in
                .objects([ArgumentDefinition(name: "if", type: .required(.named("Boolean")))])
            }
        }
    }
}
