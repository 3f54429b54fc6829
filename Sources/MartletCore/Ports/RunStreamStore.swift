/// What programs stream into a run beside metrics. Every method is one transaction, durable once it returns.
package protocol RunStreamStore: Sendable {
    /// The run that a client knows by an id of its own; `nil` for none. Deleted ones too.
    func run(foreignID: String, in experiment: Experiment.ID) async throws(MartletError) -> Run.ID?
    /// The run that a client knows by an id of its own, in an experiment that had a name before it was renamed, the last
    /// so renamed first; `nil` for none.
    func run(
        foreignID: String,
        formerly name: String,
        in workspace: Workspace.ID
    ) async throws(MartletError) -> Run.ID?
    /// The ids that clients gave, of those runs that have one.
    func foreignIDs(of runs: [Run.ID]) async throws(MartletError) -> [Run.ID: String]
    /// Stores a chunk whole, or nothing. An ended run still takes one.
    /// - Returns: the run's experiment.
    /// - Throws: `notFound`; `failedPrecondition` for a deleted run; `conflict` when a stream stands elsewhere.
    func append(_ chunk: StreamChunk, to run: Run.ID) async throws(MartletError) -> Experiment.ID
    /// - Parameter writer: whose lines are counted; `nil` for those of all.
    /// - Throws: `notFound`.
    func streamState(of run: Run.ID, writer: String?) async throws(MartletError) -> StreamState
    /// Documents of runs; a run without any is left out.
    func documents(
        _ kinds: [RunDocument],
        of runs: [Run.ID]
    ) async throws(MartletError) -> [Run.ID: [RunDocument: String]]
    /// Keeps a document of configuration, and its values as the params of the run, in place of those that it had.
    /// - Returns: the run's experiment.
    /// - Throws: `notFound`; `failedPrecondition` for a deleted run.
    func setConfig(_ json: String, params: [Param], of run: Run.ID) async throws(MartletError) -> Experiment.ID
    /// What was logged at steps in a range. O(points of the chunks that reach into it).
    /// - Parameter keys: of metrics and objects; `nil` for all.
    /// - Throws: `notFound`.
    func table(of run: Run.ID, keys: [String]?, steps: ClosedRange<Int64>) async throws(MartletError) -> StepTable
    /// The keys of objects that the run logged, by key. O(objects). - Throws: `notFound`.
    func objectKeys(of run: Run.ID) async throws(MartletError) -> [ObjectKey]
    /// Lines from a number on, at most `limit`, by number. - Throws: `notFound`.
    func console(of run: Run.ID, from number: Int64, limit: Int) async throws(MartletError) -> [ConsoleLine]
}
