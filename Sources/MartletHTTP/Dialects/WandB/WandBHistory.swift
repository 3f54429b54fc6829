import MartletCore
import MartletGraphQL

/// Lines of a run's history, made anew from points and objects.
struct WandBHistory {
    /// How keys of what the machine reports begin.
    static let machinePrefix = "system."

    private let table: StepTable
    /// Keys of objects whose members are points: given back as objects.
    private let nested: Set<String>
    /// What the machine reported: no part of the history.
    private let machine: Set<String>

    struct Row {
        var step: Int64
        var json: [UInt8]
    }

    init(_ table: StepTable, nested: Set<String> = [], machine: Set<String> = []) {
        self.table = table
        self.nested = nested
        self.machine = machine
    }

    /// Numbers as text: NaN and infinities bare inside a text that holds JSON, else as strings.
    enum Style {
        case insideText
        case strict
    }

    /// Rows in order of their steps. With keys, rows that lack one are left out, and nothing else is in them.
    /// O(steps × keys).
    func rows(keys: [String]? = nil, style: Style) -> [Row] {
        let keys = keys.map { Set($0) }
        let series = table.series.filter { keys?.contains($0.key) ?? !machine.contains($0.key) }
        var objects: [Int64: [LoggedObject]] = [:]
        for object in table.objects where keys?.contains(object.key) ?? true {
            objects[object.step, default: []].append(object)
        }
        let wanted = (keys ?? []).filter { $0 != "_step" }.count
        var places = [Int](repeating: 0, count: series.count)
        var rows: [Row] = []
        for step in steps(series, Array(objects.keys)) {
            var found: [(key: String, value: Double)] = []
            for index in series.indices {
                let one = series[index]
                while places[index] < one.steps.count, one.steps[places[index]] == step {
                    if found.last?.key == one.key { found.removeLast() }
                    found.append((one.key, one.values[places[index]]))
                    places[index] += 1
                }
            }
            let more = objects[step] ?? []
            if keys != nil, found.count + more.count < wanted { continue }
            let needsStep = keys?.contains("_step") ?? true
            rows.append(Row(step: step, json: json(needsStep ? step : nil, found, more, isWhole: keys == nil, style)))
        }
        return rows
    }

    private func steps(_ series: [StepTable.Series], _ others: [Int64]) -> [Int64] {
        // Most often one series has them all.
        guard let longest = series.max(by: { $0.steps.count < $1.steps.count }) else { return others.sorted() }
        let known = Set(longest.steps)
        var missing = Set(others.filter { !known.contains($0) })
        for one in series where one.key != longest.key {
            for step in one.steps where !known.contains(step) { missing.insert(step) }
        }
        if missing.isEmpty, known.count == longest.steps.count { return longest.steps }
        return known.union(missing).sorted()
    }

    private func json(
        _ step: Int64?,
        _ values: [(key: String, value: Double)],
        _ objects: [LoggedObject],
        isWhole: Bool,
        _ style: Style
    ) -> [UInt8] {
        var json = JSONWriter(reserving: 32 * (values.count + objects.count + 1))
        json.beginObject()
        var trees: [String: [(path: Substring, value: Double)]] = [:]
        for (key, value) in values {
            if key == "_step", step != nil { continue }
            if isWhole, !nested.isEmpty, let dot = key.firstIndex(of: "."), nested.contains(String(key[..<dot])) {
                trees[String(key[..<dot]), default: []].append((key[key.index(after: dot)...], value))
                continue
            }
            json.key(key)
            json.wandB(value, style)
        }
        for (key, members) in trees.sorted(by: { $0.key < $1.key }) {
            json.key(key)
            json.wandB(members, style)
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
            if let exact = values.first(where: { $0.key == "_step" })?.value {
                json.wandB(exact, style)
            } else {
                json.integer(step)
            }
        }
        json.endObject()
        return json.bytes
    }

    /// Rows of what the machine reported, by the number of the line.
    func machineRows() -> [Row] {
        let series = table.series.filter { machine.contains($0.key) }
        var rows: [Row] = []
        for step in steps(series, []) {
            var json = JSONWriter()
            json.beginObject()
            for one in series {
                guard let index = one.steps.firstIndex(of: step) else { continue }
                let isOwn = one.key.hasPrefix(Self.machinePrefix + "_")
                json.key(isOwn ? String(one.key.dropFirst(Self.machinePrefix.count)) : one.key)
                json.wandB(one.values[index], .insideText)
            }
            json.key("_wandb")
            json.bool(true)
            json.endObject()
            rows.append(Row(step: step, json: json.bytes))
        }
        return rows
    }

    /// `most` of the rows, evenly; all when there are fewer.
    static func thinned<Element>(_ rows: [Element], to most: Int?) -> [Element] {
        guard let most, most > 0, rows.count > most else { return rows }
        return (0..<most).map { rows[$0 * rows.count / most] }
    }
}

extension JSONWriter {
    /// The text that was written, which is UTF-8.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// A number as clients wrote it: a whole one without a fraction.
    mutating func wandB(_ value: Double, _ style: WandBHistory.Style) {
        if let whole = Int64(exactly: value), abs(value) < 9_007_199_254_740_992 { return integer(whole) }
        guard value.isFinite || style == .strict else {
            return json((value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity").utf8)
        }
        double(value)
    }

    /// Members with dotted paths, as nested objects.
    fileprivate mutating func wandB(_ members: [(path: Substring, value: Double)], _ style: WandBHistory.Style) {
        beginObject()
        var inner: [String: [(path: Substring, value: Double)]] = [:]
        for (path, value) in members {
            if let dot = path.firstIndex(of: ".") {
                inner[String(path[..<dot]), default: []].append((path[path.index(after: dot)...], value))
            } else {
                key(String(path))
                wandB(value, style)
            }
        }
        for (name, members) in inner.sorted(by: { $0.key < $1.key }) {
            key(name)
            wandB(members, style)
        }
        endObject()
    }
}
