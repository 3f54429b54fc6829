import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("Searching logged models")
struct LoggedModelSearchTests {
    let folder: ScratchFolder
    let store: SQLMetadataStore
    let database: any SQLDatabase

    /// a: 1 on train and 5 on test, b: 3 on train, c: NaN on train, d: no score.
    init() async throws {
        folder = try ScratchFolder()
        let clock = ManualClock(0)
        database = try await openTestDatabase(in: folder.path)
        store = SQLMetadataStore(database: database, environment: .manual(clock))
        try await store.prepare()
        let run = try await store.createRun(CreateRun(experimentID: Experiment.ID(0), name: "r"), id: Run.ID("r")).id
        try await make("a", type: "tree", depth: "3", scores: [("train", 1), ("test", 5)], by: run)
        clock.advance(by: 1)
        try await make("b", type: "tree", depth: "10", scores: [("train", 3)], by: run)
        clock.advance(by: 1)
        try await make("c", type: "net", depth: nil, scores: [("train", .nan)], by: run)
        clock.advance(by: 1)
        try await make("d", type: "net", depth: "3", scores: [], by: run)
    }

    private func make(
        _ name: String,
        type: String,
        depth: String?,
        scores: [(dataset: String, value: Double)],
        by run: Run.ID
    ) async throws {
        let create = CreateLoggedModel(
            experimentID: Experiment.ID(0),
            name: name,
            modelType: type,
            sourceRunID: run,
            params: depth.map { [Param(key: "depth", value: $0)] } ?? [],
            tags: [Tag(key: "team", value: "t-\(type)")]
        )
        let id = try await store.createLoggedModel(create, id: LoggedModel.ID("m-\(name)")).id
        var batch = LogBatch()
        batch.modelMetrics = scores.map { score in
            LoggedModelMetric(
                modelID: id,
                key: "acc",
                value: score.value,
                step: 0,
                time: 0,
                runID: run,
                datasetName: score.dataset,
                datasetDigest: "1"
            )
        }
        try await store.log(batch, to: run)
    }

    private func names(
        _ filter: String = "",
        datasets: [SearchLoggedModels.Dataset] = [],
        order: [SearchOrder] = [],
        limit: Int = 100,
        offset: Int = 0
    ) async throws -> String {
        let request = SearchLoggedModels(
            experiments: [Experiment.ID(0)],
            filter: try FilterParser.parse(filter, subject: .loggedModels, syntax: .mlflow),
            datasets: datasets,
            order: order,
            limit: limit,
            offset: offset
        )
        return try await store.searchLoggedModels(request).items.map(\.name).joined()
    }

    @Test(
        "parameters, scores, tags and own fields are conditions",
        arguments: [
            ("params.depth = '3'", "da"), ("params.depth != '3'", "b"), ("params.depth IN ('10', '3')", "dba"),
            ("metrics.acc > 2", "ba"), ("metrics.acc = 1", "a"), ("metrics.acc != 1", "cba"), ("metrics.none > 0", ""),
            ("name = 'c'", "c"), ("model_type = 'tree'", "ba"), ("tags.team LIKE '%net'", "dc"),
            ("source_run_id = 'r'", "dcba"), ("model_id = 'm-b'", "b"), ("creation_timestamp >= 2", "dc"),
            ("params.depth = '3' AND metrics.acc > 0", "a"), ("status = 'READY'", ""),
        ]
    )
    func conditions(filter: String, found: String) async throws {
        #expect(try await names(filter) == found)
    }

    @Test("a score can be asked for on one dataset")
    func datasets() async throws {
        let train = SearchLoggedModels.Dataset(name: "train", digest: nil)
        #expect(try await names("metrics.acc > 2", datasets: [train]) == "b")
        let test = SearchLoggedModels.Dataset(name: "test", digest: "1")
        #expect(try await names("metrics.acc > 2", datasets: [test]) == "a")
        #expect(try await names("metrics.acc > 2", datasets: [train, test]) == "ba")
        let other = SearchLoggedModels.Dataset(name: "test", digest: "2")
        #expect(try await names("metrics.acc > 2", datasets: [other]).isEmpty)
    }

    @Test("what lacks the field of the order comes last in both directions")
    func order() async throws {
        let score = SearchField.metric(key: "acc", statistic: .last)
        let onTrain = { (descending: Bool) in
            SearchOrder(field: score, descending: descending, datasetName: "train", datasetDigest: nil)
        }
        #expect(try await names(order: [onTrain(false)]) == "abdc")
        #expect(try await names(order: [onTrain(true)]) == "badc")
        #expect(try await names(order: [SearchOrder(field: .attribute(.name), descending: true)]) == "dcba")
        #expect(try await names(order: [SearchOrder(field: .param(key: "depth"), descending: false)]) == "bdac")
    }

    @Test("of many scores any fulfils a condition, and the last by time and step counts for the order")
    func lastScoreCounts() async throws {
        let score = SearchField.metric(key: "acc", statistic: .last)
        let order = { [SearchOrder(field: score, descending: true, datasetName: "train", datasetDigest: nil)] }
        func log(_ value: Double, step: Int64, time: Int64) async throws {
            var batch = LogBatch()
            batch.modelMetrics = [
                LoggedModelMetric(
                    modelID: LoggedModel.ID("m-a"),
                    key: "acc",
                    value: value,
                    step: step,
                    time: time,
                    runID: Run.ID("r"),
                    datasetName: "train",
                    datasetDigest: "1"
                )
            ]
            try await store.log(batch, to: Run.ID("r"))
        }
        try await log(9, step: 1, time: 10)
        #expect(try await names(order: order()) == "abdc")
        try await log(2, step: 2, time: 10)
        #expect(try await names(order: order()) == "badc")
        // A later step of an earlier time does not count.
        try await log(7, step: 99, time: 5)
        #expect(try await names(order: order()) == "badc")
        #expect(try await names("metrics.acc > 8") == "a")
        try await log(.nan, step: 3, time: 10)
        #expect(try await names(order: order()) == "bdca")
    }

    @Test("a deleted model takes changes and is read when it is asked for")
    func deleted() async throws {
        let id = LoggedModel.ID("m-d")
        try await store.deleteLoggedModel(id)
        try await store.deleteLoggedModel(id)
        _ = try await store.finishLoggedModel(id, status: .ready)
        _ = try await store.addToLoggedModel(id, params: [], tags: [Tag(key: "late", value: "1")])
        try await store.deleteTag("team", of: id)
        await #expect(throws: MartletError.self) { try await store.loggedModel(id, orDeleted: false) }
        let model = try await store.loggedModel(id, orDeleted: true)
        #expect(model.status == .ready && model.tags == [Tag(key: "late", value: "1")])
        #expect(try await names() == "cba")
    }

    @Test("pages make up the whole, without the deleted")
    func pages() async throws {
        #expect(try await names(limit: 3) == "dcb")
        #expect(try await names(limit: 3, offset: 3) == "a")
        try await store.deleteLoggedModel(LoggedModel.ID("m-c"))
        #expect(try await names() == "dba")
    }
}
