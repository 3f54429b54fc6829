/// What a sweep searches, by which method and towards what: the checked form of a W&B sweep configuration.
///
/// Source: `sweeps/config/schema.json` of the Python package `sweeps` 0.3.0 and W&B's "Sweep configuration options".
package struct SweepConfiguration: Sendable, Hashable {
    package enum Method: String, Sendable, CaseIterable {
        case grid, random, bayes
        /// Someone else chooses: a local controller or an external optimiser.
        case custom
    }

    package enum Goal: String, Sendable, CaseIterable { case minimize, maximize }

    /// What stands in for the metric of a run that has none to trust.
    package enum Imputation: String, Sendable, CaseIterable {
        /// The run's own last value.
        case latest
        /// The run's own best value.
        case best
        /// The worst value of all runs that ended.
        case worst
    }

    package struct Metric: Sendable, Hashable {
        package var name: String
        package var goal: Goal
        /// The sweep is done once a run gets this far.
        package var target: Double?
        /// For runs that failed, crashed or were killed.
        package var imputation: Imputation
        /// For runs that go on; `nil` when their metric so far does not count.
        package var runningImputation: Imputation?
    }

    package let method: Method
    package let metric: Metric?
    /// The leaves of `parameters`, nested ones too, by name at every level: the order of the grid.
    package let parameters: [SweepParameter]
    package let earlyTermination: HyperbandStopping?
    /// The greatest number of runs, whatever became of them.
    package let runCap: Int?
    package let program: String?
    /// The words by which the agent starts a run; empty for the agent's own default.
    package let command: [String]
    package let name: String?
    package let description: String?
    /// A controller on the user's machine chooses the runs, by whatever method.
    package let hasLocalController: Bool
    /// What was understood but is probably not meant, one sentence each: W&B's `configValidationWarnings`.
    package let warnings: [String]

    /// Reads and checks a configuration.
    ///
    /// O(size of the configuration): a range of a billion integers costs as much as one of two.
    /// - Throws: everything that is wrong with it, not only the first thing.
    package init(_ value: SweepValue) throws(SweepConfigurationFailure) {
        var reader = SweepConfigurationReader(value)
        method = reader.method()
        metric = reader.metric()
        parameters = reader.parameters()
        earlyTermination = reader.earlyTermination()
        runCap = reader.runCap()
        program = reader.text("program")
        command = reader.command()
        name = reader.text("name")
        description = reader.text("description")
        hasLocalController = reader.hasLocalController()
        reader.checkTogether(method, metric, parameters)
        warnings = reader.warnings
        guard reader.problems.isEmpty else { throw SweepConfigurationFailure(problems: reader.problems) }
    }

    /// How many runs there will be: the combinations of a grid, at most `runCap`. For the other methods the cap.
    /// `nil` where there is no end, and for a grid of more than 2⁶³ combinations without a cap. O(parameters).
    package var runCountExpected: Int? {
        guard method == .grid else { return runCap }
        guard let combinations = Grid(parameters).count else { return runCap }
        return runCap.map { min($0, combinations) } ?? combinations
    }
}

/// Why a configuration cannot be used.
package struct SweepConfigurationFailure: Error, Hashable, CustomStringConvertible {
    /// One sentence each: which key, what is wrong, what would do. Not empty.
    package let problems: [String]

    package var description: String { problems.joined(separator: "\n") }
}
