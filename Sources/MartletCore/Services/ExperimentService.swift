/// What may be done with experiments, and by whom.
package struct ExperimentService: Sendable {
    private let store: any MetadataStore
    private let events: EventBus
    private let access: AccessControl
    private let audit: AuditLog
    private let quotas: QuotaKeeper

    package init(store: any MetadataStore, quotas: QuotaKeeper, events: EventBus, audit: AuditLog) {
        self.store = store
        self.quotas = quotas
        self.events = events
        access = AccessControl(store: store)
        self.audit = audit
    }

    /// - Throws: `invalidArgument` for a bad name, tag or place; `alreadyExists`.
    package func create(
        _ request: CreateExperiment,
        as principal: Principal
    ) async throws(MartletError) -> Experiment {
        try principal.require(.editor, to: "create an experiment")
        try Rules.checkExperimentName(request.name)
        for (key, value) in request.tags { try Rules.checkExperimentTag(Tag(key: key, value: value)) }
        try Rules.checkText(request.purpose, what: "purpose", longest: Rules.longestNote)
        if let goal = request.goal { try Rules.checkKey(goal.metric, what: "goal metric") }
        let experiment = try await store.createExperiment(request)
        events.publish([Topic.experiments])
        return experiment
    }

    /// What each experiment stores, deleted ones included.
    package func storageUsage(as principal: Principal) async throws(MartletError) -> StorageUsage {
        // It names every experiment: who may not see all of them is not told.
        try principal.require(principal.isUniform ? .viewer : .admin, to: "read what is stored")
        return try await store.storageUsage()
    }

    /// Limits what is stored; `nil` for no limit. What is there stays. Other servers know it within two seconds.
    /// - Throws: `notFound` for the experiment; `invalidArgument`.
    package func setQuota(
        _ bytes: Int64?,
        of scope: StorageScope,
        as principal: Principal
    ) async throws(MartletError) {
        try principal.require(.admin, to: "set a quota")
        guard (0...(1 << 60)).contains(bytes ?? 0) else {
            throw MartletError(.invalidArgument, "a quota is a number of bytes from 0 to 2^60, or null for none")
        }
        try await store.setQuota(bytes, of: scope)
        await quotas.forgetLimits()
        let subject = if case .experiment(let id) = scope { id.description } else { "workspace" }
        try await audit.record(.quotaChanged, subject, as: principal)
    }

    /// - Throws: `notFound`.
    package func experiment(_ id: Experiment.ID, as principal: Principal) async throws(MartletError) -> Experiment {
        try access.require(.viewer, in: id, as: principal, to: "read experiments")
        return try await store.experiment(id)
    }

    /// `nil` when no experiment, deleted ones included, has the name.
    package func experiment(
        named name: String,
        as principal: Principal
    ) async throws(MartletError) -> Experiment? {
        let scope = try access.scope(of: principal, to: "read experiments")
        guard let experiment = try await store.experiment(named: name), scope.contains(experiment.id) else {
            return nil
        }
        return experiment
    }

    package func search(
        _ request: SearchExperiments,
        as principal: Principal
    ) async throws(MartletError) -> Page<Experiment> {
        var request = request
        request.scope = try access.scope(of: principal, to: "read experiments")
        return try await store.searchExperiments(request)
    }

    package func update(
        _ id: Experiment.ID,
        _ changes: ExperimentChanges,
        as principal: Principal
    ) async throws(MartletError) -> Experiment {
        try access.require(.editor, in: id, as: principal, to: "change an experiment")
        if let name = changes.name { try Rules.checkExperimentName(name) }
        if let purpose = changes.purpose {
            try Rules.checkText(purpose, what: "purpose", longest: Rules.longestNote)
        }
        if let goal = changes.goal, let goal { try Rules.checkKey(goal.metric, what: "goal metric") }
        for tag in changes.tags { try Rules.checkExperimentTag(tag) }
        let experiment = try await store.updateExperiment(id, changes)
        events.publish([Topic.experiments])
        return experiment
    }

    /// Bins or restores the experiment with its runs.
    package func move(
        _ id: Experiment.ID,
        to stage: LifecycleStage,
        as principal: Principal
    ) async throws(MartletError) {
        try access.require(.editor, in: id, as: principal, to: "delete or restore an experiment")
        try await store.moveExperiment(id, to: stage)
        events.publish([Topic.experiments, Topic.runs(of: id)])
        let action = stage == .deleted ? AuditEntry.Action.experimentDeleted : .experimentRestored
        try await audit.record(action, id.description, as: principal)
    }

    package func deleteTag(
        _ key: String,
        of id: Experiment.ID,
        as principal: Principal
    ) async throws(MartletError) {
        try access.require(.editor, in: id, as: principal, to: "change an experiment")
        try await store.deleteTag(key, of: id)
        events.publish([Topic.experiments])
    }

    /// Counts and goals for a list of experiments, in the order of the list.
    package func statistics(
        of experiments: [Experiment],
        as principal: Principal
    ) async throws(MartletError) -> [ExperimentStatistics] {
        _ = try access.scope(of: principal, to: "read experiments")
        var all = try await store.statistics(of: experiments.map(\.id))
        for index in all.indices {
            all[index].goal = experiments[index].goal ?? Goal.inferred(from: all[index].metricKeys)
        }
        return all
    }
}
