/// What an agent that asks for work gets.
package enum SweepStep: Sendable, Hashable {
    /// The parameters of a new run, constants too; those of a nested parameter are an object.
    /// See `SweepArguments.agentForm(_:)`.
    case run([String: SweepValue])
    case exhausted(Exhaustion)
    /// This server does not choose: a local controller or an external optimiser does.
    case external

    package enum Exhaustion: String, Sendable {
        case allCombinationsTried
        case runCapReached
        /// A run got as far as `metric.target`.
        case targetReached
    }
}

extension SweepConfiguration {
    /// The parameters of the next run.
    ///
    /// The same inputs give the same answer. The caller adds the run to `runs` before it asks again, also for a run
    /// that has not begun: so parallel agents get different points.
    ///
    /// Cost: grid O(runs · parameters); random O(parameters); bayes grows with the cube of the runs up to a fixed
    /// number of them, some 10 ms from then on (`BayesianSearch`).
    package func next(after runs: [SweepRun], using generator: inout SweepGenerator) -> SweepStep {
        if method == .custom || hasLocalController { return .external }
        if let runCap, runs.count >= runCap { return .exhausted(.runCapReached) }
        if hasReachedTarget(runs) { return .exhausted(.targetReached) }
        var values: [[String]: SweepValue]
        switch method {
        case .grid:
            guard let combination = Grid(parameters).next(after: runs) else {
                return .exhausted(.allCombinationsTried)
            }
            values = combination
        case .bayes:
            let search = BayesianSearch(space: SearchSpace(parameters), metric: metric)
            values = search.next(after: runs, using: &generator)
        case .random, .custom:
            values = [:]
            for parameter in parameters where !parameter.isConstant {
                values[parameter.path] = parameter.distribution.value(at: generator.unit())
            }
        }
        for parameter in parameters where parameter.isConstant {
            values[parameter.path] = parameter.distribution.value(at: 0)
        }
        return .run(SweepArguments.nested(values))
    }

    /// The runs that are to stop early; empty without `early_terminate`.
    package func stops(_ runs: [SweepRun]) -> [HyperbandStopping.Verdict] {
        guard let earlyTermination, let metric else { return [] }
        return earlyTermination.stops(runs, goal: metric.goal)
    }

    /// The best value of the metric over all runs: W&B's `bestLoss`. `nil` without a metric or a finite value.
    package func bestValue(_ runs: [SweepRun]) -> Double? {
        guard let metric else { return nil }
        let values = runs.compactMap { $0.best(metric.goal) }
        return metric.goal == .minimize ? values.min() : values.max()
    }

    private func hasReachedTarget(_ runs: [SweepRun]) -> Bool {
        guard let metric, let target = metric.target, let best = bestValue(runs) else { return false }
        return metric.goal == .minimize ? best <= target : best >= target
    }
}
