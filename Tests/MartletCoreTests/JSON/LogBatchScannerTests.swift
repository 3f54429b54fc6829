import MartletCore
import Testing

@Suite("Scanning bodies of points")
struct LogBatchScannerTests {
    private func scan(_ text: String) -> LogBatchScanner.Scanned? {
        Array(text.utf8).withUnsafeBufferPointer { LogBatchScanner.batch(in: $0, mostPoints: 1_000) }
    }

    private func body(_ metric: String) -> String { #"{"run_id": "r", "metrics": [\#(metric)]}"# }

    @Test("points land in columns, and a key is kept once")
    func columns() throws {
        let scanned = try #require(
            scan(
                """
                {"run_id": "r1", "metrics": [
                  {"key": "loss", "value": 0.5, "timestamp": 10, "step": 1},
                  {"step": -2, "timestamp": "11", "value": "NaN", "key": "acc"},
                  {"key": "loss", "value": 1e-3, "timestamp": 12}]}
                """
            )
        )
        #expect(scanned.runID == "r1")
        #expect(scanned.batch.keys == ["loss", "acc"])
        #expect(scanned.batch.keyIndexes == [0, 1, 0])
        #expect(scanned.batch.steps == [1, -2, 0])
        #expect(scanned.batch.times == [10, 11, 12])
        #expect(scanned.batch.values[0] == 0.5)
        #expect(scanned.batch.values[1].isNaN)
        #expect(scanned.batch.values[2] == 0.001)
    }

    @Test("many keys are told apart")
    func manyKeys() throws {
        let metrics = (0..<1_000).map { #"{"key": "key/\#($0)", "value": \#($0), "timestamp": 1}"# }
        let scanned = try #require(scan(body(metrics.joined(separator: ","))))
        #expect(scanned.batch.keys.count == 1_000)
        #expect(scanned.batch.keys[999] == "key/999")
        #expect(scanned.batch.keyIndexes.map(Int.init) == Array(0..<1_000))
    }

    @Test(
        "what is not the common form is left to the tree parser",
        arguments: [
            #"{"key": "a", "value": true, "timestamp": 1}"#, #"{"key": "a", "value": null, "timestamp": 1}"#,
            #"{"key": "a", "value": 1, "timestamp": 1.5}"#, #"{"key": "a", "value": 1, "timestamp": -1}"#,
            #"{"key": "a", "value": 1}"#, #"{"value": 1, "timestamp": 1}"#, #"{"key": "a", "timestamp": 1}"#,
            #"{"key": "", "value": 1, "timestamp": 1}"#, #"{"key": "../a", "value": 1, "timestamp": 1}"#,
            #"{"key": "..a", "value": 1, "timestamp": 1}"#, #"{"key": "\u0061", "value": 1, "timestamp": 1}"#,
            #"{"key": "a", "value": NaN, "timestamp": 1}"#, #"{"key": "a", "value": "x", "timestamp": 1}"#,
            #"{"key": "a", "value": 1, "timestamp": 1, "model_id": "m"}"#,
            #"{"key": "a", "value": 1, "value": 2, "timestamp": 1}"#, #"{"key": "a", "value": 01, "timestamp": 1}"#,
            #"{"key": "a", "value": 1, "timestamp": 99999999999999999999}"#,
        ]
    )
    func unusual(metric: String) {
        #expect(scan(body(metric)) == nil)
    }

    @Test("more points than allowed are left to the tree parser")
    func tooMany() {
        let metric = #"{"key": "a", "value": 1, "timestamp": 1}"#
        #expect(scan(body(Array(repeating: metric, count: 1_000).joined(separator: ","))) != nil)
        #expect(scan(body(Array(repeating: metric, count: 1_001).joined(separator: ","))) == nil)
    }

    @Test("every beginning of a body ends without a crash and without a batch")
    func truncated() {
        let bytes = Array(body(#"{"key": "loss", "value": "-Infinity", "timestamp": 12, "step": 3}"#).utf8)
        for count in 0..<bytes.count {
            #expect(
                bytes[..<count].withUnsafeBufferPointer { LogBatchScanner.batch(in: $0, mostPoints: 10) } == nil
            )
        }
    }

    @Test("one point is read from its own body")
    func point() throws {
        let text = #"{"run_uuid": "r", "run_id": "r", "key": "a", "value": 2, "timestamp": 3, "step": 4}"#
        let scanned = try #require(
            Array(text.utf8).withUnsafeBufferPointer { LogBatchScanner.point(in: $0) }
        )
        #expect(scanned.runID == "r")
        #expect(scanned.batch == LogBatch(keys: ["a"], keyIndexes: [0], steps: [4], times: [3], values: [2]))
    }
}
