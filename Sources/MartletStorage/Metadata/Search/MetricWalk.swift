import MartletCore

/// Runs of one experiment in the order of a metric's latest value, read from its index until there are enough.
///
/// Numbers first, then runs whose value is NaN, then runs without the metric, as MLflow orders them.
struct MetricWalk {
    private let scope: SearchScope
    private let key: Int64
    private let direction: String
    private let tieBreak: String
    private let orderedJoin: String

    /// `nil` when the order is another or spans several experiments.
    init?(_ request: SearchRuns, _ scope: SearchScope, _ compiler: RunCompiler) throws {
        guard request.order.count == 1, scope.experiments.count == 1,
            case .metric(let name, .last) = request.order[0].field, let key = try compiler.metricKey(name)
        else { return nil }
        self.scope = scope
        self.key = key
        direction = request.order[0].descending ? "DESC" : "ASC"
        tieBreak = RunOrdering.newestFirst(compiler.connection.dialect)
        orderedJoin = compiler.connection.dialect.orderedJoin
    }

    /// At most `count` runs that satisfy the condition on `r`.
    func numbers(where condition: SQLText, count: Int, on connection: any SQLConnection) throws -> [Int64] {
        var numbers = try ranked(where: condition, count: count, on: connection)
        let rows: SQLText = """
            metric_summary x \(code: orderedJoin) run r ON r.number = x.run
            WHERE \(scope.experiment("x")) AND x.key = \(value: .integer(key))
            """
        if numbers.count < count {
            let nans: SQLText = """
                SELECT r.number FROM \(rows) AND x.last_nan = 1 AND \(condition) ORDER BY \(code: tieBreak)
                LIMIT \(value: .integer(count - numbers.count))
                """
            numbers += try connection.rows(nans) { $0.integer(0) }
        }
        if numbers.count < count {
            let missing: SQLText = """
                SELECT r.number FROM run r WHERE \(condition) AND NOT EXISTS (
                  SELECT 1 FROM metric_summary x WHERE x.run = r.number AND x.key = \(value: .integer(key)))
                ORDER BY \(code: tieBreak) LIMIT \(value: .integer(count - numbers.count))
                """
            numbers += try connection.rows(missing) { $0.integer(0) }
        }
        return numbers
    }

    private struct Candidate {
        var value: Double
        var number: Int64
        var startedAt: Int64
        var id: String
    }

    /// Runs with a number. Equal values are read to the last, since the index does not hold the order among them.
    private func ranked(where condition: SQLText, count: Int, on connection: any SQLConnection) throws -> [Int64] {
        let walk: SQLText = """
            SELECT x.last_value, r.number, r.started_at, r.id FROM metric_summary x
            \(code: orderedJoin) run r ON r.number = x.run
            WHERE \(scope.experiment("x")) AND x.key = \(value: .integer(key)) AND x.last_nan = 0 AND \(condition)
            ORDER BY x.last_value \(code: direction)
            """
        var found: [Candidate] = []
        try connection.scan(walk) { row in
            let value = row.real(0)
            if found.count >= count, let last = found.last, last.value != value { return false }
            found.append(
                Candidate(
                    value: value,
                    number: row.integer(1),
                    startedAt: row.optionalInteger(2) ?? .min,
                    id: row.text(3)
                )
            )
            return true
        }
        var start = 0
        while start < found.count {
            var end = start + 1
            while end < found.count, found[end].value == found[start].value { end += 1 }
            if end - start > 1 {
                found[start..<end].sort {
                    $0.startedAt == $1.startedAt ? $0.id < $1.id : $0.startedAt > $1.startedAt
                }
            }
            start = end
        }
        return found.prefix(count).map(\.number)
    }
}
