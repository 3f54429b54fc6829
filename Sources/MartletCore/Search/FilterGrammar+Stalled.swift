/// `stalled` is no status that a run has: it says that a running one has not reported for long.
extension FilterGrammar {
    static let stalled = "stalled"

    /// The condition with `stalled` put as what it means.
    func stalled(_ condition: Filter.Comparison) -> Filter {
        guard vocabulary.subject == .runs, vocabulary.syntax == .martlet, condition.field == .attribute(.status) else {
            return .comparison(condition)
        }
        switch (condition.relation, condition.value) {
        case (.equal, .text(Self.stalled)): return isStalled
        case (.notEqual, .text(Self.stalled)): return .not(isStalled)
        case (.among, .texts(let names)) where names.contains(Self.stalled): return among(names)
        case (.notAmong, .texts(let names)) where names.contains(Self.stalled): return .not(among(names))
        default: return .comparison(condition)
        }
    }

    private var isStalled: Filter {
        let latest = now - Run.stalledAfterMilliseconds
        return .all([
            .comparison(Filter.Comparison(field: .attribute(.status), relation: .equal, value: .text("running"))),
            .comparison(Filter.Comparison(field: .attribute(.heartbeatAt), relation: .less, value: .integer(latest))),
        ])
    }

    private func among(_ names: [String]) -> Filter {
        let others = names.filter { $0 != Self.stalled }
        if others.isEmpty { return isStalled }
        let rest = Filter.Comparison(field: .attribute(.status), relation: .among, value: .texts(others))
        return .any([.comparison(rest), isStalled])
    }
}
