import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("Experiments and runs")
struct RunStoreTests {
    let folder: ScratchFolder
    let clock = ManualClock()
    let database: any SQLDatabase
    let store: SQLMetadataStore
    let run: Run

    init() async throws {
        folder = try ScratchFolder()
        database = try await openTestDatabase(in: folder.path)
        store = SQLMetadataStore(database: database, environment: .manual(clock))
        try await store.prepare()
        run = try await store.createRun(
            CreateRun(experimentID: Experiment.ID(0), name: "first", startedAt: 5),
            id: Run.ID("r1")
        )
    }

    private func stored() async throws -> Run { try await store.run(run.id, fields: .all) }

    @Test("the experiment 0 exists from the start")
    func defaultExperiment() async throws {
        let experiment = try await store.experiment(Experiment.ID(0))
        #expect(experiment.name == "Default")
        #expect(experiment.artifactLocation == "mlflow-artifacts:/0")
    }

    @Test("a name is taken even by a deleted experiment")
    func namesAreTaken() async throws {
        let experiment = try await store.createExperiment(CreateExperiment(name: "a"))
        try await store.moveExperiment(experiment.id, to: .deleted)
        let error = await #expect(throws: MartletError.self) {
            _ = try await store.createExperiment(CreateExperiment(name: "a"))
        }
        #expect(error?.code == .alreadyExists)
        #expect(error?.message.contains("deleted state") == true)
    }

    @Test("deleting an experiment bins its runs, restoring brings them back")
    func deletionCascades() async throws {
        let experiment = try await store.createExperiment(CreateExperiment(name: "a"))
        let run = try await store.createRun(CreateRun(experimentID: experiment.id, name: "x"), id: Run.ID("r2"))
        try await store.moveExperiment(experiment.id, to: .deleted)
        #expect(try await store.run(run.id, fields: .all).stage == .deleted)
        try await store.moveExperiment(experiment.id, to: .active)
        #expect(try await store.run(run.id, fields: .all).stage == .active)
    }

    @Test("a batch is stored whole")
    func batchIsStored() async throws {
        var batch = LogBatch(params: [Param(key: "lr", value: "0.1")], tags: [Tag(key: "team", value: "vision")])
        batch.append(key: "loss", step: 1, time: 10, value: 0.5)
        batch.append(key: "loss", step: 2, time: 20, value: 0.25)
        batch.changes.notes = "a note"
        try await store.log(batch, to: run.id)
        let stored = try await stored()
        #expect(stored.params == [Param(key: "lr", value: "0.1")])
        #expect(stored.tags == [Tag(key: "team", value: "vision")])
        #expect(stored.notes == "a note")
        #expect(stored.metrics.map(\.last) == [0.25])
        #expect(stored.metrics.map(\.count) == [2])
    }

    @Test("a changed parameter refuses the whole batch and names the pair")
    func paramsAreWrittenOnce() async throws {
        try await store.log(LogBatch(params: [Param(key: "lr", value: "0.1")]), to: run.id)
        var batch = LogBatch(
            params: [Param(key: "new", value: "1"), Param(key: "lr", value: "0.2")],
            tags: [Tag(key: "t", value: "v")]
        )
        batch.append(key: "loss", step: 0, time: 0, value: 1)
        let error = await #expect(throws: MartletError.self) { try await store.log(batch, to: run.id) }
        #expect(error?.code == .conflict)
        #expect(error?.paramConflicts == [ParamConflict(key: "lr", storedValue: "0.1", newValue: "0.2")])
        let stored = try await stored()
        #expect(stored.params.count == 1)
        #expect(stored.tags.isEmpty)
        #expect(stored.metrics.isEmpty)
    }

    @Test("the same parameter again is fine")
    func paramsAreIdempotent() async throws {
        let batch = LogBatch(params: [Param(key: "lr", value: "0.1"), Param(key: "lr", value: "0.1")])
        try await store.log(batch, to: run.id)
        try await store.log(batch, to: run.id)
        #expect(try await stored().params.count == 1)
    }

    @Test("a deleted run refuses points, tags and changes")
    func deletedRunsRefuse() async throws {
        try await store.moveRuns([run.id], to: .deleted)
        var batch = LogBatch()
        batch.append(key: "loss", step: 0, time: 0, value: 1)
        let refusals = [
            await #expect(throws: MartletError.self) { try await store.log(batch, to: run.id) },
            await #expect(throws: MartletError.self) { _ = try await store.updateRun(run.id, RunChanges(name: "x")) },
            await #expect(throws: MartletError.self) { try await store.addInputs(RunInputs(), to: run.id) },
        ]
        #expect(refusals.map { $0?.code } == [.failedPrecondition, .failedPrecondition, .failedPrecondition])
    }

    @Test("many runs change together or not at all")
    func bulkIsWhole() async throws {
        let nobody = Run.ID(String(repeating: "f", count: 32))
        let refusals = [
            await #expect(throws: MartletError.self) {
                try await store.moveRuns([run.id, nobody], to: .deleted)
            },
            await #expect(throws: MartletError.self) {
                _ = try await store.tagRuns([run.id, nobody], set: [Tag(key: "a", value: "b")], delete: [])
            },
        ]
        #expect(refusals.map { $0?.code } == [.notFound, .notFound])
        #expect(try await stored().stage == .active)
        #expect(try await stored().tags.isEmpty)
        let experiments = try await store.tagRuns([run.id], set: [Tag(key: "a", value: "b")], delete: ["none"])
        #expect(experiments == [run.experimentID])
        #expect(try await stored().tags == [Tag(key: "a", value: "b")])
    }

    @Test("an ended run still takes points")
    func endedRunsTakePoints() async throws {
        _ = try await store.updateRun(run.id, RunChanges(status: .finished, endedAt: 99))
        var batch = LogBatch()
        batch.append(key: "loss", step: 0, time: 0, value: 1)
        try await store.log(batch, to: run.id)
        let stored = try await stored()
        #expect(stored.metrics.count == 1)
        #expect(stored.status == .finished)
        #expect(stored.endedAt == 99)
    }

    @Test("the last write counts as a heartbeat; without one the run is stalled")
    func heartbeat() async throws {
        clock.advance(by: Run.stalledAfterMilliseconds + 1)
        #expect(try await stored().isStalled(now: clock.now))
        var batch = LogBatch()
        batch.append(key: "loss", step: 0, time: 0, value: 1)
        try await store.log(batch, to: run.id)
        #expect(try await !stored().isStalled(now: clock.now))
    }

    @Test("datasets and models, read and made, come back as they were given")
    func inputs() async throws {
        let dataset = DatasetInput(
            name: "digits",
            digest: "abc",
            sourceType: "code",
            source: "{}",
            schema: nil,
            profile: "{\"n\": 1}",
            tags: [Tag(key: "mlflow.data.context", value: "training")]
        )
        let inputs = RunInputs(
            datasets: [dataset],
            modelInputs: [ModelInput(modelID: LoggedModel.ID("m-1"))],
            modelOutputs: [ModelOutput(modelID: LoggedModel.ID("m-2"), step: 3)]
        )
        try await store.addInputs(inputs, to: run.id)
        let stored = try await stored()
        #expect(stored.datasets == inputs.datasets)
        #expect(stored.modelInputs == inputs.modelInputs)
        #expect(stored.modelOutputs == inputs.modelOutputs)
    }

    @Test("an unknown run is not found")
    func unknownRun() async throws {
        let error = await #expect(throws: MartletError.self) {
            _ = try await store.run(Run.ID("nope"), fields: .all)
        }
        #expect(error?.code == .notFound)
    }

    @Test("every score of a model is kept, and one that is sent again adds nothing")
    func modelScores() async throws {
        let model = try await store.createLoggedModel(
            CreateLoggedModel(
                experimentID: Experiment.ID(0),
                name: "net",
                modelType: "",
                sourceRunID: run.id,
                params: [],
                tags: []
            ),
            id: LoggedModel.ID("m-1")
        )
        for (step, value) in [(2, 0.5), (1, 0.9), (2, 0.7), (1, 0.9), (3, .nan), (3, .nan)] {
            let score = LoggedModelMetric(
                modelID: model.id,
                key: "acc",
                value: value,
                step: Int64(step),
                time: 0,
                runID: run.id,
                datasetName: nil,
                datasetDigest: nil
            )
            try await store.log(LogBatch(modelMetrics: [score]), to: run.id)
        }
        let scores = try await store.loggedModel(model.id, orDeleted: false).metrics
        #expect(scores.map(\.step) == [1, 2, 2, 3])
        #expect(scores.map(\.value).prefix(3) == [0.9, 0.5, 0.7])
        #expect(scores.last?.value.isNaN == true)
    }
}
