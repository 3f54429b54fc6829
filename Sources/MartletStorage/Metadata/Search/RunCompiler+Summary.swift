import MartletCore

// What users sum their runs up by: a row where they wrote something, else the latest value of the metric.
extension RunCompiler {
    /// Whether some run has such a row.
    private func isWritten(_ key: String) throws -> Bool {
        let row: SQLText = """
            SELECT 1 FROM summary_value x WHERE \(scope.experiment("x")) AND x.key = \(value: .text(key))
            ORDER BY x.experiment, x.key, x.number, x.run LIMIT 1
            """
        return try connection.first(row) { _ in true } ?? false
    }

    func summary(_ key: String, _ condition: Filter.Comparison) throws -> RunPredicate {
        let logged = try loggedSummary(key, condition)
        guard try isWritten(key) else { return logged }
        let own: SQLText = "x.key = \(value: .text(key))"
        let isThere = Self.summaryRow(own, isIndexed: true)
        let unwritten = RunPredicate.conjunction([RunPredicate.negation(isThere), logged])
        if condition.relation == .isNotNull {
            let hasValue = Self.summaryRow("\(own) AND \(code: SummaryRows.hasValue)", isIndexed: false)
            return RunPredicate.disjunction([hasValue, unwritten])
        }
        let (test, other): (SQLText, SQLText) =
            Self.isOfText(condition)
            ? (comparison.text("x.text", condition.relation, condition.value), "x.number IS NOT NULL")
            : (comparison.real("x.number", condition.relation, condition.value), "x.text IS NOT NULL")
        let isNegative = Self.isNegative(condition)
        let written = Self.summaryRow(
            isNegative ? "\(own) AND (\(other) OR \(test))" : "\(own) AND \(test)",
            isIndexed: !isNegative && !Self.isOfText(condition)
        )
        return RunPredicate.disjunction([written, unwritten])
    }

    /// The condition on the metric of that name. A number is another value than any text.
    private func loggedSummary(_ key: String, _ condition: Filter.Comparison) throws -> RunPredicate {
        guard Self.isOfText(condition) else { return try metric(key, .last, condition) }
        guard Self.isNegative(condition) else { return .never }
        let isThere = Filter.Comparison(field: condition.field, relation: .isNotNull, value: .none)
        return try metric(key, .last, isThere)
    }

    private static func isOfText(_ condition: Filter.Comparison) -> Bool {
        switch condition.value {
        case .text, .texts: true
        default: false
        }
    }

    private static func isNegative(_ condition: Filter.Comparison) -> Bool {
        condition.relation == .notEqual || condition.relation == .notAmong
    }

    private static func summaryRow(_ test: SQLText, isIndexed: Bool) -> RunPredicate {
        .leaf(
            .row(RunLeaf.RowCondition(table: "summary_value x", ofRun: test, ofAll: test, isIndexed: isIndexed))
        )
    }

    /// Orders by summaries that nobody wrote become orders by the metric, which has an index to walk.
    func withoutEmptySummaries(_ request: SearchRuns) throws -> SearchRuns {
        var request = request
        for (index, order) in request.order.enumerated() {
            guard case .summary(let key) = order.field, try !isWritten(key) else { continue }
            request.order[index].field = .metric(key: key, statistic: .last)
        }
        return request
    }
}
