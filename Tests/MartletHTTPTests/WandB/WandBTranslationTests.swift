import MartletCore
import MartletGraphQL
import Testing

@testable import MartletHTTP

@Suite("Between W&B's words and the domain's")
struct WandBTranslationTests {
    @Test("the schema fits together")
    func schema() throws {
        _ = try WandBSchema.schema()
    }

    @Test(
        "an unknown field is refused in the words that clients probe for",
        arguments: [
            ("{ viewer { id nothing } }", #"Cannot query field "nothing" on type "User"."#),
            (
                "{ project(name: \"p\") { run(name: \"r\") { nothing } } }",
                #"Cannot query field "nothing" on type "Run"."#
            ),
            ("mutation { nothing }", #"Cannot query field "nothing" on type "Mutation"."#),
        ]
    )
    func unknownField(query: String, message: String) throws {
        let problems = WandBSchema.executor().problems(in: query)
        #expect(problems.map(\.message) == [message] && problems.first?.status == 400)
    }

    @Test("a configuration becomes params as another client would have logged them")
    func config() throws {
        let text = """
            {"lr":{"value":1e-05},"net":{"value":{"depth":3,"act":{"name":"relu"}}},"on":{"value":true},"no":{"value":null},
            "list":{"value":[1,"a"]},"plain":7,"nan":{"value":NaN},"_wandb":{"value":{"t":{"1":[1]}}}}
            """
        let params = try WandBConfig.params(of: text).map { "\($0.key)=\($0.value)" }
        #expect(
            params == [
                "list=[1,\"a\"]", "lr=1e-05", "nan=nan", "net.act.name=relu", "net.depth=3", "no=None", "on=True",
                "plain=7",
            ]
        )
        #expect(try WandBConfig.own(["t"], of: text) == #"{"t":{"1":[1]}}"#)
        #expect(throws: MartletError.self) { try WandBConfig.params(of: "[1]") }
    }

    @Test("params of another client become a configuration, numbers as numbers")
    func document() {
        let params = [Param(key: "lr", value: "0.1"), Param(key: "name", value: "1 a"), Param(key: "odd", value: "01")]
        #expect(
            WandBConfig.document(of: params)
                == #"{"lr":{"value":0.1},"name":{"value":"1 a"},"odd":{"value":"01"}}"#
        )
    }

    private func param(_ relation: Filter.Relation, _ value: Filter.Value) -> Filter {
        .comparison(.init(field: .param(key: "lr"), relation: relation, value: value))
    }

    @Test("filters are Mongo's")
    func filters() throws {
        #expect(try WandBFilter.filter(nil, now: 0) == nil)
        #expect(try WandBFilter.filter("{}", now: 0) == nil)
        #expect(try WandBFilter.filter(#"{"config.lr":0.1}"#, now: 0) == param(.equal, .number(0.1)))
        #expect(try WandBFilter.filter(#"{"config.lr.value":{"$gt":0.1}}"#, now: 0) == param(.greater, .number(0.1)))
        #expect(
            try WandBFilter.filter(#"{"$and":[{"config.lr":{"$gte":1,"$lt":2}},{"$or":[]}]}"#, now: 0)
                == .all([.all([param(.greaterOrEqual, .number(1)), param(.less, .number(2))]), .all([])])
        )
        #expect(try WandBFilter.filter(#"{"config.lr":{"$ne":1}}"#, now: 0) == .not(param(.equal, .number(1))))
        #expect(
            try WandBFilter.filter(#"{"config.lr":{"$in":["a",1]}}"#, now: 0)
                == .any([param(.equal, .text("a")), param(.equal, .number(1))])
        )
        let members = Filter.comparison(.init(field: .paramGroup(key: "lr"), relation: .isNotNull, value: .none))
        #expect(
            try WandBFilter.filter(#"{"config.lr":{"$exists":false}}"#, now: 0)
                == .not(.any([param(.isNotNull, .none), members]))
        )
        #expect(
            try WandBFilter.filter(#"{"tags":"best"}"#, now: 0)
                == .comparison(.init(field: .tag(key: "best"), relation: .equal, value: .text("")))
        )
        #expect(
            try WandBFilter.filter(#"{"state":"killed"}"#, now: 0)
                == .comparison(.init(field: .attribute(.status), relation: .equal, value: .text("killed")))
        )
        #expect(try WandBFilter.filter(#"{"config.net.value.depth":"x"}"#, now: 0) != nil)
        #expect(
            try WandBFilter.filter(#"{"created_at":{"$gt":"2026-11-23T12:22:50"}}"#, now: 0)
                == .comparison(
                    .init(field: .attribute(.createdAt), relation: .greater, value: .integer(1_795_436_570_000))
                )
        )
    }

