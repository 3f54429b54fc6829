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

    /// A JSON list of rows in order of their steps, at most `most` of them, evenly chosen: of objects, or of texts that
    /// hold them. With keys, rows that lack one are left out, and nothing else is in them. O(steps × keys); only what is
    /// chosen is written.
    func list(keys: [String]? = nil, style: Style, most: Int? = nil) -> [UInt8] {
        let keys = keys.map { Set($0) }
        let isOnlyStep = keys == ["_step"]
        let roots = keys.map { takenApart(among: $0) } ?? []
        let (series, found) = chosen(by: isOnlyStep ? nil : keys, roots)
        var objects = found
        var steps = steps(series, objects.keys.sorted())
        if let keys, !roots.isEmpty {
            steps = whole(steps, series, objects, keys, roots)
        } else if let keys, !isOnlyStep {
            let wanted = keys.count { $0 != "_step" }
            let areOneShape = objects.isEmpty && series.allSatisfy { $0.steps == steps }
            if !areOneShape || series.count < wanted { steps = whole(steps, series, objects, wanted) }
        }
        let needsStep = keys?.contains("_step") ?? true
        steps = Self.thinned(steps, to: most)
        if isOnlyStep { objects = [:] }
        var writer = HistoryRowWriter(
            isOnlyStep ? [] : series,
            nested: keys == nil ? nested : roots,
            style: style,
            rows: steps.count
        )
        for step in steps {
            writer.find(step)
            writer.write(needsStep ? step : nil, objects.isEmpty ? [] : objects[step] ?? [])
        }
        return writer.list()
    }

    /// Objects among these keys that were taken apart: they are given whole.
    private func takenApart(among keys: Set<String>) -> Set<String> {
        let candidates = keys.filter { nested.contains($0) || Self.root(of: $0, in: nested) != nil }
        guard !candidates.isEmpty else { return [] }
        let known = Set(table.series.map(\.key)).union(table.objects.map(\.key))
        return candidates.filter { key in
            nested.contains(key) || !known.contains(key) && known.contains { $0.hasPrefix(key + ".") }
        }
    }

    /// Whether a key may be that of an object whose members have keys of their own: nothing has the key itself.
    func mayBeTakenApart(_ key: String) -> Bool {
        if nested.contains(key) { return true }
        guard Self.root(of: key, in: nested) != nil else { return false }
        return !table.series.contains { $0.key == key } && !table.objects.contains { $0.key == key }
    }

    /// What stands in the rows: all that was logged, or what has one of the keys or is a member of one of the objects.
    private func chosen(
        by keys: Set<String>?,
        _ roots: Set<String>
    ) -> (series: [StepTable.Series], objects: [Int64: [LoggedObject]]) {
        let isChosen = { (key: String) -> Bool in
            guard let keys else { return !machine.contains(key) }
            return keys.contains(key) || !machine.contains(key) && Self.root(of: key, in: roots) != nil
        }
        var objects: [Int64: [LoggedObject]] = [:]
        for object in table.objects {
            if isChosen(object.key) { objects[object.step, default: []].append(object) }
            // Objects that are kept whole have members that are asked for by their paths.
            for key in keys ?? [] where key.hasPrefix(object.key + ".") {
                guard let member = Self.member(object, key) else { continue }
                objects[object.step, default: []].append(member)
            }
        }
        return (table.series.filter { isChosen($0.key) }, objects)
    }

    /// The member of an object at a path that begins with its key; `nil` for none.
    private static func member(_ object: LoggedObject, _ key: String) -> LoggedObject? {
        guard var value = try? JSONText.lenient(object.json) else { return nil }
        for name in key.dropFirst(object.key.count + 1).split(separator: ".") {
            guard let inner = value[String(name)] else { return nil }
            value = inner
        }
        var json = JSONWriter()
        json.value(value)
        return LoggedObject(key: key, step: object.step, time: object.time, json: json.text)
    }

    /// Keys that may hold what stands at the path of another: `a` and `a.b` for `a.b.c`.
    static func roots(of keys: [String]) -> [String] {
        keys.flatMap { key in key.indices.filter { key[$0] == "." }.map { String(key[..<$0]) } }.filter { !$0.isEmpty }
    }

    /// The steps at which as many keys have something as are wanted.
    private func whole(
        _ steps: [Int64],
        _ series: [StepTable.Series],
        _ objects: [Int64: [LoggedObject]],
        _ wanted: Int
    ) -> [Int64] {
        var places = [Int](repeating: 0, count: series.count)
        return steps.filter { step in
            var found = objects[step]?.count ?? 0
            for index in series.indices {
                let one = series[index].steps
                var isThere = false
                while places[index] < one.count, one[places[index]] == step {
                    places[index] += 1
                    isThere = true
                }
                if isThere { found += 1 }
            }
            return found >= wanted
        }
    }

    /// The steps at which each of the keys has something, or has something below it.
    private func whole(
        _ steps: [Int64],
        _ series: [StepTable.Series],
        _ objects: [Int64: [LoggedObject]],
        _ keys: Set<String>,
        _ roots: Set<String>
    ) -> [Int64] {
        var found: [Int64: Set<String>] = [:]
        func note(_ key: String, at step: Int64) {
            if keys.contains(key) { found[step, default: []].insert(key) }
            if let root = Self.root(of: key, in: roots) { found[step, default: []].insert(root) }
        }
        for one in series { for step in one.steps { note(one.key, at: step) } }
        for (step, some) in objects { for object in some { note(object.key, at: step) } }
        let wanted = keys.count { $0 != "_step" }
        return steps.filter { step in (found[step]?.count { $0 != "_step" } ?? 0) >= wanted }
    }

    /// The outermost of these objects of which a key is a member.
    static func root(of key: String, in roots: Set<String>) -> String? {
        guard !roots.isEmpty else { return nil }
        var rest = key[...]
        while let dot = rest.firstIndex(of: ".") {
            let root = String(key[..<dot])
            if roots.contains(root) { return root }
            rest = rest[rest.index(after: dot)...]
        }
        return nil
    }

    /// All steps once, in order.
    private func steps(_ series: [StepTable.Series], _ others: [Int64]) -> [Int64] {
        // Most often all series have the same.
        guard let first = series.max(by: { $0.steps.count < $1.steps.count })?.steps else { return others }
        var all = first
        for one in series where one.steps != first { all = Self.merged(all, one.steps) }
        if !others.isEmpty { all = Self.merged(all, others) }
        return zip(all, all.dropFirst()).contains(where: ==) ? Self.merged(all, []) : all
    }

    /// Two lists that ascend, as one without repetitions.
    private static func merged(_ left: [Int64], _ right: [Int64]) -> [Int64] {
        var all: [Int64] = []
        all.reserveCapacity(max(left.count, right.count))
        var (first, second) = (0, 0)
        while first < left.count || second < right.count {
            let takesLeft = second == right.count || first < left.count && left[first] <= right[second]
            let step = takesLeft ? left[first] : right[second]
            if takesLeft { first += 1 } else { second += 1 }
            if all.last != step { all.append(step) }
        }
        return all
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
}
