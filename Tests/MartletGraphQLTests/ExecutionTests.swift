import Testing

@testable import MartletGraphQL

@Suite("Executing operations")
struct ExecutionTests {
    let context = TestContext()

    @Test(
        "answers come in the order of the question",
        arguments: [
            ("{ viewer { username id } }", #"{"viewer":{"username":"ada","id":"u1"}}"#),
            (
                "{ viewer { teams { name id } } }",
                #"{"viewer":{"teams":[{"name":"t1","id":null},{"name":"t2","id":null}]}}"#
            ),
            ("{ b: viewer { __typename } __typename }", #"{"b":{"__typename":"User"},"__typename":"Query"}"#),
            (
                """
                { project(name: \"p\") { name run(name: \"two\") { name notes id tags historyLineCount loss \
                summaryMetrics } } }
                """,
                #"""
                {"project":{"name":"p","run":{"name":"two","notes":null,"id":"run-two","tags":["a","b"],\#
                "historyLineCount":3,"loss":0.25,"summaryMetrics":{"loss":0.25}}}}
                """#
            ),
            ("{ project(name: \"p\") { run(name: \"no\") { name } } }", #"{"project":{"run":null}}"#),
            ("{ project(name: \"p\", unknown: {a: 1}) { name } }", #"{"project":{"name":"p"}}"#),
            ("{ numbers }", #"{"numbers":[null,null,null,1.5,-12]}"#),
            (
                "{ severity x: severity(level: WARN) y: severity(level: null) }",
                #"{"severity":"INFO","x":"WARN","y":null}"#
            ),
            (
                "{ project(name: \"p\") { run(name: \"one\") { slow line l: line(number: 3) } } }",
                #"{"project":{"run":{"slow":"ada/one","line":"one:7","l":"one:3"}}}"#
            ),
            (
                "{ echo(value: {a: [1, 2.5, true, null, X, \"é\\n\\u0001\"]}) }",
                #"{"echo":{"a":[1,2.5,true,null,"X","é\n\u0001"]}}"#
            ),
            ("{ echo a: echo(value: null) }", #"{"echo":"absent","a":null}"#),
            (
                "{ collections { __typename name ... on ArtifactSequence { latest } } }",
                #"""
                {"collections":[{"__typename":"ArtifactSequence","name":"s","latest":"v1"},\#
                {"__typename":"ArtifactPortfolio","name":"p"}]}
                """#
            ),
            (
                """
                { collections { ...C } } fragment C on ArtifactCollection { ...S name } fragment S on \
                ArtifactSequence { latest }
                """,
                #"{"collections":[{"latest":"v1","name":"s"},{"name":"p"}]}"#
            ),
            (
                """
                { creators { __typename ... on Run { name } ... on User { username } ... on Nothing { whatever \
                { deep } } } }
                """,
                #"{"creators":[{"__typename":"Run","name":"r"},{"__typename":"User","username":"u"}]}"#
            ),
            ("{ viewer { id @skip(if: true) username @include(if: true) } }", #"{"viewer":{"username":"ada"}}"#),
            ("{ viewer @include(if: false) { id } }", "{}"),
        ]
    )
    func data(query: String, data: String) async throws {
        let answer = try await TestSchema.make().answer(query, for: context)
        #expect(answer == "{\"data\":\(data)}")
    }

    @Test("fields of one key are merged, as deep as they go, at their first place")
    func deepMerge() async throws {
        let query = """
            { project(name: "p") { run(name: "one") { name } ...A name ... on Project { run(name: "one") { id ...B } } } }
            fragment A on Project { run(name: "one") { tags ...B } }
            fragment B on Run { historyLineCount name }
            """
        let answer = try await TestSchema.make().answer(query, for: context)
        #expect(
            answer
                == #"""
                {"data":{"project":{"run":{"name":"one","tags":["a","b"],"historyLineCount":3,"id":"run-one"},\#
                "name":"p"}}}
                """#
        )
        #expect(context.log.all == ["name,tags,historyLineCount,id"])
    }

    @Test(
        "a variable that is left out is absent, which is not null",
        arguments: [
            ("query Q($v: JSON) { echo(value: $v) }", "{}", #""absent""#),
            ("query Q($v: JSON) { echo(value: $v) }", #"{"v":null}"#, "null"),
            ("query Q($v: JSON = 5) { echo(value: $v) }", "{}", "5"),
            ("query Q($v: JSON = 5) { echo(value: $v) }", #"{"v":null}"#, "null"),
            ("query Q($v: JSON) { echo(value: {a: $v, b: [$v], c: 1}) }", "{}", #"{"b":[null],"c":1}"#),
            (
                "query Q($v: JSON) { echo(value: {a: $v, b: [$v, {c: $v}]}) }", #"{"v":[true]}"#,
                #"{"a":[true],"b":[[true],{"c":[true]}]}"#
            ),
        ]
    )
    func variables(query: String, variables: String, value: String) async throws {
        let answer = try await TestSchema.make().answer(query, GraphQLValue(json: variables), for: context)
        #expect(answer == "{\"data\":{\"echo\":\(value)}}")
    }

    @Test("an argument's default stands in for a variable that is left out, not for null")
    func argumentDefault() async throws {
        let query = "query Q($l: Severity) { severity(level: $l) }"
        let executor = try TestSchema.make()
        #expect(try await executor.answer(query, for: context) == #"{"data":{"severity":"INFO"}}"#)
        #expect(
            try await executor.answer(query, GraphQLValue(json: #"{"l":null}"#), for: context)
                == #"{"data":{"severity":null}}"#
        )
        #expect(
            try await executor.answer(query, GraphQLValue(json: #"{"l":"WARN"}"#), for: context)
                == #"{"data":{"severity":"WARN"}}"#
        )
    }

    @Test(
        "variables decide over fields, and plans for each decision are kept apart",
        arguments: [
            (true, false, #"{"id":"u1","username":"ada"}"#), (false, true, "{}"), (true, true, #"{"id":"u1"}"#),
        ]
    )
    func conditions(include: Bool, skip: Bool, value: String) async throws {
        let query = """
            query Q($i: Boolean = true, $s: Boolean!) { viewer { id @include(if: $i) ...U @skip(if: $s) } }
            fragment U on User { username @include(if: $i) }
            """
        let executor = try TestSchema.make()
        let variables = GraphQLValue.object([
            .init(key: "i", value: .bool(include)), .init(key: "s", value: .bool(skip)),
        ])
        for _ in 0..<2 {
            #expect(try await executor.answer(query, variables, for: context) == "{\"data\":{\"viewer\":\(value)}}")
        }
        #expect(executor.cache.count == 1)
    }

    @Test("connections have edges, a page and a count, and say what they are asked for")
    func connections() async throws {
        let query = """
            query Q($after: String) { project(name: "p") { runs(first: 2, after: $after) {
              __typename edges { __typename node { name } cursor } pageInfo { hasNextPage endCursor hasPreviousPage startCursor } totalCount
            } } }
            """
        let executor = try TestSchema.make()
        #expect(
            try await executor.answer(query, for: context)
                == #"""
                {"data":{"project":{"runs":{"__typename":"RunConnection","edges":[{"__typename":"RunEdge",\#
                "node":{"name":"one"},"cursor":"1"},{"__typename":"RunEdge","node":{"name":"two"},\#
                "cursor":"2"}],"pageInfo":{"hasNextPage":true,"endCursor":"2","hasPreviousPage":false,\#
                "startCursor":"1"},"totalCount":3}}}}
                """#
        )
        #expect(context.log.all == ["loss false, count true"])
        let second = try await executor.answer(query, GraphQLValue(json: #"{"after":"2"}"#), for: context)
        #expect(
            second.contains(
                #"""
                "edges":[{"__typename":"RunEdge","node":{"name":"three"},"cursor":"3"}],\#
                "pageInfo":{"hasNextPage":false,"endCursor":"3","hasPreviousPage":true
                """#
            )
        )
        let wrong = try await executor.answer(query, GraphQLValue(json: #"{"after":"x"}"#), for: context)
        #expect(
            wrong
                == #"""
                {"data":{"project":{"runs":null}},"errors":[{"message":"The cursor \"x\" is none of this \#
                list.","path":["project","runs"]}]}
                """#
        )
    }

    @Test("a connection may have fields of its own, and edges too")
    func ownConnection() async throws {
        let query = "{ project(name: \"p\") { versions { note edges { version cursor node { name } } } } }"
        let answer = try await TestSchema.make().answer(query, for: context)
        #expect(
            answer.hasPrefix(
                #"""
                {"data":{"project":{"versions":{"note":"n","edges":[{"version":"v0","cursor":"c0",\#
                "node":{"name":"one"}},
                """#
            )
        )
    }

    @Test("mutations run one after another and hand back the client's id")
    func mutations() async throws {
        let query = """
            mutation M($in: UpsertBucketInput!) {
              a: upsertBucket(input: $in) { bucket { name tags } inserted clientMutationId }
              b: upsertBucket(input: {name: "y", tags: "single"}) { bucket { tags } clientMutationId }
            }
            """
        let answer = try await TestSchema.make().answer(
            query,
            GraphQLValue(json: #"{"in":{"name":"x","clientMutationId":"7"}}"#),
            for: context
        )
        #expect(
            answer
                == #"""
                {"data":{"a":{"bucket":{"name":"x","tags":[]},"inserted":true,"clientMutationId":"7"},\#
                "b":{"bucket":{"tags":["single"]},"clientMutationId":null}}}
                """#
        )
        #expect(context.log.all == ["begin x", "end x", "begin y", "end y"])
    }

    @Test(
        "the operation is chosen by name, or is the only one",
        arguments: [
            (nil, "{ viewer { id } }", nil), ("", "query A { viewer { id } }", nil),
            ("A", "query A { viewer { id } } query B { viewer { username } }", nil),
            ("C", "query A { viewer { id } }", "Unknown operation named \"C\"."),
            (
                nil, "query A { viewer { id } } query B { viewer { id } }",
                "Must provide operation name if query contains multiple operations."
            ),
            (nil, "fragment F on User { id }", "Must provide an operation."),
        ] as [(String?, String, String?)]
    )
    func operationName(name: String?, query: String, message: String?) async throws {
        let response = try await TestSchema.make().execute(
            GraphQLRequest(query: query, operationName: name),
            context: context
        )
        #expect(response.errors.first?.message == message)
        #expect(response.wasExecuted == (message == nil))
        if message == nil {
            #expect(String(decoding: response.body, as: UTF8.self) == #"{"data":{"viewer":{"id":"u1"}}}"#)
        }
    }
}
