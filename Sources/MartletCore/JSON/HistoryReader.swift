/// Reads lines of a history as W&B's clients stream them, straight into columns.
///
/// A line is a JSON object with `_step`, `_timestamp` (seconds) and whatever was logged. Numbers become points, numbers
/// in nested objects points of dotted keys, and what stands beside these objects of dotted keys; everything else is kept as
/// an object, as it was sent. Bare `NaN` and `Infinity` are numbers.
///
/// A client takes a refusal for the end of its stream. So a key that cannot be stored is changed into one that can, and a
/// value that readers would choke on is kept as a text; only what is no JSON is refused.
package struct HistoryReader {
    /// Longest key of a metric or an object, in UTF-8 bytes.
    package static let longestKey = 1_000
    private static let deepest = 16

    package private(set) var batch = LogBatch()
    package private(set) var objects: [LoggedObject] = []
    /// Keys of which objects were seen whose members became points.
    package private(set) var nested: Set<String> = []
    /// Columns by what their keys are in the lines.
    private var columns: [Column] = []
    private var places: [String: Int] = [:]
    /// Indexes in the batch by key.
    private var indexes: [String: UInt32] = [:]
    /// The keys of the lines before, as they stand in the text, by their place in the line: most lines look like
    /// the one before, and no key is made a text twice.
    private var shape: [Token] = []
    private var line = Line()
    /// Put before the keys of points that do not begin so: what a machine reports is no metric of the training.
    private let prefix: String
    /// Milliseconds since 1970-01-01 UTC, for lines that do not say.
    private let now: Int64
    /// Whether `_step` says which step a line is of; else its number does.
    private let takesSteps: Bool

    private struct Line {
        var step: Int64?
        var seconds: Double?
        var values: [(column: Int, value: Double)] = []
        var objects: [(column: Int, json: Range<Int>, isDeep: Bool)] = []

        mutating func removeAll() {
            (step, seconds) = (nil, nil)
            values.removeAll(keepingCapacity: true)
            objects.removeAll(keepingCapacity: true)
        }
    }

    /// What numbers of a key are.
    private struct Column {
        enum Role {
            case step, mark, metric
        }

        let key: String
        let role: Role
        /// In the batch; `nil` before the first number.
        var index: UInt32?
    }

    private struct Token {
        /// With its quotes.
        let bytes: [UInt8]
        let column: Int
    }

    /// Members of a line that are looked for by their place.
    private static let longestShape = 4_096

    package init(prefix: String = "", now: Int64, takesSteps: Bool = true) {
        self.prefix = prefix
        self.now = now
        self.takesSteps = takesSteps
    }

    /// Adds one line. O(bytes).
    /// - Parameter number: the step of a line that does not say.
    /// - Throws: `invalidArgument` that says where the line goes wrong. What was read before stays.
    package mutating func add(_ text: String, number: Int64) throws(MartletError) {
        var text = text
        let result = text.withUTF8 { read($0, number: number) }
        if case .failure(let failure) = result { throw failure.asMartletError }
    }

    /// As `add`, for bytes.
    package mutating func add(_ lines: TextLines, _ index: Int, number: Int64) throws(MartletError) {
        let result = lines.withBytes(index) { read($0, number: number) }
        if case .failure(let failure) = result { throw failure.asMartletError }
    }

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>, number: Int64) -> Result<Void, JSONFailure> {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return .failure(JSONFailure(.unexpectedEnd, at: 0)) }
        var cursor = JSONCursor(base: base, end: bytes.count)
        cursor.takesBareNaN = true
        line.removeAll()
        do throws(JSONFailure) {
            try members(&cursor)
            cursor.skipSpace()
            guard cursor.index == cursor.end else { throw JSONFailure(.trailingBytes, at: cursor.index) }
            try keep(number, cursor)
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private mutating func members(_ cursor: inout JSONCursor) throws(JSONFailure) {
        try cursor.expect(UInt8(ascii: "{"))
        if try cursor.peek() == UInt8(ascii: "}") {
            cursor.index += 1
            return
        }
        var place = 0
        repeat {
            let column = try column(&cursor, at: place)
            place += 1
            try member(&cursor, column, depth: 0)
        } while try cursor.hasNext(before: UInt8(ascii: "}"))
    }

    /// Consumes a key of the line itself.
    private mutating func column(_ cursor: inout JSONCursor, at place: Int) throws(JSONFailure) -> Int {
        _ = try cursor.peek()
        if place < shape.count, cursor.skip(shape[place].bytes) { return shape[place].column }
        let start = cursor.index
        let column = column(of: try cursor.string())
        guard place < Self.longestShape, place <= shape.count else { return column }
        let token = Token(
            bytes: Array(UnsafeBufferPointer(start: cursor.base + start, count: cursor.index - start)),
            column: column
        )
        if place < shape.count { shape[place] = token } else { shape.append(token) }
        return column
    }

    private mutating func column(of name: String) -> Int {
        if let known = places[name] { return known }
        let key = Self.storable(name)
        let role: Column.Role = key == "_step" ? .step : key == StreamChunk.lineMark ? .mark : .metric
        columns.append(Column(key: key, role: role, index: nil))
        places[name] = columns.count - 1
        return columns.count - 1
    }

    /// The key itself or, where it cannot be stored, one that stands for it alone.
    private static func storable(_ name: String) -> String {
        if name.isEmpty { return "(empty)" }
        let key = name.utf8.contains(0) ? name.replacing("\0", with: "\u{fffd}") : name
        guard key.utf8.count > longestKey else { return key }
        // FNV-1a (Fowler, Noll, Vo) of the whole key after what there is room for.
        let hash = key.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(decoding: key.utf8.prefix(longestKey - 32), as: UTF8.self) + "…" + String(hash, radix: 16)
    }

    private mutating func member(_ cursor: inout JSONCursor, _ column: Int, depth: Int) throws(JSONFailure) {
        try cursor.expect(UInt8(ascii: ":"))
        let byte = try cursor.peek()
        if byte == UInt8(ascii: "-") || byte &- 48 <= 9 || byte == UInt8(ascii: "N") || byte == UInt8(ascii: "I") {
            number(try cursor.number(), column)
        } else if byte == UInt8(ascii: "{"), isTakenApart(cursor, depth) {
            let key = columns[column].key
            if depth == 0 { nested.insert(key) }
            cursor.index += 1
            repeat {
                let name = try cursor.string()
                try member(&cursor, self.column(of: "\(key).\(name)"), depth: depth + 1)
            } while try cursor.hasNext(before: UInt8(ascii: "}"))
        } else {
            let start = cursor.index
            let size = try cursor.skipValue()
            line.objects.append((column, start..<cursor.index, !size.isReadable))
        }
    }

    /// Whether an object has numbers, at any depth. A media value is kept whole, and so is what has a name with a dot, which
    /// would stand for another object.
    private func isTakenApart(_ cursor: JSONCursor, _ depth: Int) -> Bool {
        var look = cursor
        // What goes wrong in it is told by who reads it.
        guard case .object(let members)? = try? look.value(depth: 0) else { return false }
        return Self.hasNumbers(members, depth + 1)
    }

    private static func hasNumbers(_ members: [JSONValue.Member], _ depth: Int) -> Bool {
        guard depth <= deepest else { return false }
        var isFound = false
        for member in members {
            guard member.key != "_type", !member.key.utf8.contains(UInt8(ascii: ".")) else { return false }
            switch member.value {
            case .integer, .number: isFound = true
            case .object(let inner): isFound = hasNumbers(inner, depth + 1) || isFound
            default: break
            }
        }
        return isFound
    }

    private mutating func number(_ number: JSONCursor.Number, _ column: Int) {
        if columns[column].role == .step, !takesSteps { return }
        let value: Double
        switch number {
        case .integer(let integer):
            if columns[column].role == .step {
                line.step = integer
                return
            }
            value = Double(integer)
        case .real(let real): value = real
        }
        switch columns[column].role {
        case .metric: break
        case .mark: line.seconds = value
        // A step with a fraction is kept beside the whole one.
        case .step: line.step = value.isFinite && abs(value) < 9e18 ? Int64(value.rounded(.down)) : nil
        }
        line.values.append((column, value))
    }

    private mutating func keep(_ number: Int64, _ cursor: JSONCursor) throws(JSONFailure) {
        let step = line.step ?? number
        let time: Int64
        if let seconds = line.seconds, seconds.isFinite, abs(seconds) < 1e12 {
            time = Int64((seconds * 1_000).rounded())
        } else {
            time = now
            if line.seconds == nil {
                line.values.append((column(of: StreamChunk.lineMark), Double(now) / 1_000))
            }
        }
        for (column, value) in line.values { append(column, step, time, value) }
        for (column, range, isDeep) in line.objects {
            let text = try cursor.text(range)
            let json = isDeep ? Self.quoted(text) : text
            objects.append(LoggedObject(key: columns[column].key, step: step, time: time, json: json))
        }
    }

    private static func quoted(_ json: String) -> String {
        var writer = JSONWriter(reserving: json.utf8.count + 64)
        writer.string(json)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private mutating func append(_ column: Int, _ step: Int64, _ time: Int64, _ value: Double) {
        batch.keyIndexes.append(columns[column].index ?? index(of: column))
        batch.steps.append(step)
        batch.times.append(time)
        batch.values.append(value)
    }

    /// The index of a column's key in the batch, which gets it when it is new.
    private mutating func index(of column: Int) -> UInt32 {
        let own = columns[column].key
        let key = own.hasPrefix(prefix) ? own : prefix + own
        let index = indexes[key] ?? UInt32(batch.keys.count)
        if indexes.updateValue(index, forKey: key) == nil { batch.keys.append(key) }
        columns[column].index = index
        return index
    }
}
