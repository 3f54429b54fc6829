import Testing

@testable import MartletCore

@Suite("Reading MLflow's filters")
struct MLflowFilterTests {
    private static func parse(_ text: String, _ subject: SearchSubject = .runs) throws -> Filter? {
        try FilterParser.parse(text, subject: subject, syntax: .mlflow, now: 0)
    }

    private static func compare(
        _ field: SearchField,
        _ relation: Filter.Relation,
        _ value: Filter.Value
    ) -> Filter {
        .comparison(Filter.Comparison(field: field, relation: relation, value: value))
    }

    // What mlflow 3.17.2 answers for each text (`SearchUtils.parse_search_filter`).
    @Test(
        "a condition means what it means in MLflow",
        arguments: [
            ("metrics.loss < 1", .metric(key: "loss", statistic: .last), .less, .number(1)),
            ("metrics.`a b` >= -1.5e3", .metric(key: "a b", statistic: .last), .greaterOrEqual, .number(-1_500)),
            ("metric.\"val/acc\" > .5", .metric(key: "val/acc", statistic: .last), .greater, .number(0.5)),
            ("metrics.val.loss > 5.", .metric(key: "val.loss", statistic: .last), .greater, .number(5)),
            ("params.a.b='x'", .param(key: "a.b"), .equal, .text("x")),
            ("parameter.'x' != \"a\"", .param(key: "x"), .notEqual, .text("a")),
            ("params.1x = 'a'", .param(key: "1x"), .equal, .text("a")),
            ("params.order = ''", .param(key: "order"), .equal, .text("")),
            ("params.x = 'it''s'", .param(key: "x"), .equal, .text("it''s")),
            ("params.x = 'it\\'s'", .param(key: "x"), .equal, .text("it\\'s")),
            ("params.x = 'end\\'", .param(key: "x"), .equal, .text("end\\")),
            ("params.x = \"it's\"", .param(key: "x"), .equal, .text("it's")),
            ("tags.日本 like '%日%'", .tag(key: "日本"), .like, .text("%日%")),
            ("tag.x ilike 'A%'", .tag(key: "x"), .ilike, .text("A%")),
            ("tags.`mlflow.parentRunId` = 'p'", .tag(key: "mlflow.parentRunId"), .equal, .text("p")),
            ("tags.mlflow.parentRunId = 'p'", .tag(key: "mlflow.parentRunId"), .equal, .text("p")),
            ("tags.x is null", .tag(key: "x"), .isNull, .none),
            ("params.x IS NOT NULL", .param(key: "x"), .isNotNull, .none),
            ("tags.mlflow.runName = 'n'", .attribute(.name), .equal, .text("n")),
            ("tags.\"mlflow.runName\" = 'n'", .attribute(.name), .equal, .text("n")),
            ("tags.mlflow.note.content LIKE '%x%'", .attribute(.notes), .like, .text("%x%")),
            ("tags.`mlflow.user` = 'ana'", .tag(key: "mlflow.user"), .equal, .text("ana")),
            ("`Run name` = 'x'", .attribute(.name), .equal, .text("x")),
            ("attributes.`run name` = 'x'", .attribute(.name), .equal, .text("x")),
            ("run_name ILIKE '%a'", .attribute(.name), .ilike, .text("%a")),
            ("run.status='FINISHED'", .attribute(.status), .equal, .text("finished")),
            ("attr.status = 'nope'", .attribute(.status), .equal, .text("nope")),
            ("user_id = 'x'", .attribute(.user), .equal, .text("x")),
            ("created > 5", .attribute(.startedAt), .greater, .integer(5)),
            ("end_time >= 5.5", .attribute(.endedAt), .greaterOrEqual, .number(5.5)),
            ("run_id IN ('a','b')", .attribute(.id), .among, .texts(["a", "b"])),
            ("run_id not in (\"a\",)", .attribute(.id), .notAmong, .texts(["a"])),
            ("run_id in ('it\\'s')", .attribute(.id), .among, .texts(["it's"])),
            ("dataset.name = 'd'", .datasetName, .equal, .text("d")),
            ("datasets.context in ('a','b')", .datasetContext, .among, .texts(["a", "b"])),
        ] as [(String, SearchField, Filter.Relation, Filter.Value)]
    )
    func meaning(text: String, field: SearchField, relation: Filter.Relation, value: Filter.Value) throws {
        #expect(try Self.parse(text) == Self.compare(field, relation, value))
    }

