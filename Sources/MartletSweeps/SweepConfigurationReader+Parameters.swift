import Foundation

extension SweepConfigurationReader {
    /// The distributions by W&B's names.
    enum DistributionName: String, CaseIterable {
        case constant, categorical
        case weighted = "categorical_w_probabilities"
        case integers = "int_uniform"
        case uniform
        case qUniform = "q_uniform"
        case logUniform = "log_uniform"
        case logUniformValues = "log_uniform_values"
        case qLogUniform = "q_log_uniform"
        case qLogUniformValues = "q_log_uniform_values"
        case inverseLogUniform = "inv_log_uniform"
        case inverseLogUniformValues = "inv_log_uniform_values"
        case normal
        case qNormal = "q_normal"
        case logNormal = "log_normal"
        case qLogNormal = "q_log_normal"
        case beta
        case qBeta = "q_beta"

        var isRounded: Bool { rawValue.hasPrefix("q_") }

        /// What it is made of, besides `distribution`.
        var keys: [String] {
            let own =
                switch self {
                case .constant: ["value"]
                case .categorical: ["values"]
                case .weighted: ["values", "probabilities"]
                case .normal, .qNormal, .logNormal, .qLogNormal: ["mu", "sigma"]
                case .beta, .qBeta: ["a", "b"]
                default: ["min", "max"]
                }
            return isRounded ? own + ["q"] : own
        }
    }

    /// The leaves of `parameters` in the order of their names, at every level.
    mutating func parameters() -> [SweepParameter] {
        guard let value = members["parameters"], value != .null else {
            let comesFromElsewhere = members["scheduler"]?["search_space"] != nil
            if !members.isEmpty, !comesFromElsewhere { note("`parameters` is missing; it says what to search") }
            return []
        }
        guard case .object(let group) = value, !group.isEmpty else {
            note("`parameters` is \(value.brief); it must be an object with at least one parameter")
            return []
        }
        return leaves(of: group, under: [])
    }

    private mutating func leaves(of group: [String: SweepValue], under path: [String]) -> [SweepParameter] {
        var leaves: [SweepParameter] = []
        for (key, value) in group.sorted(by: { $0.key < $1.key }) {
            let path = path + [key]
            let what = "parameter `\(path.joined(separator: "."))`"
            if !Self.isPlainName(key) {
                warn("\(what): a name of letters, digits, `_`, `.` and `-` that begins with a letter is safer")
            }
            guard case .object(let members) = value else {
                note(
                    "\(what): is \(value.brief), not an object; for a constant write `value: …`, for a choice `values`"
                )
                continue
            }
            if let nested = members["parameters"] {
                leaves += self.nested(nested, members, what, path)
            } else if let distribution = distribution(members, what) {
                leaves.append(SweepParameter(path: path, distribution: distribution))
            }
        }
        return leaves
    }

    private mutating func nested(
        _ value: SweepValue,
        _ members: [String: SweepValue],
        _ what: String,
        _ path: [String]
    ) -> [SweepParameter] {
        warnUnknown(in: members, known: ["parameters"], of: what)
        guard case .object(let group) = value, !group.isEmpty else {
            note("\(what): its `parameters` is \(value.brief); it must be an object with at least one parameter")
            return []
        }
        return leaves(of: group, under: path)
    }

    private mutating func distribution(_ members: [String: SweepValue], _ what: String) -> SweepDistribution? {
        guard let name = distributionName(members, what) else { return nil }
        warnUnknown(in: members, known: name.keys + ["distribution"], of: what)
        switch name {
        case .constant:
            guard let value = members["value"] else {
                note("\(what): a constant needs `value`")
                return nil
            }
            return .constant(value)
        case .categorical, .weighted: return categories(members, what, needsWeights: name == .weighted)
        case .integers: return integers(members, what)
        default: return continuous(name, members, what)
        }
    }

