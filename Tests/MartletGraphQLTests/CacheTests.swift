import Testing

@testable import MartletGraphQL

@Suite("Keeping parsed documents")
struct CacheTests {
    private func document(_ text: String) throws -> PreparedDocument {
        PreparedDocument(text: text, document: try Parser.document(text), conditionVariables: [])
    }

    @Test("the documents that were not used for longest go first")
    func eviction() throws {
        var limits = GraphQLLimits()
        limits.cachedDocuments = 2
        let cache = DocumentCache(limits)
        cache.keep(try document("{a}"))
        cache.keep(try document("{b}"))
        #expect(cache.document("{a}") != nil)
        cache.keep(try document("{c}"))
        #expect(cache.document("{b}") == nil)
        #expect(cache.document("{a}") != nil)
        #expect(cache.count == 2)
        #expect(cache.bytes == 6)
    }

    @Test("bytes are bounded, and no document takes more than an eighth of them")
    func bytes() throws {
        var limits = GraphQLLimits()
        limits.cachedBytes = 80
        let cache = DocumentCache(limits)
        cache.keep(try document("{abcdefghi}"))
        #expect(cache.count == 0)
        for number in 100..<200 { cache.keep(try document("{a\(number)}")) }
        #expect(cache.bytes <= 80)
        #expect(cache.count == 13)
        cache.keep(try document("{a199}"))
        #expect(cache.count == 13)
    }

    @Test("texts that only look the same are told apart")
    func equivalence() async throws {
        let executor = try TestSchema.make()
        for text in ["\u{e9}", "e\u{301}"] {
            let answer = try await executor.answer("{ echo(value: \"\(text)\") }", for: TestContext())
            #expect(answer.utf8.elementsEqual("{\"data\":{\"echo\":\"\(text)\"}}".utf8))
        }
        #expect(executor.cache.count == 2)
    }

    @Test("what was refused is not kept")
    func refused() async throws {
        let executor = try TestSchema.make()
        for query in ["{", "{ nope }"] { _ = try await executor.answer(query, for: TestContext()) }
        #expect(executor.cache.count == 0)
    }

    @Test("many tasks ask at once, for the same documents and for new ones")
    func concurrency() async throws {
        var limits = GraphQLLimits()
        limits.cachedDocuments = 8
        let executor = try GraphQLExecutor(TestSchema.schema(), limits: limits)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for number in 0..<100 {
                        let value = (task * number) % 20
                        let query = "query Q($s: Boolean!) { echo(value: \(value)) viewer @skip(if: $s) { id } }"
                        let skips = number.isMultiple(of: 2)
                        let variables = GraphQLValue.object([.init(key: "s", value: .bool(skips))])
                        let answer = try await executor.answer(query, variables, for: TestContext())
                        let viewer = skips ? "" : #","viewer":{"id":"u1"}"#
                        #expect(answer == "{\"data\":{\"echo\":\(value)\(viewer)}}")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(executor.cache.count == 8)
    }
}
