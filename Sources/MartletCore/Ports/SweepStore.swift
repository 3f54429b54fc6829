/// What a sweep knows of its runs at one moment.
package struct SweepSnapshot: Sendable {
    package var sweep: Sweep
    /// Counts the runs that were chosen: another one since means another search.
    package var revision: Int64
    /// By number; deleted runs are left out.
    package var trials: [SweepTrial]
    /// Agents that report.
    package var agents: Set<SweepAgent.ID>

    package init(sweep: Sweep, revision: Int64, trials: [SweepTrial], agents: Set<SweepAgent.ID>) {
        self.sweep = sweep
        self.revision = revision
        self.trials = trials
        self.agents = agents
    }
}

/// What an agent's report changed and found.
package struct SweepBeat: Sendable {
    package var sweep: Sweep
    /// Runs that it was given and that have not ended, by number.
    package var held: [SweepTrial]
    /// Those that it reported, whoever they were given to.
    package var reported: [SweepTrial]

    package init(sweep: Sweep, held: [SweepTrial], reported: [SweepTrial]) {
        self.sweep = sweep
        self.held = held
        self.reported = reported
    }
}

/// Sweeps, their agents and their runs. Every method is one transaction, durable once it returns.
package protocol SweepStore: Sendable {
    /// - Throws: `notFound` for the experiment; `failedPrecondition` when it is deleted; `alreadyExists` for the name.
    func createSweep(_ sweep: Sweep) async throws(MartletError)
    /// - Throws: `notFound`.
    func sweep(_ id: Sweep.ID) async throws(MartletError) -> Sweep
    /// `nil` when none of the experiment has the name.
    func sweep(named name: String, in experiment: Experiment.ID) async throws(MartletError) -> Sweep?
    /// Newest first, with a total.
    func searchSweeps(_ request: SearchSweeps) async throws(MartletError) -> Page<Sweep>
    /// - Throws: `notFound`.
    func updateSweep(_ id: Sweep.ID, _ changes: SweepChanges) async throws(MartletError) -> Sweep
    /// Also sets a pending sweep going.
    func addAgent(_ agent: SweepAgent) async throws(MartletError)
    /// Agents of a sweep in the order in which they came, or the one of an id.
    func agents(of sweep: Sweep.ID?, id: SweepAgent.ID?) async throws(MartletError) -> [SweepAgent]
    /// Notes that an agent lives and which runs it executes.
    /// - Parameters:
    ///   - live: the client's names of runs.
    ///   - leaves: whether it was told to exit.
    /// - Throws: `notFound` for the agent.
    func beat(_ agent: SweepAgent.ID, live: [String], leaves: Bool) async throws(MartletError) -> SweepBeat
    /// - Parameter metric: whose values come with the runs; `nil` for none.
    /// - Throws: `notFound`. O(runs).
    func snapshot(of sweep: Sweep.ID, metric: String?) async throws(MartletError) -> SweepSnapshot
    /// Makes the run, which is scheduled, and gives it to the agent; or lets one join that is there already.
    /// - Parameter revision: that of the snapshot by which it was chosen; `nil` where none was looked at.
    /// - Throws: `conflict` when another run was chosen since, or the sweep is not going on; `alreadyExists` for the name.
    func assign(_ assignment: SweepAssignment, revision: Int64?) async throws(MartletError)
    /// Gives a run that has not begun to an agent, again or in the place of another.
    /// - Throws: `conflict` when it has begun, or was given to somebody since.
    func hand(_ trial: SweepTrial, to agent: SweepAgent.ID) async throws(MartletError)
    /// Says of runs of a sweep that they are to stop, or that they have ended: those only that have not.
    func end(_ runs: [Run.ID], as status: RunStatus?) async throws(MartletError)
}
