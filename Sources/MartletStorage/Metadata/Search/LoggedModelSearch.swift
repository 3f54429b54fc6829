import MartletCore

/// Answers searches for logged models.
enum LoggedModelSearch {
    /// `logged_model.id`, in order.
    static func ids(
        _ request: SearchLoggedModels,
        on connection: any SQLConnection
    ) throws -> (ids: [String], hasMore: Bool) {
        guard let scope = try SearchScope(request.experiments, .active) else { return ([], false) }
        let compiler = LoggedModelCondition(datasets: request.datasets, dialect: connection.dialect)
        let condition: SQLText = "\(try compiler.sql(request.filter)) AND \(compiler.hasScores(request.filter))"
        let sql: SQLText = """
            SELECT m.id FROM logged_model m WHERE \(scope.experiment("m")) AND m.stage = 0 AND \(condition)
            ORDER BY \(try order(request.order)) LIMIT \(value: .integer(request.limit + 1))
            OFFSET \(value: .integer(request.offset))
            """
        var ids = try connection.rows(sql) { $0.text(0) }
        let hasMore = ids.count > request.limit
        if hasMore { ids.removeLast() }
        return (ids, hasMore)
    }

    private static func order(_ order: [SearchOrder]) throws -> SQLText {
        var keys: SQLText = ""
        for key in order {
            let value = try orderValue(key)
            let direction = key.descending ? "DESC" : "ASC"
            keys += "CASE WHEN \(value) IS NULL THEN 1 ELSE 0 END, \(value) \(code: direction), "
        }
        keys += "m.created_at DESC, m.id ASC"
        return keys
    }

    private static func orderValue(_ key: SearchOrder) throws -> SQLText {
        switch key.field {
        case .metric(let metric, _):
            var dataset: SQLText = ""
            if let name = key.datasetName { dataset += " AND x.dataset_name = \(value: .text(name))" }
            if let digest = key.datasetDigest { dataset += " AND x.dataset_digest = \(value: .text(digest))" }
            // Of many scores the last by time counts, then by step, then of the first run: MLflow's rule.
            return """
                (SELECT CASE WHEN x.value_nan = 0 THEN x.value END FROM logged_model_score x
                WHERE x.model = m.id AND x.key = \(value: .text(metric))\(dataset)
                ORDER BY x.time DESC, x.step DESC, x.run, x.value DESC LIMIT 1)
                """
        case .param(let name):
            return """
                (SELECT x.value FROM logged_model_param x WHERE x.model = m.id AND x.key = \(value: .text(name)))
                """
        case .attribute(let attribute):
            guard let column = LoggedModelCondition.column(of: attribute) else { fallthrough }
            return "\(code: column)"
        default: throw MartletError(.invalidArgument, "logged models cannot be ordered by that field")
        }
    }
}

/// A filter on logged models as SQL over the row `m`.
struct LoggedModelCondition {
    let datasets: [SearchLoggedModels.Dataset]
    private let comparison: SQLComparison

    init(datasets: [SearchLoggedModels.Dataset], dialect: SQLDialect) {
        self.datasets = datasets
        comparison = SQLComparison(dialect: dialect)
    }

    func sql(_ filter: Filter?) throws -> SQLText {
        switch filter {
        case nil: return "1 = 1"
        case .all(let parts): return "(\(SQLText.joined(try parts.map(sql) + ["1 = 1"], " AND ")))"
        case .any(let parts): return "(\(SQLText.joined(try parts.map(sql) + ["1 = 0"], " OR ")))"
        case .not(let part): return "NOT (\(try sql(part)))"
        case .word(let word): return comparison.containing("m.name", word)
        case .comparison(let condition): return try sql(condition)
        }
    }

    private func sql(_ condition: Filter.Comparison) throws -> SQLText {
        let isNull = condition.relation == .isNull
        let relation: Filter.Relation = isNull ? .isNotNull : condition.relation
        let value = condition.value
        switch condition.field {
        case .metric(let key, _):
            let exists: SQLText = """
                EXISTS (SELECT 1 FROM logged_model_score x WHERE x.model = m.id AND x.key = \(value: .text(key))
                AND \(score(relation, value))\(ofDatasets))
                """
            return isNull ? "NOT \(exists)" : exists
        case .param(let key): return pair("logged_model_param", key, relation, value, negated: isNull)
        case .tag(let key): return pair("logged_model_tag", key, relation, value, negated: isNull)
        case .attribute(let attribute): return self.attribute(attribute, condition)
        default: throw MartletError(.invalidArgument, "logged models cannot be searched by that field")
        }
    }

    private func score(_ relation: Filter.Relation, _ value: Filter.Value) -> SQLText {
        let test = comparison.real("x.value", relation, value)
        return relation == .notEqual ? "(x.value_nan = 1 OR \(test))" : "x.value_nan = 0 AND \(test)"
    }

    /// Datasets without a condition on a score leave the models that have any score on one of them.
    func hasScores(_ filter: Filter?) -> SQLText {
        if datasets.isEmpty || filter?.namesMetric == true { return "1 = 1" }
        return "EXISTS (SELECT 1 FROM logged_model_score x WHERE x.model = m.id\(ofDatasets))"
    }

    private var ofDatasets: SQLText {
        guard !datasets.isEmpty else { return "" }
        let each = datasets.map { dataset -> SQLText in
            guard let digest = dataset.digest else { return "x.dataset_name = \(value: .text(dataset.name))" }
            return "(x.dataset_name = \(value: .text(dataset.name)) AND x.dataset_digest = \(value: .text(digest)))"
        }
        return " AND (\(SQLText.joined(each, " OR ")))"
    }

    private func pair(
        _ table: String,
        _ key: String,
        _ relation: Filter.Relation,
        _ value: Filter.Value,
        negated: Bool
    ) -> SQLText {
        let exists: SQLText = """
            EXISTS (SELECT 1 FROM \(code: table) x WHERE x.model = m.id AND x.key = \(value: .text(key))
            AND \(comparison.text("x.value", relation, value)))
            """
        return negated ? "NOT \(exists)" : exists
    }

    private func attribute(_ attribute: SearchAttribute, _ condition: Filter.Comparison) -> SQLText {
        guard let column = Self.column(of: attribute) else { return "1 = 0" }
        let (relation, value) = (condition.relation, condition.value)
        switch attribute {
        case .status:
            let names = LoggedModel.Status.allCases.map { ($0.rawValue, $0.stored) }
            return comparison.status(column, relation, value, names: names)
        case .createdAt, .updatedAt: return comparison.integer(column, relation, value)
        case .experimentID: return comparison.integer(column, relation, RunCompiler.numbers(value))
        default: return comparison.text(column, relation, value)
        }
    }

    static func column(of attribute: SearchAttribute) -> String? {
        switch attribute {
        case .id: "m.id"
        case .name: "m.name"
        case .modelType: "m.model_type"
        case .status: "m.status"
        case .sourceRunID: "m.source_run"
        case .artifactURI: "m.artifact_uri"
        case .createdAt: "m.created_at"
        case .updatedAt: "m.updated_at"
        case .experimentID: "m.experiment"
        default: nil
        }
    }
}
