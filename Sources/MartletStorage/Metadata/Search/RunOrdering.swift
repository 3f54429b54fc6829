import MartletCore

/// The `ORDER BY` of a search for runs: numbers, then NaN, then what is missing, whichever the direction.
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
        case .param(let key): addText("run_param", key, alias, direction)
        case .tag(let key): addText("run_tag", key, alias, direction)
        case .attribute(.status): append("\(Self.statusName) \(direction)")
        case .attribute(.startedAt) where order.descending:
            append(dialect == .sqlite ? "r.started_at DESC" : "r.started_at DESC NULLS LAST")
        case .attribute(let attribute):
            guard let column = RunCompiler.column(of: attribute) else { return }
            append("CASE WHEN \(column) IS NULL THEN 1 ELSE 0 END")
            append("\(column) \(direction)")
        case .datasetName, .datasetDigest, .datasetContext:
            throw MartletError(.invalidArgument, "runs cannot be ordered by their datasets")
        }
    }

    /// Statuses sort by their names, as in MLflow, not by the numbers that are stored.
    private static let statusName: String = {
        let names = RunStatus.allCases.map { "WHEN \($0.stored) THEN '\($0.rawValue)'" }
        return "CASE r.status \(names.joined(separator: " ")) END"
    }()

    private mutating func addText(_ table: String, _ key: String, _ alias: String, _ direction: String) {
        joins += """
             LEFT JOIN \(code: table) \(code: alias) ON \(code: alias).run = r.number
             AND \(code: alias).key = \(value: .text(key))
            """
        append("CASE WHEN \(alias).run IS NULL THEN 1 ELSE 0 END")
        append("\(alias).value \(direction)")
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
