import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("Saved views and alerts")
struct SavedViewStoreTests {
    let folder: ScratchFolder
    let clock = ManualClock()
    let database: any SQLDatabase
    let store: SQLMetadataStore
    let experiment: Experiment.ID

    init() async throws {
        folder = try ScratchFolder()
        database = try await openTestDatabase(in: folder.path)
        store = SQLMetadataStore(database: database, environment: .manual(clock))
        try await store.prepare()
        experiment = try await store.createExperiment(CreateExperiment(name: "e")).id
    }

    private func view(_ name: String, _ kind: SavedView.Kind = .report, at time: Int64 = 1) -> SavedView {
        SavedView(
            id: SavedView.ID(0),
            experimentID: experiment,
            kind: kind,
            name: name,
            displayName: "Of \(name)",
            description: "d",
            content: "{\"a\": 1}",
            author: "ana",
            createdAt: time,
            updatedAt: time
        )
    }

    @Test("a view is given back as it was saved; a listing leaves the content out")
    func views() async throws {
        let first = try await store.createView(view("a", at: 1))
        let second = try await store.createView(view("b", at: 2))
        var expected = view("a", at: 1)
        expected.id = first.id
        #expect(first == expected)
        #expect(try await store.view(first.id) == expected)
        let page = try await store.searchViews(SearchSavedViews(experimentID: experiment, limit: 1))
        #expect(page.items.map(\.id) == [second.id] && page.hasMore && page.total == 2)
        #expect(page.items[0].content.isEmpty)
        let named = SearchSavedViews(experimentID: experiment, kind: .report, name: "a", author: "ana", limit: 9)
        #expect(try await store.searchViews(named).items.map(\.name) == ["a"])
        let others = SearchSavedViews(experimentID: experiment, author: "bob", limit: 9)
        #expect(try await store.searchViews(others).total == 0)
    }

    @Test("a name is taken once for each kind, also by one that changes its kind")
    func names() async throws {
        _ = try await store.createView(view("a"))
        let draft = try await store.createView(view("a", .reportDraft))
        var error = await #expect(throws: MartletError.self) { _ = try await store.createView(view("a")) }
        #expect(error?.code == .alreadyExists)
        error = await #expect(throws: MartletError.self) {
            _ = try await store.updateView(draft.id, SavedViewChanges(kind: .report))
        }
        #expect(error?.code == .alreadyExists)
        clock.advance(by: 5_000)
        let changed = try await store.updateView(draft.id, SavedViewChanges(displayName: "x", content: "[]"))
        #expect(changed.content == "[]" && changed.displayName == "x" && changed.description == "d")
        #expect(changed.updatedAt == clock.now)
    }

    @Test("a deleted view, and what is no id, are not found")
    func missing() async throws {
        let made = try await store.createView(view("a"))
        try await store.deleteView(made.id)
        for id in [made.id, SavedView.ID("x"), SavedView.ID("-1"), SavedView.ID("99999999999999999999")] {
            let error = await #expect(throws: MartletError.self) { _ = try await store.view(id) }
            #expect(error?.code == .notFound)
        }
    }

    @Test("an alert of the same title is left out within the quiet time")
    func alerts() async throws {
        let run = try await store.createRun(CreateRun(experimentID: experiment, name: "r"), id: Run.ID("r1")).id
        func add(_ title: String, at time: Int64, quiet: Int64) async throws -> Bool {
            let alert = RunAlert(run: run, title: title, text: "t", severity: .warning, createdAt: time)
            return try await store.addAlert(alert, quiet: quiet).isStored
        }
        #expect(try await add("nan", at: 1_000, quiet: 600))
        #expect(try await !add("nan", at: 1_500, quiet: 600))
        #expect(try await add("other", at: 1_500, quiet: 600))
        #expect(try await add("nan", at: 1_600, quiet: 600))
        #expect(try await add("nan", at: 1_600, quiet: 0))
        let page = try await store.alerts(of: .run(run), limit: 2, offset: 1)
        #expect(page.items.map(\.createdAt) == [1_600, 1_500] && page.total == 4 && page.hasMore)
        #expect(try await store.alerts(of: .experiment(experiment), limit: 9, offset: 0).total == 4)
        _ = try await store.moveRuns([run], to: .deleted)
        #expect(try await store.alerts(of: .experiment(experiment), limit: 9, offset: 0).total == 0)
    }

    @Test("a purge takes the views of an experiment and the alerts of its runs")
    func purge() async throws {
        _ = try await store.createView(view("a"))
        let run = try await store.createRun(CreateRun(experimentID: experiment, name: "r"), id: Run.ID("r1")).id
        let alert = RunAlert(run: run, title: "t", text: "", severity: .info, createdAt: 1)
        _ = try await store.addAlert(alert, quiet: 0)
        try await store.moveExperiment(experiment, to: .deleted)
        clock.advance(by: 1_000)
        _ = try await Purge(of: database, deletedBefore: clock.now).run { _ in }
        let left = try await database.read { connection in
            try ["saved_view", "run_alert"].map { table in
                try connection.first("SELECT count(*) FROM \(table)") { $0.integer(0) } ?? -1
            }
        }
        #expect(left == [0, 0])
    }
}
