import MartletCore
import MartletStorage
import MartletSweepSearch
import MartletTesting

/// The service over a database in a scratch folder, with time that stands.
struct SweepScene {
    let folder: ScratchFolder
    let clock = ManualClock()
    let database: any SQLDatabase
    let store: SQLMetadataStore
    let sweeps: SweepService

    static let grid = "method: grid\nmetric: {name: loss, goal: minimize}\nparameters:\n  x: {values: [0, 1, 2, 3]}\n"

    init() async throws {
        folder = try ScratchFolder()
        let environment = Environment.manual(clock)
        database = try await openTestDatabase(in: folder.path, now: clock.now)
        store = SQLMetadataStore(database: database, environment: environment)
        try await store.prepare()
        sweeps = SweepService(
            store: store,
            search: SweepConfigurations(),
            access: AccessControl(store: store),
            events: EventBus(capacity: 100, firstRevision: 1),
            environment: environment
        )
    }

    func make(_ configuration: String = grid) async throws -> Sweep {
        try await sweeps.create(
            CreateSweep(experimentID: Experiment.ID(0), configuration: configuration),
            as: .local
        )
    }

    func agent(_ sweep: Sweep) async throws -> SweepAgent.ID {
        try await sweeps.register(host: "h", on: sweep.id, as: .local).id
    }

    func beat(_ agent: SweepAgent.ID, _ live: String...) async throws -> [SweepCommand] {
        try await sweeps.heartbeat(of: agent, live: live, as: .local)
    }

    /// The name of the run that an agent is given, and its parameters.
    func given(_ agent: SweepAgent.ID) async throws -> (name: String, parameters: String)? {
        guard case .run(let name, _, let parameters)? = try await beat(agent).first else { return nil }
        return (name, parameters)
    }

    func id(_ name: String) async throws -> Run.ID {
        try await store.run(foreignID: name, in: Experiment.ID(0)) ?? Run.ID("none")
    }

    func begin(_ name: String, losses: [Double] = []) async throws {
        let run = try await id(name)
        _ = try await store.updateRun(run, RunChanges(status: .running))
        var batch = LogBatch()
        for (step, loss) in losses.enumerated() {
            batch.append(key: "loss", step: Int64(step), time: Int64(step), value: loss)
        }
        if !losses.isEmpty { try await store.log(batch, to: run) }
    }

    func end(_ name: String, _ status: RunStatus = .finished) async throws {
        _ = try await store.updateRun(try await id(name), RunChanges(status: status, endedAt: clock.now))
    }

    /// Does a whole run, and gives its parameters; `nil` when there was none.
    func work(_ agent: SweepAgent.ID, losses: [Double] = [1]) async throws -> String? {
        guard let run = try await given(agent) else { return nil }
        try await begin(run.name, losses: losses)
        _ = try await beat(agent, run.name)
        try await end(run.name)
        return run.parameters
    }

    func state(_ sweep: Sweep) async throws -> Sweep.State { try await sweeps.sweep(sweep.id, as: .local).state }

    func states(_ sweep: Sweep) async throws -> [SweepTrial.State] {
        try await sweeps.trials(of: sweep, as: .local).map(\.state)
    }

    func set(_ state: Sweep.State, _ sweep: Sweep) async throws {
        _ = try await sweeps.update(sweep.id, SweepChanges(state: state), as: .local)
    }
}
