import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("Searching runs")
struct RunSearchTests {
    let folder: ScratchFolder
    let store: SQLMetadataStore
    let database: any SQLDatabase

    /// a: 1, b: NaN, c: missing, d: 3, e: 1 and newer than a.
    init() async throws {
        folder = try ScratchFolder()
        database = try await openTestDatabase(in: folder.path)
        store = SQLMetadataStore(database: database, environment: .manual(ManualClock()))
        try await store.prepare()
        try await make("a", started: 1, loss: 1, lr: "0.1", team: "Vision")
        try await make("b", started: 2, loss: .nan, lr: "0.2", team: "vision")
        try await make("c", started: 3, loss: nil, lr: nil, team: nil)
        try await make("d", started: nil, loss: 3, lr: "0.1", team: "50% off")
        try await make("e", started: 9, loss: 1, lr: "10", team: "audio")
    }

    private func make(_ name: String, started: Int64?, loss: Double?, lr: String?, team: String?) async throws {
        let id = Run.ID(name + String(repeating: "0", count: 31))
        _ = try await store.createRun(
            CreateRun(experimentID: Experiment.ID(0), name: name, startedAt: started),
            id: id
        )
        var batch = LogBatch(
            params: lr.map { [Param(key: "lr", value: $0)] } ?? [],
            tags: team.map { [Tag(key: "team", value: $0)] } ?? []
        )
        if let loss { batch.append(key: "loss", step: 0, time: 0, value: loss) }
        try await store.log(batch, to: id)
    }

    private func names(
        _ filter: String = "",
        order: [String] = [],
        limit: Int = 100,
        offset: Int = 0
    ) async throws -> String {
        let request = SearchRuns(
            experiments: [Experiment.ID(0)],
            filter: try FilterParser.parse(filter, subject: .runs, syntax: .martlet),
            order: try OrderParser.parse(order, subject: .runs, syntax: .martlet),
            limit: limit,
            offset: offset,
            wantsTotal: true
        )
        return try await store.searchRuns(request).items.map(\.name).joined()
    }

    @Test(
        "a free word is looked for as it stands",
        arguments: [
            ("50%", "d"), ("'% OFF'", "d"), ("'5_%'", ""), ("'%'", "d"), ("_", ""), ("VISION", "ba"), ("'0% o'", "d"),
        ]
    )
    func words(filter: String, found: String) async throws {
        #expect(try await names(filter) == found)
    }

    @Test(
        "a free word is found in a label, not in the key of a tag that has a value, and in the client's id",
        arguments: [("nightly", "d"), ("team", ""), ("abc123", "f"), ("not abc123", "ecbad"), ("not nightly", "fecba")]
    )
    func labels(filter: String, found: String) async throws {
        let id = Run.ID("d" + String(repeating: "0", count: 31))
        _ = try await store.tagRuns([id], set: [Tag(key: "nightly build", value: "")], delete: [])
        _ = try await store.createRun(
            CreateRun(experimentID: Experiment.ID(0), foreignID: "abc123", name: "f", startedAt: 10),
            id: Run.ID("f" + String(repeating: "0", count: 31))
        )
        #expect(try await names(filter) == found)
    }

    @Test("without an order the newest come first, and those without a start last")
    func defaultOrder() async throws {
        #expect(try await names() == "ecbad")
    }

    @Test(
        "numbers, then NaN, then what is missing, in both directions; ties by start",
        arguments: [
            (["metrics.loss ASC"], "eadbc"), (["metrics.loss DESC"], "deabc"),
            (["min(metrics.loss) ASC"], "eadbc"), (["metrics.loss ASC", "attributes.start_time ASC"], "aedbc"),
            (["params.lr ASC"], "adbec"), (["params.lr DESC"], "ebadc"), (["metrics.unknown ASC"], "ecbad"),
            (["attributes.start_time ASC"], "abced"), (["tags.team ASC"], "daebc"),
        ]
    )
    func orders(order: [String], expected: String) async throws {
        #expect(try await names(order: order) == expected)
    }

    @Test(
        "conditions hold as in MLflow",
        arguments: [
            ("metrics.loss < 2", "ea"), ("metrics.loss != 1", "bd"), ("metrics.loss = 1", "ea"),
            ("metrics.loss > 0 and params.lr = '0.1'", "ad"), ("params.lr != '0.1'", "eb"),
            ("params.lr IS NULL", "c"), ("params.lr IS NOT NULL", "ebad"), ("tags.team LIKE 'V%'", "a"),
            ("tags.team ILIKE 'V%'", "ba"), ("tags.team LIKE '%\\%%'", ""), ("tags.team LIKE '50%'", "d"),
            ("attributes.run_name = 'c'", "c"), ("metrics.unknown < 1", ""),
            ("metrics.loss < 2 or params.lr = '0.2'", "eba"),
            ("not (metrics.loss < 2)", "cbd"), ("params.lr in ('0.2', '10')", "eb"), ("vision", "ba"),
        ]
    )
    func conditions(filter: String, expected: String) async throws {
        #expect(try await names(filter) == expected)
    }

    @Test(
        "patterns are found, and what exists is told from what does not",
        arguments: [
            ("params.lr ~ '^0'", "bad"), ("params.lr ~ '\\.2$'", "b"), ("name ~ '[a-c]'", "cba"),
            ("tags.team ~ V", "a"),
            ("not tags.team ~ '[Vv]ision'", "ecd"), ("params.lr~'^(10|0\\.2)$'", "eb"), ("params.lr exists", "ebad"),
            ("not params.lr exists", "c"), ("metrics.loss EXISTS", "ebad"), ("exists", ""), ("status ~ 'run'", "ecbad"),
            ("tags.team ~ '50% o[^g]{2}'", "d"),
        ]
    )
    func patterns(filter: String, expected: String) async throws {
        #expect(try await names(filter) == expected)
    }

