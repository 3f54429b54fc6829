import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("Workspaces")
struct WorkspaceTests {
    let folder: ScratchFolder
    let clock = ManualClock()
    let store: SQLMetadataStore
    let team: Workspace

    init() async throws {
        folder = try ScratchFolder()
        store = SQLMetadataStore(
            database: try await openTestDatabase(in: folder.path),
            environment: .manual(clock)
        )
        try await store.prepare()
        team = try await store.createWorkspace(named: "team", WorkspaceChanges(description: "ours"), nil)
    }

    private func make(_ name: String, in workspace: Workspace.ID) async throws -> Experiment {
        try await store.createExperiment(CreateExperiment(workspace: workspace, name: name))
    }

    private func names(in workspace: Workspace.ID) async throws -> [String] {
        var search = SearchExperiments(filter: nil, order: [], view: .all, limit: 100, offset: 0)
        search.scope = ExperimentScope(workspace: workspace, choice: .all)
        return try await store.searchExperiments(search).items.map(\.name).sorted()
    }

    @Test("the default one is there, and a name is taken once")
    func names() async throws {
        #expect(try await store.workspaces().map(\.name) == ["default", "team"])
        #expect(try await store.workspace(named: "team") == team)
        let error = await #expect(throws: MartletError.self) {
            _ = try await store.createWorkspace(named: "team", WorkspaceChanges(), nil)
        }
        #expect(error?.code == .alreadyExists)
    }

    @Test("an experiment's name is free in another workspace, and is found in its own")
    func experimentNames() async throws {
        let (here, there) = (try await make("a", in: .default), try await make("a", in: team.id))
        #expect(try await store.experiment(named: "a", in: .default)?.id == here.id)
        #expect(try await store.experiment(named: "a", in: team.id)?.id == there.id)
        #expect(there.workspace == "team")
        #expect(try await names(in: team.id) == ["a"])
        let error = await #expect(throws: MartletError.self) { _ = try await make("a", in: team.id) }
        #expect(error?.code == .alreadyExists)
        let other = try await make("b", in: team.id)
        let taken = await #expect(throws: MartletError.self) {
            _ = try await store.updateExperiment(other.id, ExperimentChanges(name: "a"))
        }
        #expect(taken?.code == .alreadyExists)
        #expect(try await store.updateExperiment(other.id, ExperimentChanges(name: "Default")).name == "Default")
    }

    @Test("an experiment needs a workspace that is there")
    func unknownWorkspace() async throws {
        let error = await #expect(throws: MartletError.self) { _ = try await make("a", in: Workspace.ID(99)) }
        #expect(error?.code == .notFound)
    }

    @Test("only an empty one goes without a word about its experiments, and files that belong to none")
    func onlyEmpty() async throws {
        let experiment = try await make("a", in: team.id)
        try await store.moveExperiment(experiment.id, to: .deleted)
        let error = await #expect(throws: MartletError.self) {
            try await store.removeWorkspace(team.id, .onlyEmpty, nil)
        }
        #expect(error?.code == .failedPrecondition)
        try await store.removeWorkspace(team.id, .keepExperiments, nil)
        #expect(try await store.workspaces().map(\.name) == ["default"])
        #expect(try await names(in: .default) == ["Default", "a"])
    }

    @Test("a new one does not get the number of one that is gone")
    func numbers() async throws {
        try await store.removeWorkspace(team.id, .onlyEmpty, nil)
        clock.advance(by: 1)
        #expect(try await store.createWorkspace(named: "team", WorkspaceChanges(), nil).id != team.id)
    }

    @Test("what is deleted with a workspace is restored with its runs")
    func deletion() async throws {
        let experiment = try await make("Default", in: team.id)
        let run = try await store.createRun(CreateRun(experimentID: experiment.id, name: "x"), id: Run.ID("r1"))
        try await store.removeWorkspace(team.id, .deleteExperiments, nil)
        let binned = try await store.experiment(experiment.id)
        #expect(binned.stage == .deleted && binned.name == "team/Default (\(experiment.id))")
        #expect(try await store.run(run.id, fields: .all).stage == .deleted)
        try await store.moveExperiment(experiment.id, to: .active)
        #expect(try await store.run(run.id, fields: .all).stage == .active)
        #expect(try await store.workspace(ofExperiment: experiment.id) == .default)
    }
}
