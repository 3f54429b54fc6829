import MartletCore

/// Turns filters and orders on runs into SQL: looks up metric keys and goals, drops what nothing can satisfy.
struct RunCompiler {
    let connection: any SQLConnection
    let scope: SearchScope
    let comparison: SQLComparison

    init(scope: SearchScope, connection: any SQLConnection) {
        self.connection = connection
        self.scope = scope
        comparison = SQLComparison(dialect: connection.dialect)
    }

    func predicate(_ filter: Filter?) throws -> RunPredicate {
        switch filter {
        case nil: .always
        case .all(let parts): RunPredicate.conjunction(try parts.map { try predicate($0) })
        case .any(let parts): RunPredicate.disjunction(try parts.map { try predicate($0) })
        case .not(let part): RunPredicate.negation(try predicate(part))
        case .word(let word): self.word(word)
        case .comparison(let comparison): try predicate(comparison)
        }
    }

    private func predicate(_ condition: Filter.Comparison) throws -> RunPredicate {
        if condition.relation == .isNull {
            return RunPredicate.negation(
                try predicate(Filter.Comparison(field: condition.field, relation: .isNotNull, value: .none))
            )
        }
        switch condition.field {
        case .metric(let key, let statistic): return try metric(key, statistic, condition)
        case .summary(let key): return try summary(key, condition)
        case .param(let key): return text(in: "run_param x", key: key, condition)
        case .tag(let key): return text(in: "run_tag x", key: key, condition)
        case .label: return text(in: "run_tag x", own: Self.isLabel, condition)
        case .paramGroup(let key): return params(below: key)
        case .datasetName: return dataset("d.name", condition)
        case .datasetDigest: return dataset("d.digest", condition)
        case .datasetContext: return dataset("x.context", condition)
        case .attribute(let attribute): return self.attribute(attribute, condition)
        }
    }

    // MARK: Metrics

    /// The number of a metric's key; `nil` when no run ever had it.
    func metricKey(_ name: String) throws -> Int64? {
        try connection.first("SELECT id FROM metric_key WHERE name = $1", [.text(name)]) { $0.integer(0) }
    }

    func metric(
        _ key: String,
        _ statistic: MetricStatistic,
        _ condition: Filter.Comparison
    ) throws -> RunPredicate {
        guard let id = try metricKey(key) else { return .never }
        let own: SQLText = "x.key = \(value: .integer(id))"
        let (relation, value) = (condition.relation, condition.value)
        var body: SQLText
        switch statistic {
        case .last where relation == .isNotNull: body = own
        case .last where relation == .notEqual || relation == .notAmong:
            body = "\(own) AND (x.last_nan = 1 OR \(comparison.real("x.last_value", relation, value)))"
        case .last: body = "\(own) AND x.last_nan = 0 AND \(comparison.real("x.last_value", relation, value))"
        case .count: body = "\(own) AND \(comparison.integer("x.count", relation, value))"
        case .min, .max, .mean, .best:
            body = "\(own) AND \(comparison.real(try expression(statistic, key: key), relation, value))"
        }
        return .leaf(
            .row(
                RunLeaf.RowCondition(
                    table: "metric_summary x",
                    ofRun: body,
                    ofAll: body,
                    isIndexed: statistic == .last
                )
            )
        )
    }

    /// A statistic of the row `x` of `metric_summary`; NULL when the series has no such number.
    func expression(_ statistic: MetricStatistic, key: String) throws -> String {
        switch statistic {
        case .last: "CASE WHEN x.last_nan = 0 THEN x.last_value END"
        case .min: "x.min_value"
        case .max: "x.max_value"
        case .mean: "x.finite_sum / NULLIF(x.finite_count, 0)"
        case .count: "x.count"
        case .best: try best(key)
        }
    }

    /// Whichever end each experiment's goal calls the better one; the name of the metric decides where no goal does.
    private func best(_ key: String) throws -> String {
        let inferred = Goal.direction(of: key)
        var others: [Int64] = []
        let goals: SQLText = """
            SELECT id, goal_direction FROM experiment
            WHERE id IN \(list: scope.experiments.map { .integer($0) }) AND goal_metric = \(value: .text(key))
            """
        try connection.query(goals) { row in
            if let direction = Goal.Direction(rawValue: row.text(1)), direction != inferred {
                others.append(row.integer(0))
            }
        }
        let (usual, other) =
            inferred == .minimize ? ("x.min_value", "x.max_value") : ("x.max_value", "x.min_value")
        if others.isEmpty { return usual }
        if others.count == scope.experiments.count { return other }
        // Numbers, not texts of users.
        let list = others.map(String.init).joined(separator: ", ")
        return "CASE WHEN x.experiment IN (\(list)) THEN \(other) ELSE \(usual) END"
    }

    // MARK: Parameters, tags, datasets

    private func text(in table: String, key: String, _ condition: Filter.Comparison) -> RunPredicate {
        let own: SQLText = "x.key = \(value: .text(key))"
        if condition.relation == .isNotNull {
            return .leaf(.row(RunLeaf.RowCondition(table: table, ofRun: own, ofAll: own, isIndexed: true)))
        }
        let test = comparison.text("x.value", condition.relation, condition.value)
        let whole: SQLText = "\(own) AND \(test)"
        let indexed = Self.wanted(condition).map { wanted in
            connection.dialect == .sqlite ? whole : "\(own) AND \(Self.indexedTest(wanted, test))"
        }
        return .leaf(
            .row(
                RunLeaf.RowCondition(table: table, ofRun: whole, ofAll: indexed ?? whole, isIndexed: indexed != nil)
            )
        )
    }

    /// A label is a tag without a value that a person gave: W&B's dialect keeps tags of its own.
    private static let isLabel: SQLText = "x.value = '' AND substr(x.key, 1, 6) <> 'wandb.'"

