import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("Agents and their sweep")
struct SweepServiceTests {
    let scene: SweepScene

    init() async throws { scene = try await SweepScene() }

    @Test("two agents share a grid, and the sweep is finished when the last run has ended")
    func grid() async throws {
        let sweep = try await scene.make()
        #expect(sweep.state == .pending)
        #expect(sweep.name.count == 8)
        let (one, two) = (try await scene.agent(sweep), try await scene.agent(sweep))
        #expect(try await scene.state(sweep) == .running)
        var points: [String?] = []
        for agent in [one, two, one, two] { points.append(try await scene.work(agent)) }
        #expect(points == [#"{"x":0}"#, #"{"x":1}"#, #"{"x":2}"#, #"{"x":3}"#])
        #expect(try await scene.state(sweep) == .finished)
        #expect(try await scene.beat(one) == [.exit])
        #expect(try await scene.beat(two) == [.exit])
        let agents = try await scene.sweeps.agents(of: sweep, as: .local)
        #expect(agents.map(\.runCount) == [2, 2])
        #expect(agents.map(\.state) == [.exited, .exited])
        let runs = try await scene.store.searchRuns(SearchRuns(experiments: [Experiment.ID(0)]))
        #expect(runs.items.allSatisfy { run in run.tags.contains(Tag(key: Sweep.tag, value: sweep.name)) })
    }