    @Test(
        "what no filter is gets words",
        arguments: [
            "[", "[]", "1", #"{"$xor":[]}"#, #"{"$and":{}}"#, #"{"config.lr":{"$near":1}}"#,
            #"{"config.lr":{"$in":1}}"#,
            #"{"config.lr":[1]}"#, #"{"summary_metrics.loss":[]}"#, #"{"name":{"$regex":"("}}"#,
            #"{"created_at":"soon"}"#,
            String(repeating: #"{"$not":"#, count: 40) + "{}" + String(repeating: "}", count: 40),
        ]
    )
    func malformedFilters(text: String) {
        let error = #expect(throws: MartletError.self) { try WandBFilter.filter(text, now: 0) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("orders have a sign and one of the fields")
    func orders() throws {
        let loss = SearchOrder(field: .summary(key: "loss"), descending: true)
        #expect(try WandBFilter.order("-summary_metrics.loss") == [loss])
        let time = SearchOrder(field: .attribute(.createdAt), descending: false)
        #expect(try WandBFilter.order("+created_at") == [time])
        #expect(throws: MartletError.self) { try WandBFilter.order("+color") }
    }

    @Test(
        "times are read and written as W&B does",
        arguments: [
            ("2026-11-23T12:22:50.668942", 1_795_436_570_668_942), ("1970-01-01T00:00:00", 0),
            ("2026-11-23T12:22:50Z", 1_795_436_570_000_000), ("1969-12-31T23:59:59.500000", -500_000),
        ]
    )
    func times(text: String, microseconds: Int64) {
        #expect(WandBTime.microseconds(text) == microseconds)
        #expect(WandBTime.microseconds(WandBTime.text(microseconds: microseconds)) == microseconds)
    }

    @Test("printed lines come as JSON or as text")
    func console() {
        let json = ConsoleLine(
            wandB: #"{"ts":"1970-01-01T00:00:01","content":"a\u0000b","level":"error","label":"w1"}"#,
            number: 3
        )
        #expect(json == ConsoleLine(number: 3, time: 1_000_000, isError: true, label: "w1", text: "a\u{fffd}b"))
        let text = ConsoleLine(wandB: "ERROR 1970-01-01T00:00:01.000000 a b", number: 0)
        #expect(text == ConsoleLine(number: 0, time: 1_000_000, isError: true, label: "", text: "a b"))
        #expect(ConsoleLine(wandB: "just text", number: 0).text == "just text")
        #expect(ConsoleLine(wandB: "{odd", number: 0).text == "{odd")
    }

    @Test("rows of a history are made from points and objects, in order of their steps")
    func rows() throws {
        let table = StepTable(
            series: [
                .init(key: "d.a", steps: [0, 2], values: [1, 3]),
                .init(key: "loss", steps: [0, 1], values: [0.5, .nan]),
                .init(key: "system.cpu", steps: [0], values: [9]),
            ],
            objects: [
                LoggedObject(key: "t", step: 1, time: 0, json: "NaN"),
                LoggedObject(key: "t", step: 5, time: 0, json: "[1]"),
            ]
        )
        let history = WandBHistory(table, nested: ["d"], machine: ["system.cpu"])
        let text = { (list: [UInt8]) in String(decoding: list, as: UTF8.self) }
        let lines = [
            #"{"loss":0.5,"d":{"a":1},"_step":0}"#, #"{"loss":NaN,"t":NaN,"_step":1}"#, #"{"d":{"a":3},"_step":2}"#,
            #"{"t":[1],"_step":5}"#,
        ]
        let texts = JSONValue.array(lines.map { .string($0) })
        #expect(try JSONParser.parse(history.list(style: .insideText)) == texts)
        #expect(
            text(history.list(keys: ["_step", "loss", "t"], style: .strict)) == #"[{"loss":"NaN","t":"NaN","_step":1}]"#
        )
        #expect(text(history.list(keys: ["d.a"], style: .strict)) == #"[{"d.a":1},{"d.a":3}]"#)
        #expect(text(history.list(keys: ["d.a"], style: .strict, most: 1)) == #"[{"d.a":1}]"#)
        #expect(text(history.list(keys: ["nothing"], style: .strict)) == "[]")
        #expect(WandBHistory.thinned(Array(0..<10), to: 3) == [0, 3, 6])
    }

    @Test("rows are found whatever steps the series have, and the last of two values at a step counts")
    func unevenRows() {
        let table = StepTable(
            series: [
                .init(key: "a", steps: Array(0..<1_000), values: (0..<1_000).map(Double.init)),
                .init(key: "b", steps: [3, 3, 500, 2_000], values: [1, 2, 3, 4]),
                .init(key: "c", steps: [500], values: [7]),
            ],
            objects: []
        )
        let history = WandBHistory(table)
        let text = { (list: [UInt8]) in String(decoding: list, as: UTF8.self) }
        #expect(text(history.list(keys: ["a", "b"], style: .strict)) == #"[{"a":3,"b":2},{"a":500,"b":3}]"#)
        #expect(text(history.list(keys: ["c", "b"], style: .strict)) == #"[{"b":3,"c":7}]"#)
        let thin = #"[{"a":0,"_step":0},{"a":500,"b":3,"c":7,"_step":500}]"#
        #expect(text(history.list(style: .strict, most: 2)) == thin)
    }
}
