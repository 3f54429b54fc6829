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
///
/// The plan is chosen here and not left to the engine's statistics: a condition that few rows of an index satisfy
/// drives the search; else an order by one metric walks that metric's index until the window is full; else the runs
/// of the experiments are tested one by one.
enum RunSearch {
    /// Rows up to which a condition drives the search.
    private static let fewRows = 2_000

    static func numbers(_ request: SearchRuns, on connection: any SQLConnection) throws -> RunMatches {
        try requireDistinct(request.order)
        guard let scope = try SearchScope(request.experiments, request.view) else {
            return RunMatches(numbers: [], hasMore: false, total: 0)
        }
        let compiler = RunCompiler(scope: scope, connection: connection)
        let request = try compiler.withoutEmptySummaries(request)
        let predicate = try compiler.predicate(request.filter)
        if case .never = predicate { return RunMatches(numbers: [], hasMore: false, total: 0) }
        let source = try source(of: predicate, in: scope, on: connection)
        let condition: SQLText = "\(scope.run("r")) AND \(predicate.condition)"
        var numbers: [Int64]
        if source.text == allRuns, let walk = try MetricWalk(request, scope, compiler) {
            numbers = try walk.numbers(where: condition, count: request.offset + request.limit + 1, on: connection)
            numbers.removeFirst(min(request.offset, numbers.count))
        } else {
            numbers = try sorted(request, from: source, where: condition, compiler)
        }
        let hasMore = numbers.count > request.limit
        if hasMore { numbers.removeLast() }
        var total: Int?
        if request.wantsTotal {
            let count: SQLText = "SELECT count(*) FROM \(source) WHERE \(condition)"
            total = try connection.first(count) { Int($0.integer(0)) } ?? 0
        }
        return RunMatches(numbers: numbers, hasMore: hasMore, total: total)
    }

    private static let allRuns = "run r"

    /// What stands behind `FROM`: the few runs that one condition leaves, else all.
    static func source(
        of predicate: RunPredicate,
        in scope: SearchScope,
        on connection: any SQLConnection
    ) throws -> SQLText {
        var best: (count: Int, leaf: RunLeaf)?
        for case .leaf(let leaf) in predicate.conjuncts {
            guard case .row(let row) = leaf, row.isIndexed else { continue }
            let probe: SQLText = """
                SELECT count(*) FROM (SELECT 1 FROM \(code: row.table)
                WHERE \(scope.experiment(row.experimentAlias)) AND \(row.ofAll)
                LIMIT \(value: .integer(fewRows + 1))) few
                """
            let count = try connection.first(probe) { Int($0.integer(0)) } ?? 0
            if count <= best?.count ?? fewRows { best = (count, leaf) }
        }
        guard let best else { return "\(code: allRuns)" }
        return """
            (\(best.leaf.runs(in: scope))) few \(code: connection.dialect.orderedJoin) run r ON r.number = few.run
            """
    }

    private static func sorted(
        _ request: SearchRuns,
        from source: SQLText,
        where condition: SQLText,
        _ compiler: RunCompiler
    ) throws -> [Int64] {
        var order = RunOrdering(dialect: compiler.connection.dialect)
        for (index, key) in request.order.enumerated() { try order.add(key, index, compiler) }
        order.addTieBreak(request.order)
        let window: SQLText = """
            SELECT r.number FROM \(source)\(order.joins) WHERE \(condition) ORDER BY \(order.keys)
            LIMIT \(value: .integer(request.limit + 1)) OFFSET \(value: .integer(request.offset))
            """
        return try compiler.connection.rows(window) { $0.integer(0) }
    }

    static func requireDistinct(_ order: [SearchOrder]) throws {
        guard Set(order.map(\.field)).count == order.count else {
            throw MartletError(.invalidArgument, "`order_by` contains duplicate fields: name each field once")
        }
    }
}
