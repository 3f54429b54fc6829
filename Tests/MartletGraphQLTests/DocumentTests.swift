import Foundation
import Testing

@testable import MartletGraphQL

/// Documents of the kind that clients of the protocol send, short of their length.
enum SampleDocuments {
    static let own = [
        "query Viewer { viewer { id username teams { name } } }",
        """
        #graphql\nquery R($p: String!, $n: String!, $c: String, $k: Int = 50, $f: [String] = [],) {\n  \
        project(name: $p) { run(name: $n) { ...RunFields } runs(first: $k, after: $c) { edges { node { id \
        ...RunFields } cursor } pageInfo { endCursor hasNextPage } } } # page\n}\nfragment RunFields on Run { \
        __typename name tags loss historyLineCount }
        """,
        """
        mutation U($name: String!, $tags: [String!], $with: Boolean = true) { result: upsertBucket(input: \
        {name: $name, tags: $tags}) { bucket @include(if: $with) { name id } inserted } }
        """,
        """
        query C($i: Boolean = false) { collections { ... on ArtifactSequence { latest @skip(if: $i) } ... on \
        ArtifactPortfolio { __typename name } } }
        """,
        """
        query T { A: __type(name: \"Run\") { name fields { name args { name } } } B: __type(name: \
        \"UpsertBucketInput\") { inputFields { name } } }
        """,
        """
        { echo(value: {a: [1, -2.5e3, \"x\\u00e9\\n\", null, true, INFO], b: {c: {d: []}}, e: \"\"\"\n  block\n \
           text\n  \"\"\"}) }
        """,
    ]
}

@Suite("Reading what clients send")
struct DocumentTests {
    @Test("documents of the protocol are read", arguments: SampleDocuments.own)
    func parses(text: String) throws {
        let document = try Parser.document(text)
        #expect(document.operations.count == 1)
    }

    @Test("the samples are valid against the schema of these tests", arguments: SampleDocuments.own)
    func isValid(text: String) throws {
        #expect(try TestSchema.make().problems(in: text).map(\.message) == [])
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

@Suite("Reading what nobody should send")
struct FuzzTests {
    private static let pieces = [
        "{", "}", "(", ")", "[", "]", "...", "@include(if: true)", "@skip(if: $x)", "$x", ":", "!", "=", "\"", "\"\"\"",
        "\\u{", "\\ud800",
        "#", "\n", "on", "fragment F on Query { ...F }", "query", "mutation", "null", "-", "1e", "0", "\u{0}", "é", "😀",
        "__typename", "a:",
        "...F", "viewer { id }",
    ]

    private static func mutated(_ text: String, _ generator: inout SeededGenerator) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let start = Int.random(in: 0...bytes.count, using: &generator)
            let end = min(bytes.count, start + Int.random(in: 0...12, using: &generator))
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes.removeSubrange(start..<end)
            case 1: bytes.insert(contentsOf: Array((pieces.randomElement(using: &generator) ?? "").utf8), at: start)
            case 2: bytes.insert(contentsOf: bytes[start..<end], at: Int.random(in: 0...bytes.count, using: &generator))
            case 3: if start < bytes.count { bytes[start] = UInt8.random(in: 0...255, using: &generator) }
            default: bytes.removeSubrange(start..<(Int.random(in: 0..<8, using: &generator) == 0 ? bytes.count : start))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("twenty thousand mutated documents are answered, each one quickly", arguments: 0..<4)
    func mutations(seed: UInt64) async throws {
        var generator = SeededGenerator(state: seed)
        let executor = try TestSchema.make()
        let documents = SampleDocuments.own
        var slowest = Duration.zero
        var executed = 0
        for round in 0..<5_000 {
            let text = Self.mutated(documents[round % documents.count], &generator)
            let started = ContinuousClock.now
            let response = try await executor.execute(GraphQLRequest(query: text), context: TestContext())
            slowest = max(slowest, ContinuousClock.now - started)
            if response.wasExecuted { executed += 1 }
            let json = try? JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
            if json == nil { Issue.record("no JSON for: \(text)") }
        }
        #expect(slowest < .seconds(2))
        #expect(executed > 0)
    }
}
