import MartletCore

/// The runs of one window.
struct RunMatches {
    /// `run.number`, in order.
    var numbers: [Int64]
    var hasMore: Bool
    /// All that match; `nil` when it was not asked for.
    var total: Int?
}

/// Answers searches for runs.
enum RunSearch {
    static func numbers(_ request: SearchRuns, on connection: any SQLConnection) throws -> RunMatches {
        try requireDistinct(request.order)
        guard let scope = try SearchScope(request.experiments, request.view) else {
            return RunMatches(numbers: [], hasMore: false, total: 0)
        }
        let compiler = RunCompiler(scope: scope, connection: connection)
        let predicate = try compiler.predicate(request.filter)
        var order = RunOrdering()
        for (index, key) in request.order.enumerated() {
            try order.add(key, index, compiler)
        }
        order.addTieBreak(request.order)
        let condition: SQLText = "\(scope.run("r")) AND \(predicate.condition)"
        let window: SQLText = """
            SELECT r.number FROM run r\(order.joins) WHERE \(condition) ORDER BY \(order.keys)
            LIMIT \(value: .integer(request.limit + 1)) OFFSET \(value: .integer(request.offset))
            """
        var numbers = try connection.rows(window) { $0.integer(0) }
        let hasMore = numbers.count > request.limit
        if hasMore { numbers.removeLast() }
        var total: Int?
        if request.wantsTotal {
            let count: SQLText = "SELECT count(*) FROM run r WHERE \(condition)"
            total = try connection.first(count) { Int($0.integer(0)) } ?? 0
        }
        return RunMatches(numbers: numbers, hasMore: hasMore, total: total)
    }

    static func requireDistinct(_ order: [SearchOrder]) throws {
        guard Set(order.map(\.field)).count == order.count else {
            throw MartletError(.invalidArgument, "`order_by` contains duplicate fields: name each field once")
        }
    }
}

/// The `ORDER BY` of a search for runs: numbers, then NaN, then what is missing, whichever the direction.
struct RunOrdering {
    private(set) var joins: SQLText = ""
    private(set) var keys: SQLText = ""
    private var isEmpty = true

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
        case .attribute(let attribute):
            guard let column = RunCompiler.column(of: attribute) else { return }
            append("CASE WHEN \(column) IS NULL THEN 1 ELSE 0 END")
            append("\(column) \(direction)")
        case .datasetName, .datasetDigest, .datasetContext:
            throw MartletError(.invalidArgument, "runs cannot be ordered by their datasets")
        }
    }

    private mutating func addText(_ table: String, _ key: String, _ alias: String, _ direction: String) {
        joins += """
             LEFT JOIN \(code: table) \(code: alias) ON \(code: alias).run = r.number
             AND \(code: alias).key = \(value: .text(key))
            """
        append("CASE WHEN \(alias).run IS NULL THEN 1 ELSE 0 END")
        append("\(alias).value \(direction)")
    }

    /// The newest first, then by id.
    mutating func addTieBreak(_ order: [SearchOrder]) {
        if !order.contains(where: { $0.field == .attribute(.startedAt) }) {
            append("CASE WHEN r.started_at IS NULL THEN 1 ELSE 0 END")
            append("r.started_at DESC")
        }
        append("r.id ASC")
    }

    private mutating func append(_ key: String) {
        if !isEmpty { keys += ", " }
        isEmpty = false
        keys += "\(code: key)"
    }
}
