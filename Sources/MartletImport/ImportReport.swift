package import MartletCore

/// What an import did, or would do.
package struct ImportReport: Codable, Sendable {
    package struct ExperimentLine: Codable, Sendable {
        package var name: String
        /// Its id in the source and here; `to` is `nil` for a dry run of one that would get a new number.
        package var from: String
        package var to: String?
        package var outcome: ImportOutcome
    }

    /// Runs, logged models, or registered models, by what became of them.
    package struct Counts: Codable, Sendable {
        package var created = 0
        package var resumed = 0
        package var present = 0
        package var conflicts = 0
        package var failed = 0
    }

    package var source: String
    package var destination: String
    package var isDryRun: Bool
    package var experiments: [ExperimentLine] = []
    package var runs = Counts()
    package var models = Counts()
    package var registeredModels = Counts()
    /// Points that were read and sent; those that were there already are counted too.
    package var points = 0
    package var files = 0
    /// Of files.
    package var bytes: Int64 = 0
    package var seconds = 0.0
    package var problems: [ImportProblem] = []
    /// What the source holds and Martlet has no place for yet, by kind.
    package var notCarried: [String: Int] = [:]
    /// Why the import ended early.
    package var stoppedBecause: String?

    /// Whether all that Martlet can hold has come over as it was.
    package var isWhole: Bool { problems.isEmpty && stoppedBecause == nil }
}
