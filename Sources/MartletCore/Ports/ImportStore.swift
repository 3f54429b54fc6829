/// What comes from other tools, with its own ids and times. Every method is one transaction, durable once it returns.
///
/// Nothing is half to be seen: a run of which points or files are still to come is in the bin until it is finished.
package protocol ImportStore: Sendable {
    /// Makes the experiment, with the number it asks for where that is free. One of the same name, deleted ones
    /// included, is kept as it is and gets the tags and the purpose that it lacks.
    func importExperiment(
        _ experiment: ImportedExperiment,
        in workspace: Workspace.ID
    ) async throws(MartletError) -> ImportedExperimentPlace
    /// What is here of these. O(ids).
    func importStates(
        runs: [Run.ID],
        models: [LoggedModel.ID]
    ) async throws(MartletError) -> ImportStates
    /// Makes the run with some or all of its points. One that is here in part is written anew, its points united.
    /// - Throws: `notFound` for the experiment; `conflict` when a run of the id was made here, or was imported with
    ///   another revision.
    func importRun(_ imported: ImportedRun, points: LogBatch) async throws(MartletError) -> ImportOutcome
    /// Adds points to a run that is here in part.
    /// - Throws: `notFound`; `conflict` for a run that is whole or was made here.
    func importPoints(_ points: LogBatch, of id: Run.ID) async throws(MartletError)
    /// Makes the run whole, and shows it. Doing it twice changes nothing.
    /// - Returns: its experiment.
    /// - Throws: `notFound`; `conflict` for a run that was made here.
    func finishImport(of id: Run.ID, stage: LifecycleStage) async throws(MartletError) -> Experiment.ID
    /// Makes the model. One of the id is kept as it is.
    /// - Throws: `notFound` for the experiment.
    func importModel(_ imported: ImportedModel) async throws(MartletError) -> ImportOutcome
}