    @Test(
        "a refusal has MLflow's message",
        arguments: [
            ("metrics.loss < '1'", "Expected numeric value type for metric. Found '1'"),
            ("metrics.a > NaN", "Expected numeric value type for metric. Found NaN"),
            ("metrics.x like 'a'", "Expected numeric value type for metric. Found 'a'"),
            ("metrics.val/acc > 1", "Invalid comparison clause. Expected 'Identifier' found 'metrics.val/acc'"),
            ("1 < metrics.a", "Invalid comparison clause. Expected 'Identifier' found '1'"),
            ("status = FINISHED", "Parameter value is either not quoted or unidentified quote types used for string"),
            ("params.x = `a`", "Parameter value is either not quoted or unidentified quote types used for string"),
            ("params.x = 5", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 5"),
            ("params.x in ('a')", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value"),
            ("status in ('a')", "Only ['run_id'] attributes support comparison with a list of quoted string values."),
            ("foo = 'x'", "Invalid attribute key 'foo' specified. Valid keys are '{'"),
            ("name = 'x'", "Invalid attribute key 'name' specified. Valid keys are '{'"),
            ("duration > 5", "Invalid attribute key 'duration' specified. Valid keys are '{'"),
            ("a.b = 'x'", "Invalid entity type 'a'. Valid values are ['metric', 'parameter', 'tag', 'attribute',"),
            ("METRICS.a > 1", "Invalid entity type 'METRICS'. Valid values are ['metric', 'parameter', 'tag',"),
            ("dataset.foo='x'", "Invalid dataset key 'foo' specified. Valid keys are '{'context', 'digest', 'name'}'"),
            ("start_time > '5'", "Expected numeric value type for numeric attribute: start_time. Found '5'"),
            ("start_time > -7d", "Expected numeric value type for numeric attribute: start_time. Found -7d"),
            ("metrics.x is null", "IS NULL / IS NOT NULL is only supported for tags and params, not for"),
            ("metrics.x == 1", "Invalid comparator '==' not one of '{'"),
            ("metrics.x <> 1", "Invalid comparator '<>' not one of '{'"),
            ("params.x > 'a'", "Invalid comparator '>' not one of '{'"),
            ("params.x rlike 'a'", "Invalid comparator 'RLIKE' not one of '{'"),
            ("params.x not like 'a'", "Invalid comparator 'NOT LIKE' not one of '{'"),
            ("metrics.a > 1;metrics.b>1", "Search filter contained multiple expression"),
            ("metrics.a > 1;", "Invalid clause(s) in filter string: ';'"),
            ("metrics.a", "Invalid clause(s) in filter string: 'metrics.a'"),
            ("metrics.a >", "Invalid clause(s) in filter string: 'metrics.a"),
            ("> 1", "Invalid clause(s) in filter string: '>"),
            ("status", "Invalid clause(s) in filter string: 'status'"),
            ("Run name = 'x'", "Invalid clause(s) in filter string: 'Run'"),
            ("metrics.a > 1 -- c", "Invalid clause(s) in filter string: '--'"),
            ("params.x = 'a", "Invalid clause(s) in filter string: ''a'"),
            ("run_id IN ()", "While parsing a list in the query, expected a non-empty list of string values"),
            ("run_id IN ('a', 5)", "While parsing a list in the query, expected string value, punctuation"),
            ("run_id IN ('a' 'b')", "While parsing a list in the query, expected a non-empty list"),
            ("or", "Invalid clause(s) in filter string: 'or'"),
            ("metrics.a > 1 or", "Invalid clause(s) in filter string: 'or'"),
            ("(metrics.a > 1", "Invalid clause(s) in filter string: '('"),
            ("metrics.a > 1)", "Invalid clause(s) in filter string: ')'"),
            ("()", "Invalid clause(s) in filter string: '('"),
        ]
    )
    func refusal(text: String, message: String) {
        #expect {
            try Self.parse(text)
        } throws: { error in
            guard let error = error as? MartletError else { return false }
            return error.code == .invalidArgument && error.message.hasPrefix(message)
        }
    }

    @Test("AND may be missing, doubled, or all that there is", arguments: ["", "   ", "and", " AND and "])
    func blank(text: String) throws {
        #expect(try Self.parse(text) == nil)
    }

    @Test("conditions side by side hold together")
    func conjunction() throws {
        let both = Filter.all([
            Self.compare(.metric(key: "a", statistic: .last), .greater, .number(1)),
            Self.compare(.param(key: "b"), .equal, .text("2")),
        ])
        #expect(try Self.parse("metrics.a>1 AND params.b='2'") == both)
        #expect(try Self.parse("AND metrics.a > 1 and AND params.b = '2' and") == both)
        #expect(try Self.parse("metrics.a > 1 params.b = '2'") == both)
    }

    @Test("AND binds closer than OR, and NOT closer than AND")
    func precedence() throws {
        let (a, b, c) = (
            Self.compare(.tag(key: "a"), .equal, .text("1")), Self.compare(.tag(key: "b"), .equal, .text("2")),
            Self.compare(.tag(key: "c"), .equal, .text("3"))
        )
        #expect(try Self.parse("tags.a='1' or tags.b='2' and not tags.c='3'") == .any([a, .all([b, .not(c)])]))
        #expect(try Self.parse("(tags.a='1' or tags.b='2') and not (tags.c='3')") == .all([.any([a, b]), .not(c)]))
    }

    @Test(
        "experiments have attributes and tags only",
        arguments: [
            ("attributes.name='x'", "Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag',"),
            ("params.x='y'", "Invalid entity type 'params'. Valid entity types are ('attribute', 'tag', 'tags')"),
            ("name is null", "IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'"),
            ("name in ('a')", "Only ['experiment_id'] attributes support comparison with a list of quoted string"),
            ("experiment_id = 'x'", "Invalid experiment ID 'x'. Experiment ID must be a valid integer."),
        ]
    )
    func experimentRefusal(text: String, message: String) {
        #expect {
            try Self.parse(text, .experiments)
        } throws: { ($0 as? MartletError)?.message.hasPrefix(message) == true }
    }

