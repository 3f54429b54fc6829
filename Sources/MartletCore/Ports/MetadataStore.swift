/// Experiments. Every method is one transaction; once a write returns it survives a power loss.
package protocol ExperimentStore: Sendable {
    /// - Throws: `alreadyExists` when an experiment of the workspace has the name, deleted ones included; `notFound`
    ///   for the workspace.
    func createExperiment(_ request: CreateExperiment) async throws(MartletError) -> Experiment
    /// - Throws: `notFound`.
    func experiment(_ id: Experiment.ID) async throws(MartletError) -> Experiment
    /// `nil` when no experiment of the workspace, deleted ones included, has the name.
    func experiment(named name: String, in workspace: Workspace.ID) async throws(MartletError) -> Experiment?
    /// Of a deleted one too. - Throws: `notFound`.
    func workspace(ofExperiment id: Experiment.ID) async throws(MartletError) -> Workspace.ID
    func searchExperiments(_ request: SearchExperiments) async throws(MartletError) -> Page<Experiment>
    /// - Throws: `notFound`; `failedPrecondition` when a deleted experiment is renamed; `alreadyExists`.
    func updateExperiment(_ id: Experiment.ID, _ changes: ExperimentChanges) async throws(MartletError) -> Experiment
    /// Bins or restores the experiment with all of its runs.
    /// - Throws: `notFound` when it does not exist or is already there.
    func moveExperiment(_ id: Experiment.ID, to stage: LifecycleStage) async throws(MartletError)
    /// - Throws: `notFound` for an unknown experiment or tag.
    func deleteTag(_ key: String, of id: Experiment.ID) async throws(MartletError)
    /// Counts for a list of experiments, in the order of `ids`; zeros for an unknown one. Stalled runs do not count as
    /// running.
    func statistics(of ids: [Experiment.ID]) async throws(MartletError) -> [ExperimentStatistics]
    /// What each experiment stores. O(runs + chunks + artifacts), from several snapshots.
    func storageUsage() async throws(MartletError) -> StorageUsage
}

/// Runs, and all that is written to them. Every method is one transaction, durable once it returns.
package protocol RunStore: Sendable {
    /// - Throws: `notFound` for the experiment, `failedPrecondition` when it is deleted; `alreadyExists` when a run of it
    ///   has the foreign id.
    func createRun(_ request: CreateRun, id: Run.ID) async throws(MartletError) -> Run
    /// - Throws: `notFound`.
    func run(_ id: Run.ID, fields: RunFields) async throws(MartletError) -> Run
    /// The experiment of each run, deleted ones included.
    /// - Throws: `notFound` when one is unknown.
    func experiments(ofRuns ids: [Run.ID]) async throws(MartletError) -> [Experiment.ID]
    /// Stores the whole batch or nothing. A point that is already there is not stored again.
    ///
    /// An ended run still takes points. O(points), and O(keys) statements.
    /// - Throws: `notFound`; `failedPrecondition` for a deleted run; `conflict` when a parameter has another value
    ///   (`ParamConflict` describes it); `storageFull`.
    /// - Returns: the run's experiment.
    @discardableResult
    func log(_ batch: LogBatch, to id: Run.ID) async throws(MartletError) -> Experiment.ID
    /// Removes every point at `step` or later from all series of the run, and the objects there; summaries and the
    /// count of the lines of its history follow. Works on ended runs.
    /// - Returns: how many points went.
    /// - Throws: `notFound`; `failedPrecondition` for a deleted run.
    func truncateMetrics(of id: Run.ID, from step: Int64) async throws(MartletError) -> Int
    /// The run after the change. Works on ended runs.
    /// - Throws: `notFound`; `failedPrecondition` for a deleted run.
    func updateRun(_ id: Run.ID, _ changes: RunChanges) async throws(MartletError) -> Run
    /// Bins or restores runs: all of them or, when one is unknown, none. Doing it twice changes nothing.
    /// - Returns: the runs' experiments.
    /// - Throws: `notFound`.
    @discardableResult
    func moveRuns(_ ids: [Run.ID], to stage: LifecycleStage) async throws(MartletError) -> Set<Experiment.ID>
    /// Sets and deletes tags of runs: of all of them or of none. A tag that is not there is as good as deleted.
    /// - Returns: the runs' experiments.
    /// - Throws: `notFound`; `failedPrecondition` for a deleted run.
    func tagRuns(
        _ ids: [Run.ID],
        set tags: [Tag],
        delete keys: [String]
    ) async throws(MartletError) -> Set<Experiment.ID>
    /// - Returns: the run's experiment.
    /// - Throws: `notFound` for an unknown run or tag; `failedPrecondition` for a deleted run.
    @discardableResult
    func deleteTag(_ key: String, of id: Run.ID) async throws(MartletError) -> Experiment.ID
    /// - Throws: `notFound`; `failedPrecondition` for a deleted run.
    func addInputs(_ inputs: RunInputs, to id: Run.ID) async throws(MartletError)
    func searchRuns(_ request: SearchRuns) async throws(MartletError) -> Page<Run>
    /// Which parameters, tags and metrics the runs that match have. `limit` keys of each kind, most used first.
    func columns(of request: SearchRuns, limit: Int) async throws(MartletError) -> RunColumns
    /// Says that the run lives. - Throws: `notFound`; `failedPrecondition` for a deleted run.
    func heartbeat(_ id: Run.ID) async throws(MartletError)
}

