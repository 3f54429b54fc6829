package import MartletCore
package import NIOCore

/// Where an import reads from: one implementation for each form in which another tool keeps things.
///
/// Reads only. Errors name what cannot be read; what a source holds and Martlet cannot is a `Problem` beside the rest.
package protocol ImportSource: Sendable {
    /// For people: the kind of the source and where it is.
    var summary: String { get }
    func experiments() async throws(MartletError) -> Found<[SourceExperiment]>
    /// Runs of an experiment, some at a time. - Parameter mark: `next` of the page before.
    func runs(of experiment: SourceExperiment, after mark: String?) async throws(MartletError) -> SourcePage
    /// All points of a run, some at a time.
    func points(of run: SourceRun) async throws(MartletError) -> any PointReader
    func models(of experiment: SourceExperiment) async throws(MartletError) -> Found<[SourceModel]>
    func files(of owner: SourceFiles) async throws(MartletError) -> Found<[SourceFile]>
    func open(_ file: SourceFile, of owner: SourceFiles) async throws(MartletError) -> FileContent
    /// All of the registry: names, versions and aliases.
    func registeredModels() async throws(MartletError) -> Found<[ImportedRegisteredModel]>
    /// What the source holds and Martlet has no place for yet: how many of each kind.
    func leftovers() async throws(MartletError) -> [String: Int]
}

/// What was read, and what of it could not be taken.
package struct Found<Value: Sendable>: Sendable {
    package var value: Value
    package var problems: [ImportProblem]

    package init(_ value: Value, problems: [ImportProblem] = []) {
        self.value = value
        self.problems = problems
    }
}

/// Something that did not come over as it is in the source.
package struct ImportProblem: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        /// It cannot be kept here, and was left out.
        case refused
        /// It was longer than what is kept here.
        case shortened
        /// The source names it and does not have it.
        case missing
        /// Something else is here under the same name.
        case conflict
        /// It could not be carried; the import can be started again.
        case failed
    }

    package var kind: Kind
    /// A run, an experiment or a model, e.g. `run 1f0e…`.
    package var of: String
    package var message: String

    package init(_ kind: Kind, of owner: String, _ message: String) {
        self.kind = kind
        of = owner
        self.message = message
    }
}

package struct SourceExperiment: Sendable {
    /// As the source names it.
    package var id: String
    package var imported: ImportedExperiment
    package var artifactLocation: String

    package init(id: String, imported: ImportedExperiment, artifactLocation: String) {
        self.id = id
        self.imported = imported
        self.artifactLocation = artifactLocation
    }
}

package struct SourceRun: Sendable {
    /// Its experiment is that of the source until the importer has found the place of it here.
    package var run: Run
    package var revision: String
    /// Keys of its metrics, where the source reads them one by one.
    package var metricKeys: [String] = []
    package var artifacts: SourceFiles
    package var problems: [ImportProblem]
}

package struct SourceModel: Sendable {
    package var imported: ImportedModel
    package var artifacts: SourceFiles
    package var problems: [ImportProblem]
}

package struct SourcePage: Sendable {
    package var runs: [SourceRun]
    package var problems: [ImportProblem]
    /// `nil` when no page follows.
    package var next: String?
}

/// The files of a run or of a model.
package struct SourceFiles: Sendable {
    package var owner: ArtifactOwner
    /// The URI under which the source keeps them; empty when it does not say.
    package var location: String
    /// The id of the experiment in the source.
    package var experiment: String
    /// Whether the source says that there are files.
    package var isExpected: Bool
}

package struct SourceFile: Sendable {
    package var path: ArtifactPath
    /// Bytes; `nil` when the source does not say.
    package var size: Int64?
}

/// The bytes of one file, read once.
package struct FileContent: Sendable {
    /// Bytes; `nil` when it is not known before the end.
    package var size: Int64?
    package var chunks: any AsyncSequence<ByteBuffer, any Error> & Sendable
}

/// Walks the points of one run.
package protocol PointReader: Sendable {
    /// At most `PointLimits.most` points; `nil` at the end.
    mutating func next() async throws(MartletError) -> Found<LogBatch>?
}

package enum PointLimits {
    /// Points that one request carries: 2.8 MB, and one transaction of some ten milliseconds.
    package static let most = 50_000
}
