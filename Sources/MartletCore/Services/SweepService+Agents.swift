/// How runs are chosen and given to agents.
///
/// A run is chosen from a snapshot and stored with the snapshot's revision; when another was chosen since, on whatever
/// server, nothing is stored and the choice is made again. So no two agents get the same point of a grid, and no lock is
/// held while a search reckons. What an agent was given is on the disk before it is told; an agent that never heard of
/// it is told again.
extension SweepService {
    /// How often a choice is made again before the agent is left without one until it asks again.
    private static let mostAttempts = 10

    /// - Throws: `notFound`; `failedPrecondition` for a sweep that is over.
    package func register(
        host: String,
        on id: Sweep.ID,
        as principal: Principal
    ) async throws(MartletError) -> SweepAgent {
        let sweep = try await sweep(id, for: .editor, as: principal, to: "run a sweep")
        try Rules.checkText(host, what: "name of the host", longest: Rules.longestTagValue)
        let now = environment.now()
        let agent = SweepAgent(
            id: SweepAgent.ID(environment.newID()),
            sweep: sweep.id,
            host: host,
            user: principal.name,
            createdAt: now,
            heartbeatAt: now
        )
        try await store.addAgent(agent)
        publish(sweep)
        return agent
    }

    /// Takes an agent's report, and tells it what to do: nothing, to begin a run, to stop some, or to exit.
    ///
    /// O(runs of the sweep) when it is free; O(values of the metric) where runs that fall behind are stopped.
    /// - Parameter live: the client's names of the runs that it executes.
    /// - Throws: `notFound` for an unknown agent, also when its sweep is gone.
    package func heartbeat(
        of id: SweepAgent.ID,
        live: [String],
        as principal: Principal
    ) async throws(MartletError) -> [SweepCommand] {
        guard let agent = try await store.agents(of: nil, id: id).first else {
            throw MartletError(.notFound, "agent \(id) not found")
        }
        let sweep = try await sweep(agent.sweep, for: .editor, as: principal, to: "run a sweep")
        guard live.count <= 1_000 else {
            throw MartletError(.invalidArgument, "runState names \(live.count) runs; an agent has at most 1000")
        }
        let plan = try plan(of: sweep)
        let isIdle = live.isEmpty
        let leaves = isIdle && (sweep.state == .cancelled || sweep.state == .finished)
        // Before the report, which tells whom to stop.
        if plan.outline.stopsEarly, !isIdle { try await compare(sweep, plan) }
        let beat = try await store.beat(id, live: live, leaves: leaves)
        if leaves {
            try await settle(beat, live: live)
            return [.exit]
        }
        guard isIdle else { return try stops(beat, of: id) }
        let lost = try await settle(beat, live: live)
        guard beat.sweep.state == .running || beat.sweep.state == .pending else { return [] }
        for trial in lost {
            guard let command = try await handed(trial, to: id, of: sweep, plan) else { continue }
            return [command]
        }
        return try await choose(for: id, sweep, plan)
    }

    // MARK: runs that go on

    /// Which of the runs that an agent reported are to stop.
    private func stops(_ beat: SweepBeat, of agent: SweepAgent.ID) throws(MartletError) -> [SweepCommand] {
        let isOver = beat.sweep.state == .cancelled
        let unwanted = try unwanted(beat.sweep)
        return beat.reported.filter { trial in
            // Somebody else was given it while this agent was silent.
            let isTaken = trial.agent != agent && trial.agent != nil
            return isOver || trial.isStopped || isTaken || unwanted.contains(trial.name)
        }.map { .stop(name: $0.name) }
    }

    /// Marks the runs that fall behind.
    private func compare(_ sweep: Sweep, _ plan: any SweepPlan) async throws(MartletError) {
        guard let metric = plan.outline.metric, memory.comparisonIsDue(sweep.id, now: environment.now()) else { return }
        let trials = try await store.snapshot(of: sweep.id, metric: metric).trials
        var histories: [Run.ID: [Double]] = [:]
        for trial in trials where trial.metric != nil {
            histories[trial.run] = try await history(of: trial, metric)
        }
        let stops = plan.stops(trials, histories: histories)
        guard !stops.isEmpty else { return }
        try await store.end(stops, as: nil)
        publish(sweep)
    }

    private func history(of trial: SweepTrial, _ metric: String) async throws(MartletError) -> [Double] {
        if trial.state.hasEnded, let known = memory.history(of: trial.run) { return known }
        let table = try await store.table(of: trial.run, keys: [metric], steps: .min ... .max)
        let values = table.series.first?.values ?? []
        if trial.state.hasEnded { memory.keep(values, of: trial.run) }
        return values
    }

    // MARK: runs that have not begun

