import Foundation
import Testing

@testable import MartletGraphQL

@Suite("Answering with errors")
struct FailureTests {
    let context = TestContext()

    @Test(
        "what the schema does not have is refused before anything runs",
        arguments: [
            ("{ nope }", "Cannot query field \"nope\" on type \"Query\"."),
            ("{ project(name: \"p\") { run(name: \"a\") { x } } }", "Cannot query field \"x\" on type \"Run\"."),
            ("{ project(name: \"p\") { runs { edges { node { y } } } } }", "Cannot query field \"y\" on type \"Run\"."),
            ("{ project(name: \"p\") { runs { nodes } } }", "Cannot query field \"nodes\" on type \"RunConnection\"."),
            ("{ viewer { secret } }", "Cannot query field \"secret\" on type \"User\"."),
            ("{ viewer { secret @skip(if: true) } }", "Cannot query field \"secret\" on type \"User\"."),
            ("{ viewer { id } } fragment Unused on User { secret }", "Cannot query field \"secret\" on type \"User\"."),
            ("{ collections { latest } }", "Cannot query field \"latest\" on type \"ArtifactCollection\"."),
            ("{ creators { name } }", "Cannot query field \"name\" on type \"Creator\"."),
            ("mutation { viewer { id } }", "Cannot query field \"viewer\" on type \"Mutation\"."),
            (
                "{ viewer }",
                "Field \"viewer\" of type \"User\" must have a selection of subfields. Did you mean \"viewer { ... }\"?"
            ),
            (
                "{ numbers { a } }",
                "Field \"numbers\" must not have a selection since type \"[Float]\" has no subfields."
            ),
            ("{ ...F }", "Unknown fragment \"F\"."),
            ("query A { viewer { id } } query A { viewer { id } }", "There can be only one operation named \"A\"."),
            ("{ viewer { id } } { viewer { id } }", "This anonymous operation must be the only defined operation."),
            ("{ ...F } fragment F on Query { ...F }", "Cannot spread fragment \"F\" within itself."),
            (
                "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
                "Cannot spread fragment \"F\" within itself via \"G\"."
            ),
            ("subscription { viewer { id } }", "Schema is not configured to execute subscription operation."),
            ("query Q { echo(value: $v) }", "Variable \"$v\" is not defined by operation \"Q\"."),
            ("{ viewer { id @skip(if: $v) } }", "Variable \"$v\" is not defined."),
            (
                "{ viewer { id id: username } }",
                """
                Fields \"id\" conflict because \"id\" and \"username\" are different fields. Use different \
                aliases on the fields to fetch both if this was intentional.
                """
            ),
            (
                "{ echo(value: 1) echo(value: 2) }",
                """
                Fields \"echo\" conflict because they have differing arguments. Use different aliases on the \
                fields to fetch both if this was intentional.
                """
            ),
        ]
    )
    func refuses(query: String, message: String) async throws {
        let response = try await TestSchema.make().execute(GraphQLRequest(query: query), context: context)
        #expect(response.errors.first?.message == message)
        #expect(response.errors.first?.kind == .validation)
        #expect(!response.wasExecuted)
        #expect(response.hasFailedEntirely)
        #expect(response.status == 400)
        #expect(String(decoding: response.body, as: UTF8.self).hasPrefix("{\"data\":null,\"errors\":[{\"message\":"))
    }

