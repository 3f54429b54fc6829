import Foundation
import Testing

@testable import MartletGraphQL

@Suite("Asking for the schema")
struct IntrospectionTests {
    @Test(
        "types are told from the tables, with aliases, and null for one that is unknown",
        arguments: [
            (
                "{ __type(name: \"User\") { name kind fields { name } } }",
                #"""
                {"__type":{"name":"User","kind":"OBJECT","fields":[{"name":"id"},{"name":"username"},\#
                {"name":"teams"}]}}
                """#
            ),
            (
                "{ Q: __type(name: \"Query\") { fields { name args { name } } } N: __type(name: \"Nope\") { name } }",
                nil
            ),
            (
                "{ __type(name: \"UpsertBucketInput\") { name kind inputFields { name } fields { name } } }",
                #"""
                {"__type":{"name":"UpsertBucketInput","kind":"INPUT_OBJECT","inputFields":[{"name":"name"},\#
                {"name":"tags"},{"name":"id"},{"name":"clientMutationId"}],"fields":null}}
                """#
            ),
            (
                "{ __type(name: \"Severity\") { kind enumValues { name } possibleTypes { name } } }",
                #"{"__type":{"kind":"ENUM","enumValues":[{"name":"INFO"},{"name":"WARN"}],"possibleTypes":null}}"#
            ),
            (
                "{ __type(name: \"ArtifactCollection\") { kind fields { name } possibleTypes { name } } }",
                #"""
                {"__type":{"kind":"INTERFACE","fields":[{"name":"name"}],\#
                "possibleTypes":[{"name":"ArtifactSequence"},{"name":"ArtifactPortfolio"}]}}
                """#
            ),
            (
                """
                { __type(name: \"Project\") { fields { name args { name defaultValue type { kind name ofType { \
                name } } } } } }
                """,
                nil
            ),
            (
                "{ __type(name: \"Entity\") { fields { type { kind name ofType { kind name } } } } }",
                #"""
                {"__type":{"fields":[{"type":{"kind":"NON_NULL","name":null,"ofType":{"kind":"SCALAR",\#
                "name":"String"}}},{"type":{"kind":"SCALAR","name":"ID","ofType":null}}]}}
                """#
            ),
            (
                """
                { __schema { queryType { name } mutationType { name } subscriptionType { name } directives { \
                name args { name } } } }
                """,
                #"""
                {"__schema":{"queryType":{"name":"Query"},"mutationType":{"name":"Mutation"},\#
                "subscriptionType":null,"directives":[{"name":"include","args":[{"name":"if"}]},{"name":"skip",\#
                "args":[{"name":"if"}]}]}}
                """#
            ),
        ] as [(String, String?)]
    )
    func types(query: String, data: String?) async throws {
        let answer = try await TestSchema.make().answer(query, for: TestContext())
        if let data {
            #expect(answer == "{\"data\":\(data)}")
        } else {
            #expect(answer.hasPrefix("{\"data\":{\""))
            #expect(!answer.contains("errors"))
            #expect(!answer.contains("__type\"}"))
            _ = try JSONSerialization.jsonObject(with: Data(answer.utf8))
        }
    }

    @Test("the usual introspection query is answered whole")
    func fullQuery() async throws {
        let query = """
            query IntrospectionQuery { __schema { description queryType { name } types { ...FullType }
              directives { name description isRepeatable locations args { ...InputValue } } } }
            fragment FullType on __Type { kind name description specifiedByURL
              fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
              inputFields { ...InputValue } interfaces { ...TypeRef }
              enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
            fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
            fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
            """
        let answer = try await TestSchema.make().answer(query, for: TestContext())
        #expect(!answer.contains("\"errors\""))
        #expect(answer.contains(#"{"kind":"OBJECT","name":"RunConnection""#))
        _ = try JSONSerialization.jsonObject(with: Data(answer.utf8))
    }
}

@Suite("Declaring a schema")
struct SchemaTests {
    @Test("mistakes in the tables are told all at once")
    func problems() throws {
        var schema = GraphQLSchemaBuilder<TestContext>()
        schema.record("A", ["x": "Nope", "y": "[String", "z": "String", "z": "Int"])
        schema.record("Empty", [:])
        schema.union("U", of: ["A", "String"])
        schema.scalar("A")
        schema.object("B", TestRun.self) { $0.field("name", \.name) }
        schema.object("B", TestProject.self) { $0.field("x", "Int", arguments: ["a: "]) { _, _ in 1 } }
        let error = #expect(throws: GraphQLSchemaError.self) { try schema.build() }
        let problems = error?.problems ?? []
        #expect(problems.contains("A.y, '[String': Syntax Error: Expected \"]\", found <EOF>."))
        #expect(problems.contains("A.z is declared twice"))
        #expect(problems.contains("A is declared twice"))
        #expect(problems.contains("U has the type String, which is no object"))
        #expect(problems.contains("B is declared for two Swift types"))
        #expect(problems.contains("B.x, 'a: ': Syntax Error: Expected Name, found <EOF>."))
        #expect(problems.contains("Empty has no fields"))
    }

    @Test("connections are declared by using them")
    func names() throws {
        let names = try TestSchema.schema().typeNames
        #expect(
            Set(["RunConnection", "RunEdge", "VersionedRunEdge", "PageInfo", "UpsertBucketPayload"]).isSubset(of: names)
        )
        #expect(!names.contains("__Type"))
    }
}
