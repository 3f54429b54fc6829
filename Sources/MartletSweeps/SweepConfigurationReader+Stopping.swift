extension SweepConfigurationReader {
    /// `nil` when there is none or it cannot be read.
    mutating func earlyTermination() -> HyperbandStopping? {
        guard let value = members["early_terminate"], value != .null else { return nil }
        guard case .object(let stopping) = value else {
            note("`early_terminate` is \(value.brief), not an object; write `{type: hyperband, min_iter: 3}`")
            return nil
        }
        guard stopping["type"] == "hyperband" else {
            let found = stopping["type"].map { "is \($0.brief)" } ?? "is missing"
            note("`early_terminate.type` \(found); it must be hyperband")
            return nil
        }
        let known = ["type", "min_iter", "max_iter", "s", "eta", "strict"]
        warnUnknown(in: stopping, known: known, of: "`early_terminate`")
        let eta = optionalNumber(stopping["eta"] ?? 3, "`early_terminate.eta`") ?? 3
        if eta <= 1 { note("`early_terminate.eta` is \(eta); it must be greater than 1") }
        guard let bracket = bracket(stopping), eta > 1 else { return nil }
        let hyperband = HyperbandStopping(bracket: bracket, eta: eta, isStrict: isStrict(stopping))
        if hyperband.bands(upTo: .max).isEmpty {
            note("`early_terminate` compares runs nowhere: `max_iter` / `eta` is below 1; raise `max_iter`")
            return nil
        }
        return hyperband
    }

    private mutating func bracket(_ stopping: [String: SweepValue]) -> HyperbandStopping.Bracket? {
        let last = positive(stopping, "max_iter")
        let first = positive(stopping, "min_iter")
        let count = positive(stopping, "s")
        if let last, let count {
            if first != nil { warn("`early_terminate.min_iter` is ignored beside `max_iter` and `s`") }
            return .last(last, count: count)
        }
        if let first {
            if last != nil { warn("`early_terminate.max_iter` is ignored without `s`") }
            return .first(first)
        }
        if stopping["max_iter"] != nil, stopping["s"] == nil {
            note("`early_terminate.max_iter` needs `s`, the number of brackets")
        } else if stopping["min_iter"] == nil, stopping["max_iter"] == nil {
            note("`early_terminate` needs `min_iter`, or `max_iter` and `s`")
        }
        return nil
    }

    private mutating func positive(_ stopping: [String: SweepValue], _ key: String) -> Int? {
        guard let value = stopping[key], value != .null else { return nil }
        guard let number = value.integer, number > 0 else {
            note("`early_terminate.\(key)` is \(value.brief), not a positive integer")
            return nil
        }
        return number
    }

    /// True where nothing is said, as the defaults of the package `sweeps` have it.
    private mutating func isStrict(_ stopping: [String: SweepValue]) -> Bool {
        guard let value = stopping["strict"], value != .null else { return true }
        guard case .bool(let isStrict) = value else {
            note("`early_terminate.strict` is \(value.brief), not true or false")
            return true
        }
        return isStrict
    }
}
