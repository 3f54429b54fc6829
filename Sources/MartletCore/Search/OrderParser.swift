/// Reads orders such as `metrics.loss ASC`, `best(metrics."val/acc") DESC`, `start_time DESC`.
package enum OrderParser {
    /// The keys of an order, most important first.
    /// - Throws: `invalidArgument` with MLflow's messages; also when two clauses name one field.
    package static func parse(
        _ clauses: [String],
        subject: SearchSubject,
        syntax: SearchSyntax
    ) throws(MartletError) -> [SearchOrder] {
        var orders: [SearchOrder] = []
        var fields: Set<SearchField> = []
        guard clauses.count <= 32 else {
            throw MartletError(.invalidArgument, "`order_by` has \(clauses.count) clauses; use at most 32")
        }
        for clause in clauses {
            let order = try parse(clause, subject: subject, syntax: syntax)
            guard fields.insert(order.field).inserted else {
                let list = clauses.map { "'\($0)'" }.joined(separator: ", ")
                throw MartletError(.invalidArgument, "`order_by` contains duplicate fields: [\(list)]")
            }
            orders.append(order)
        }
        return orders
    }

    /// What MLflow's `field_name` of an order of logged models means: all behind `metrics.` is the key, unquoted.
    /// - Throws: `invalidArgument` with MLflow's messages.
    package static func loggedModelField(_ name: String) throws(MartletError) -> SearchField {
        guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")) else {
            let vocabulary = SearchVocabulary(subject: .loggedModels, syntax: .mlflow)
            let trimmed = name.split(separator: " ").joined(separator: " ")
            guard let attribute = vocabulary.attribute(named: trimmed) else {
                throw MartletError(.invalidArgument, "Invalid order by field name: \(name).")
            }
            return .attribute(attribute)
        }
        let key = String(name[name.utf8.index(after: dot)...])
        guard name[..<dot] == "metrics", !key.isEmpty else {
            throw MartletError(
                .invalidArgument,
                "Invalid order by field name: \(name[..<dot]), only `metrics.<name>` is allowed."
            )
        }
        return .metric(key: key, statistic: .last)
    }

    private static func parse(
        _ clause: String,
        subject: SearchSubject,
        syntax: SearchSyntax
    ) throws(MartletError) -> SearchOrder {
        var grammar = FilterGrammar(
            tokens: try FilterLexer.tokens(of: clause, syntax: syntax),
            vocabulary: SearchVocabulary(subject: subject, syntax: syntax, isOrder: true),
            now: 0
        )
        let (field, descending) = try grammar.order(of: clause)
        switch field {
        case .datasetName, .datasetDigest, .datasetContext:
            throw MartletError(.invalidArgument, "Invalid identifier type 'dataset'")
        case .tag where subject != .runs && subject != .loggedModels:
            throw MartletError(.invalidArgument, "Invalid order_by entity: tag")
        // MLflow orders parameters as the texts that they are.
        case .param where syntax == .martlet && subject == .runs:
            return SearchOrder(field: field, descending: descending, readsNumbers: true)
        default: return SearchOrder(field: field, descending: descending)
        }
    }
}
