import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("Searching runs by what users sum them up by")
struct SummarySearchTests {
    let folder: ScratchFolder
    let store: SQLMetadataStore
    let database: any SQLDatabase

    init() async throws {
        folder = try ScratchFolder()
        database = try await openTestDatabase(in: folder.path)
        store = SQLMetadataStore(database: database, environment: .manual(ManualClock()))
        try await store.prepare()
    }

    /// A run that logged `loss` and was summed up.
    @discardableResult
    private func make(_ name: String, loss: Double? = nil, summary: String?) async throws -> Run.ID {
        let id = Run.ID(name + String(repeating: "0", count: 31))
        _ = try await store.createRun(CreateRun(experimentID: Experiment.ID(0), name: name), id: id)
        var chunk = StreamChunk()
        if let loss { chunk.batch.append(key: "loss", step: 0, time: 0, value: loss) }
        _ = try await store.append(chunk, to: id)
        if let summary { try await sum(id, summary) }
        return id
    }

    private func sum(_ run: Run.ID, _ json: String) async throws {
        _ = try await store.append(StreamChunk(documents: [.summary: json]), to: run)
    }

    private func names(_ filter: String, order: [String] = ["name"]) async throws -> String {
        let request = SearchRuns(
            experiments: [Experiment.ID(0)],
            filter: try FilterParser.parse(filter, subject: .runs, syntax: .martlet),
            order: try OrderParser.parse(order, subject: .runs, syntax: .martlet),
            limit: 100,
            wantsTotal: true
        )
        let page = try await store.searchRuns(request)
        #expect(page.total == page.items.count)
        return page.items.map(\.name).joined()
    }

    private func rows() async throws -> [String] {
        try await database.read { connection in
            try connection.rows("SELECT run, key, number, text FROM summary_value ORDER BY run, key") {
                "\($0.integer(0)) \($0.text(1)) \($0.isNull(2) ? $0.optionalText(3) ?? "-" : "\($0.real(2))")"
            }
        }
    }

