import Testing

@testable import MartletCore

@Suite("Reading orders")
struct OrderParserTests {
    private static func parse(
        _ clauses: [String],
        _ syntax: SearchSyntax = .mlflow,
        _ subject: SearchSubject = .runs
    ) throws -> [SearchOrder] {
        try OrderParser.parse(clauses, subject: subject, syntax: syntax)
    }

    @Test(
        "a clause is a field and perhaps a direction",
        arguments: [
            ("metrics.loss", .metric(key: "loss", statistic: .last), false),
            ("metrics.`val/acc` DESC", .metric(key: "val/acc", statistic: .last), true),
            ("metric.\"a b\" asc", .metric(key: "a b", statistic: .last), false),
            ("params.lr desc", .param(key: "lr"), true),
            ("tag.x ASC", .tag(key: "x"), false),
            ("tags.mlflow.runName", .attribute(.name), false),
            ("start_time DESC", .attribute(.startedAt), true),
            ("attributes.`Run name`", .attribute(.name), false),
            ("best(metrics.\"val/acc\") DESC", .metric(key: "val/acc", statistic: .best), true),
        ] as [(String, SearchField, Bool)]
    )
    func clause(text: String, field: SearchField, descending: Bool) throws {
        #expect(try Self.parse([text]) == [SearchOrder(field: field, descending: descending)])
    }

    @Test("in Martlet's syntax parameters are ordered as numbers, in MLflow's as texts")
    func numbers() throws {
        let expected = SearchOrder(field: .param(key: "lr"), descending: false, readsNumbers: true)
        #expect(try Self.parse(["params.lr"], .martlet) == [expected])
        #expect(try Self.parse(["params.lr"]) == [SearchOrder(field: .param(key: "lr"), descending: false)])
        #expect(
            try Self.parse(["params.lr"], .martlet, .loggedModels)
                == [SearchOrder(field: .param(key: "lr"), descending: false)]
        )
        let summary = SearchOrder(field: .summary(key: "best"), descending: true)
        #expect(try Self.parse(["summary.best DESC"], .martlet) == [summary])
        #expect(throws: MartletError.self) { try Self.parse(["summary.best"]) }
    }

    @Test(
        "a bad clause is refused with MLflow's message",
        arguments: [
            ("metrics.loss sideways", "Invalid ordering key in order_by clause 'metrics.loss sideways'."),
            ("metrics.loss ASC DESC", "Invalid order_by clause 'metrics.loss ASC DESC'. Could not be parsed."),
            ("", "Invalid order_by clause ''. Could not be parsed."),
            ("foo ASC", "Invalid attribute key 'foo' specified. Valid keys are"),
            ("dataset.name", "Invalid identifier type 'dataset'"),
            ("x.y", "Invalid entity type 'x'."),
        ]
    )
    func refusal(text: String, message: String) {
        #expect {
            try Self.parse([text])
        } throws: { ($0 as? MartletError)?.message.hasPrefix(message) == true }
    }

    @Test("a field occurs once")
    func duplicates() {
        #expect {
            try Self.parse(["start_time ASC", "metrics.a", "created DESC"])
        } throws: { error in
            let error = error as? MartletError
            return error?.code == .invalidArgument
                && error?.message.hasPrefix("`order_by` contains duplicate fields") == true
        }
    }

    @Test("a field name of logged models is not quoted")
    func loggedModelField() throws {
        #expect(
            try OrderParser.loggedModelField("metrics.val/acc 1.0") == .metric(key: "val/acc 1.0", statistic: .last)
        )
        #expect(try OrderParser.loggedModelField("creation_timestamp") == .attribute(.createdAt))
        #expect(throws: MartletError.self) { try OrderParser.loggedModelField("params.x") }
        #expect(throws: MartletError.self) { try OrderParser.loggedModelField("nope") }
    }
}