    @Test("agents that ask at the same time get each point once")
    func race() async throws {
        let sweep = try await scene.make("method: grid\nparameters:\n  x: {min: 0, max: 29}\n")
        let points = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<6 {
                group.addTask {
                    let agent = try await scene.agent(sweep)
                    var own: [String] = []
                    while true {
                        let commands = try await scene.beat(agent)
                        if commands == [.exit] { return own }
                        guard case .run(let name, _, let parameters)? = commands.first else { continue }
                        own.append(parameters)
                        try await scene.begin(name)
                        try await scene.end(name)
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(points.sorted() == (0..<30).map { #"{"x":\#($0)}"# }.sorted())
    }

    @Test("an agent that did not hear what it was given is told again, and not for ever")
    func again() async throws {
        let sweep = try await scene.make()
        let agent = try await scene.agent(sweep)
        let first = try await scene.given(agent)
        for _ in 0..<2 { #expect(try await scene.given(agent)?.name == first?.name) }
        #expect(try await scene.given(agent)?.parameters == #"{"x":1}"#)
        #expect(try await scene.states(sweep) == [.failed, .pending])
    }

    @Test("a program that ends without having reported is a failed run")
    func silentProgram() async throws {
        let sweep = try await scene.make()
        let agent = try await scene.agent(sweep)
        let run = try #require(try await scene.given(agent))
        #expect(try await scene.beat(agent, run.name) == [])
        #expect(try await scene.given(agent)?.parameters == #"{"x":1}"#)
        #expect(try await scene.states(sweep) == [.failed, .pending])
    }

    @Test("what a silent agent did not begin goes to another; who comes back late stops")
    func givenBack() async throws {
        let sweep = try await scene.make("method: grid\nparameters: {x: {values: [1]}}\n")
        let (dead, other) = (try await scene.agent(sweep), try await scene.agent(sweep))
        let run = try #require(try await scene.given(dead))
        #expect(try await scene.beat(dead, run.name) == [])
        #expect(try await scene.beat(other) == [])
        scene.clock.advance(by: SweepAgent.silentAfterMilliseconds + 1)
        #expect(try await scene.given(other)?.name == run.name)
        #expect(try await scene.beat(dead, run.name) == [.stop(name: run.name)])
        #expect(try await scene.sweeps.agents(of: sweep, as: .local).map(\.runCount) == [0, 1])
    }

    @Test("a run that falls silent has crashed, and the sweep goes on to its end")
    func crashed() async throws {
        let sweep = try await scene.make("method: grid\nparameters: {x: {values: [1, 2]}}\n")
        let (dead, other) = (try await scene.agent(sweep), try await scene.agent(sweep))
        let run = try #require(try await scene.given(dead))
        try await scene.begin(run.name)
        #expect(try await scene.work(other) == #"{"x":2}"#)
        #expect(try await scene.beat(other) == [.exit])
        #expect(try await scene.state(sweep) == .running)
        scene.clock.advance(by: Run.stalledAfterMilliseconds + 1)
        #expect(try await scene.states(sweep) == [.crashed, .finished])
        #expect(try await scene.state(sweep) == .finished)
    }

    @Test("a paused sweep gives no runs, a resumed one does, a finished one lets runs end")
    func states() async throws {
        let sweep = try await scene.make()
        let agent = try await scene.agent(sweep)
        let run = try #require(try await scene.given(agent))
        try await scene.begin(run.name)
        try await scene.set(.paused, sweep)
        #expect(try await scene.beat(agent, run.name) == [])
        try await scene.end(run.name)
        #expect(try await scene.beat(agent) == [])
        try await scene.set(.running, sweep)
        let other = try #require(try await scene.given(agent))
        try await scene.begin(other.name)
        try await scene.set(.finished, sweep)
        #expect(try await scene.beat(agent, other.name) == [])
        #expect(try await scene.beat(agent) == [.exit])
        #expect(try await scene.states(sweep) == [.finished, .running])
    }

    @Test("a cancelled sweep stops its runs")
    func cancelled() async throws {
        let sweep = try await scene.make()
        let (one, two) = (try await scene.agent(sweep), try await scene.agent(sweep))
        let run = try #require(try await scene.given(one))
        try await scene.begin(run.name)
        _ = try await scene.given(two)
        try await scene.set(.cancelled, sweep)
        #expect(try await scene.states(sweep) == [.running, .killed])
        #expect(try await scene.beat(one, run.name) == [.stop(name: run.name)])
        #expect(try await scene.beat(one) == [.exit])
        #expect(try await scene.beat(two) == [.exit])
        #expect(try await scene.states(sweep) == [.killed, .killed])
        let tags = try await scene.store.run(try await scene.id(run.name), fields: .all).tags
        #expect(tags.contains(Tag(key: Sweep.stopTag, value: "1")))
    }

    @Test("a run that falls behind is stopped, and compared at most every four seconds")
    func hyperband() async throws {
        let sweep = try await scene.make(
            """
            method: random
            metric: {name: loss, goal: minimize}
            parameters: {x: {min: 0.0, max: 1.0}}
            early_terminate: {type: hyperband, min_iter: 2, eta: 2}
            """
        )
        let (good, bad) = (try await scene.agent(sweep), try await scene.agent(sweep))
        for loss in [0.1, 0.2, 0.3] { _ = try await scene.work(good, losses: [loss, loss]) }
        scene.clock.advance(by: 5_000)
        let run = try #require(try await scene.given(bad))
        try await scene.begin(run.name, losses: [9])
        #expect(try await scene.beat(bad, run.name) == [])
        try await scene.begin(run.name, losses: [9, 9])
        #expect(try await scene.beat(bad, run.name) == [])
        scene.clock.advance(by: 5_000)
        #expect(try await scene.beat(bad, run.name) == [.stop(name: run.name)])
        #expect(try await scene.beat(bad, run.name) == [.stop(name: run.name)])
        let next = try await scene.given(bad)
        #expect(next != nil)
        #expect(try await scene.states(sweep).dropFirst(3) == [.killed, .pending])
    }

    @Test("a cap ends a random search, and deleted runs do not count")
    func cap() async throws {
        let sweep = try await scene.make("method: random\nrun_cap: 2\nparameters: {x: {min: 0.0, max: 1.0}}\n")
        let agent = try await scene.agent(sweep)
        let run = try #require(try await scene.given(agent))
        try await scene.begin(run.name)
        try await scene.end(run.name)
        let second = try await scene.work(agent)
        #expect(second != nil && second != run.parameters)
        #expect(try await scene.beat(agent) == [.exit])
        try await scene.store.moveRuns([try await scene.id(run.name)], to: .deleted)
        try await scene.set(.running, sweep)
        let third = try await scene.work(agent)
        #expect(third != nil && third != second && third != run.parameters)
        #expect(try await scene.state(sweep) == .finished)
    }

    @Test("runs that were there count as tried")
    func priorRuns() async throws {
        let create = CreateRun(experimentID: Experiment.ID(0), foreignID: "old", name: "old")
        let run = try await scene.store.createRun(create, id: Run.ID("old"))
        _ = try await scene.store.setConfig(#"{"x": {"value": 0}, "_wandb": {"value": {}}}"#, params: [], of: run.id)
        let sweep = try await scene.sweeps.create(
            CreateSweep(experimentID: Experiment.ID(0), configuration: SweepScene.grid, priorRuns: ["old"]),
            as: .local
        )
        #expect(try await scene.work(try await scene.agent(sweep)) == #"{"x":1}"#)
        #expect(try await scene.sweeps.trials(of: sweep, as: .local).map(\.parameters) == [#"{"x":0}"#, #"{"x":1}"#])
    }

    @Test("a local controller's schedule is given out once, and what it wants stopped is")
    func controller() async throws {
        let sweep = try await scene.make(
            "method: random\ncontroller: {type: local}\nparameters: {x: {min: 0, max: 9}}\n"
        )
        let (one, two) = (try await scene.agent(sweep), try await scene.agent(sweep))
        #expect(try await scene.beat(one) == [])
        let schedule = #"{"schedule": [{"id": "a", "data": {"args": {"x": {"value": 5}}}}]}"#
        _ = try await scene.sweeps.update(sweep.id, SweepChanges(controller: schedule), as: .local)
        let run = try #require(try await scene.given(one))
        #expect(run.parameters == #"{"x":5}"#)
        #expect(try await scene.beat(two) == [])
        let told = try await scene.sweeps.sweep(sweep.id, as: .local).scheduler
        #expect(told == #"{"scheduled":[{"id":"a","runid":"\#(run.name)"}]}"#)
        try await scene.begin(run.name)
        let stop = #"{"earlystop": ["\#(run.name)"]}"#
        _ = try await scene.sweeps.update(sweep.id, SweepChanges(controller: stop), as: .local)
        #expect(try await scene.beat(one, run.name) == [.stop(name: run.name)])
        let done = #"{"schedule": [{"id": "b", "data": {"args": null}}]}"#
        _ = try await scene.sweeps.update(sweep.id, SweepChanges(controller: done), as: .local)
        #expect(try await scene.beat(two) == [.exit])
    }
}

@Suite("Sweeps as they are kept")
struct SweepRecordTests {
    let scene: SweepScene

    init() async throws { scene = try await SweepScene() }

    private func code(_ body: () async throws -> Void) async -> MartletError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? MartletError)?.code
        }
    }

    @Test("lists are newest first, in pages, with a total")
    func lists() async throws {
        var made: [Sweep.ID] = []
        for _ in 0..<3 {
            made.append(try await scene.make().id)
            scene.clock.advance(by: 1_000)
        }
        let search = SearchSweeps(experiments: [Experiment.ID(0)], limit: 2, offset: 0)
        let page = try await scene.sweeps.search(search, as: .local)
        #expect(page.items.map(\.id) == [made[2], made[1]])
        #expect(page.hasMore && page.total == 3)
        let rest = SearchSweeps(experiments: [Experiment.ID(0)], limit: 2, offset: 2)
        #expect(try await scene.sweeps.search(rest, as: .local).items.map(\.id) == [made[0]])
        let unknown = SearchSweeps(experiments: [Experiment.ID(99)], limit: 2, offset: 0)
        #expect(await code { _ = try await scene.sweeps.search(unknown, as: .local) } == .notFound)
    }

    @Test("a configuration changes until there are runs")
    func configuration() async throws {
        let sweep = try await scene.make()
        let other = SweepScene.grid + "run_cap: 2\n"
        let changed = try await scene.sweeps.update(sweep.id, SweepChanges(configuration: other), as: .local)
        #expect(changed.configuration == other)
        _ = try await scene.given(try await scene.agent(sweep))
        #expect(
            await code {
                let changes = SweepChanges(configuration: SweepScene.grid)
                _ = try await scene.sweeps.update(sweep.id, changes, as: .local)
            } == .failedPrecondition
        )
    }

    @Test("what is not there, or may not be seen, is not found")
    func missing() async throws {
        let sweep = try await scene.make()
        let workspace = try await scene.store.createWorkspace(named: "team", WorkspaceChanges(), nil)
        var outside = Principal(name: "o", role: .noAccess, workspaceRoles: [workspace.id: .editor])
        outside.workspace = workspace.id
        let viewer = Principal(name: "v", role: .viewer)
        #expect(await code { _ = try await scene.sweeps.sweep(sweep.id, as: outside) } == .notFound)
        #expect(await code { _ = try await scene.sweeps.sweep(Sweep.ID("x"), as: .local) } == .notFound)
        #expect(try await scene.sweeps.sweep(sweep.id, as: viewer).id == sweep.id)
        let registers = { (principal: Principal) in
            _ = try await scene.sweeps.register(host: "h", on: sweep.id, as: principal)
        }
        #expect(await code { try await registers(viewer) } == .permissionDenied)
        #expect(await code { try await registers(outside) } == .notFound)
        #expect(
            await code {
                _ = try await scene.sweeps.heartbeat(of: SweepAgent.ID("x"), live: [], as: .local)
            } == .notFound
        )
        let agent = try await scene.agent(sweep)
        #expect(await code { _ = try await scene.sweeps.heartbeat(of: agent, live: [], as: outside) } == .notFound)
        try await scene.store.moveExperiment(Experiment.ID(0), to: .deleted)
        #expect(await code { _ = try await scene.beat(agent) } == .notFound)
    }

    @Test("a purge leaves nothing of a deleted experiment's sweeps")
    func purge() async throws {
        let experiment = try await scene.store.createExperiment(CreateExperiment(name: "e"))
        let create = CreateSweep(experimentID: experiment.id, configuration: SweepScene.grid)
        let agent = try await scene.agent(try await scene.sweeps.create(create, as: .local))
        _ = try await scene.given(agent)
        let kept = try await scene.make()
        _ = try await scene.given(try await scene.agent(kept))
        try await scene.store.moveExperiment(experiment.id, to: .deleted)
        scene.clock.advance(by: 1_000)
        _ = try await Purge(of: scene.database, deletedBefore: scene.clock.now).run { _ in }
        for table in ["sweep", "sweep_agent", "sweep_run"] {
            let count = try await scene.database.read { connection in
                try connection.first("SELECT count(*) FROM \(table)", []) { $0.integer(0) }
            }
            #expect(count == 1, "\(table)")
        }
    }

    @Test("the best run and the importance of parameters")
    func importance() async throws {
        let sweep = try await scene.make(
            "method: random\nmetric: {name: loss}\nparameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}\n"
        )
        let agent = try await scene.agent(sweep)
        for _ in 0..<30 {
            let run = try #require(try await scene.given(agent))
            guard case .number(let x)? = try JSONParser.parse(Array(run.parameters.utf8))["x"] else { continue }
            try await scene.begin(run.name, losses: [x * 10])
            try await scene.end(run.name)
        }
        let importance = try await scene.sweeps.importance(of: sweep.id, as: .local)
        #expect(importance.parameters.map(\.name) == ["x", "y"])
        #expect(importance.parameters[0].importance > 0.8)
        #expect(importance.runs == 30)
        let trials = try await scene.sweeps.trials(of: sweep, as: .local)
        let best = try #require(try scene.sweeps.plan(of: sweep).best(of: trials))
        #expect(best.value == trials.compactMap(\.metric?.min).min())
    }

    @Test("a run's parameters go over the wire wrapped, and come back plain")
    func parameters() {
        #expect(SweepParameters.wrapped(#"{"a":1,"n":{"b":[2]}}"#) == #"{"a":{"value":1},"n":{"value":{"b":[2]}}}"#)
        let config = #"{"a": {"value": NaN, "desc": null}, "_wandb": {"value": 1}, "n": {"value": {"b": 2}}, "c": 3}"#
        #expect(SweepParameters.plain(config) == #"{"a":"NaN","n":{"b":2}}"#)
        #expect(SweepParameters.plain("no") == "{}")
    }
}
