import Testing

@testable import MartletCore

@Suite("Reading bodies that stream lines")
struct StreamBodyTests {
    private func texts(_ body: StreamBody, _ file: String) throws -> [String] {
        let lines = try #require(body.files[file]).lines
        return try (0..<lines.count).map { try lines.text($0) }
    }

    @Test("lines are given as they were written, whatever they escape")
    func lines() throws {
        let text =
            #"{"files":{"a":{"content":["{\"x\":1}","","ü\u00e9\ud83d\ude00\n"],"offset":7},"b":{"offset":0,"content":[]}}}"#
        let body = try StreamBody(Array(text.utf8))
        #expect(try texts(body, "a") == [#"{"x":1}"#, "", "üé😀\n"])
        #expect(body.files["a"]?.offset == 7 && body.files["b"]?.lines.count == 0)
        #expect(!body.isComplete)
    }

    @Test("what is beside the files is told")
    func ends() throws {
        let body = try StreamBody(Array(#"{"uploaded":["x"],"complete":true,"exitcode":3,"files":null}"#.utf8))
        #expect(body.isComplete && body.exitCode == 3 && body.files.isEmpty)
        #expect(try StreamBody([]).files.isEmpty)
    }

    @Test(
        "what is no such body is refused",
        arguments: [
            "[]", "1", "{", #"{"files":{"a":{"offset":0,"content":["x"}}}"#, #"{"files":{"a":[]}}"#,
            #"{"files":{"a":{"content":["x"]}}}"#, #"{"files":{"a":{"offset":-1,"content":["x"]}}}"#,
            #"{"files":{"a":{"offset":0}}}"#, #"{"files":{"a":{"offset":0,"content":[1]}}}"#,
            #"{"files":{"a":{"offset":0,"content":"x"}}}"#, #"{"files":{"a":{"offset":1.5,"content":["x"]}}}"#,
            #"{"files":{"a":{"offset":0,"content":["\ud800"]}}}"#,
            "{\"files\":{\"a\":{\"offset\":0,\"content\":[\"\u{1}\"]}}}",
            #"{"files":{"a":{"offset":0,"content":["x"]}}} x"#, #"{"files":{"a":{"offset":0,"content":["x\"#,
        ]
    )
    func malformed(text: String) {
        let error = #expect(throws: MartletError.self) { _ = try StreamBody(Array(text.utf8)) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("very many files are refused before each takes memory")
    func manyFiles() {
        let files = (0..<100_000).map { #""f\#($0)":{"offset":0,"content":["x"]}"# }.joined(separator: ",")
        let error = #expect(throws: MartletError.self) { _ = try StreamBody(Array(#"{"files":{\#(files)}}"#.utf8)) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("mutated bodies agree with the general parser on what is JSON")
    func fuzz() {
        let text = #"{"files":{"h":{"offset":3,"content":["{\"a\":1}","\u00e9\\"]}},"complete":false}"#
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0x20...0x7e,
                    using: &generator
                )
            }
            // What the one takes is JSON for the other.
            if (try? StreamBody(bytes)) != nil { #expect((try? JSONParser.parse(bytes)) != nil) }
        }
    }
}