    /// A condition on the key of any row.
    private func text(in table: String, own: SQLText, _ condition: Filter.Comparison) -> RunPredicate {
        let test = comparison.text("x.key", condition.relation, condition.value)
        let whole: SQLText = condition.relation == .isNotNull ? own : "\(own) AND \(test)"
        return .leaf(.row(RunLeaf.RowCondition(table: table, ofRun: whole, ofAll: whole, isIndexed: false)))
    }

    private func params(below key: String) -> RunPredicate {
        // Keys are ordered by their bytes: `/` comes after `.`.
        let test: SQLText = "x.key > \(value: .text(key + ".")) AND x.key < \(value: .text(key + "/"))"
        return .leaf(.row(RunLeaf.RowCondition(table: "run_param x", ofRun: test, ofAll: test, isIndexed: false)))
    }

    /// The values of which the condition wants one; `nil` when it is another condition.
    private static func wanted(_ condition: Filter.Comparison) -> [String]? {
        switch (condition.relation, condition.value) {
        case (.equal, .text(let text)): [text]
        case (.among, .texts(let texts)): texts
        default: nil
        }
    }

    /// The characters of a value that PostgreSQL's index holds.
    private static let indexedCharacters = 200

    /// `test` put so that PostgreSQL's index serves. Where a value may be longer than what the index holds, the whole
    /// decides; where none is it is not asked, since PostgreSQL would take the two tests to leave far fewer rows.
    private static func indexedTest(_ wanted: [String], _ test: SQLText) -> SQLText {
        let heads = wanted.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(indexedCharacters))) }
        let head: SQLText = "substr(x.value, 1, \(code: "\(indexedCharacters)")) IN \(list: heads.map { .text($0) })"
        let areWhole = heads.allSatisfy { $0.unicodeScalars.count < indexedCharacters }
        return areWhole ? head : "\(head) AND \(test)"
    }

    private func dataset(_ column: String, _ condition: Filter.Comparison) -> RunPredicate {
        let test = comparison.text(column, condition.relation, condition.value)
        return .leaf(
            .row(
                RunLeaf.RowCondition(
                    table: "run_dataset x JOIN dataset d ON d.id = x.dataset",
                    ofRun: test,
                    ofAll: test,
                    experimentAlias: "d",
                    isIndexed: false
                )
            )
        )
    }

    /// A free word finds whatever contains it, `%` and `_` as they stand.
    private func word(_ word: String) -> RunPredicate {
        let value = comparison.containing("x.value", word)
        let label: SQLText = "\(Self.isLabel) AND \(comparison.containing("x.key", word))"
        // Ids are drawn by lot: a sign or two is in many of them.
        let id = word.unicodeScalars.count > 2 ? ["coalesce(r.foreign_id, '')"] : []
        let columns = (["r.name", "r.notes", "r.purpose"] + id).map { comparison.containing($0, word) }
        let row = { (table: String, test: SQLText) in
            RunPredicate.leaf(.row(RunLeaf.RowCondition(table: table, ofRun: test, ofAll: test, isIndexed: false)))
        }
        return .any([
            .leaf(.run(SQLText.joined(columns, " OR "))), row("run_tag x", "(\(value) OR \(label))"),
            row("run_param x", value),
        ])
    }

    // MARK: Attributes

    private func attribute(_ attribute: SearchAttribute, _ condition: Filter.Comparison) -> RunPredicate {
        let (relation, value) = (condition.relation, condition.value)
        guard let column = Self.column(of: attribute) else { return .never }
        switch attribute {
        case .status:
            let names = RunStatus.allCases.map { ($0.rawValue, $0.stored) }
            return .leaf(.run(comparison.status(column, relation, value, names: names)))
        case .experimentID:
            return .leaf(.run(comparison.integer(column, relation, Self.numbers(value))))
        case .startedAt, .endedAt, .createdAt, .updatedAt, .duration, .heartbeatAt:
            let test = comparison.integer(column, relation, value)
            return .leaf(.run("\(code: column) IS NOT NULL AND \(test)"))
        case .notes, .purpose:
            // Nothing written is as good as nothing there.
            return .leaf(.run("\(code: column) <> '' AND \(comparison.text(column, relation, value))"))
        case .user where relation == .isNotNull: return .leaf(.run("\(code: column) <> ''"))
        default: return .leaf(.run(comparison.text(column, relation, value)))
        }
    }

    /// The column or expression of the row `r`; `nil` for what runs do not have.
    static func column(of attribute: SearchAttribute) -> String? {
        switch attribute {
        case .id: "r.id"
        case .name: "r.name"
        case .status: "r.status"
        case .user: "r.user_name"
        case .artifactURI:
            "((SELECT e.artifact_location FROM experiment e WHERE e.id = r.experiment) || '/' || r.id || '/artifacts')"
        case .startedAt: "r.started_at"
        case .endedAt: "r.ended_at"
        case .createdAt: "r.created_at"
        case .updatedAt: "r.updated_at"
        case .experimentID: "r.experiment"
        case .purpose: "r.purpose"
        case .notes: "r.notes"
        case .duration: "(r.ended_at - r.started_at)"
        case .heartbeatAt: "r.heartbeat_at"
        case .foreignID: "coalesce(r.foreign_id, r.id)"
        case .modelType, .sourceRunID, .versionNumber, .source: nil
        }
    }

    /// Experiment numbers that were written as texts.
    static func numbers(_ value: Filter.Value) -> Filter.Value {
        switch value {
        case .text(let text): Int64(text).map { .integer($0) } ?? .number(.nan)
        case .texts(let texts): .numbers(texts.compactMap { Int64($0) }.map { Double($0) })
        default: value
        }
    }
}
