import MartletCore
import MartletTesting
import Testing

@testable import MartletHTTP

@Suite("Bodies of points: the scanner against the tree parser")
struct MLflowLogBatchTests {
    /// A batch, or the words of the refusal.
    private enum Outcome: Equatable {
        case batch(MLflowLogBatch.Parsed)
        case refused
    }

    private func outcome(_ parse: () throws -> MLflowLogBatch.Parsed) -> Outcome {
        do { return .batch(try parse()) } catch { return .refused }
    }

    /// Whether both ways agree; NaN counts as equal to NaN.
    private func agree(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            let fast = outcome { try MLflowLogBatch.batch(in: buffer) }
            let slow = outcome { try MLflowLogBatch.batchFromTree(MLflowMessage.parse(buffer)) }
            return same(fast, slow)
        }
    }

    private func agreeOnPoint(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            let fast = outcome { try MLflowLogBatch.point(in: buffer) }
            let slow = outcome { try MLflowLogBatch.pointFromTree(MLflowMessage.parse(buffer)) }
            return same(fast, slow)
        }
    }

    private func same(_ left: Outcome, _ right: Outcome) -> Bool {
        guard case .batch(var first) = left, case .batch(var second) = right else { return left == right }
        guard first.batch.values.map(\.bitPattern) == second.batch.values.map(\.bitPattern) else { return false }
        (first.batch.values, second.batch.values) = ([], [])
        let (firstScores, secondScores) = (first.batch.modelMetrics, second.batch.modelMetrics)
        guard firstScores.map(\.value.bitPattern) == secondScores.map(\.value.bitPattern) else { return false }
        for index in firstScores.indices {
            first.batch.modelMetrics[index].value = 0
            second.batch.modelMetrics[index].value = 0
        }
        return first == second
    }

    @Test("random valid bodies give the same batch")
    func valid() {
        var random = Dice(seed: 5)
        for _ in 0..<2_000 {
            let body = random.batchBody(odd: false)
            let bytes = Array(body.utf8)
            #expect(agree(bytes), "\(body)")
            // What clients send must take the fast way.
            #expect(
                bytes.withUnsafeBufferPointer { LogBatchScanner.batch(in: $0, mostPoints: 1_000) } != nil,
                "\(body)"
            )
        }
    }

    @Test("odd bodies give the same batch, or are refused by both")
    func odd() {
        var random = Dice(seed: 6)
        for _ in 0..<4_000 {
            let body = random.batchBody(odd: true)
            #expect(agree(Array(body.utf8)), "\(body)")
        }
    }

    @Test("damaged bodies give the same batch, or are refused by both, and never crash")
    func damaged() {
        var random = Dice(seed: 7)
        for _ in 0..<10_000 {
            let bytes = random.damaged(Array(random.batchBody(odd: random.chance(4)).utf8))
            #expect(agree(bytes), "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test("single points, odd and damaged too, give the same batch or are refused by both")
    func points() {
        var random = Dice(seed: 8)
        for round in 0..<8_000 {
            var fields = random.pointFields(odd: round % 2 == 1)
            fields.insert(#""run_id": "\#(random.chance(20) ? "" : "abc")""#, at: 0)
            var bytes = Array("{\(fields.joined(separator: ", "))}".utf8)
            if round % 4 == 3 { bytes = random.damaged(bytes) }
            #expect(agreeOnPoint(bytes), "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test(
        "what is wrong is said in MLflow's words",
        arguments: [
            (#"{"key": "a", "timestamp": 1}"#, "Missing value for required parameter 'metrics[0].value'"),
            (#"{"key": "", "value": 1, "timestamp": 1}"#, "Missing value for required parameter 'metrics[0].key'"),
            (#"{"key": "a", "value": 1}"#, "Missing value for required parameter 'metrics[0].timestamp'"),
            (#"{"key": "a", "value": true, "timestamp": 1}"#, "Invalid value true for parameter 'metrics[0].value'"),
            (#"{"key": "a", "value": "x", "timestamp": 1}"#, #"Invalid value "x" for parameter 'metrics[0].value'"#),
            (#"{"key": "a", "value": 1, "timestamp": -1}"#, "Timestamp must be a nonnegative long"),
            (#"{"key": "a//b", "value": 1, "timestamp": 1}"#, "This name would resolve to 'a/b'"),
            (#"{"key": "a*", "value": 1, "timestamp": 1}"#, #"Invalid value "a*" for parameter 'metrics[0].name'"#),
        ]
    )
    func messages(metric: String, message: String) throws {
        let body = Array(#"{"run_id": "r", "metrics": [\#(metric)]}"#.utf8)
        let error = #expect(throws: MartletError.self) {
            try body.withUnsafeBufferPointer { bytes in try MLflowLogBatch.batch(in: bytes) }
        }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.code == .invalidArgument)
    }

    @Test("over-long values are cut, over-long keys refused")
    func lengths() throws {
        let long = String(repeating: "é", count: 9_000)
        let body = Array(
            #"{"run_id": "r", "params": [{"key": "p", "value": "\#(long)"}], "tags": [{"key": "t", "value": "\#(long)"}]}"#
                .utf8
        )
        let batch = try body.withUnsafeBufferPointer { bytes in try MLflowLogBatch.batch(in: bytes) }.batch
        #expect(batch.params[0].value.unicodeScalars.count == 6_000)
        #expect(batch.tags[0].value.unicodeScalars.count == 8_000)
        let key = String(repeating: "k", count: 251)
        let refused = Array(#"{"run_id": "r", "params": [{"key": "\#(key)", "value": ""}]}"#.utf8)
        let error = #expect(throws: MartletError.self) {
            try refused.withUnsafeBufferPointer { bytes in try MLflowLogBatch.batch(in: bytes) }
        }
        #expect(error?.message == "'Param key' exceeds the maximum length of 250 characters")
    }
}

/// Bodies that are the same in every run of the tests.
private struct Dice {
    private var numbers: SeededNumbers

    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    mutating func next() -> UInt64 { numbers.next() }

    mutating func chance(_ of: UInt64) -> Bool { next() % of == 0 }
    mutating func pick(_ texts: [String]) -> String { texts[Int(next() % UInt64(texts.count))] }

    mutating func pointFields(odd: Bool) -> [String] {
        let values = [
            "0.5", "1", "-2e-7", "\"NaN\"", "\"-Infinity\"", "\"0.25\"", "123456789.125", "0.1234567890123456789",
        ]
        let oddValues = ["true", "null", "\"nan\"", "\"x\"", "[]", "NaN", "1e400", "\"\"", "\"1e400\"", "{}", "-0"]
        let keys = ["loss", "train/loss", "a b", "é", "k.1", "k:2"]
        let oddKeys = ["", "..", "../x", "a//b", "\\u0061", "e\\u0301", "e\u{301}", "a*", "..a", "/a", "a\\n"]
        let times = ["0", "1700000000000", "\"17\"", "9223372036854775807"]
        let oddTimes = ["-1", "1.0", "1.5", "null", "\"1.5\"", "1e3", "true", "99999999999999999999", "\"\""]
        var fields = [
            "\"key\": \"\(pick(odd && chance(4) ? oddKeys : keys))\"",
            "\"value\": \(pick(odd && chance(4) ? oddValues : values))",
            "\"timestamp\": \(pick(odd && chance(4) ? oddTimes : times))",
        ]
        if chance(2) { fields.append("\"step\": \(pick(odd && chance(4) ? oddTimes : ["0", "-5", "\"7\"", "12"]))") }
        if odd, chance(6) { fields.append("\"model_id\": \"\(pick(["", "m-1"]))\"") }
        if odd, chance(6) { fields.append("\"other\": {\"a\": [1, \"\\n\"]}") }
        if odd, chance(12) { fields.append(fields[Int(next() % 3)]) }
        if odd, chance(12) { fields.remove(at: Int(next() % UInt64(fields.count))) }
        if chance(3) { fields.swapAt(0, fields.count - 1) }
        return fields
    }

    mutating func batchBody(odd: Bool) -> String {
        let metrics = (0..<next() % 6).map { _ in "{\(pointFields(odd: odd).joined(separator: ", "))}" }
        let pairs = { (dice: inout Dice) -> String in
            (0..<dice.next() % 3).map { number in
                let key = odd && dice.chance(6) ? dice.pick(["", "a//b", "k0"]) : "k\(number)"
                let value = dice.pick(["v", "", "\\\"\\u00e9", odd ? "\\ud800" : "x"])
                return "{\"key\": \"\(key)\", \"value\": \"\(value)\"}"
            }.joined(separator: ",\n")
        }
        var fields = [
            #""run_id": "\#(odd && chance(10) ? "" : "r1")""#,
            "\"metrics\": [\(metrics.joined(separator: ", "))]",
            "\"params\": [\(pairs(&self))]", "\"tags\": [\(pairs(&self))]",
        ]
        if odd, chance(8) { fields.append("\"run_uuid\": \"r1\"") }
        if odd, chance(8) { fields.append("\"unknown\": [{}, \"x\", 1.5]") }
        if odd, chance(10) { fields.append("\"metrics\": []") }
        if chance(3) { fields.swapAt(1, 2) }
        return "{\(fields.joined(separator: chance(2) ? ", " : ",\n  "))}"
    }

    /// The bytes with one to three of them changed, removed or doubled, or the end cut off.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...next() % 3 where !bytes.isEmpty {
            let place = Int(next() % UInt64(bytes.count))
            switch next() % 5 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: next())
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(bytes[place], at: place)
            case 3: bytes[place] = Array("{}[]\",:0-.eEtfn\\".utf8)[Int(next() % 16)]
            default: if chance(4) { bytes.removeSubrange(place...) }
            }
        }
        return bytes
    }
}