    @Test("experiments are found by name, number, time and tag")
    func experiments() throws {
        #expect(try Self.parse("name ILIKE 'a%'", .experiments) == Self.compare(.attribute(.name), .ilike, .text("a%")))
        #expect(
            try Self.parse("experiment_id in ('1','2')", .experiments)
                == Self.compare(.attribute(.experimentID), .among, .texts(["1", "2"]))
        )
        #expect(
            try Self.parse("creation_time > 5", .experiments)
                == Self.compare(.attribute(.createdAt), .greater, .integer(5))
        )
        #expect(try Self.parse("tag.x is null", .experiments) == Self.compare(.tag(key: "x"), .isNull, .none))
    }

    @Test("logged models take lists for every text, and unquoted texts")
    func loggedModels() throws {
        #expect(
            try Self.parse("params.a in ('b')", .loggedModels)
                == Self.compare(.param(key: "a"), .among, .texts(["b"]))
        )
        #expect(
            try Self.parse("model_type not in ('a')", .loggedModels)
                == Self.compare(.attribute(.modelType), .notAmong, .texts(["a"]))
        )
        #expect(try Self.parse("name = x", .loggedModels) == Self.compare(.attribute(.name), .equal, .text("x")))
        #expect(
            try Self.parse("creation_timestamp > 1", .loggedModels)
                == Self.compare(.attribute(.createdAt), .greater, .integer(1))
        )
    }
}

@Suite("Reading Martlet's filters")
struct MartletFilterTests {
    private static let now: Int64 = 1_800_000_000_000

    private static func parse(_ text: String) throws -> Filter? {
        try FilterParser.parse(text, subject: .runs, syntax: .martlet, now: now)
    }

