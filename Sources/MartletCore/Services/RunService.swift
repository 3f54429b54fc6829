/// What may be done with runs, and by whom.
package struct RunService: Sendable {
    private let store: any MetadataStore
    private let events: EventBus
    private let access: AccessControl
    private let audit: AuditLog
    private let environment: Environment

    package init(
        store: any MetadataStore,
        access: AccessControl,
        events: EventBus,
        environment: Environment,
        audit: AuditLog
    ) {
        self.store = store
        self.access = access
        self.events = events
        self.audit = audit
        self.environment = environment
    }

    /// - Throws: `invalidArgument`; `notFound` for the experiment; `failedPrecondition` when it is deleted.
    package func create(_ request: CreateRun, as principal: Principal) async throws(MartletError) -> Run {
        try await access.require(.editor, in: request.experimentID, as: principal, to: "create a run")
        for tag in request.tags { try Rules.checkTag(tag) }
        try Rules.check(
            RunChanges(
                name: request.name,
                user: request.user,
                purpose: request.purpose,
                hypothesis: request.hypothesis,
                notes: request.notes
            )
        )
        var request = request
        let id = environment.newID()
        if request.name == nil || request.name == "" { request.name = RunName.generated(from: id) }
        let run = try await store.createRun(request, id: Run.ID(id))
        access.note(run.id, in: run.experimentID)
        events.publish([Topic.runs(of: run.experimentID)])
        return run
    }

    /// - Throws: `notFound`.
    package func run(
        _ id: Run.ID,
        fields: RunFields,
        as principal: Principal
    ) async throws(MartletError) -> Run {
        try await access.require(.viewer, of: id, as: principal, to: "read runs")
        return try await store.run(id, fields: fields)
    }

    /// Stores the whole batch or nothing; see `RunStore.log`.
    package func log(_ batch: LogBatch, to id: Run.ID, as principal: Principal) async throws(MartletError) {
        try await access.require(.editor, of: id, as: principal, to: "log to a run")
        try Rules.check(batch)
        let experiment = try await store.log(batch, to: id)
        if batch.pointCount > 0 { events.publish([Topic.metrics(of: id)]) }
        if batch.params.count + batch.tags.count > 0 || batch.changes != RunChanges() {
            // A table may now show the run that did not match its filter before.
            events.publish([Topic.run(id), Topic.runs(of: experiment)])
        }
    }

    package func update(
        _ id: Run.ID,
        _ changes: RunChanges,
        as principal: Principal
    ) async throws(MartletError) -> Run {
        try await access.require(.editor, of: id, as: principal, to: "change a run")
        try Rules.check(changes)
        let run = try await store.updateRun(id, changes)
        events.publish([Topic.run(id), Topic.runs(of: run.experimentID)])
        return run
    }

    /// Bins or restores runs, all of them or none. Doing it twice changes nothing.
    package func move(
        _ ids: [Run.ID],
        to stage: LifecycleStage,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.editor, of: ids, as: principal, to: "delete or restore a run")
        publish(ids, of: try await store.moveRuns(ids, to: stage))
        let some = ids.prefix(20).map(\.rawValue).joined(separator: ", ")
        try await audit.record(
            stage == .deleted ? .runsDeleted : .runsRestored,
            ids.count > 20 ? "\(some) and \(ids.count - 20) more" : some,
            as: principal
        )
    }

    /// Sets and deletes tags of runs, of all of them or of none.
    package func tag(
        _ ids: [Run.ID],
        set tags: [Tag],
        delete keys: [String],
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.editor, of: ids, as: principal, to: "change a run")
        try Rules.check(set: tags, delete: keys, runs: ids.count)
        publish(ids, of: try await store.tagRuns(ids, set: tags, delete: keys))
    }

    private func publish(_ ids: [Run.ID], of experiments: Set<Experiment.ID>) {
        events.publish(ids.map { Topic.run($0) } + experiments.map { Topic.runs(of: $0) })
    }

    package func deleteTag(_ key: String, of id: Run.ID, as principal: Principal) async throws(MartletError) {
        try await access.require(.editor, of: id, as: principal, to: "change a run")
        let experiment = try await store.deleteTag(key, of: id)
        events.publish([Topic.run(id), Topic.runs(of: experiment)])
    }

    package func addInputs(
        _ inputs: RunInputs,
        to id: Run.ID,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.editor, of: id, as: principal, to: "change a run")
        try await store.addInputs(inputs, to: id)
        events.publish([Topic.run(id)])
    }

    /// Takes a run back to before a step, to go on from a checkpoint: its points from there on are removed.
    /// - Returns: how many points went.
    package func truncateMetrics(
        of id: Run.ID,
        from step: Int64,
        as principal: Principal
    ) async throws(MartletError) -> Int {
        try await access.require(.editor, of: id, as: principal, to: "remove points of a run")
        let count = try await store.truncateMetrics(of: id, from: step)
        if count > 0 { events.publish([Topic.metrics(of: id), Topic.run(id)]) }
        return count
    }

    package func heartbeat(_ id: Run.ID, as principal: Principal) async throws(MartletError) {
        try await access.require(.editor, of: id, as: principal, to: "report for a run")
        try await store.heartbeat(id)
    }

    package func search(_ request: SearchRuns, as principal: Principal) async throws(MartletError) -> Page<Run> {
        var request = request
        request.experiments = try await access.visible(request.experiments, as: principal, to: "read runs")
        return try await store.searchRuns(request)
    }

    package func columns(
        of request: SearchRuns,
        limit: Int,
        as principal: Principal
    ) async throws(MartletError) -> RunColumns {
        var request = request
        request.experiments = try await access.visible(request.experiments, as: principal, to: "read runs")
        return try await store.columns(of: request, limit: limit)
    }

    package func history(
        of run: Run.ID,
        key: String,
        after cursor: HistoryCursor?,
        limit: Int,
        as principal: Principal
    ) async throws(MartletError) -> PointColumns {
        try await access.require(.viewer, of: run, as: principal, to: "read metrics")
        return try await store.history(of: run, key: key, after: cursor, limit: limit)
    }

    /// The names of a run's metrics in which a pattern is found, in order. O(metrics).
    /// - Parameter pattern: as `TextPattern`; `nil` for all.
    /// - Throws: `notFound`; `invalidArgument` for a pattern that is none.
    package func metricKeys(
        of run: Run.ID,
        matching pattern: String?,
        as principal: Principal
    ) async throws(MartletError) -> [String] {
        try await access.require(.viewer, of: run, as: principal, to: "read metrics")
        guard let pattern else { return try await store.metricKeys(of: run) }
        var search = PatternSearch(try TextPattern(pattern))
        return try await store.metricKeys(of: run).filter { search.isFound(in: $0) }
    }

    /// What is known of some metrics of a run, by key; those that it has not are left out. - Throws: `notFound`.
    package func summaries(
        of run: Run.ID,
        keys: [String],
        as principal: Principal
    ) async throws(MartletError) -> [MetricSummary] {
        try await access.require(.viewer, of: run, as: principal, to: "read metrics")
        return try await store.summaries(of: run, keys: keys)
    }

    package func series(
        _ request: SeriesRequest,
        as principal: Principal
    ) async throws(MartletError) -> [BucketedSeries] {
        try await access.require(.viewer, of: request.runs, as: principal, to: "read metrics")
        guard (1...10_000).contains(request.buckets) else {
            throw MartletError(.invalidArgument, "buckets is \(request.buckets); ask for 1 to 10000")
        }
        guard request.runs.count * request.keys.count <= 10_000 else {
            throw MartletError(.invalidArgument, "runs × keys is over 10000; ask for fewer series at once")
        }
        guard request.smoothingHalfLife >= 0, request.smoothingHalfLife.isFinite else {
            throw MartletError(.invalidArgument, "smoothing_half_life must be a number ≥ 0")
        }
        return try await store.series(request)
    }
}
