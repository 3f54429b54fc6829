import MartletCore

/// Answers searches for experiments.
enum ExperimentSearch {
    /// `experiment.id`, in order.
    static func numbers(
        _ request: SearchExperiments,
        on connection: any SQLConnection
    ) throws -> (numbers: [Int64], hasMore: Bool) {
        try RunSearch.requireDistinct(request.order)
        let stage: SQLText =
            switch request.view {
            case .active: "e.stage = 0"
            case .deleted: "e.stage = 1"
            case .all: "e.stage IN (0, 1)"
            }
        let condition = try Self.condition(request.filter, on: connection)
        let sql: SQLText = """
            SELECT e.id FROM experiment e WHERE \(stage) AND \(kind(request)) AND \(scope(request.scope)) AND \(condition)
            ORDER BY \(code: try order(request.order))
            LIMIT \(value: .integer(request.limit + 1)) OFFSET \(value: .integer(request.offset))
            """
        var numbers = try connection.rows(sql) { $0.integer(0) }
        let hasMore = numbers.count > request.limit
        if hasMore { numbers.removeLast() }
        return (numbers, hasMore)
    }

    /// What is in the bin is all shown: it is restored from there.
    private static func kind(_ request: SearchExperiments) -> SQLText {
        let isOfKind: SQLText = "e.is_registry = \(value: .flag(request.ofRegistries))"
        return "(\(isOfKind) OR e.stage = 1)"
    }

    private static func scope(_ scope: ExperimentScope) -> SQLText {
        let workspace: SQLText = "e.workspace = \(value: .integer(scope.workspace.number))"
        return switch scope.choice {
        case .all, .allBut([]): workspace
        case .only([]): "1 = 0"
        case .only(let ids): "\(workspace) AND e.id IN \(list: ids.map { .integer($0.number) })"
        case .allBut(let ids): "\(workspace) AND e.id NOT IN \(list: ids.map { .integer($0.number) })"
        }
    }

    private static func order(_ order: [SearchOrder]) throws -> String {
        if order.isEmpty { return "e.created_at DESC, e.id ASC" }
        var keys: [String] = []
        for key in order {
            guard case .attribute(let attribute) = key.field, let column = column(of: attribute) else {
                throw MartletError(.invalidArgument, "experiments are ordered by their attributes only")
            }
            keys.append("\(column) \(key.descending ? "DESC" : "ASC")")
        }
        if !keys.contains(where: { $0.hasPrefix("e.id ") }) { keys.append("e.id DESC") }
        return keys.joined(separator: ", ")
    }

    private static func column(of attribute: SearchAttribute) -> String? {
        switch attribute {
        case .id, .experimentID: "e.id"
        case .name: "e.name"
        case .createdAt: "e.created_at"
        case .updatedAt: "e.updated_at"
        case .purpose: "e.purpose"
        default: nil
        }
    }

    private static func condition(_ filter: Filter?, on connection: any SQLConnection) throws -> SQLText {
        let comparison = SQLComparison(dialect: connection.dialect)
        switch filter {
        case nil: return "1 = 1"
        case .all(let parts):
            let all = try parts.map { try condition($0, on: connection) }
            return all.isEmpty ? "1 = 1" : "(\(SQLText.joined(all, " AND ")))"
        case .any(let parts):
            let all = try parts.map { try condition($0, on: connection) }
            return all.isEmpty ? "1 = 0" : "(\(SQLText.joined(all, " OR ")))"
        case .not(let part): return "NOT (\(try condition(part, on: connection)))"
        case .word(let word):
            return "(\(comparison.containing("e.name", word)) OR \(comparison.containing("e.purpose", word)))"
        case .comparison(let condition): return try self.condition(condition, comparison)
        }
    }

    private static func condition(
        _ condition: Filter.Comparison,
        _ comparison: SQLComparison
    ) throws -> SQLText {
        switch condition.field {
        case .tag(let key):
            let isNull = condition.relation == .isNull
            let relation: Filter.Relation = isNull ? .isNotNull : condition.relation
            let exists: SQLText = """
                EXISTS (SELECT 1 FROM experiment_tag x WHERE x.experiment = e.id AND x.key = \(value: .text(key))
                AND \(comparison.text("x.value", relation, condition.value)))
                """
            return isNull ? "NOT \(exists)" : exists
        case .attribute(let attribute):
            guard let column = column(of: attribute) else { return "1 = 0" }
            switch attribute {
            case .id, .experimentID:
                return comparison.integer(column, condition.relation, RunCompiler.numbers(condition.value))
            case .createdAt, .updatedAt: return comparison.integer(column, condition.relation, condition.value)
            case .purpose where condition.relation == .isNull: return "e.purpose = ''"
            // Nothing written is as good as nothing there.
            case .purpose: return "e.purpose <> '' AND \(comparison.text(column, condition.relation, condition.value))"
            default: return comparison.text(column, condition.relation, condition.value)
            }
        default:
            throw MartletError(.invalidArgument, "experiments are searched by their attributes and tags only")
        }
    }
}
