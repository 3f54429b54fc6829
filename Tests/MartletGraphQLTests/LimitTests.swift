import Testing

@testable import MartletGraphQL

@Suite("Refusing what costs too much")
struct LimitTests {
    static let levels = 10_000

    private func refusal(_ query: String, _ limits: GraphQLLimits = GraphQLLimits()) async throws -> GraphQLError? {
        let executor = try GraphQLExecutor(TestSchema.schema(), limits: limits)
        let started = ContinuousClock.now
        let response = try await executor.execute(GraphQLRequest(query: query), context: TestContext())
        #expect(ContinuousClock.now - started < .seconds(5))
        #expect(!response.wasExecuted)
        #expect(response.status == 400)
        return response.errors.first
    }

    private static func nested(_ open: String, _ inner: String, _ close: String) -> String {
        String(repeating: open, count: levels) + inner + String(repeating: close, count: levels)
    }

    @Test(
        "ten thousand levels of anything are refused",
        arguments: [
            nested("{a", "", "}"), "{a(b:\(nested("[", "", "]")))}", "{a(b:\(nested("{c:", "1", "}")))}",
            "{a(b:\(nested("[{c:", "1", "}]")))}", "query($a:\(nested("[", "T", "]"))){a}", nested("{...", "{a}", "}"),
            "query($a:T=\(nested("[", "", "]"))){a}", "{a(b:\(String(repeating: "[", count: levels))",
            "{" + nested("a{", "", ""),
        ]
    )
    func nesting(query: String) async throws {
        let error = try await refusal(query)
        #expect(error?.kind == .limit)
        #expect(error?.message == "Document is nested deeper than 64 levels.")
    }

    @Test("a chain of ten thousand fragments is refused, from whichever end it is read", arguments: [false, true])
    func fragmentChain(isReversed: Bool) async throws {
        var fragments = (0..<Self.levels).map { "fragment F\($0) on Query{...F\($0 + 1)}" }
        fragments.append("fragment F\(Self.levels) on Query{__typename}")
        if isReversed { fragments.reverse() }
        let error = try await refusal("{...F0}" + fragments.joined())
        #expect(error?.message == "Fragments are nested deeper than 64 levels.")
    }

    @Test("levels that fragments hide are counted")
    func hiddenDepth() async throws {
        let fragments = (0..<70).map { "fragment F\($0) on __Type{ofType{...F\($0 + 1)}}" }
        let last = "fragment F70 on __Type{name}"
        let error = try await refusal("{__type(name:\"A\"){...F0}}" + fragments.joined() + last)
        #expect(error?.kind == .limit)
    }

    @Test("fragments that multiply are refused before they have")
    func expansion() async throws {
        let fragments = (0..<40).map { "fragment F\($0) on __Type{a:ofType{...F\($0 + 1)} b:ofType{...F\($0 + 1)}}" }
        let query = "{__type(name:\"A\"){...F0}}" + fragments.joined() + "fragment F40 on __Type{name}"
        var limits = GraphQLLimits()
        #expect(try await refusal(query, limits)?.message == "Query has more than 250 aliases.")
        limits.aliases = .max
        #expect(try await refusal(query, limits)?.message == "Query has more than 5000 fields.")
    }

    @Test("fragments that are spread many times and ask for the same cost once")
    func sameFragment() async throws {
        let fragments = (0..<40).map {
            "fragment F\($0) on __Type{ofType{...F\($0 + 1) ...F\($0 + 1)} ofType{...F\($0 + 1)}}"
        }
        let query = "{__type(name:\"Run\"){...F0 name}}" + fragments.joined() + "fragment F40 on __Type{name}"
        let answer = try await TestSchema.make().answer(query, for: TestContext())
        #expect(answer == #"{"data":{"__type":{"ofType":null,"name":"Run"}}}"#)
    }

    @Test("many aliases of one field are refused")
    func aliases() async throws {
        let query = "{" + (0...250).map { "a\($0):viewer{id}" }.joined(separator: " ") + "}"
        #expect(try await refusal(query)?.message == "Query has more than 250 aliases.")
    }

    @Test("sizes are bounded: bytes, tokens, variables that decide")
    func sizes() async throws {
        var limits = GraphQLLimits()
        #expect(
            try await refusal("{a}#" + String(repeating: "x", count: 1 << 20))?.message
                == "Document is larger than 1048576 bytes."
        )
        limits.tokens = 10
        #expect(
            try await refusal("{a b c d e f g h i j}", limits)?.message
                == "Document contains more than 10 tokens. Parsing aborted."
        )
        let conditions = (0...64).map { "... @skip(if:$v\($0)) { __typename }" }.joined(separator: " ")
        let variables = (0...64).map { "$v\($0):Boolean=true" }.joined(separator: " ")
        #expect(
            try await refusal("query(\(variables)){\(conditions)}")?.message
                == "More than 64 variables decide over fields."
        )
    }

    @Test("an answer that grows too large is given up")
    func answerSize() async throws {
        var limits = GraphQLLimits()
        limits.answerBytes = 50
        let executor = try GraphQLExecutor(TestSchema.schema(), limits: limits)
        let query = "{ project(name: \"p\") { allRuns { name tags notes loss id } } }"
        let response = try await executor.execute(GraphQLRequest(query: query), context: TestContext())
        #expect(response.status == 413)
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"data":null,"errors":[{"message":"The answer is larger than 50 bytes; ask for less at once."}]}"#
        )
    }

    @Test("lists inside lists are given up before they have multiplied, and look-ups count more than objects")
    func cost() async throws {
        var limits = GraphQLLimits()
        for (query, cost) in [
            ("{ project(name: \"p\") { allRuns { name } } }", 24),
            ("{ project(name: \"p\") { allRuns { slow } } }", 84),
        ] {
            limits.cost = cost
            #expect(try await answer(query, limits).status == 200)
            limits.cost = cost - 1
            let refused = try await answer(query, limits)
            #expect(refused.status == 400)
            #expect(refused.errors.first?.message.hasPrefix("Query costs more than \(cost - 1)") == true)
            #expect(String(decoding: refused.body, as: UTF8.self).hasPrefix(#"{"data":null,"errors":["#))
        }
    }

    @Test("the costliest question of a client is answered: the runs of a sweep, with three look-ups each")
    func sweeps() {
        #expect(GraphQLLimits().cost > 10_000 * (3 * GraphQLLimits.lookUp + 2))
    }

    private func answer(_ query: String, _ limits: GraphQLLimits) async throws -> GraphQLResponse {
        try await GraphQLExecutor(TestSchema.schema(), limits: limits).execute(
            GraphQLRequest(query: query),
            context: TestContext()
        )
    }

    @Test("long lists of arguments and variables take no long time")
    func manyArguments() async throws {
        let arguments = (0..<15_000).map { "a\($0):\($0)" }
        let error = try await refusal(
            "{echo(\(arguments.joined(separator: " "))) echo(\(arguments.reversed().joined(separator: " "))) nope}"
        )
        #expect(error?.message == "Cannot query field \"nope\" on type \"Query\".")
        let answer = try await TestSchema.make().answer(
            "{echo(\(arguments.joined(separator: " "))) echo(\(arguments.reversed().joined(separator: " ")))}",
            for: TestContext()
        )
        #expect(answer == #"{"data":{"echo":"absent"}}"#)
    }
}
