/// Sweeps: what may be done with them, by whom, and what follows. Agents are in `SweepService+Agents.swift`.
package struct SweepService: Sendable {
    /// Bytes of a configuration.
    package static let longestConfiguration = 256 << 10
    /// Bytes of what a controller keeps with a sweep.
    private static let longestControl = 4 << 20

    let store: any MetadataStore & SweepStore
    let access: AccessControl
    let events: EventBus
    let environment: Environment
    let memory: SweepMemory

    package init(
        store: any MetadataStore & SweepStore,
        search: any SweepSearch,
        access: AccessControl,
        events: EventBus,
        environment: Environment
    ) {
        self.store = store
        self.access = access
        self.events = events
        self.environment = environment
        memory = SweepMemory(search: search)
    }

    // MARK: reading

    /// - Throws: `notFound`, also for one that the principal may not see.
    package func sweep(_ id: Sweep.ID, as principal: Principal) async throws(MartletError) -> Sweep {
        try await sweep(id, for: .viewer, as: principal, to: "read sweeps")
    }

    /// `nil` for an unknown one.
    package func sweep(
        named name: String,
        in experiment: Experiment.ID,
        as principal: Principal
    ) async throws(MartletError) -> Sweep? {
        try await access.require(.viewer, in: experiment, as: principal, to: "read sweeps")
        return try await store.sweep(named: name, in: experiment)
    }

    /// Newest first, with a total.
    /// - Throws: `notFound` for an experiment that is not there, or that the principal may not see.
    package func search(_ request: SearchSweeps, as principal: Principal) async throws(MartletError) -> Page<Sweep> {
        for experiment in request.experiments {
            try await access.require(.viewer, in: experiment, as: principal, to: "read sweeps")
            _ = try await store.workspace(ofExperiment: experiment)
        }
        return try await store.searchSweeps(request)
    }

    /// What the configuration of a stored sweep says.
    package func plan(of sweep: Sweep) throws(MartletError) -> any SweepPlan {
        try memory.plan(of: sweep.configuration)
    }

    /// The runs of a sweep by number, with the target metric; deleted ones are left out. O(runs).
    package func trials(of sweep: Sweep, as principal: Principal) async throws(MartletError) -> [SweepTrial] {
        try await access.require(.viewer, in: sweep.experimentID, as: principal, to: "read sweeps")
        return try await store.snapshot(of: sweep.id, metric: try plan(of: sweep).outline.metric).trials
    }

    /// Agents in the order in which they came.
    package func agents(of sweep: Sweep, as principal: Principal) async throws(MartletError) -> [SweepAgent] {
        try await access.require(.viewer, in: sweep.experimentID, as: principal, to: "read sweeps")
        return try await store.agents(of: sweep.id, id: nil)
    }

    /// How much each parameter matters for the metric. Some 20 ms for 500 runs.
    /// - Throws: also `failedPrecondition` when the sweep names no metric.
    package func importance(
        of id: Sweep.ID,
        as principal: Principal
    ) async throws(MartletError) -> SweepImportance {
        let sweep = try await sweep(id, as: principal)
        let plan = try plan(of: sweep)
        guard let metric = plan.outline.metric else {
            throw MartletError(.failedPrecondition, "the sweep names no metric; nothing can matter for it")
        }
        return plan.importance(of: try await store.snapshot(of: sweep.id, metric: metric).trials)
    }

    // MARK: making and changing

    /// - Throws: `invalidArgument` that tells each field of a configuration that is wrong.
    package func check(_ configuration: String) throws(MartletError) { _ = try checked(configuration) }

    /// - Throws: `invalidArgument` that tells each field of the configuration that is wrong; `notFound` for the
    ///   experiment; `failedPrecondition` when it is deleted.
    package func create(_ request: CreateSweep, as principal: Principal) async throws(MartletError) -> Sweep {
        try await access.require(.editor, in: request.experimentID, as: principal, to: "make a sweep")
        let outline = try checked(request.configuration).outline
        try check(controller: request.controller, scheduler: nil)
        let now = environment.now()
        var sweep = Sweep(
            id: Sweep.ID(environment.newID()),
            experimentID: request.experimentID,
            name: shortName(),
            displayName: request.displayName.isEmpty ? outline.name : request.displayName,
            description: request.description.isEmpty ? outline.description : request.description,
            configuration: request.configuration,
            user: principal.name,
            createdAt: now,
            updatedAt: now,
            controller: request.controller
        )
        try Rules.checkText(sweep.displayName, what: "name of the sweep", longest: Rules.longestRunName)
        try Rules.checkText(sweep.description, what: "description of the sweep", longest: Rules.longestNote)
        try await retryingNames { () async throws(MartletError) in
            sweep.name = shortName()
            try await store.createSweep(sweep)
        }
        for name in request.priorRuns {
            guard let run = try await store.run(foreignID: name, in: sweep.experimentID) else {
                throw MartletError(.notFound, "the run '\(name.prefix(100))', to count as tried, is not there")
            }
            try await join(run, name: name, to: sweep)
        }
        events.publish([Topic.sweeps(of: sweep.experimentID)])
        return try await store.sweep(sweep.id)
    }

    /// - Throws: `notFound`; `invalidArgument`; `failedPrecondition` for another configuration once there are runs.
    package func update(
        _ id: Sweep.ID,
        _ changes: SweepChanges,
        as principal: Principal
    ) async throws(MartletError) -> Sweep {
        let sweep = try await sweep(id, for: .editor, as: principal, to: "change a sweep")
        var changes = changes
        if let text = changes.displayName {
            try Rules.checkText(text, what: "name of the sweep", longest: Rules.longestRunName)
        }
        if let text = changes.description {
            try Rules.checkText(text, what: "description of the sweep", longest: Rules.longestNote)
        }
        try check(controller: changes.controller, scheduler: changes.scheduler)
        if let configuration = changes.configuration, configuration != sweep.configuration {
            _ = try checked(configuration)
            guard sweep.runCount == 0 else {
                throw MartletError(
                    .failedPrecondition,
                    "the sweep \(sweep.name) has runs, and its configuration stays; make another sweep"
                )
            }
        }
        switch changes.state {
        case .pending:
            throw MartletError(.invalidArgument, "state: a sweep becomes running, paused, cancelled or finished")
        case .running:
            // Runs may have been deleted since: whether all were tried is found out again.
            changes.isExhausted = false
        default: break
        }
        let updated = try await store.updateSweep(id, changes)
        if changes.state == .cancelled { try await stopRuns(of: updated) }
        publish(updated)
        return updated
    }

    /// Those that have not begun never will; the others are told to stop, by their agents and by themselves.
    private func stopRuns(of sweep: Sweep) async throws(MartletError) {
        let trials = try await store.snapshot(of: sweep.id, metric: nil).trials
        let pending = trials.filter { $0.state == .pending }.map(\.run)
        let running = trials.filter { $0.state == .running }.map(\.run)
        if !pending.isEmpty { try await store.end(pending, as: .killed) }
        if !running.isEmpty {
            try await store.end(running, as: nil)
            _ = try await store.tagRuns(running, set: [Tag(key: Sweep.stopTag, value: "1")], delete: [])
        }
        events.publish((pending + running).map { Topic.run($0) })
    }

    /// Makes a run that is there already one of a sweep: a program that names its sweep, or one that counts as tried.
    package func join(
        _ run: Run.ID,
        name: String,
        sweep id: Sweep.ID,
        as principal: Principal
    ) async throws(MartletError) {
        let sweep = try await sweep(id, for: .editor, as: principal, to: "change a sweep")
        try await join(run, name: name, to: sweep)
        publish(sweep)
    }

    private func join(_ run: Run.ID, name: String, to sweep: Sweep) async throws(MartletError) {
        let documents = try await store.documents([.config], of: [run])
        let assignment = SweepAssignment(
            sweep: sweep,
            agent: nil,
            run: run,
            name: name,
            parameters: SweepParameters.plain(documents[run]?[.config] ?? "{}"),
            exhausts: false
        )
        try await store.assign(assignment, revision: nil)
        _ = try await store.tagRuns([run], set: [Tag(key: Sweep.tag, value: sweep.name)], delete: [])
    }

    // MARK: helpers

    func sweep(
        _ id: Sweep.ID,
        for role: Principal.Role,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) -> Sweep {
        try access.requireSome(.viewer, as: principal, to: action)
        let sweep = try await store.sweep(id)
        do {
            try await access.require(role, in: sweep.experimentID, as: principal, to: action)
        } catch  where error.code == .notFound {
            throw MartletError(.notFound, "sweep \(id) not found")
        }
        return sweep
    }

    private func checked(_ configuration: String) throws(MartletError) -> any SweepPlan {
        guard configuration.utf8.count <= Self.longestConfiguration else {
            throw MartletError(
                .invalidArgument,
                "the configuration has \(configuration.utf8.count) bytes; at most \(Self.longestConfiguration) are read"
            )
        }
        guard !configuration.utf8.contains(0) else {
            throw MartletError(.invalidArgument, "the configuration contains U+0000, which cannot be stored; remove it")
        }
        return try memory.plan(of: configuration)
    }

    private func check(controller: String?, scheduler: String?) throws(MartletError) {
        for (text, what) in [(controller, "controller"), (scheduler, "scheduler")] {
            guard let text else { continue }
            guard text.utf8.count <= Self.longestControl, case .object = try JSONParser.parse(Array(text.utf8)) else {
                throw MartletError(
                    .invalidArgument,
                    "\(what) is no JSON object of at most \(Self.longestControl) bytes"
                )
            }
        }
    }

    /// Eight characters; not unique by themselves.
    func shortName() -> String { String(environment.newID().suffix(8)) }

    /// Tries again when a short name is taken.
    private func retryingNames(
        _ body: () async throws(MartletError) -> Void
    ) async throws(MartletError) {
        for attempt in 1... {
            do {
                return try await body()
            } catch  where error.code == .alreadyExists && attempt < 10 {
                continue
            }
        }
    }

    func publish(_ sweep: Sweep) {
        events.publish([Topic.sweeps(of: sweep.experimentID)])
    }
}

/// Parameters in the two forms that go over the wire.
package enum SweepParameters {
    /// `{"lr": {"value": 0.1}}` for `{"lr": 0.1}`: what an agent gets.
    package static func wrapped(_ parameters: String) -> String {
        guard case .object(let members)? = try? JSONParser.parse(Array(parameters.utf8)) else { return "{}" }
        let wrapped = members.map { member in
            JSONValue.Member(key: member.key, value: .object([.init(key: "value", value: member.value)]))
        }
        return text(.object(wrapped))
    }

    /// The reverse. What the client adds for itself (`_wandb`) and members without a value are left out.
    package static func plain(_ config: String) -> String {
        // What is no JSON has no parameters.
        guard case .object(let members)? = try? JSONParser.parse(Array(config.utf8), takesBareNaN: true) else {
            return "{}"
        }
        let plain = members.compactMap { member -> JSONValue.Member? in
            guard !member.key.hasPrefix("_"), let value = member.value["value"] else { return nil }
            return JSONValue.Member(key: member.key, value: value)
        }
        return text(.object(plain))
    }

    private static func text(_ value: JSONValue) -> String {
        var json = JSONWriter()
        json.value(value)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
