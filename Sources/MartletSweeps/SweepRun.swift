/// What the search knows about one run of the sweep.
package struct SweepRun: Sendable, Hashable {
    /// The states that W&B tells apart.
    package enum State: String, Sendable, CaseIterable {
        case pending, running, finished, failed, crashed, killed, preempting, preempted

        /// Whether no more values will come.
        package var hasEnded: Bool {
            switch self {
            case .finished, .failed, .crashed, .killed: true
            case .pending, .running, .preempting, .preempted: false
            }
        }
    }

    package var id: String
    package var state: State
    /// By first name; those of a nested parameter are an object. See `SweepArguments.parameters(_:)`.
    package var parameters: [String: SweepValue]
    /// The values of the sweep's metric in the order in which they were logged; may be thinned, or empty where `best`
    /// and `last` say it, but hyperband needs them all. NaN and infinities are left out of every reckoning.
    package var history: [Double]
    /// The best value where `history` may lack it.
    package var best: Double?
    /// The value of the run's summary.
    package var last: Double?
    /// Early termination ended it: its metric is honest, unlike that of a run that failed.
    package var wasStoppedEarly: Bool

    package init(
        id: String,
        state: State,
        parameters: [String: SweepValue],
        history: [Double] = [],
        best: Double? = nil,
        last: Double? = nil,
        wasStoppedEarly: Bool = false
    ) {
        self.id = id
        self.state = state
        self.parameters = parameters
        self.history = history
        self.best = best
        self.last = last
        self.wasStoppedEarly = wasStoppedEarly
    }

    /// The best finite value seen. O(history).
    package func best(_ goal: SweepConfiguration.Goal) -> Double? {
        let values = (history + [best, last].compactMap(\.self)).filter(\.isFinite)
        return goal == .minimize ? values.min() : values.max()
    }

    /// The worst finite value seen. O(history).
    func worst(_ goal: SweepConfiguration.Goal) -> Double? {
        best(goal == .minimize ? .maximize : .minimize)
    }

    /// The last finite value logged.
    var latest: Double? { history.last(where: \.isFinite) ?? last.flatMap { $0.isFinite ? $0 : nil } }
}