    @Test("what was written counts before what was logged, and the metric where nothing was")
    func written() async throws {
        try await make("a", loss: 1, summary: #"{"loss": 5, "best": 0.5, "note": "good one", "flag": true}"#)
        try await make("b", loss: 2, summary: #"{"loss": 2, "net": {"depth": {"max": 7}}, "note": "bad"}"#)
        try await make("c", loss: 3, summary: nil)
        try await make(
            "d",
            summary: #"{"best": NaN, "list": [1], "image": {"_type": "image-file", "size": 3}, "none": null}"#
        )
        for (filter, found) in [
            ("summary.loss > 2", "ac"), ("summary.loss < 2", ""), ("summary.loss = 2", "b"),
            ("summary.loss != 2", "ac"),
            ("summary.loss in (2, 5)", "ab"), ("metrics.loss < 2", "a"), ("summary.best exists", "a"),
            ("summary.loss is null", "d"), ("not summary.loss > 2", "bd"), ("summary.note ~ '^b'", "b"),
            ("summary.note = 'good one'", "a"), ("summary.note LIKE 'good%'", "a"),
            ("summary.note in (bad, none)", "b"),
            ("summary.note > 1", ""), ("summary.loss = x", ""), ("summary.net.depth.max >= 7", "b"),
            ("summary.flag = True", "a"), ("summary.list exists", ""), ("summary.image.size exists", ""),
            ("summary.nowhere > 1", ""), ("summary.best > 0.1 and summary.loss = 5", "a"),
            ("summary.best > 0.1 or summary.loss = 3", "ac"),
        ] {
            #expect(try await names(filter) == found, "\(filter)")
        }
    }

    @Test(
        "what is no value hides the number that was logged",
        arguments: ["null", "NaN", "[1]", #"{"_type": "table-file"}"#]
    )
    func hidden(value: String) async throws {
        try await make("a", loss: 1, summary: #"{"loss": \#(value), "other": \#(value)}"#)
        try await make("b", loss: 2, summary: #"{"loss": 2}"#)
        try await make("c", loss: .nan, summary: #"{"loss": \#(value)}"#)
        for (filter, found) in [
            ("summary.loss > 0", "b"), ("summary.loss = 1", ""), ("summary.loss != 1", "bc"),
            ("summary.loss != x", "bc"),
            ("summary.loss exists", "bc"), ("summary.loss is null", "a"), ("metrics.loss = 1", "a"),
            ("summary.other is null", "abc"),
        ] {
            #expect(try await names(filter) == found, "\(filter)")
        }
        #expect(try await names("", order: ["summary.loss DESC"]) == "bca")
        #expect(try await rows().count == 1)
        let page = try await store.searchRuns(
            SearchRuns(
                experiments: [Experiment.ID(0)],
                limit: 9,
                fields: RunFields(params: [], metrics: [], tags: [], summary: ["loss"], inputs: false)
            )
        )
        #expect(page.items.map(\.summary.count).sorted() == [0, 0, 1])
    }

    @Test("a number is another value than any text, and a text than any number")
    func otherKinds() async throws {
        try await make("a", loss: 1, summary: #"{"best": 10}"#)
        try await make("b", loss: 2, summary: #"{"best": "none", "loss": "lost"}"#)
        try await make("c", loss: .nan, summary: nil)
        try await make("d", summary: #"{"best": 9, "top": Infinity}"#)
        for (filter, found) in [
            ("summary.best != 10", "bd"), ("summary.best != none", "ad"), ("summary.best NOT IN (9, 8)", "ab"),
            ("summary.best NOT IN (none, x)", "ad"), ("summary.loss != x", "abc"), ("summary.loss != lost", "ac"),
            ("summary.loss != 1", "bc"), ("summary.best exists and summary.loss exists", "ab"),
            ("summary.top > 1", "d"),
        ] {
            #expect(try await names(filter) == found, "\(filter)")
        }
        #expect(try await names("", order: ["summary.loss"]) == "abcd")
        let error = await #expect(throws: MartletError.self) { _ = try await names("summary.best IN (10, none)") }
        #expect(error?.message.contains("holds numbers and texts") == true)
    }

    @Test("orders take numbers, then texts, then what is not there")
    func orders() async throws {
        try await make("a", loss: 1, summary: #"{"loss": 5, "score": "high"}"#)
        try await make("b", loss: 2, summary: #"{"score": 10}"#)
        try await make("c", loss: 3, summary: #"{"score": 9}"#)
        try await make("d", summary: nil)
        #expect(try await names("", order: ["summary.loss"]) == "bcad")
        #expect(try await names("", order: ["summary.loss DESC"]) == "acbd")
        #expect(try await names("", order: ["metrics.loss"]) == "abcd")
        #expect(try await names("", order: ["summary.score"]) == "cbad")
        #expect(try await names("", order: ["summary.score DESC"]) == "bcad")
        #expect(try await names("", order: ["summary.nowhere", "name DESC"]) == "dcba")
    }

    @Test("only what the metrics do not say has a row, and goes when the summary loses it")
    func rowsFollow() async throws {
        let run = try await make(
            "a",
            loss: 1,
            summary: #"{"loss": 1, "best": 2, "old": "x", "_wandb": {"runtime": 3}}"#
        )
        #expect(try await rows() == ["1 best 2.0", "1 old x"])
        try await sum(run, #"{"loss": 7, "best": 2}"#)
        #expect(try await rows() == ["1 best 2.0", "1 loss 7.0"])
        // What is logged beside the summary is known by its metric, which may be a step ahead.
        var chunk = StreamChunk(documents: [.summary: #"{"loss": 6.5, "best": 2}"#])
        chunk.batch.append(key: "loss", step: 1, time: 1, value: 6)
        _ = try await store.append(chunk, to: run)
        #expect(try await rows() == ["1 best 2.0"])
        // At the end the summary has the last word.
        var end = StreamChunk()
        end.batch.changes = RunChanges(status: .finished, endedAt: 9)
        _ = try await store.append(end, to: run)
        #expect(try await rows() == ["1 best 2.0", "1 loss 6.5"])
    }

    @Test("what is taken back or ended by another way is looked through again")
    func otherEnds() async throws {
        let run = try await make("a", loss: 1, summary: nil)
        var chunk = StreamChunk(documents: [.summary: #"{"loss": 3}"#])
        chunk.batch.append(key: "loss", step: 5, time: 5, value: 3)
        _ = try await store.append(chunk, to: run)
        #expect(try await rows().isEmpty)
        _ = try await store.truncateMetrics(of: run, from: 5)
        #expect(try await rows() == ["1 loss 3.0"])
        chunk = StreamChunk(documents: [.summary: #"{"loss": 0.5}"#])
        chunk.batch.append(key: "loss", step: 6, time: 6, value: 7)
        _ = try await store.append(chunk, to: run)
        #expect(try await rows().isEmpty)
        _ = try await store.updateRun(run, RunChanges(status: .killed, endedAt: 9))
        #expect(try await rows() == ["1 loss 0.5"])
    }

    @Test("a run comes with what was written and, of keys that are named, with what was logged")
    func fields() async throws {
        let run = try await make("a", loss: 1, summary: #"{"best": 2, "note": "x"}"#)
        let (best, note) = (SummaryValue(key: "best", value: .number(2)), SummaryValue(key: "note", value: .text("x")))
        let loss = SummaryValue(key: "loss", value: .number(1))
        let many = (0..<40).map { "key \($0)" }
        for (keys, values) in [
            (nil, [best, note]), ([], []), (["loss", "note", "none"], [loss, note]),
            (many + ["best", "loss"], [best, loss]),
        ] as [([String]?, [SummaryValue])] {
            let fields = RunFields(params: [], metrics: [], tags: [], summary: keys, inputs: false)
            #expect(try await store.run(run, fields: fields).summary == values)
        }
    }

    @Test("a summary that is made to cost much costs little, and the first values of one that is very long are found")
    func costly() async throws {
        let run = try await make("a", summary: nil)
        let name = String(repeating: "k", count: 1_000_000)
        let members = (0..<100_000).map { #""\#($0)": 1"# }.joined(separator: ", ")
        let start = ContinuousClock.now
        try await sum(run, #"{"\#(name)": {\#(members)}, "fine": 1}"#)
        #expect(try await rows() == ["1 fine 1.0"])
        // Paths as long as that for each of them would be 100 GB.
        #expect(ContinuousClock.now - start < .seconds(20))
        try await sum(run, "{\(members)}")
        #expect(try await rows().count == 10_000)
        #expect(try await names("summary.9999 = 1") == "a")
        #expect(try await names("summary.10000 = 1") == "")
    }

    @Test("a long summary is looked through when the run ends")
    func long() async throws {
        let run = try await make("a", summary: nil)
        let members = (0..<10_000).map { #""key/\#($0)": \#($0)"# }.joined(separator: ", ")
        var chunk = StreamChunk(documents: [.summary: "{\(members)}"])
        chunk.batch.append(key: "key/3", step: 0, time: 0, value: 3)
        _ = try await store.append(chunk, to: run)
        #expect(try await rows().isEmpty)
        var end = StreamChunk()
        end.batch.changes = RunChanges(status: .failed, endedAt: 9)
        _ = try await store.append(end, to: run)
        #expect(try await rows().count == 9_999)
        #expect(try await names("summary.`key/9999` = 9999") == "a")
    }

    @Test(
        "values that no index takes are kept with the run and not looked for",
        arguments: [#"\u0000"#, String(repeating: "k", count: 3_000)]
    )
    func hostile(text: String) async throws {
        let run = try await make("a", summary: nil)
        try await sum(run, #"{"a\#(text)": 1, "t": "\#(text)", "fine": 1}"#)
        #expect(try await rows() == ["1 fine 1.0"])
    }

    @Test("summaries of before are looked through when the database is brought up to date")
    func migration() async throws {
        try await make("a", loss: 1, summary: #"{"loss": 1, "best": 2}"#)
        try await make("b", summary: "no JSON")
        try await make("c", summary: #"{"note": "x"}"#)
        try await database.write { connection in
            for table in ["summary_value", "experiment_former_name"] { try connection.execute("DROP TABLE \(table)") }
            try connection.execute("DELETE FROM schema_migration WHERE number >= 19")
            if connection.dialect == .postgres { try connection.execute("DROP SEQUENCE point_log_number") }
            try Migrator.migrate(connection, now: 0)
        }
        #expect(try await rows() == ["1 best 2.0", "3 note x"])
    }

    @Test("a deleted run's values go with it")
    func purge() async throws {
        let run = try await make("a", summary: #"{"best": 2}"#)
        _ = try await store.moveRuns([run], to: .deleted)
        _ = try await Purge(of: database, deletedBefore: .max).run { _ in }
        #expect(try await rows().isEmpty)
    }

    @Test("parameters are compared and ordered as numbers where they are some")
    func params() async throws {
        for (name, value) in [("a", "10"), ("b", "9"), ("c", "1e-3"), ("d", "auto")] {
            let id = try await make(name, summary: nil)
            try await store.log(LogBatch(params: [Param(key: "lr", value: value)]), to: id)
        }
        try await make("e", summary: nil)
        #expect(try await names("params.lr < 10") == "bc")
        #expect(try await names("params.lr >= 9") == "ab")
        #expect(try await names("", order: ["params.lr"]) == "cbade")
        #expect(try await names("", order: ["params.lr DESC"]) == "abcde")
    }
}