    @Test(
        "one condition",
        arguments: [
            ("min(metrics.loss) < 0.4", .metric(key: "loss", statistic: .min), .less, .number(0.4)),
            ("best(metrics.\"val/acc\")>=.9", .metric(key: "val/acc", statistic: .best), .greaterOrEqual, .number(0.9)),
            ("COUNT(loss) > 10", .metric(key: "loss", statistic: .count), .greater, .number(10)),
            ("last(\"val loss\") = inf", .metric(key: "val loss", statistic: .last), .equal, .number(.infinity)),
            ("metrics.val/acc > 1", .metric(key: "val/acc", statistic: .last), .greater, .number(1)),
            ("metrics.loss in (1, 2.5)", .metric(key: "loss", statistic: .last), .among, .numbers([1, 2.5])),
            ("metrics.loss is null", .metric(key: "loss", statistic: .last), .isNull, .none),
            ("summary.best > 2", .summary(key: "best"), .greater, .number(2)),
            ("summary.`val.acc` = 1e-3", .summary(key: "val.acc"), .equal, .number(1e-3)),
            ("summary.note = good", .summary(key: "note"), .equal, .text("good")),
            ("summary.version LIKE 12", .summary(key: "version"), .like, .text("12")),
            ("summary.note in (a, b)", .summary(key: "note"), .among, .texts(["a", "b"])),
            ("summary.best exists", .summary(key: "best"), .isNotNull, .none),
            ("params.lr <= 1e-3", .param(key: "lr"), .lessOrEqual, .number(1e-3)),
            ("params.lr = 1e-3", .param(key: "lr"), .equal, .text("1e-3")),
            ("status = running", .attribute(.status), .equal, .text("running")),
            ("status in (FINISHED, failed)", .attribute(.status), .among, .texts(["finished", "failed"])),
            ("params.lr in (1e-3, '3e-3')", .param(key: "lr"), .among, .texts(["1e-3", "3e-3"])),
            ("tags.team == vision", .tag(key: "team"), .equal, .text("vision")),
            ("name <> resnet-50", .attribute(.name), .notEqual, .text("resnet-50")),
            ("created > -7d", .attribute(.startedAt), .greater, .integer(now - 604_800_000)),
            ("ended < now", .attribute(.endedAt), .less, .integer(now)),
            ("started >= 2026-11-05", .attribute(.startedAt), .greaterOrEqual, .integer(1_793_836_800_000)),
            ("started < '2026-11-05 00:01'", .attribute(.startedAt), .less, .integer(1_793_836_860_000)),
            ("duration > 1.5h", .attribute(.duration), .greater, .integer(5_400_000)),
            ("params.x = E'a\\'b\\\\'", .param(key: "x"), .equal, .text("a'b\\")),
        ] as [(String, SearchField, Filter.Relation, Filter.Value)]
    )
    func condition(text: String, field: SearchField, relation: Filter.Relation, value: Filter.Value) throws {
        let expected = Filter.comparison(.init(field: field, relation: relation, value: value))
        #expect(try Self.parse(text) == expected)
    }

    @Test("free words stand beside conditions")
    func words() throws {
        let running = Filter.comparison(.init(field: .attribute(.status), relation: .equal, value: .text("running")))
        #expect(try Self.parse("resnet-50 status = running") == .all([.word("resnet-50"), running]))
        #expect(try Self.parse("\"two words\" or in") == .any([.word("two words"), .word("in")]))
        #expect(try Self.parse("not val/acc") == .not(.word("val/acc")))
        #expect(try Self.parse("v1.2") == .word("v1.2"))
    }

    @Test("NOT LIKE needs the value to be there")
    func notLike() throws {
        let field = SearchField.param(key: "x")
        #expect(
            try Self.parse("params.x not like 'a%'")
                == .all([
                    .comparison(.init(field: field, relation: .isNotNull, value: .none)),
                    .not(.comparison(.init(field: field, relation: .like, value: .text("a%")))),
                ])
        )
    }

    @Test(
        "what is wrong is said",
        arguments: [
            ("status = runing", "unknown status 'runing'; use one of running"),
            ("metrics.loss", "Invalid clause(s) in filter string: 'metrics.loss'; compare it"),
            ("min(params.x) > 1", "min() takes a metric"),
            ("min(metrics.x)", "Invalid clause(s) in filter string: 'min(…)'"),
            ("duration > 2026-11-05", "Expected numeric value type for numeric attribute: duration"),
            ("started > 2026-13-05", "Expected numeric value type for numeric attribute: started"),
            ("nope = 1", "Invalid attribute key 'nope' specified."),
            ("params.x = and", "Invalid clause(s) in filter string: 'and'"),
        ]
    )
    func refusal(text: String, message: String) {
        #expect {
            try Self.parse(text)
        } throws: { ($0 as? MartletError)?.message.hasPrefix(message) == true }
    }
}

@Suite("Bounds of filters")
struct FilterBoundsTests {
    private func refuses(_ text: String) -> Bool {
        do throws(MartletError) {
            _ = try FilterParser.parse(text, subject: .runs, syntax: .martlet, now: 0)
            return false
        } catch {
            return error.code == .invalidArgument
        }
    }