    @Test("a refusal tells the place")
    func place() async throws {
        let answer = try await TestSchema.make().answer("{\n  viewer { secret }\n}", for: context)
        #expect(
            answer
                == #"""
                {"data":null,"errors":[{"message":"Cannot query field \"secret\" on type \#
                \"User\".","locations":[{"line":2,"column":12}]}]}
                """#
        )
    }

    @Test(
        "variables must have the values that their types require",
        arguments: [
            (
                "query Q($a: String!) { echo(value: $a) }", "{}",
                "Variable \"$a\" of required type \"String!\" was not provided."
            ),
            (
                "query Q($a: String!) { echo(value: $a) }", #"{"a":null}"#,
                "Variable \"$a\" of non-null type \"String!\" must not be null."
            ),
            (
                "query Q($a: [String!]!) { echo(value: $a) }", #"{"a":["x",null]}"#,
                """
                Variable \"$a\" got invalid value null at \"a[1]\"; Expected non-nullable type \"String!\" not \
                to be null.
                """
            ),
            (
                "query Q($a: [[Int!]]) { echo(value: $a) }", #"{"a":[[1],null,[2,null]]}"#,
                """
                Variable \"$a\" got invalid value null at \"a[2][1]\"; Expected non-nullable type \"Int!\" not \
                to be null.
                """
            ),
            (
                "query Q($b: Boolean) { viewer { id @skip(if: $b) } }", "{}",
                """
                Argument \"if\" of required type \"Boolean!\" was provided the variable \"$b\" which was not \
                provided a runtime value.
                """
            ),
            (
                "query Q($b: Boolean = true) { viewer { id @skip(if: $b) } }", #"{"b":null}"#,
                "Argument \"if\" of non-null type \"Boolean!\" must not be null."
            ),
            (
                "query Q($b: Boolean) { viewer { id @skip(if: $b) } }", #"{"b":"yes"}"#,
                "Variable \"$b\" got invalid value \"yes\"; Boolean cannot represent a non boolean value: \"yes\""
            ),
            ("{ viewer { id } }", "[]", "Variables are no JSON object."),
        ]
    )
    func variables(query: String, variables: String, message: String) async throws {
        let request = GraphQLRequest(query: query, variables: try GraphQLValue(json: variables))
        let response = try await TestSchema.make().execute(request, context: context)
        #expect(response.errors.map(\.message) == [message])
        #expect(response.errors.first?.kind == .request)
        #expect(response.status == 400)
    }

    @Test(
        "a failure makes null of the nearest field that may be null, and the rest goes on",
        arguments: [
            (
                "{ viewer { id } project(name: \"p\") { run(name: \"one\") { name broken id } } }",
                #"{"viewer":{"id":"u1"},"project":{"run":{"name":"one","broken":null,"id":"run-one"}}}"#,
                #"[{"message":"broken","path":["project","run","broken"],"extensions":{"code":"B"}}]"#
            ),
            (
                "{ project(name: \"p\") { run(name: \"one\") { name brokenRequired } name } }",
                #"{"project":{"run":null,"name":"p"}}"#,
                #"[{"message":"broken","path":["project","run","brokenRequired"]}]"#
            ),
            (
                "{ project(name: \"p\") { run(name: \"one\") { slow missingRequired } } }",
                #"{"project":{"run":null}}"#,
                #"""
                [{"message":"Cannot return null for non-nullable field \#
                Run.missingRequired.","path":["project","run","missingRequired"]}]
                """#
            ),
            (
                "{ project(name: \"p\") { name r: allRuns { brokenRequired } } }",
                #"{"project":{"name":"p","r":null}}"#,
                #"[{"message":"broken","path":["project","r",0,"brokenRequired"]}]"#
            ),
            (
                "{ project(name: \"p\") { looseRuns { slow brokenRequired } } }",
                #"{"project":{"looseRuns":[null,null,null]}}"#,
                #"""
                [{"message":"broken","path":["project","looseRuns",0,"brokenRequired"]},{"message":"broken",\#
                "path":["project","looseRuns",1,"brokenRequired"]},{"message":"broken","path":["project",\#
                "looseRuns",2,"brokenRequired"]}]
                """#
            ),
            ("{ viewer { id } required { name } }", "null", #"[{"message":"gone","path":["required"]}]"#),
            (
                "{ hidden viewer { id } }", #"{"hidden":null,"viewer":{"id":"u1"}}"#,
                #"""
                [{"message":"Internal server error.","path":["hidden"],\#
                "extensions":{"code":"INTERNAL_SERVER_ERROR"}}]
                """#
            ),
            (
                "{ wrong { name } scalarWrong { name } }", #"{"wrong":{"name":null},"scalarWrong":null}"#,
                #"""
                [{"message":"The object is none that is made from \#
                TestRun.","path":["wrong","name"],"extensions":{"code":"INTERNAL_SERVER_ERROR"}},\#
                {"message":"Expected an object for field \"Query.scalarWrong\" of type \#
                \"Run\".","path":["scalarWrong"],"extensions":{"code":"INTERNAL_SERVER_ERROR"}}]
                """#
            ),
            (
                "{ untyped { __typename } }", #"{"untyped":null}"#,
                #"""
                [{"message":"Expected an object that names its type for field \"Query.untyped\" of type \#
                \"Creator\".","path":["untyped"],"extensions":{"code":"INTERNAL_SERVER_ERROR"}}]
                """#
            ),
            (
                "{ other { __typename } }", #"{"other":null}"#,
                #"""
                [{"message":"Expected another object than Project for field \"Query.other\" of type \#
                \"Creator\".","path":["other"],"extensions":{"code":"INTERNAL_SERVER_ERROR"}}]
                """#
            ),
        ]
    )
    func partialData(query: String, data: String, errors: String) async throws {
        let answer = try await TestSchema.make().answer(query, for: context)
        #expect(answer == "{\"data\":\(data),\"errors\":\(errors)}")
    }

    @Test(
        "the status is that of the first error only when nothing came of the request",
        arguments: [
            ("{ required { name } }", 404, true), ("{ viewer { id } required { name } }", 404, true),
            ("{ viewer { id } hidden }", 200, false), ("{ hidden }", 500, true), ("{ viewer { id } }", 200, false),
            ("{ project(name: 3) { name } }", 400, true),
            ("mutation { upsertBucket(input: {}) { inserted } }", 400, true),
        ]
    )
    func status(query: String, status: Int, hasFailedEntirely: Bool) async throws {
        let response = try await TestSchema.make().execute(GraphQLRequest(query: query), context: context)
        #expect(response.status == status)
        #expect(response.hasFailedEntirely == hasFailedEntirely)
        #expect(response.wasExecuted)
    }

    @Test("a resolver that was cancelled cancels the request")
    func cancellation() async throws {
        let executor = try TestSchema.make()
        await #expect(throws: CancellationError.self) {
            try await executor.answer("{ cancelled viewer { id } }", for: TestContext())
        }
    }

    @Test("after a cancellation no further field is begun")
    func cancelledMutation() async throws {
        var schema = GraphQLSchemaBuilder<TestContext>()
        schema.query { $0.field("x", "Int") { _ in 1 } }
        schema.mutation { mutation in
            mutation.field("stop", "Int") { _ in throw CancellationError() }
            mutation.field("write", "Int") { call in
                call.context.log.note("written")
                return 1
            }
        }
        let executor = try GraphQLExecutor(schema.build())
        await #expect(throws: CancellationError.self) {
            try await executor.answer("mutation { stop write }", for: context)
        }
        #expect(context.log.all == [])
    }

    @Test("the caller's errors are translated, and may carry a status and a code")
    func translation() async throws {
        struct NotThere: Error {}
        var schema = GraphQLSchemaBuilder<TestContext>()
        schema.query { $0.field("x", "Int") { _ in throw NotThere() } }
        let executor = try GraphQLExecutor(schema.build()) { error in
            GraphQLError("translated \(type(of: error))", status: 404, code: "NOT_FOUND")
        }
        let response = try await executor.execute(GraphQLRequest(query: "{ x }"), context: context)
        #expect(response.status == 404)
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"""
                {"data":{"x":null},"errors":[{"message":"translated NotThere","path":["x"],\#
                "extensions":{"code":"NOT_FOUND"}}]}
                """#
        )
    }

    @Test("no more errors are listed than the limit, and what fails beyond is null all the same")
    func manyErrors() async throws {
        var limits = GraphQLLimits()
        limits.errors = 2
        let executor = try GraphQLExecutor(TestSchema.schema(), limits: limits)
        let answer = try await executor.answer("{ project(name: \"p\") { allRuns { broken } } }", for: context)
        #expect(
            answer.hasPrefix(
                #"{"data":{"project":{"allRuns":[{"broken":null},{"broken":null},{"broken":null}]}},"errors":["#
            )
        )
        #expect(answer.components(separatedBy: "message").count == 3)
    }
}
