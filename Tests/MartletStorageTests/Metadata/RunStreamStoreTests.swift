import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("What programs stream into runs")
struct RunStreamStoreTests {
    let folder: ScratchFolder
    let database: any SQLDatabase
    let store: SQLMetadataStore
    let run: Run

    init() async throws {
        folder = try ScratchFolder()
        database = try await openTestDatabase(in: folder.path)
        store = SQLMetadataStore(database: database, environment: .manual(ManualClock()))
        try await store.prepare()
        let create = CreateRun(experimentID: Experiment.ID(0), foreignID: "abc", name: "first")
        run = try await store.createRun(create, id: Run.ID("r1"))
    }

    /// Lines with the value of their number, as a program would send them.
    private func lines(_ range: Range<Int64>) -> StreamChunk {
        var chunk = StreamChunk(history: range)
        for step in range {
            chunk.batch.append(key: "loss", step: step, time: step, value: Double(step))
            chunk.batch.append(key: StreamChunk.lineMark, step: step, time: step, value: Double(step) / 1_000)
            chunk.objects.append(LoggedObject(key: "text", step: step, time: step, json: "\"\(step)\""))
        }
        return chunk
    }

    @Test("a run is found by the client's id, which is taken once in its experiment")
    func foreignID() async throws {
        #expect(try await store.run(foreignID: "abc", in: Experiment.ID(0)) == run.id)
        #expect(try await store.run(foreignID: "abd", in: Experiment.ID(0)) == nil)
        #expect(try await store.foreignIDs(of: [run.id]) == [run.id: "abc"])
        let create = CreateRun(experimentID: Experiment.ID(0), foreignID: "abc", name: "second")
        let error = await #expect(throws: MartletError.self) { _ = try await store.createRun(create, id: Run.ID("r2")) }
        #expect(error?.code == .alreadyExists)
        let other = try await store.createExperiment(CreateExperiment(name: "other"))
        let same = CreateRun(experimentID: other.id, foreignID: "abc", name: "third")
        #expect(try await store.createRun(same, id: Run.ID("r3")).id == Run.ID("r3"))
    }

    @Test("a chunk is stored once: one whose lines are stored already is refused whole")
    func once() async throws {
        _ = try await store.append(lines(0..<3), to: run.id)
        for again in [lines(0..<3), lines(2..<5), lines(4..<6)] {
            let error = await #expect(throws: MartletError.self) { _ = try await store.append(again, to: run.id) }
            #expect(error?.code == .conflict)
        }
        _ = try await store.append(lines(3..<5), to: run.id)
        #expect(try await store.streamState(of: run.id, writer: nil).historyLines == 5)
        let table = try await store.table(of: run.id, keys: nil, steps: .min ... .max)
        #expect(table.series.map(\.key) == [StreamChunk.lineMark, "loss"])
        #expect(table.series[1].values == [0, 1, 2, 3, 4])
        #expect(table.objects.map(\.json) == ["\"0\"", "\"1\"", "\"2\"", "\"3\"", "\"4\""])
    }