    /// The one named, or the one that the keys imply: `values`, then `value`, then `min` and `max`, which are
    /// integers only where both are written so.
    private mutating func distributionName(_ members: [String: SweepValue], _ what: String) -> DistributionName? {
        if let value = members["distribution"], value != .null {
            return choice(value, "\(what): `distribution`")
        }
        if members["values"] != nil { return members["probabilities"] == nil ? .categorical : .weighted }
        if members["value"] != nil { return .constant }
        if members["min"] != nil || members["max"] != nil {
            if members["q"] != nil {
                note(
                    "\(what): has `q` but no `distribution`; write `distribution: q_uniform` or another of the q_ kind"
                )
                return nil
            }
            guard case .int? = members["min"], case .int? = members["max"] else { return .uniform }
            return .integers
        }
        let needs = "`value`, `values`, `min` and `max`, or `parameters`"
        let shaped = ["mu", "sigma", "a", "b"].filter { members[$0] != nil }
        note(
            shaped.isEmpty
                ? "\(what): says nothing about its values; give \(needs)"
                : "\(what): has `\(shaped[0])` but no `distribution`; name one, e.g. `distribution: normal`"
        )
        return nil
    }

    // MARK: - Kinds of distributions

    private mutating func categories(
        _ members: [String: SweepValue],
        _ what: String,
        needsWeights: Bool
    ) -> SweepDistribution? {
        guard let values = members["values"]?.items, !values.isEmpty else {
            let found = members["values"].map { "`values` is \($0.brief)" } ?? "has no `values`"
            note("\(what): \(found); write a list of at least one, such as `values: [16, 32]`")
            return nil
        }
        if Set(values.map(\.canonical)).count < values.count {
            warn("\(what): some of its `values` are the same")
        }
        guard let weights = members["probabilities"], weights != .null else {
            if needsWeights { note("\(what): has no `probabilities`; give one for each of its \(values.count) values") }
            return needsWeights ? nil : .categorical(values)
        }
        let probabilities = weights.items?.compactMap(\.number) ?? []
        guard probabilities.count == weights.items?.count, probabilities.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
            note("\(what): `probabilities` is \(weights.brief); it must be a list of numbers from 0 to 1")
            return nil
        }
        guard probabilities.count == values.count else {
            note("\(what): has \(values.count) `values` but \(probabilities.count) `probabilities`; give one for each")
            return nil
        }
        let sum = probabilities.reduce(0, +)
        guard abs(sum - 1) <= 1e-5 else {
            note("\(what): its `probabilities` add up to \(SweepRounding.tidy(sum)), not to 1")
            return nil
        }
        return .weighted(values, probabilities: probabilities.map { $0 / sum })
    }

    private mutating func integers(_ members: [String: SweepValue], _ what: String) -> SweepDistribution? {
        guard let (low, high) = bounds(members, what) else { return nil }
        guard let first = members["min"]?.integer, let last = members["max"]?.integer else {
            note("\(what): int_uniform needs integers, but has \(low) and \(high); use `distribution: uniform`")
            return nil
        }
        let (width, overflow) = last.subtractingReportingOverflow(first)
        guard !overflow, width < 1 << 53 else {
            note("\(what): spans more than 2^53 integers; narrow it or use `distribution: uniform`")
            return nil
        }
        return .integers(first...last)
    }

    private mutating func continuous(
        _ name: DistributionName,
        _ members: [String: SweepValue],
        _ what: String
    ) -> SweepDistribution? {
        let curve = curve(name, members, what)
        guard name.isRounded else { return curve.map { .continuous($0, rounding: nil) } }
        let written = members["q"] ?? .double(1)
        guard let step = optionalNumber(written, "\(what): `q`") else { return nil }
        guard step > 0 else {
            note("\(what): `q` is \(written.brief); it must be greater than zero")
            return nil
        }
        let rounding = if case .int(let step) = written { SweepRounding.int(step) } else { SweepRounding.double(step) }
        return curve.map { .continuous($0, rounding: rounding) }
    }

    private mutating func curve(
        _ name: DistributionName,
        _ members: [String: SweepValue],
        _ what: String
    ) -> SweepCurve? {
        switch name {
        case .normal, .qNormal: return bell(members, what).map { .normal(mu: $0.mu, sigma: $0.sigma) }
        case .logNormal, .qLogNormal: return bell(members, what).map { .logNormal(mu: $0.mu, sigma: $0.sigma) }
        case .beta, .qBeta:
            let a = parameter("a", 1, members, what)
            let b = parameter("b", 1, members, what)
            guard let a, let b, a > 0, b > 0 else {
                if a != nil, b != nil { note("\(what): `a` and `b` of beta must be greater than zero") }
                return nil
            }
            return .beta(a: a, b: b)
        default:
            guard let (low, high) = bounds(members, what) else { return nil }
            return range(name, low, high, what)
        }
    }

    private mutating func range(_ name: DistributionName, _ low: Double, _ high: Double, _ what: String) -> SweepCurve?
    {
        switch name {
        case .logUniform, .qLogUniform, .inverseLogUniform:
            let isInverse = name == .inverseLogUniform
            let ends = isInverse ? (-high, -low) : (low, high)
            guard exp(ends.1).isFinite, exp(ends.0) > 0 else {
                note("\(what): `min` and `max` of \(name.rawValue) are exponents of e, and these are too large")
                return nil
            }
            warn(
                "\(what): `min` and `max` of \(name.rawValue) are exponents of e, so its values go from "
                    + "\(SweepRounding.tidy(exp(ends.0))) to \(SweepRounding.tidy(exp(ends.1))); "
                    + "\(name.rawValue)_values takes the values themselves"
            )
            return .logUniform(min: ends.0, max: ends.1)
        case .logUniformValues, .qLogUniformValues, .inverseLogUniformValues:
            guard low > 0 else {
                note("\(what): `min` is \(low), but \(name.rawValue) needs one greater than zero")
                return nil
            }
            // log(1/x) uniform between log(1/max) and log(1/min) is log(x) uniform between log(min) and log(max).
            return .logUniform(min: log(low), max: log(high))
        default: return .uniform(min: low, max: high)
        }
    }

    // MARK: - Pieces

    private mutating func bounds(_ members: [String: SweepValue], _ what: String) -> (Double, Double)? {
        for key in ["min", "max"] where members[key] == nil || members[key] == .null {
            note("\(what): has no `\(key)`")
        }
        let low = optionalNumber(members["min"], "\(what): `min`")
        let high = optionalNumber(members["max"], "\(what): `max`")
        guard let low, let high else { return nil }
        guard low < high else {
            let written = members["min"]?.brief ?? ""
            note(
                "\(what): min \(written) is not less than max \(members["max"]?.brief ?? ""); for one value use `value`"
            )
            return nil
        }
        return (low, high)
    }

    private mutating func bell(_ members: [String: SweepValue], _ what: String) -> (mu: Double, sigma: Double)? {
        let mu = parameter("mu", 0, members, what)
        let sigma = parameter("sigma", 1, members, what)
        guard let mu, let sigma else { return nil }
        guard sigma >= 0 else {
            note("\(what): `sigma` is \(sigma); it must not be negative")
            return nil
        }
        return (mu, sigma)
    }

    /// `nil` only for one noted as a problem.
    private mutating func parameter(
        _ key: String,
        _ standard: Double,
        _ members: [String: SweepValue],
        _ what: String
    ) -> Double? {
        guard let value = members[key], value != .null else { return standard }
        return optionalNumber(value, "\(what): `\(key)`")
    }

    /// Letters, digits, `_`, `.` and `-`, a letter or `_` first: what the agent can write as `--name=value`.
    private static func isPlainName(_ name: String) -> Bool {
        guard let first = name.utf8.first else { return false }
        func isLetter(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "_") || (65...90) ~= byte || (97...122) ~= byte }
        return isLetter(first)
            && name.utf8.allSatisfy { isLetter($0) || (48...57) ~= $0 || [45, 46].contains($0) }
    }
}
