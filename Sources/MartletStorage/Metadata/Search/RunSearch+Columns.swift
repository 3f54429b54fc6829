import MartletCore

extension RunSearch {
    /// What the matching runs have in common and where they differ; `limit` keys of each kind, most used first.
    static func columns(of request: SearchRuns, limit: Int, on connection: any SQLConnection) throws -> RunColumns {
        guard let scope = try SearchScope(request.experiments, request.view) else {
            return RunColumns(total: 0, params: [], tags: [], metrics: [], summary: [])
        }
        let predicate = try RunCompiler(scope: scope, connection: connection).predicate(request.filter)
        let source = try source(of: predicate, in: scope, on: connection)
        let condition: SQLText = "\(scope.run("r")) AND \(predicate.condition)"
        let count: SQLText = "SELECT count(*) FROM \(source) WHERE \(condition)"
        return RunColumns(
            total: try connection.first(count) { Int($0.integer(0)) } ?? 0,
            params: try columns("run_param", "x.value", source, condition, limit, on: connection),
            tags: try columns("run_tag", "x.value", source, condition, limit, on: connection),
            metrics: try metrics(source, condition, limit, on: connection),
            summary: try columns(
                "summary_value",
                "coalesce(x.text, CAST(x.number AS TEXT))",
                source,
                "\(condition) AND \(code: SummaryRows.hasValue)",
                limit,
                on: connection
            )
        )
    }

    private static func columns(
        _ table: String,
        _ value: String,
        _ source: SQLText,
        _ condition: SQLText,
        _ limit: Int,
        on connection: any SQLConnection
    ) throws -> [RunColumns.Column] {
        let sql: SQLText = """
            SELECT x.key, count(*), count(DISTINCT \(code: value)), min(\(code: value))
            FROM \(source) JOIN \(code: table) x ON x.run = r.number
            WHERE \(condition) GROUP BY x.key ORDER BY count(*) DESC, x.key LIMIT \(value: .integer(limit))
            """
        return try connection.rows(sql) { row in
            let distinct = Int(row.integer(2))
            return RunColumns.Column(
                key: row.text(0),
                runs: Int(row.integer(1)),
                distinct: distinct,
                only: distinct == 1 ? row.text(3) : nil
            )
        }
    }

    private static func metrics(
        _ source: SQLText,
        _ condition: SQLText,
        _ limit: Int,
        on connection: any SQLConnection
    ) throws -> [RunColumns.Metric] {
        let sql: SQLText = """
            SELECT k.name, count(*), min(x.min_value), max(x.max_value)
            FROM \(source) JOIN metric_summary x ON x.run = r.number JOIN metric_key k ON k.id = x.key
            WHERE \(condition) GROUP BY k.name ORDER BY count(*) DESC, k.name LIMIT \(value: .integer(limit))
            """
        return try connection.rows(sql) { row in
            RunColumns.Metric(
                key: row.text(0),
                runs: Int(row.integer(1)),
                min: row.optionalReal(2),
                max: row.optionalReal(3)
            )
        }
    }
}
