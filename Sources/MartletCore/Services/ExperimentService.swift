/// What may be done with experiments, and by whom.
package struct ExperimentService: Sendable {
    private let store: any MetadataStore
    private let events: EventBus
    private let access: AccessControl
    private let audit: AuditLog
    private let quotas: QuotaKeeper

    package init(
        store: any MetadataStore,
        access: AccessControl,
        quotas: QuotaKeeper,
        events: EventBus,
        audit: AuditLog
    ) {
        self.store = store
        self.access = access
        self.quotas = quotas
        self.events = events
        self.audit = audit
    }

    /// Makes one in the current workspace of the principal.
    /// - Throws: `invalidArgument` for a bad name, tag or place; `alreadyExists`.
    package func create(
        _ request: CreateExperiment,
        as principal: Principal
    ) async throws(MartletError) -> Experiment {
        var request = request
        request.workspace = principal.currentWorkspace
        try access.require(.editor, in: request.workspace, as: principal, to: "create an experiment")
        try Rules.checkExperimentName(request.name)
        for (key, value) in request.tags { try Rules.checkExperimentTag(Tag(key: key, value: value)) }
        try Rules.checkText(request.purpose, what: "purpose", longest: Rules.longestNote)
        if let goal = request.goal { try Rules.checkKey(goal.metric, what: "goal metric") }
        let experiment = try await store.createExperiment(request)
        events.publish([Topic.experiments])
        return experiment
    }

    /// What each experiment that the principal may see stores, deleted ones included, and what all together do.
    package func storageUsage(as principal: Principal) async throws(MartletError) -> StorageUsage {
        try access.requireSome(.viewer, as: principal, to: "read what is stored")
        var usage = try await store.storageUsage()
        let ids = usage.experiments.map(\.id)
        let visible = Set(try await access.visible(ids, as: principal, to: "read what is stored"))
        usage.experiments.removeAll { !visible.contains($0.id) }
        return usage
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
        let subject = if case .experiment(let id) = scope { id.description } else { "installation" }
        try await audit.record(.quotaChanged, subject, as: principal)
    }

    /// - Throws: `notFound`.
    package func experiment(_ id: Experiment.ID, as principal: Principal) async throws(MartletError) -> Experiment {
        try await access.require(.viewer, in: id, as: principal, to: "read experiments")
        return try await store.experiment(id)
    }

    /// `nil` when no experiment of the current workspace, deleted ones included, has the name.
    package func experiment(
        named name: String,
        as principal: Principal
    ) async throws(MartletError) -> Experiment? {
        let scope = try access.scope(of: principal, to: "read experiments")
        guard let experiment = try await store.experiment(named: name, in: scope.workspace),
            scope.contains(experiment.id)
        else { return nil }
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
        try await access.require(.editor, in: id, as: principal, to: "change an experiment")
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
        try await access.require(.editor, in: id, as: principal, to: "delete or restore an experiment")
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
        try await access.require(.editor, in: id, as: principal, to: "change an experiment")
        try await store.deleteTag(key, of: id)
        events.publish([Topic.experiments])
    }

    /// Counts and goals for a list of experiments that were read, in the order of the list.
    package func statistics(
        of experiments: [Experiment],
        as principal: Principal
    ) async throws(MartletError) -> [ExperimentStatistics] {
        // Whoever has the experiments was allowed to see them.
        try access.requireSome(.viewer, as: principal, to: "read experiments")
        var all = try await store.statistics(of: experiments.map(\.id))
        for index in all.indices {
            all[index].goal = experiments[index].goal ?? Goal.inferred(from: all[index].metricKeys)
        }
        return all
    }
}