/// Models that runs saved. Every method is one transaction, durable once it returns.
package protocol LoggedModelStore: Sendable {
    func createLoggedModel(
        _ request: CreateLoggedModel,
        id: LoggedModel.ID
    ) async throws(MartletError) -> LoggedModel
    /// With every score that was logged for it, by key, time and step.
    /// - Throws: `notFound`, for a deleted one too unless it was asked for.
    func loggedModel(_ id: LoggedModel.ID, orDeleted: Bool) async throws(MartletError) -> LoggedModel
    /// Of a deleted one too. - Throws: `notFound`.
    func experiment(ofLoggedModel id: LoggedModel.ID) async throws(MartletError) -> Experiment.ID
    /// A deleted model takes changes, as it does in MLflow: its run may still be finishing it.
    /// - Throws: `notFound`.
    func finishLoggedModel(_ id: LoggedModel.ID, status: LoggedModel.Status) async throws(MartletError) -> LoggedModel
    func deleteLoggedModel(_ id: LoggedModel.ID) async throws(MartletError)
    /// - Throws: `notFound`; `conflict` when a parameter has another value.
    func addToLoggedModel(_ id: LoggedModel.ID, params: [Param], tags: [Tag]) async throws(MartletError) -> LoggedModel
    func deleteTag(_ key: String, of id: LoggedModel.ID) async throws(MartletError)
    func searchLoggedModels(_ request: SearchLoggedModels) async throws(MartletError) -> Page<LoggedModel>
}

/// The points of metrics. It reads and seals; points are written by `RunStore.log`.
package protocol MetricStore: Sendable {
    /// Points of one series after `cursor`, at most `limit`, ascending by (time, step, value). Distinct.
    /// Empty when the run has no such metric. O(points returned) for a series that was logged in order.
    /// - Throws: `notFound` for the run.
    func history(
        of run: Run.ID,
        key: String,
        after cursor: HistoryCursor?,
        limit: Int
    ) async throws(MartletError) -> PointColumns
    /// The names of all metrics of a run, in order. O(metrics). - Throws: `notFound`.
    func metricKeys(of run: Run.ID) async throws(MartletError) -> [String]
    /// What is known of some metrics of a run, by key; those that it has not are left out. - Throws: `notFound`.
    func summaries(of run: Run.ID, keys: [String]) async throws(MartletError) -> [MetricSummary]
    /// Series for charts. Unknown runs are `notFound`; unknown keys give empty series.
    func series(_ request: SeriesRequest) async throws(MartletError) -> [BucketedSeries]
}

/// Trees of files over blobs. Every method is one transaction, durable once it returns. `BlobStore.store` adds files.
package protocol ArtifactStore: Sendable {
    /// `nil` when there is no such file or folder.
    func entry(at path: ArtifactPath, of owner: ArtifactOwner) async throws(MartletError) -> ArtifactEntry?
    /// Files and folders directly inside a folder, by name. Empty when the folder does not exist.
    func list(_ folder: ArtifactPath, of owner: ArtifactOwner) async throws(MartletError) -> [ArtifactEntry]
    /// Gives files of a tree to another, under the same paths and without a look at their content. Those that are not
    /// there are left out, and those whose place is taken.
    /// - Returns: the bytes that the other tree has more.
    func copy(
        _ paths: [ArtifactPath],
        of source: ArtifactOwner,
        to owner: ArtifactOwner
    ) async throws(MartletError) -> Int64
    /// Removes a file, or a folder with all inside. Blobs go later, when nothing names them.
    /// - Throws: `notFound`.
    func delete(_ path: ArtifactPath, of owner: ArtifactOwner) async throws(MartletError)
}

/// Limits of what is stored, and what counts towards them. Every method is one transaction.
package protocol QuotaStore: Sendable {
    /// All limits, in bytes.
    func quotas() async throws(MartletError) -> [StorageScope: Int64]
    /// - Parameter bytes: `nil` for no limit.
    /// - Throws: `notFound` for the experiment.
    func setQuota(_ bytes: Int64?, of scope: StorageScope) async throws(MartletError)
    /// Sum of the sizes of files, deleted runs' included. O(runs with files), from an index.
    func fileBytes(in scope: StorageScope) async throws(MartletError) -> Int64
    /// Bytes of points as they are stored. O(chunks): ask rarely.
    func metricBytes(in scope: StorageScope) async throws(MartletError) -> Int64
}

/// All that is kept in SQL, as one object, for the services.
package typealias MetadataStore = ExperimentStore & RunStore & LoggedModelStore & MetricStore & ArtifactStore
    & ImportStore & QuotaStore & RunStreamStore & ArtifactVersionStore & ModelRegistryStore
