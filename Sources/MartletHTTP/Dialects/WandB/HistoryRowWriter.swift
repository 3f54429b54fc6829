import MartletCore

/// Writes lines of a history, one step after the other.
struct HistoryRowWriter {
    private struct Column {
        let series: StepTable.Series
        /// The key as JSON, with its quotes and the colon.
        let token: [UInt8]
        /// The object that it is a member of, and where in it; `nil` for a key of the line itself.
        let tree: (root: String, path: Substring)?
        /// The first point that was not written.
        var place = 0
    }

    private typealias Member = (path: Substring, value: Double)

    private let style: WandBHistory.Style
    private var columns: [Column]
    /// Columns that have a point at the step, and its value.
    private var found: [(column: Int, value: Double)] = []

    /// - Parameter nested: keys of objects whose members are series, to be written as objects again.
    init(_ series: [StepTable.Series], nested: Set<String>, style: WandBHistory.Style) {
        self.style = style
        columns = series.map { one in
            var json = JSONWriter(reserving: one.key.utf8.count + 8)
            json.key(one.key)
            var tree: (String, Substring)?
            if !nested.isEmpty, let dot = one.key.firstIndex(of: "."), nested.contains(String(one.key[..<dot])) {
                tree = (String(one.key[..<dot]), one.key[one.key.index(after: dot)...])
            }
            return Column(series: one, token: json.bytes, tree: tree)
        }
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

    /// The line of the step that was found.
    /// - Parameter step: `nil` where it is not to stand in it.
    func row(_ step: Int64?, _ objects: [LoggedObject]) -> [UInt8] {
        var json = JSONWriter(reserving: 32 * (found.count + objects.count + 1))
        json.beginObject()
        var trees: [String: [Member]] = [:]
        var exactStep: Double?
        for (index, value) in found {
            let column = columns[index]
            if step != nil, column.series.key == "_step" {
                exactStep = value
            } else if let tree = column.tree {
                trees[tree.root, default: []].append((tree.path, value))
            } else {
                json.key(token: column.token)
                json.wandB(value, style)
            }
        }
        for (key, members) in trees.sorted(by: { $0.key < $1.key }) {
            json.key(key)
            write(members, to: &json)
        }
        for object in objects {
            json.key(object.key)
            if style == .strict, let value = try? JSONText.lenient(object.json) {
                json.value(value)
            } else {
                json.json(object.json.utf8)
            }
        }
        if let step {
            json.key("_step")
            if let exactStep { json.wandB(exactStep, style) } else { json.integer(step) }
        }
        json.endObject()
        return json.bytes
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
                json.wandB(value, style)
            }
        }
        for (name, members) in inner.sorted(by: { $0.key < $1.key }) {
            json.key(name)
            write(members, to: &json)
        }
        json.endObject()
    }
}
