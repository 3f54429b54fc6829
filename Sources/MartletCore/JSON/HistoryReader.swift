/// Reads lines of a history as W&B's clients stream them, straight into columns.
///
/// A line is a JSON object with `_step`, `_timestamp` (seconds) and whatever was logged. Numbers become points, numbers
/// in nested objects points of dotted keys; everything else is kept as an object, as it was sent. Bare `NaN` and
/// `Infinity` are numbers.
package struct HistoryReader {
    /// Longest key of a metric or an object, in UTF-8 bytes.
    package static let longestKey = 1_000
    private static let deepest = 16

    package private(set) var batch = LogBatch()
    package private(set) var objects: [LoggedObject] = []
    /// Keys of which objects were seen whose members became points.
    package private(set) var nested: Set<String> = []
    private var indexes: [String: UInt32] = [:]
    private var line = Line()
    /// Put before the keys of points that do not begin so: what a machine reports is no metric of the training.
    private let prefix: String
    /// Milliseconds since 1970-01-01 UTC, for lines that do not say.
    private let now: Int64

    private struct Line {
        var step: Int64?
        var seconds: Double?
        var values: [(key: String, value: Double)] = []
        var objects: [(key: String, json: Range<Int>)] = []
    }

    package init(prefix: String = "", now: Int64) {
        self.prefix = prefix
        self.now = now
    }

    /// Adds one line. O(bytes).
    /// - Parameter number: the step of a line that does not say.
    /// - Throws: `invalidArgument` that says where the line goes wrong. What was read before stays.
    package mutating func add(_ text: String, number: Int64) throws(MartletError) {
        var text = text
        let result: Result<Void, JSONFailure> = text.withUTF8 { bytes in
            guard let base = bytes.baseAddress, !bytes.isEmpty else {
                return .failure(JSONFailure(.unexpectedEnd, at: 0))
            }
            var cursor = JSONCursor(base: base, end: bytes.count)
            cursor.takesBareNaN = true
            line = Line()
            do throws(JSONFailure) {
                try members(&cursor, path: "", depth: 0)
                cursor.skipSpace()
                guard cursor.index == cursor.end else { throw JSONFailure(.trailingBytes, at: cursor.index) }
                try keep(number, cursor)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let failure) = result { throw failure.asMartletError }
    }

    private mutating func members(_ cursor: inout JSONCursor, path: String, depth: Int) throws(JSONFailure) {
        try cursor.expect(UInt8(ascii: "{"))
        if try cursor.peek() == UInt8(ascii: "}") {
            cursor.index += 1
            return
        }
        repeat {
            let name = try cursor.string()
            let key = path.isEmpty ? name : "\(path).\(name)"
            try cursor.expect(UInt8(ascii: ":"))
            let byte = try cursor.peek()
            guard key.utf8.count <= Self.longestKey else { throw JSONFailure(.longKey, at: cursor.index) }
            if byte == UInt8(ascii: "{"), try isPlainObject(cursor, depth) {
                if path.isEmpty { nested.insert(name) }
                try members(&cursor, path: key, depth: depth + 1)
            } else if byte == UInt8(ascii: "-") || byte &- 48 <= 9 || byte == UInt8(ascii: "N")
                || byte == UInt8(ascii: "I")
            {
                number(try cursor.number(), key)
            } else {
                let start = cursor.index
                _ = try cursor.value(depth: 0)
                line.objects.append((key, start..<cursor.index))
            }
        } while try cursor.hasNext(before: UInt8(ascii: "}"))
    }

    /// Whether an object holds numbers, at any depth, and is no media value. What is empty, has a list, or has a name with
    /// a dot, which would stand for another object, is kept whole.
    private func isPlainObject(_ cursor: JSONCursor, _ depth: Int) throws(JSONFailure) -> Bool {
        guard depth < Self.deepest else { return false }
        var look = cursor
        guard case .object(let members) = try look.value(depth: 0), !members.isEmpty else { return false }
        return Self.holdsNumbers(members)
    }

    private static func holdsNumbers(_ members: [JSONValue.Member]) -> Bool {
        members.allSatisfy { member in
            guard !member.key.utf8.contains(UInt8(ascii: ".")) else { return false }
            return switch member.value {
            case .integer, .number: true
            case .object(let inner): !inner.isEmpty && holdsNumbers(inner)
            default: false
            }
        }
    }

    private mutating func number(_ number: JSONCursor.Number, _ key: String) {
        let value: Double
        switch number {
        case .integer(let integer):
            if key == "_step" {
                line.step = integer
                return
            }
            value = Double(integer)
        case .real(let real): value = real
        }
        if key == "_step" {
            // A step with a fraction is kept beside the whole one.
            line.step = value.isFinite && abs(value) < 9e18 ? Int64(value.rounded(.down)) : nil
        }
        if key == StreamChunk.lineMark { line.seconds = value }
        line.values.append((key, value))
    }

    private mutating func keep(_ number: Int64, _ cursor: JSONCursor) throws(JSONFailure) {
        let step = line.step ?? number
        let time: Int64
        if let seconds = line.seconds, seconds.isFinite, abs(seconds) < 1e12 {
            time = Int64((seconds * 1_000).rounded())
        } else {
            time = now
            if line.seconds == nil { line.values.append((StreamChunk.lineMark, Double(now) / 1_000)) }
        }
        for (key, value) in line.values { append(key.hasPrefix(prefix) ? key : prefix + key, step, time, value) }
        for (key, range) in line.objects {
            objects.append(LoggedObject(key: key, step: step, time: time, json: try cursor.text(range)))
        }
    }

    private mutating func append(_ key: String, _ step: Int64, _ time: Int64, _ value: Double) {
        let index: UInt32
        if let known = indexes[key] {
            index = known
        } else {
            index = UInt32(batch.keys.count)
            batch.keys.append(key)
            indexes[key] = index
        }
        batch.keyIndexes.append(index)
        batch.steps.append(step)
        batch.times.append(time)
        batch.values.append(value)
    }
}
