package import MartletCore

/// Where an import writes to: a running server.
package protocol ImportDestination: Sendable {
    /// For people.
    var summary: String { get }
    func importExperiment(_ experiment: ImportedExperiment) async throws(MartletError) -> ImportedExperimentPlace
    func states(runs: [Run.ID], models: [LoggedModel.ID]) async throws(MartletError) -> ImportStates
    func importRun(_ run: ImportedRun, points: LogBatch) async throws(MartletError) -> ImportOutcome
    func importPoints(_ points: LogBatch, of id: Run.ID) async throws(MartletError)
    func finish(_ id: Run.ID, stage: LifecycleStage) async throws(MartletError)
    func importModel(_ model: ImportedModel) async throws(MartletError) -> ImportOutcome
    func importRegisteredModel(_ model: ImportedRegisteredModel) async throws(MartletError) -> ImportOutcome
    /// Stores a file. `content` may be called several times. - Returns: bytes.
    func write(
        to path: ArtifactPath,
        of owner: ArtifactOwner,
        _ content: @Sendable () async throws(MartletError) -> FileContent
    ) async throws(MartletError) -> Int64
}
