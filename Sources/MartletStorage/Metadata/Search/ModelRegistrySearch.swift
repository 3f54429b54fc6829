import MartletCore

/// Answers searches in a registry.
enum ModelRegistrySearch {
    /// `artifact_collection.id` of registered models, in order.
    static func models(
        _ request: SearchModelRegistry,
        in registry: Experiment.ID,
        on connection: any SQLConnection
    ) throws -> Page<Int64> {
        let compiler = ModelRegistryCondition(
            columns: modelColumns,
            tagOwner: "'collection:' || c.id",
            comparison: SQLComparison(dialect: connection.dialect)
        )
        let sql: SQLText = """
            SELECT c.id FROM artifact_collection c
            WHERE c.experiment = \(value: .integer(registry.number)) AND \(try compiler.sql(request.filter))
            ORDER BY \(code: try order(request.order, modelColumns, ends: ["c.name ASC"]))
            LIMIT \(value: .integer(request.limit + 1)) OFFSET \(value: .integer(request.offset))
            """
        return page(try connection.rows(sql) { $0.integer(0) }, request.limit)
    }

    static func versions(
        _ request: SearchModelRegistry,
        in registry: Experiment.ID,
        on connection: any SQLConnection
    ) throws -> Page<VersionRows.Membership> {
        let compiler = ModelRegistryCondition(
            columns: versionColumns,
            tagOwner: "'version:' || m.version",
            comparison: SQLComparison(dialect: connection.dialect)
        )
        let ends = ["c.name ASC", "m.number DESC"]
        let sql: SQLText = """
            SELECT \(code: VersionRows.membershipColumns) FROM artifact_collection c
            JOIN artifact_membership m ON m.collection = c.id JOIN artifact_version v ON v.id = m.version
            LEFT JOIN model_version d ON d.collection = m.collection AND d.number = m.number
            WHERE c.experiment = \(value: .integer(registry.number)) AND \(try compiler.sql(request.filter))
            ORDER BY \(code: try order(request.order, versionColumns, ends: ends))
            LIMIT \(value: .integer(request.limit + 1)) OFFSET \(value: .integer(request.offset))
            """
        return page(try connection.rows(sql, VersionRows.membership), request.limit)
    }

    private static func page<Item>(_ items: [Item], _ limit: Int) -> Page<Item> {
        Page(items: Array(items.prefix(limit)), hasMore: items.count > limit)
    }

    private static let modelColumns: [SearchAttribute: String] = [
        .name: "c.name", .createdAt: "c.created_at", .updatedAt: "c.updated_at",
    ]
    private static let versionColumns: [SearchAttribute: String] = [
        .name: "c.name", .versionNumber: "m.number", .sourceRunID: "coalesce(v.run_id, d.run_id, '')",
        .source: "coalesce(d.source, '')",
        .createdAt: "m.created_at", .updatedAt: "v.updated_at",
    ]

    private static func order(
        _ order: [SearchOrder],
        _ columns: [SearchAttribute: String],
        ends: [String]
    ) throws -> String {
        var keys: [String] = []
        for key in order {
            guard case .attribute(let attribute) = key.field, let column = columns[attribute] else {
                throw MartletError(.invalidArgument, "registered models are ordered by their attributes only")
            }
            keys.append("\(column) \(key.descending ? "DESC" : "ASC")")
        }
        for end in ends where !keys.contains(where: { $0.prefix { $0 != " " } == end.prefix { $0 != " " } }) {
            keys.append(end)
        }
        return keys.joined(separator: ", ")
    }
}

/// Conditions on registered models or their versions.
private struct ModelRegistryCondition {
    let columns: [SearchAttribute: String]
    /// `model_tag.owner` of what a row is about.
    let tagOwner: String
    let comparison: SQLComparison

    func sql(_ filter: Filter?) throws -> SQLText {
        switch filter {
        case nil: return "1 = 1"
        case .all(let parts): return parts.isEmpty ? "1 = 1" : "(\(SQLText.joined(try parts.map(sql), " AND ")))"
        case .any(let parts): return parts.isEmpty ? "1 = 0" : "(\(SQLText.joined(try parts.map(sql), " OR ")))"
        case .not(let part): return "NOT (\(try sql(part)))"
        case .word(let word):
            return "(\(comparison.containing("c.name", word)) OR \(comparison.containing("c.description", word)))"
        case .comparison(let condition): return try sql(condition)
        }
    }

    private func sql(_ condition: Filter.Comparison) throws -> SQLText {
        switch condition.field {
        case .tag(let key):
            let isNull = condition.relation == .isNull
            let relation: Filter.Relation = isNull ? .isNotNull : condition.relation
            let exists: SQLText = """
                EXISTS (SELECT 1 FROM model_tag x WHERE x.owner = \(code: tagOwner) AND x.key = \(value: .text(key))
                AND \(comparison.text("x.value", relation, condition.value)))
                """
            return isNull ? "NOT \(exists)" : exists
        case .attribute(let attribute):
            guard let column = columns[attribute] else { return "1 = 0" }
            switch attribute {
            case .versionNumber, .createdAt, .updatedAt:
                return comparison.integer(column, condition.relation, condition.value)
            default: return comparison.text(column, condition.relation, condition.value)
            }
        default:
            throw MartletError(.invalidArgument, "registered models are searched by their attributes and tags only")
        }
    }
}