    @Test("64 parentheses are read, 65 and a hundred thousand are refused")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "(", count: depth) + "x" + String(repeating: ")", count: depth)
        }
        #expect(try FilterParser.parse(nested(64), subject: .runs, syntax: .martlet, now: 0) == .word("x"))
        #expect(refuses(nested(65)))
        #expect(refuses(String(repeating: "(", count: 60_000)))
        #expect(refuses(String(repeating: "not ", count: 16_000) + "x"))
    }

    @Test("a text over 64 KB, a NUL and too many conditions are refused")
    func size() {
        #expect(refuses(String(repeating: "x", count: 65_537)))
        #expect(!refuses(String(repeating: "x", count: 65_536)))
        #expect(refuses("a\u{0}b"))
        #expect(refuses(String(repeating: "a ", count: 301)))
    }

    @Test("me is the one who asks, stalled is what has not reported, and a quoted me is a name")
    func meaning() throws {
        func parse(_ text: String) throws -> Filter? {
            try FilterParser.parse(text, subject: .runs, syntax: .martlet, now: 1_000_000, me: "ana")
        }
        #expect(try parse("user = me") == parse("user = 'ana'"))
        #expect(try parse("user in (me, bo)") == parse("user in ('ana', 'bo')"))
        #expect(try parse("user = 'me'") != parse("user = 'ana'"))
        #expect(try parse("name = me") == parse("name = 'me'"))
        #expect(try parse("status = stalled") == parse("status = running and heartbeat < 700000"))
        #expect(try parse("status != stalled") == parse("not (status = running and heartbeat < 700000)"))
        #expect(
            try parse("status in (failed, stalled)")
                == parse("status in (failed) or (status = running and heartbeat < 700000)")
        )
        for text in ["user = me", "status = 'stalled'", "params.lr ~ 'a'", "params.lr exists"] {
            let filter = try? FilterParser.parse(text, subject: .runs, syntax: .mlflow, now: 0, me: "ana")
            // MLflow takes any text as a status, and no run has this one.
            let isText = text == "status = 'stalled'"
            #expect((filter != nil) == isText, "\(text)")
        }
    }

    @Test(
        "MLflow's syntax knows no summaries and no sizes of parameters",
        arguments: ["summary.best > 2", "params.lr < 1"]
    )
    func strict(text: String) {
        #expect(throws: MartletError.self) { _ = try FilterParser.parse(text, subject: .runs, syntax: .mlflow, now: 0) }
        #expect(throws: Never.self) { _ = try FilterParser.parse(text, subject: .runs, syntax: .martlet, now: 0) }
        let error = #expect(throws: MartletError.self) {
            _ = try FilterParser.parse(text, subject: .loggedModels, syntax: .martlet, now: 0)
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a metric may be called as a summary is, and a word begin like one where there are none")
    func likeSummaries() throws {
        let metric = SearchField.metric(key: "summary.loss", statistic: .max)
        for syntax in [SearchSyntax.mlflow, .martlet] {
            #expect(
                try FilterParser.parse("max(summary.loss) > 1", subject: .runs, syntax: syntax, now: 0)
                    == .comparison(.init(field: metric, relation: .greater, value: .number(1)))
            )
        }
        for subject in [SearchSubject.experiments, .loggedModels] {
            let words = try FilterParser.parse("summary.md", subject: subject, syntax: .martlet, now: 0)
            #expect(words == .word("summary.md"))
        }
    }

    @Test("a text has no size", arguments: ["params.lr < big", "params.lr < '1'", "summary.best >= high"])
    func noSize(text: String) {
        let error = #expect(throws: MartletError.self) {
            _ = try FilterParser.parse(text, subject: .runs, syntax: .martlet, now: 0)
        }
        #expect(error?.message.contains("compared by its size with a number") == true)
    }

    @Test(
        "a pattern that is none is refused with its place",
        arguments: ["params.lr ~ '('", "name ~ 'a{2,1}'", "name ~"]
    )
    func patterns(text: String) {
        let error = #expect(throws: MartletError.self) {
            _ = try FilterParser.parse(text, subject: .runs, syntax: .martlet, now: 0)
        }
        #expect(error?.code == .invalidArgument)
    }
}
