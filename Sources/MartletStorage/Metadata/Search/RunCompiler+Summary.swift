import MartletCore

// What users sum their runs up by: a row where they wrote something, else the latest value of the metric.
extension RunCompiler {
    /// Whether some run has such a row.
    private func isWritten(_ key: String) throws -> Bool {
        let row: SQLText = """
            SELECT 1 FROM summary_value x WHERE \(scope.experiment("x")) AND x.key = \(value: .text(key)) LIMIT 1
            """
        return try connection.first(row) { _ in true } ?? false
    }

    func summary(_ key: String, _ condition: Filter.Comparison) throws -> RunPredicate {
        let logged = try loggedSummary(key, condition)
        guard try isWritten(key) else { return logged }
        let own: SQLText = "x.key = \(value: .text(key))"
        let isThere = Self.summaryRow(own, isIndexed: false)
        if condition.relation == .isNotNull { return RunPredicate.disjunction([isThere, logged]) }
        let written: RunPredicate
        switch condition.value {
        case .text, .texts:
            let test = comparison.text("x.text", condition.relation, condition.value)
            written = Self.summaryRow("\(own) AND \(test)", isIndexed: false)
        default:
            let test = comparison.real("x.number", condition.relation, condition.value)
            written = Self.summaryRow("\(own) AND \(test)", isIndexed: true)
        }
        let unwritten = RunPredicate.conjunction([RunPredicate.negation(isThere), logged])
        return RunPredicate.disjunction([written, unwritten])
    }

    /// The condition on the metric of that name, of which texts say nothing.
    private func loggedSummary(_ key: String, _ condition: Filter.Comparison) throws -> RunPredicate {
        switch condition.value {
        case .text, .texts: .never
        default: try metric(key, .last, condition)
        }
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
