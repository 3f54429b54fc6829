import MartletCore

/// Writes lines of a history, one step after the other, as a JSON list: of objects, or of texts that hold them.
///
/// A page has thousands of lines: what stands in each is written once, and no line is a text of its own before it is sent.
struct HistoryRowWriter {
    private struct Column {
        let series: StepTable.Series
        /// The key with its quotes and the colon, as it stands in the list.
        let token: [UInt8]
        let tree: (root: String, path: Substring)?
        /// The first point that was not written.
        var place = 0
    }

    private typealias Member = (path: Substring, value: Value)

    private enum Value {
        case number(Double)
        case object(LoggedObject)
    }

    private static let comma = Array(",".utf8)

    private let style: WandBHistory.Style
    private let open: [UInt8]
    private let close: [UInt8]
    private let stepToken: [UInt8]
    private let nested: Set<String>
    private var json: JSONWriter
    private var isEmpty = true
    private var columns: [Column]
    /// Columns that have a point at the step, and its value.
    private var found: [(column: Int, value: Double)] = []

    /// - Parameter nested: keys of objects whose members are series, to be written as objects again.
    init(_ series: [StepTable.Series], nested: Set<String>, style: WandBHistory.Style, rows: Int) {
        self.style = style
        self.nested = nested
        let isText = style == .insideText
        (open, close) = (Array(isText ? "\"{".utf8 : "{".utf8), Array(isText ? "}\"".utf8 : "}".utf8))
        stepToken = Self.piece(isText) { $0.key("_step") }
        json = JSONWriter(reserving: min(rows * (48 * series.count + 32), 8 << 20))
        json.piece(Array("[".utf8))
        columns = series.map { one in
            let token = Self.piece(isText) { $0.key(one.key) }
            return Column(series: one, token: token, tree: Self.tree(of: one.key, nested))
        }
    }

    /// The object that a key is a member of, and where in it; `nil` for a key of the line itself.
    private static func tree(of key: String, _ nested: Set<String>) -> (root: String, path: Substring)? {
        guard let root = WandBHistory.root(of: key, in: nested) else { return nil }
        return (root, key.dropFirst(root.count + 1))
    }

    /// Goes on to a step, which lies behind the one before. Of points that a series has twice there, the last one counts.
    mutating func find(_ step: Int64) {
        found.removeAll(keepingCapacity: true)
        for index in columns.indices {
            var place = columns[index].place
            let steps = columns[index].series.steps
            if place < steps.count, steps[place] < step { place = Self.first(of: steps, atLeast: step, from: place) }
            var last: Int?
            while place < steps.count, steps[place] == step {
                last = place
                place += 1
            }
            columns[index].place = place
            if let last { found.append((index, columns[index].series.values[last])) }
        }
    }

    /// By steps that double, then by halves: most often it is the next one.
    private static func first(of steps: [Int64], atLeast step: Int64, from start: Int) -> Int {
        var (low, high, stride) = (start, start + 1, 1)
        while high < steps.count, steps[high] < step {
            low = high
            stride *= 2
            high += stride
        }
        high = min(high, steps.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if steps[middle] < step { low = middle } else { high = middle }
        }
        return high
    }

    /// The list of all that was written.
    mutating func list() -> [UInt8] {
        json.piece(Array("]".utf8))
        return json.bytes
    }

    /// Writes the line of the step that was found.
    /// - Parameter step: `nil` where it is not to stand in it.
    mutating func write(_ step: Int64?, _ objects: [LoggedObject]) {
        if !isEmpty { json.piece(Self.comma) }
        isEmpty = false
        json.piece(open)
        var needsComma = false
        var trees: [String: [Member]] = [:]
        var exactStep: Double?
        for (index, value) in found {
            if step != nil, columns[index].series.key == "_step" {
                exactStep = value
            } else if let tree = columns[index].tree {
                trees[tree.root, default: []].append((tree.path, .number(value)))
            } else {
                if needsComma { json.piece(Self.comma) }
                needsComma = true
                json.piece(columns[index].token)
                json.wandB(value, style)
            }
        }
        var others: [LoggedObject] = []
        for object in objects {
            if let tree = Self.tree(of: object.key, nested) {
                trees[tree.root, default: []].append((tree.path, .object(object)))
            } else {
                others.append(object)
            }
        }
        if let step, trees.isEmpty, others.isEmpty, exactStep == nil {
            if needsComma { json.piece(Self.comma) }
            json.piece(stepToken)
            json.integer(step)
        } else if step != nil || !trees.isEmpty || !others.isEmpty {
            if needsComma { json.piece(Self.comma) }
            json.piece(Self.piece(style == .insideText) { rest(to: &$0, trees, others, step, exactStep) })
        }
        json.piece(close)
    }

    /// A piece of a line, as it stands in the list.
    private static func piece(_ isText: Bool, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var plain = JSONWriter(reserving: 64)
        write(&plain)
        guard isText else { return plain.bytes }
        var text = JSONWriter(reserving: plain.bytes.count + 16)
        text.inside(plain.bytes)
        return text.bytes
    }

    /// The members of a line that are no numbers of a key of their own.
    private func rest(
        to json: inout JSONWriter,
        _ trees: [String: [Member]],
        _ objects: [LoggedObject],
        _ step: Int64?,
        _ exactStep: Double?
    ) {
        for (key, members) in trees.sorted(by: { $0.key < $1.key }) {
            json.key(key)
            write(members, to: &json)
        }
        for object in objects {
            json.key(object.key)
            write(object, to: &json)
        }
        guard let step else { return }
        json.key("_step")
        if let exactStep { json.wandB(exactStep, style) } else { json.integer(step) }
    }

    private func write(_ object: LoggedObject, to json: inout JSONWriter) {
        if style == .strict, let value = try? JSONText.lenient(object.json) {
            json.value(value)
        } else {
            json.json(object.json.utf8)
        }
    }

    /// Members with dotted paths, as nested objects.
    private func write(_ members: [Member], to json: inout JSONWriter) {
        json.beginObject()
        var inner: [String: [Member]] = [:]
        for (path, value) in members {
            if let dot = path.firstIndex(of: ".") {
                inner[String(path[..<dot]), default: []].append((path[path.index(after: dot)...], value))
            } else {
                json.key(String(path))
                switch value {
                case .number(let number): json.wandB(number, style)
                case .object(let object): write(object, to: &json)
                }
            }
        }
        for (name, members) in inner.sorted(by: { $0.key < $1.key }) {
            json.key(name)
            write(members, to: &json)
        }
        json.endObject()
    }
}
