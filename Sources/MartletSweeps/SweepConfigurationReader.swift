/// Takes a configuration apart, and notes all that is wrong or odd on the way.
///
/// Each part that cannot be read is noted as a problem and gets a stand-in, so that the rest is still checked.
struct SweepConfigurationReader {
    private(set) var problems: [String] = []
    private(set) var warnings: [String] = []

    let members: [String: SweepValue]

    /// Values nested deeper are refused: no configuration needs them, and comparing them takes a stack.
    static let greatestDepth = 64

    private static let knownKeys = [
        "apiVersion", "command", "controller", "description", "early_terminate", "entity", "image_uri", "job", "kind",
        "method", "metric", "metrics", "name", "parameters", "program", "project", "run_cap", "scheduler",
    ]

    init(_ value: SweepValue) {
        guard value.isShallow(Self.greatestDepth) else {
            members = [:]
            problems = ["the configuration is nested deeper than \(Self.greatestDepth) levels; flatten it"]
            return
        }
        guard case .object(let members) = value else {
            self.members = [:]
            problems = ["the configuration is \(value.brief), not an object; it needs `method` and `parameters`"]
            return
        }
        self.members = members
        warnUnknown(in: members, known: Self.knownKeys, of: "the configuration")
    }

    mutating func note(_ problem: String) { problems.append(problem) }

    mutating func warn(_ warning: String) { warnings.append(warning) }

    // MARK: - Parts

    mutating func method() -> SweepConfiguration.Method {
        choice(members["method"], "`method`", required: true) ?? .random
    }

    /// `nil` when there is none or it cannot be read.
    mutating func metric() -> SweepConfiguration.Metric? {
        guard let value = members["metric"], value != .null else { return nil }
        guard case .object(let metric) = value else {
            note("`metric` is \(value.brief), not an object; write `metric: {name: loss, goal: minimize}`")
            return nil
        }
        let known = ["name", "goal", "target", "impute", "impute_while_running"]
        warnUnknown(in: metric, known: known, of: "`metric`")
        guard let name = metric["name"]?.text, !name.isEmpty else {
            note("`metric` has no `name`; give the name under which the runs log it")
            return nil
        }
        let running = metric["impute_while_running"]
        let counts = running != .bool(false) && running != .string("false")
        return SweepConfiguration.Metric(
            name: name,
            goal: choice(metric["goal"], "`metric.goal`") ?? .minimize,
            target: optionalNumber(metric["target"], "`metric.target`"),
            imputation: choice(metric["impute"], "`metric.impute`") ?? .worst,
            runningImputation: counts ? choice(running, "`metric.impute_while_running`") : nil
        )
    }

    mutating func runCap() -> Int? {
        guard let value = members["run_cap"], value != .null else { return nil }
        guard let cap = value.integer, cap > 0 else {
            note("`run_cap` is \(value.brief), not a positive integer")
            return nil
        }
        return cap
    }

    /// A text that is passed through; `nil` when there is none.
    mutating func text(_ key: String) -> String? {
        guard let value = members[key], value != .null else { return nil }
        switch value {
        case .string(let text): return text
        case .list, .object:
            note("`\(key)` is \(value.brief), not a text")
            return nil
        default: return value.description
        }
    }

    mutating func command() -> [String] {
        guard let value = members["command"], value != .null else { return [] }
        guard let items = value.items else {
            note("`command` is \(value.brief), not a list; write `command: [python, ${program}, ${args}]`")
            return []
        }
        return items.map { $0.text ?? $0.description }
    }

    mutating func hasLocalController() -> Bool {
        guard let value = members["controller"], value != .null else { return false }
        let type = value["type"]
        guard type == "local" || type == "cloud" else {
            note("`controller` is \(value.brief); write `controller: {type: local}` or leave it out")
            return false
        }
        return type == "local"
    }

    /// What only shows when the parts are seen side by side.
    mutating func checkTogether(
        _ method: SweepConfiguration.Method,
        _ metric: SweepConfiguration.Metric?,
        _ parameters: [SweepParameter]
    ) {
        if !isAbsent("metrics") {
            if !isAbsent("metric") { note("`metric` and `metrics` cannot both be set; keep one of them") }
            if method != .custom { note("`metrics` needs `method: custom`; `\(method)` optimises one `metric`") }
        }
        if members["scheduler"] != nil {
            warn("`scheduler` is not run by this server; with `method: custom` runs come from your own scheduler")
        }
        if method == .bayes {
            if isAbsent("metric") { note("`method: bayes` needs `metric`: name what it is to optimise") }
            if !parameters.isEmpty, parameters.allSatisfy(\.isConstant) {
                note("`method: bayes` needs a parameter to search; all of them are constants")
            }
        }
        if !isAbsent("early_terminate"), isAbsent("metric") {
            note("`early_terminate` needs `metric`: name what runs are compared by")
        }
        guard method == .grid else { return }
        for parameter in parameters {
            if let problem = Grid.problem(of: parameter) { note("parameter `\(parameter.name)`: \(problem)") }
            if case .weighted = parameter.distribution {
                warn("parameter `\(parameter.name)`: grid search tries every value and ignores `probabilities`")
            }
        }
    }

    // MARK: - Pieces

    /// YAML writes a key without a value as null.
    private func isAbsent(_ key: String) -> Bool { (members[key] ?? .null) == .null }

    /// One of the names of an enumeration; `nil` when absent or noted as a problem.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ value: SweepValue?,
        _ what: String,
        required: Bool = false
    ) -> Choice? where Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        guard let value, value != .null else {
            if required, problems.isEmpty || !members.isEmpty { note("\(what) is missing; it is one of \(names)") }
            return nil
        }
        guard let text = value.text, let choice = Choice(rawValue: text) else {
            note("\(what) is \(value.brief); it must be one of \(names)")
            return nil
        }
        return choice
    }

    /// A finite number; `nil` when absent or noted as a problem.
    mutating func optionalNumber(_ value: SweepValue?, _ what: String) -> Double? {
        guard let value, value != .null else { return nil }
        if let number = value.number, number.isFinite { return number }
        if let text = value.text, Double(text) != nil {
            note("\(what) is the text \(value.brief), not a number; YAML reads 1e-3 as a text, write 1.0e-3")
        } else {
            note("\(what) is \(value.brief), not a finite number")
        }
        return nil
    }

    mutating func warnUnknown(in members: [String: SweepValue], known: [String], of what: String) {
        for key in members.keys.sorted() where !known.contains(key) {
            let near = known.first { Self.isNear($0, key) }
            let hint = near.map { "did you mean `\($0)`?" } ?? "known are \(known.sorted().joined(separator: ", "))"
            warn("\(what) has an unknown key `\(key.prefix(60))`, which is ignored; \(hint)")
        }
    }

    /// Whether two keys differ by at most two edits (Levenshtein 1966), or in case only.
    static func isNear(_ a: String, _ b: String) -> Bool {
        let left = Array(a.lowercased().unicodeScalars)
        let right = Array(b.lowercased().unicodeScalars)
        guard left.count > 2, abs(left.count - right.count) <= 2 else { return left == right }
        var row = Array(0...right.count)
        for (i, scalar) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (scalar == other ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count] <= 2
    }
}
