/// Reads the configurations of sweeps. The search itself is outside of the core, which knows no mathematics.
package protocol SweepSearch: Sendable {
    /// - Parameter configuration: YAML or JSON.
    /// - Throws: `invalidArgument` that tells each field that is wrong.
    func plan(_ configuration: String) throws(MartletError) -> any SweepPlan
}

/// What a configuration says, and what follows from it. The same inputs give the same answer.
package protocol SweepPlan: Sendable {
    var outline: SweepOutline { get }
    /// The parameters of the next run after those. Up to some 10 ms, for a Bayesian search.
    /// - Parameters:
    ///   - seed: of the sweep.
    ///   - stream: another number for each suggestion.
    func next(after trials: [SweepTrial], seed: UInt64, stream: Int64) -> SweepSuggestion
    /// Whether nothing comes after those, as far as that is known without searching.
    func isExhausted(after trials: [SweepTrial]) -> Bool
    /// Running runs that fall behind and are to stop.
    /// - Parameter histories: the values of the metric in the order in which they were logged.
    func stops(_ trials: [SweepTrial], histories: [Run.ID: [Double]]) -> [Run.ID]
    /// The run with the best value of the metric, and that value; `nil` where there is none.
    func best(of trials: [SweepTrial]) -> (trial: SweepTrial, value: Double)?
    /// The last value of a run's metric stands for it. Some 20 ms for 500 runs.
    func importance(of trials: [SweepTrial]) -> SweepImportance
}

/// The parts of a configuration that the rest of the server needs.
package struct SweepOutline: Sendable, Equatable {
    /// `grid`, `random`, `bayes` or `custom`.
    package var method: String
    package var metric: String?
    package var minimizes: Bool
    package var program: String?
    /// Empty when it has none.
    package var name: String
    package var description: String
    /// `nil` where there is no end.
    package var expectedRuns: Int?
    /// Whether runs that fall behind are stopped.
    package var stopsEarly: Bool
    /// What was understood but is probably not meant, one sentence each.
    package var warnings: [String]

    package init(
        method: String,
        metric: String?,
        minimizes: Bool,
        program: String?,
        name: String,
        description: String,
        expectedRuns: Int?,
        stopsEarly: Bool,
        warnings: [String]
    ) {
        self.method = method
        self.metric = metric
        self.minimizes = minimizes
        self.program = program
        self.name = name
        self.description = description
        self.expectedRuns = expectedRuns
        self.stopsEarly = stopsEarly
        self.warnings = warnings
    }
}

package enum SweepSuggestion: Sendable, Equatable {
    /// A JSON object.
    case run(String)
    case exhausted
    /// Somebody else chooses: a controller on the user's machine.
    case external
}