    @Test("both engines agree on every kind of pattern")
    func agreement() async throws {
        let patterns = [
            "", "a", "^a$", "a|b", "(|a)b", "()", "(a*)*b", "[^a-c]", "[]a]", "[a^-]", "\\d+", "[\\w.]+", "\\W",
            "[\\D]", "\\s",
            "a{2}", "a{1,2}$", "a{0,}b", "a{", "x*?y", "^(?:a|b)+$", "a.c", "[é-ü]", "日本?", "\\\\", "\\.", "$^", "^",
            "(^a|b$)",
            "[\\]\\-x]", "%", "_", "a$b", "[A-Z]", "\\ba", "a\\b", "\\B", "\\b", "^\\B.\\B$", "(b|\\b)+$",
        ]
        let texts = [
            "", "a", "b", "ab", "aab", "ba", "abc", "a\nc", "1", "x.y", "é", "ö", "日", "日本", "\\", "]", "-", "^", "{",
            "a{",
            "%", "_", "A", " ", "xxy", "aaaa$b",
        ]
        for pattern in patterns {
            let own = try TextPattern(pattern)
            let sent = database is SQLiteDatabase ? pattern : own.posix
            for text in texts {
                let found = try await database.read { connection in
                    let test = connection.dialect.matching("CAST($1 AS TEXT)", "CAST($2 AS TEXT)")
                    return try connection.first(
                        "SELECT CASE WHEN \(test) THEN 1 ELSE 0 END",
                        [.text(text), .text(sent)]
                    ) {
                        $0.integer(0) == 1
                    }
                }
                #expect(found == own.isFound(in: text), "\(pattern) in \(text), sent as \(sent)")
            }
        }
    }

    @Test("windows of an ordered search fit together", arguments: [0, 1, 2, 3, 4, 5])
    func windows(offset: Int) async throws {
        let whole = try await names(order: ["metrics.loss ASC"])
        #expect(
            try await names(order: ["metrics.loss ASC"], limit: 2, offset: offset)
                == String(whole.dropFirst(offset).prefix(2))
        )
    }

    @Test("the same field twice in an order is refused")
    func duplicateOrder() async {
        let error = await #expect(throws: MartletError.self) {
            _ = try await names(order: ["metrics.loss ASC", "metrics.loss DESC"])
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "the common shapes run on an index",
        .enabled(if: TestEngine.isSQLite),
        arguments: [
            (
                """
                SELECT r.number FROM run r WHERE r.experiment = 0 AND r.stage = 0
                ORDER BY r.started_at DESC, r.id LIMIT 101
                """, "run_by_start"
            ),
            (
                """
                SELECT x.last_value FROM metric_summary x CROSS JOIN run r ON r.number = x.run
                WHERE x.experiment = 0 AND x.key = 1 AND x.last_nan = 0 AND r.stage = 0 ORDER BY x.last_value DESC
                """, "metric_summary_by_last"
            ),
            (
                "SELECT 1 FROM run_param x WHERE x.experiment = 0 AND x.key = 'lr' AND x.value = '1'",
                "run_param_by_value"
            ),
            ("SELECT 1 FROM run_tag x WHERE x.experiment = 0 AND x.key = 't' AND x.value = '1'", "run_tag_by_value"),
        ]
    )
    func plans(sql: String, index: String) async throws {
        let plan = try await database.read { try $0.rows("EXPLAIN QUERY PLAN " + sql) { $0.text(3) } }
        #expect(plan.contains { $0.contains(index) }, "\(plan)")
        #expect(!plan.contains { $0.contains("SCAN") || $0.contains("TEMP B-TREE") }, "\(plan)")
    }

    @Test(
        "the common shapes can run on an index of PostgreSQL",
        .enabled(if: !TestEngine.isSQLite),
        arguments: [
            (
                """
                SELECT r.number FROM run r WHERE r.experiment = 0 AND r.stage = 0
                ORDER BY r.started_at DESC NULLS LAST, r.id LIMIT 101
                """, "run_by_start"
            ),
            (
                """
                SELECT x.last_value FROM metric_summary x JOIN run r ON r.number = x.run
                WHERE x.experiment = 0 AND x.key = 1 AND x.last_nan = 0 AND r.stage = 0 ORDER BY x.last_value DESC
                """, "metric_summary_by_last"
            ),
            (
                """
                SELECT 1 FROM run_param x WHERE x.experiment = 0 AND x.key = 'lr'
                AND substr(x.value, 1, 200) = '1' AND x.value = '1'
                """, "run_param_by_value"
            ),
            (
                """
                SELECT 1 FROM run_tag x WHERE x.experiment = 0 AND x.key = 't'
                AND substr(x.value, 1, 200) = '1' AND x.value = '1'
                """, "run_tag_by_value"
            ),
        ]
    )
    func plansOfPostgres(sql: String, index: String) async throws {
        let plan = try await database.read { connection in
            // A table of five rows is read whole, and sorted, by any sensible planner.
            for habit in ["seqscan", "sort", "bitmapscan"] { try connection.execute("SET LOCAL enable_\(habit) = off") }
            return try connection.rows("EXPLAIN " + sql) { $0.text(0) }
        }
        #expect(plan.contains { $0.contains(index) }, "\(plan)")
        #expect(!plan.contains { $0.contains("Seq Scan") || $0.contains("Sort") }, "\(plan)")
    }
}