    @Test("steps in a range are read from the log and from chunks")
    func ranges() async throws {
        _ = try await store.append(lines(0..<5_000), to: run.id)
        for isSealed in [false, true] {
            if isSealed { _ = try await Sealer(database: database, backlog: SealBacklog()).sealEverything() }
            let table = try await store.table(of: run.id, keys: ["loss"], steps: 4_000...4_002)
            #expect(table.series.map(\.steps) == [[4_000, 4_001, 4_002]])
            #expect(table.objects.isEmpty)
        }
        let text = try await store.table(of: run.id, keys: ["text"], steps: 10...10)
        #expect(text.series.isEmpty && text.objects.map(\.json) == ["\"10\""])
        #expect(
            try await store.objectKeys(of: run.id)
                == [ObjectKey(key: "text", count: 5_000, lastStep: 4_999, lastJSON: "\"4999\"")]
        )
    }

    @Test("a run that is taken back loses lines, points and objects, and goes on from there")
    func rewind() async throws {
        _ = try await store.append(lines(0..<10), to: run.id)
        _ = try await store.truncateMetrics(of: run.id, from: 5)
        #expect(try await store.streamState(of: run.id, writer: nil).historyLines == 5)
        #expect(try await store.table(of: run.id, keys: nil, steps: .min ... .max).objects.count == 5)
        _ = try await store.append(lines(5..<7), to: run.id)
        #expect(try await store.table(of: run.id, keys: ["loss"], steps: .min ... .max).series[0].values.count == 7)
    }

    @Test("a printed line takes the place of the one of its number")
    func console() async throws {
        func line(_ number: Int64, _ text: String) -> ConsoleLine {
            ConsoleLine(number: number, time: 7, isError: number == 1, label: "", text: text)
        }
        _ = try await store.append(StreamChunk(console: [line(0, "a"), line(1, "10 %")]), to: run.id)
        _ = try await store.append(StreamChunk(console: [line(1, "100 %"), line(2, "b")]), to: run.id)
        #expect(try await store.streamState(of: run.id, writer: nil).consoleLines == 3)
        let lines = try await store.console(of: run.id, from: 1, limit: 10)
        #expect(lines == [line(1, "100 %"), line(2, "b")])
    }

    @Test("several writers count lines of their own, share the summary, and print after each other")
    func writers() async throws {
        for writer in ["a", "b"] {
            var chunk = lines(writer == "a" ? 0..<2 : 2..<4)
            chunk.writer = writer
            chunk.history = 0..<2
            chunk.printed = 0..<1
            chunk.console = [ConsoleLine(number: 0, time: nil, isError: false, label: writer, text: writer)]
            chunk.documents = [
                .summary: "{\"\(writer)\":1,\"both\":\"\(writer)\"}", .machineKeys: "[\"\(writer)\",\"both\"]",
            ]
            _ = try await store.append(chunk, to: run.id)
        }
        #expect(try await store.streamState(of: run.id, writer: "a") == StreamState(historyLines: 2, consoleLines: 1))
        #expect(try await store.streamState(of: run.id, writer: nil) == StreamState(historyLines: 4, consoleLines: 2))
        #expect(try await store.console(of: run.id, from: 0, limit: 9).map(\.text) == ["a", "b"])
        #expect(try await store.table(of: run.id, keys: ["loss"], steps: .min ... .max).series[0].values.count == 4)
        let summary = try await store.documents([.summary], of: [run.id])[run.id]?[.summary]
        #expect(summary == #"{"a":1,"b":1,"both":"b"}"#)
        let machine = try await store.documents([.machineKeys], of: [run.id])[run.id]?[.machineKeys]
        #expect(machine == #"["a","both","b"]"#)
    }

    @Test("a configuration replaces the params of the one before")
    func config() async throws {
        func keep(_ json: String, _ params: [String: String]) async throws {
            let list = params.map { Param(key: $0.key, value: $0.value) }
            _ = try await store.setConfig(json, params: list, of: run.id)
        }
        try await keep(#"{"lr":1}"#, ["lr": "1", "old": "x"])
        try await keep(#"{"lr":2}"#, ["lr": "2", "new": "y"])
        let params = try await store.run(run.id, fields: .all).params
        #expect(params == [Param(key: "lr", value: "2"), Param(key: "new", value: "y")])
        #expect(try await store.documents([.config], of: [run.id]) == [run.id: [.config: #"{"lr":2}"#]])
    }

    @Test(
        "a param is compared as a number with a number; a text that is none never fits",
        arguments: [
            ("1e-05", Filter.Relation.less, 0.001, true), ("10", .greater, 9, true), ("1.0", .equal, 1, true),
            ("-.5", .lessOrEqual, -0.5, true), ("+3.", .equal, 3, true), ("10", .less, 9, false),
            ("ten", .greater, 0, false), ("1 a", .equal, 1, false), ("", .less, 1, false), ("nan", .less, 1, false),
        ]
    )
    func numbers(value: String, relation: Filter.Relation, number: Double, fits: Bool) async throws {
        _ = try await store.setConfig("{}", params: [Param(key: "p", value: value)], of: run.id)
        let filter = Filter.comparison(.init(field: .param(key: "p"), relation: relation, value: .number(number)))
        let found = try await store.searchRuns(SearchRuns(experiments: [Experiment.ID(0)], filter: filter))
        #expect(found.items.count == (fits ? 1 : 0))
    }

    @Test(
        "a run is found by any of its labels, and by a param below a name",
        arguments: [
            (SearchField.label, Filter.Relation.matches, "^ni", true), (.label, .like, "%b%", true),
            (.label, .equal, "valued", false), (.label, .isNotNull, "", true), (.label, .matches, "stop", false),
            (.paramGroup(key: "net"), .isNotNull, "", true), (.paramGroup(key: "ne"), .isNotNull, "", false),
            (.paramGroup(key: "net.depth"), .isNotNull, "", false), (.paramGroup(key: "other"), .isNotNull, "", false),
        ]
    )
    func keys(field: SearchField, relation: Filter.Relation, text: String, fits: Bool) async throws {
        let tags = ["nice": "", "a b": "", "valued": "x", "wandb.stop": ""].map { Tag(key: $0.key, value: $0.value) }
        _ = try await store.tagRuns([run.id], set: tags, delete: [])
        let params = ["net.depth", "net.width", "net-2", "other"].map { Param(key: $0, value: "2") }
        _ = try await store.setConfig("{}", params: params, of: run.id)
        let filter = Filter.comparison(.init(field: field, relation: relation, value: .text(text)))
        for (filter, fits) in [(filter, fits), (.not(filter), !fits)] {
            let found = try await store.searchRuns(SearchRuns(experiments: [Experiment.ID(0)], filter: filter))
            #expect(found.items.count == (fits ? 1 : 0))
        }
    }

    @Test("a run is found by the names that its experiment had")
    func formerNames() async throws {
        let home = try await store.createExperiment(CreateExperiment(name: "first"))
        let id = Run.ID(String(repeating: "9", count: 32))
        _ = try await store.createRun(CreateRun(experimentID: home.id, foreignID: "abc", startedAt: 0), id: id)
        for name in ["second", "third"] {
            _ = try await store.updateExperiment(home.id, ExperimentChanges(name: name))
        }
        for (name, found) in [("first", id), ("second", id), ("third", nil)] {
            #expect(try await store.run(foreignID: "abc", formerly: name, in: .default) == found)
        }
        #expect(try await store.run(foreignID: "abd", formerly: "first", in: .default) == nil)
    }

    @Test("a deleted run takes nothing, an unknown one has nothing")
    func refusals() async throws {
        let unknown = await #expect(throws: MartletError.self) {
            _ = try await store.streamState(of: Run.ID("none"), writer: nil)
        }
        #expect(unknown?.code == .notFound)
        try await store.moveRuns([run.id], to: .deleted)
        let error = await #expect(throws: MartletError.self) { _ = try await store.append(lines(0..<1), to: run.id) }
        #expect(error?.code == .failedPrecondition)
    }
}
