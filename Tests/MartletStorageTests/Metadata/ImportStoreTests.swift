import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("Imports")
struct ImportStoreTests {
    let folder: ScratchFolder
    let clock = ManualClock()
    let store: SQLMetadataStore
    private let id = Run.ID(String(repeating: "a", count: 32))

    init() async throws {
        folder = try ScratchFolder()
        store = SQLMetadataStore(
            database: try await openTestDatabase(in: folder.path),
            environment: .manual(clock)
        )
        try await store.prepare()
    }

    private func experiment(_ name: String, id: Int64?, isDryRun: Bool = false) -> ImportedExperiment {
        ImportedExperiment(
            id: id.map { Experiment.ID($0) },
            name: name,
            stage: .active,
            createdAt: 7,
            updatedAt: 8,
            purpose: "why",
            tags: ["a": "b"],
            isDryRun: isDryRun
        )
    }

    private func imported(_ revision: String = "1", isWhole: Bool, stage: LifecycleStage = .active) -> ImportedRun {
        let run = Run(
            id: id,
            experimentID: Experiment.ID(0),
            name: "n",
            status: .finished,
            stage: stage,
            user: "u",
            startedAt: 5,
            endedAt: 6,
            createdAt: 5,
            params: [Param(key: "p", value: "v")],
            tags: [Tag(key: "t", value: "v")]
        )
        return ImportedRun(run: run, revision: revision, isWhole: isWhole)
    }

    private var points: LogBatch {
        LogBatch(keys: ["loss"], keyIndexes: [0, 0], steps: [1, 2], times: [10, 20], values: [0.5, .nan])
    }

    @Test("an experiment keeps its number and times; the next one counts on behind it")
    func experimentKeepsNumber() async throws {
        let place = try await store.importExperiment(experiment("a", id: 500), in: .default)
        #expect(place == ImportedExperimentPlace(outcome: .created, id: Experiment.ID(500)))
        let stored = try await store.experiment(Experiment.ID(500))
        #expect(stored.createdAt == 7 && stored.updatedAt == 8 && stored.purpose == "why" && stored.tags == ["a": "b"])
        #expect(stored.artifactLocation == "mlflow-artifacts:/500")
        let next = try await store.createExperiment(CreateExperiment(name: "next"))
        #expect(next.id.number > 500)
        let taken = try await store.importExperiment(experiment("b", id: 500), in: .default)
        #expect(taken.outcome == .created && taken.id != Experiment.ID(500))
    }

    @Test("an experiment of the same name is kept and completed")
    func experimentIsMerged() async throws {
        let old = try await store.createExperiment(CreateExperiment(name: "a", purpose: "mine", tags: ["a": "mine"]))
        var other = experiment("a", id: 500)
        other.tags["c"] = "d"
        let place = try await store.importExperiment(other, in: .default)
        #expect(place == ImportedExperimentPlace(outcome: .merged, id: old.id))
        let stored = try await store.experiment(old.id)
        #expect(stored.purpose == "mine" && stored.tags == ["a": "mine", "c": "d"])
    }

    @Test("a dry run writes nothing")
    func dryRun() async throws {
        #expect(
            try await store.importExperiment(experiment("a", id: 5, isDryRun: true), in: .default).id
                == Experiment.ID(5)
        )
        #expect(try await store.importExperiment(experiment("a", id: 0, isDryRun: true), in: .default).id == nil)
        #expect(try await store.experiment(named: "a", in: .default) == nil)
    }

    @Test("a whole run is there as it was, and the second time nothing changes")
    func wholeRun() async throws {
        #expect(try await store.importRun(imported(isWhole: true), points: points) == .created)
        let stored = try await store.run(id, fields: .all)
        #expect(stored.stage == .active && stored.status == .finished && stored.startedAt == 5 && stored.endedAt == 6)
        #expect(stored.params.count == 1 && stored.tags.count == 1 && stored.metrics.map(\.count) == [2])
        #expect(try await store.importRun(imported(isWhole: true), points: points) == .present)
        #expect(try await store.importStates(runs: [id], models: []).runs[id.rawValue]?.kind == .whole)
    }

    @Test("a run of which more is to come is in the bin until it is finished")
    func partialRun() async throws {
        #expect(try await store.importRun(imported(isWhole: false), points: points) == .created)
        #expect(try await store.run(id, fields: .all).stage == .deleted)
        #expect(try await store.importRun(imported("2", isWhole: false), points: points) == .resumed)
        var more = points
        more.steps = [2, 3]
        more.times = [20, 30]
        more.values = [.nan, 1]
        try await store.importPoints(more, of: id)
        #expect(try await store.finishImport(of: id, stage: .active) == Experiment.ID(0))
        let stored = try await store.run(id, fields: .all)
        #expect(stored.stage == .active && stored.metrics.map(\.count) == [3] && stored.params.count == 1)
        _ = try await store.finishImport(of: id, stage: .active)
        let error = await #expect(throws: MartletError.self) { try await store.importPoints(more, of: id) }
        #expect(error?.code == .conflict)
    }

    @Test("a run that was deleted in its source is in the bin here")
    func deletedRun() async throws {
        _ = try await store.importRun(imported(isWhole: true, stage: .deleted), points: LogBatch())
        #expect(try await store.run(id, fields: .all).stage == .deleted)
        #expect(try await store.importStates(runs: [id], models: []).runs[id.rawValue]?.kind == .whole)
    }

    @Test("a run that is here and is another one is left as it is")
    func conflicts() async throws {
        _ = try await store.createRun(CreateRun(experimentID: Experiment.ID(0), name: "mine"), id: id)
        let native = await #expect(throws: MartletError.self) {
            _ = try await store.importRun(imported(isWhole: true), points: points)
        }
        #expect(native?.code == .conflict)
        #expect(try await store.run(id, fields: .all).name == "mine")
        let other = Run.ID(String(repeating: "b", count: 32))
        var first = imported(isWhole: true)
        first.run.id = other
        _ = try await store.importRun(first, points: points)
        first.revision = "2"
        let changed = await #expect(throws: MartletError.self) { _ = try await store.importRun(first, points: points) }
        #expect(changed?.code == .conflict)
    }

    @Test("a run of an unknown experiment leaves nothing behind")
    func unknownExperiment() async throws {
        var run = imported(isWhole: true)
        run.run.experimentID = Experiment.ID(99)
        let error = await #expect(throws: MartletError.self) { _ = try await store.importRun(run, points: points) }
        #expect(error?.code == .notFound)
        #expect(try await store.importStates(runs: [id], models: []).runs.isEmpty)
    }

    @Test("a model is there as it was, and the second time nothing changes")
    func model() async throws {
        let id = LoggedModel.ID("m-" + String(repeating: "a", count: 32))
        let model = LoggedModel(
            id: id,
            experimentID: Experiment.ID(0),
            name: "m",
            modelType: "t",
            status: .ready,
            statusMessage: "",
            sourceRunID: nil,
            artifactURI: "",
            createdAt: 3,
            updatedAt: 4,
            params: [Param(key: "p", value: "v")],
            tags: [],
            metrics: []
        )
        #expect(try await store.importModel(ImportedModel(model: model, stage: .active)) == .created)
        #expect(try await store.importModel(ImportedModel(model: model, stage: .active)) == .present)
        let stored = try await store.loggedModel(id, orDeleted: false)
        #expect(stored.createdAt == 3 && stored.updatedAt == 4 && stored.status == .ready && stored.params.count == 1)
        #expect(stored.artifactURI == "mlflow-artifacts:/0/models/\(id)/artifacts")
    }
}
