import MartletCore

/// The experiments and stages that a search looks at.
struct SearchScope {
    let experiments: [Int64]
    let stages: [Int64]

    /// `nil` when there is nothing to look at.
    /// - Throws: `invalidArgument` for more experiments than a statement takes.
    init?(_ experiments: [Experiment.ID], _ view: LifecycleView) throws(MartletError) {
        self.experiments = Set(experiments.map(\.number)).sorted()
        switch view {
        case .active: stages = [0]
        case .deleted: stages = [1]
        case .all: stages = [0, 1]
        }
        if self.experiments.isEmpty { return nil }
        guard self.experiments.count <= 8_192 else {
            throw MartletError(
                .invalidArgument,
                "the search names \(self.experiments.count) experiments; name at most 8192 at once"
            )
        }
    }

    /// One experiment and one stage: what an index holds in order.
    var isOnePart: Bool { experiments.count == 1 && stages.count == 1 }

    func experiment(_ alias: String) -> SQLText {
        if experiments.count == 1 { return "\(code: alias).experiment = \(value: .integer(experiments[0]))" }
        return "\(code: alias).experiment IN \(list: experiments.map { .integer($0) })"
    }

    func stage(_ alias: String) -> SQLText {
        stages.count == 1
            ? "\(code: alias).stage = \(value: .integer(stages[0]))" : "\(code: alias).stage IN (0, 1)"
    }

    func run(_ alias: String) -> SQLText { "\(experiment(alias)) AND \(stage(alias))" }
}