    /// Ends runs of an agent whose program is gone without having reported.
    /// - Returns: those that the agent has never heard of.
    @discardableResult
    private func settle(_ beat: SweepBeat, live: [String]) async throws(MartletError) -> [SweepTrial] {
        var lost: [SweepTrial] = []
        var gone: [Run.ID] = []
        for trial in beat.held where trial.state == .pending && !live.contains(trial.name) {
            if trial.isKnown || trial.isGivenUp { gone.append(trial.run) } else { lost.append(trial) }
        }
        if !gone.isEmpty { try await store.end(gone, as: .failed) }
        // A run that was told to stop and whose program is gone does not say so by itself.
        let stopped = beat.held.filter { $0.state == .running && $0.isStopped && !live.contains($0.name) }.map(\.run)
        if !stopped.isEmpty { try await store.end(stopped, as: .killed) }
        events.publish((gone + stopped).map { Topic.run($0) })
        return lost
    }

    /// `nil` when somebody was faster.
    private func handed(
        _ trial: SweepTrial,
        to agent: SweepAgent.ID,
        of sweep: Sweep,
        _ plan: any SweepPlan
    ) async throws(MartletError) -> SweepCommand? {
        do {
            try await store.hand(trial, to: agent)
        } catch  where error.code == .conflict {
            return nil
        }
        if trial.state == .preempted {
            events.publish([
                Topic.run(trial.run), Topic.runs(of: sweep.experimentID), Topic.sweeps(of: sweep.experimentID),
            ])
        }
        return .run(name: trial.name, program: plan.outline.program, parameters: trial.parameters)
    }

    /// A run that was given back, or a new one; what to do without one.
    private func choose(
        for agent: SweepAgent.ID,
        _ sweep: Sweep,
        _ plan: any SweepPlan
    ) async throws(MartletError) -> [SweepCommand] {
        for _ in 1...Self.mostAttempts {
            let snapshot = try await store.snapshot(of: sweep.id, metric: plan.outline.metric)
            let isGivenBack = { (trial: SweepTrial) in
                let isForsaken = trial.agent.map { !snapshot.agents.contains($0) } ?? false
                return trial.state == .preempted || trial.state == .pending && isForsaken
            }
            let unwanted = try unwanted(sweep)
            let stopped = snapshot.trials.filter { $0.state == .preempted && unwanted.contains($0.name) }.map(\.run)
            if !stopped.isEmpty { try await store.end(stopped, as: .killed) }
            for trial in snapshot.trials where isGivenBack(trial) && !stopped.contains(trial.run) {
                if let command = try await handed(trial, to: agent, of: sweep, plan) { return [command] }
            }
            guard snapshot.sweep.state == .running || snapshot.sweep.state == .pending else { return [] }
            let stream = snapshot.revision
            switch plan.next(after: snapshot.trials, seed: Self.seed(of: sweep.id), stream: stream) {
            case .exhausted: return try await exhausted(snapshot, agent)
            case .external: return try await scheduled(snapshot, for: agent, plan)
            case .run(let parameters):
                let command = try await assigned(parameters, snapshot, to: agent, plan, named: shortName())
                if let command { return [command] }
            }
        }
        return []
    }

    /// `nil` when another run was chosen meanwhile.
    func assigned(
        _ parameters: String,
        _ snapshot: SweepSnapshot,
        to agent: SweepAgent.ID,
        _ plan: any SweepPlan,
        named name: String,
        scheduler: String? = nil
    ) async throws(MartletError) -> SweepCommand? {
        let run = Run.ID(environment.newID())
        let trial = SweepTrial(
            run: run,
            name: name,
            number: snapshot.revision + 1,
            agent: agent,
            parameters: parameters,
            state: .pending,
            createdAt: environment.now()
        )
        let assignment = SweepAssignment(
            sweep: snapshot.sweep,
            agent: agent,
            run: run,
            name: name,
            parameters: parameters,
            exhausts: plan.isExhausted(after: snapshot.trials + [trial]),
            scheduler: scheduler
        )
        do {
            try await store.assign(assignment, revision: snapshot.revision)
        } catch  where error.code == .conflict || error.code == .alreadyExists {
            return nil
        }
        access.note(run, in: snapshot.sweep.experimentID)
        events.publish([Topic.runs(of: snapshot.sweep.experimentID), Topic.sweeps(of: snapshot.sweep.experimentID)])
        return .run(name: name, program: plan.outline.program, parameters: parameters)
    }

    /// An agent that is not needed any more leaves, the last one ends the sweep. As long as a run has not begun, it may
    /// yet be given back.
    func exhausted(
        _ snapshot: SweepSnapshot,
        _ agent: SweepAgent.ID
    ) async throws(MartletError) -> [SweepCommand] {
        var changes = SweepChanges(isExhausted: true)
        if snapshot.trials.allSatisfy(\.state.hasEnded) { changes.state = .finished }
        if changes.state != nil || !snapshot.sweep.isExhausted {
            publish(try await store.updateSweep(snapshot.sweep.id, changes))
        }
        if snapshot.trials.contains(where: { $0.state == .pending || $0.state == .preempted }) { return [] }
        _ = try await store.beat(agent, live: [], leaves: true)
        return [.exit]
    }

    /// FNV-1a of the id.
    private static func seed(of id: Sweep.ID) -> UInt64 {
        id.rawValue.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
