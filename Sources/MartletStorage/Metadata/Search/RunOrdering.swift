import MartletCore

/// The `ORDER BY` of a search for runs: numbers, then texts, then NaN, then what is missing, whichever the direction.
struct RunOrdering {
    private let dialect: SQLDialect
    private(set) var joins: SQLText = ""
    private(set) var keys: SQLText = ""
    private var isEmpty = true

    init(dialect: SQLDialect) {
        self.dialect = dialect
    }

    /// The newest first, runs without a start last, then by id: the order of the index `run_by_start`.
    static func newestFirst(_ dialect: SQLDialect) -> String {
        // SQLite sorts NULL below every number.
        dialect == .sqlite ? "r.started_at DESC, r.id" : "r.started_at DESC NULLS LAST, r.id"
    }

    mutating func add(_ order: SearchOrder, _ index: Int, _ compiler: RunCompiler) throws {
        let direction = order.descending ? "DESC" : "ASC"
        let alias = "o\(index)"
        switch order.field {
        case .metric(let key, let statistic):
            guard let id = try compiler.metricKey(key) else { return }
            let value = try compiler.expression(statistic, key: key).replacing("x.", with: "\(alias).")
            joins += """
                 LEFT JOIN metric_summary \(code: alias) ON \(code: alias).run = r.number
                 AND \(code: alias).key = \(value: .integer(id))
                """
            append("CASE WHEN \(alias).run IS NULL THEN 2 WHEN \(value) IS NULL THEN 1 ELSE 0 END")
            append("\(value) \(direction)")
        case .summary(let key): addSummary(key, try compiler.metricKey(key), alias, direction)
        case .param(let key): addText("run_param", key, alias, direction, readsNumbers: order.readsNumbers)
        case .tag(let key): addText("run_tag", key, alias, direction, readsNumbers: order.readsNumbers)
        case .attribute(.status): append("\(Self.statusName) \(direction)")
        case .attribute(.startedAt) where order.descending:
            append(dialect == .sqlite ? "r.started_at DESC" : "r.started_at DESC NULLS LAST")
        case .attribute(let attribute):
            guard let column = RunCompiler.column(of: attribute) else { return }
            append("CASE WHEN \(column) IS NULL THEN 1 ELSE 0 END")
            append("\(column) \(direction)")
        case .label, .paramGroup:
            throw MartletError(.invalidArgument, "runs cannot be ordered by keys")
        case .datasetName, .datasetDigest, .datasetContext:
            throw MartletError(.invalidArgument, "runs cannot be ordered by their datasets")
        }
    }

    /// Statuses sort by their names, as in MLflow, not by the numbers that are stored.
    private static let statusName: String = {
        let names = RunStatus.allCases.map { "WHEN \($0.stored) THEN '\($0.rawValue)'" }
        return "CASE r.status \(names.joined(separator: " ")) END"
    }()

    private mutating func addText(
        _ table: String,
        _ key: String,
        _ alias: String,
        _ direction: String,
        readsNumbers: Bool
    ) {
        joins += """
             LEFT JOIN \(code: table) \(code: alias) ON \(code: alias).run = r.number
             AND \(code: alias).key = \(value: .text(key))
            """
        if readsNumbers {
            let number = dialect.number("\(alias).value")
            append("CASE WHEN \(alias).run IS NULL THEN 2 WHEN (\(number)) IS NULL THEN 1 ELSE 0 END")
            append("(\(number)) \(direction)")
        } else {
            append("CASE WHEN \(alias).run IS NULL THEN 1 ELSE 0 END")
        }
        append("\(alias).value \(direction)")
    }

    /// Numbers, texts, NaN, then what is not there.
    private mutating func addSummary(_ key: String, _ metric: Int64?, _ alias: String, _ direction: String) {
        joins += """
             LEFT JOIN summary_value \(code: alias) ON \(code: alias).run = r.number
             AND \(code: alias).key = \(value: .text(key))
            """
        var (number, isNaN) = ("\(alias).number", "")
        if let metric {
            let logged = alias + "m"
            joins += """
                 LEFT JOIN metric_summary \(code: logged) ON \(code: logged).run = r.number
                 AND \(code: logged).key = \(value: .integer(metric))
                """
            number = """
                CASE WHEN \(alias).run IS NOT NULL THEN \(alias).number \
                WHEN \(logged).last_nan = 0 THEN \(logged).last_value END
                """
            isNaN = "WHEN \(alias).run IS NULL AND \(logged).run IS NOT NULL THEN 2 "
        }
        append("CASE WHEN (\(number)) IS NOT NULL THEN 0 WHEN \(alias).text IS NOT NULL THEN 1 \(isNaN)ELSE 3 END")
        append("(\(number)) \(direction)")
        append("\(alias).text \(direction)")
    }

    mutating func addTieBreak(_ order: [SearchOrder]) {
        let isByStart = order.contains { $0.field == .attribute(.startedAt) }
        append(isByStart ? "r.id" : Self.newestFirst(dialect))
    }

    private mutating func append(_ key: String) {
        if !isEmpty { keys += ", " }
        isEmpty = false
        keys += "\(code: key)"
    }
}
