import MartletCore

/// A filter on runs, ready to be asked: of one run, or for all runs that satisfy it.
indirect enum RunPredicate {
    case always
    case never
    case all([RunPredicate])
    case any([RunPredicate])
    case not(RunPredicate)
    case leaf(RunLeaf)

    static func conjunction(_ parts: [RunPredicate]) -> RunPredicate {
        var kept: [RunPredicate] = []
        for part in parts {
            switch part {
            case .never: return .never
            case .always: continue
            case .all(let inner): kept += inner
            default: kept.append(part)
            }
        }
        return kept.isEmpty ? .always : kept.count == 1 ? kept[0] : .all(kept)
    }

    static func disjunction(_ parts: [RunPredicate]) -> RunPredicate {
        var kept: [RunPredicate] = []
        for part in parts {
            switch part {
            case .always: return .always
            case .never: continue
            case .any(let inner): kept += inner
            default: kept.append(part)
            }
        }
        return kept.isEmpty ? .never : kept.count == 1 ? kept[0] : .any(kept)
    }

    static func negation(_ part: RunPredicate) -> RunPredicate {
        switch part {
        case .always: .never
        case .never: .always
        case .not(let inner): inner
        default: .not(part)
        }
    }

    /// Conditions that must all hold.
    var conjuncts: [RunPredicate] {
        switch self {
        case .all(let parts): parts
        case .always: []
        default: [self]
        }
    }

    /// The predicate over the row `r` of `run`. True or false, never NULL.
    var condition: SQLText {
        switch self {
        case .always: "1 = 1"
        case .never: "1 = 0"
        case .all(let parts): "(\(SQLText.joined(parts.map(\.condition), " AND ")))"
        case .any(let parts): "(\(SQLText.joined(parts.map(\.condition), " OR ")))"
        case .not(let part): "NOT \(part.condition)"
        case .leaf(let leaf): leaf.condition
        }
    }
}

/// One condition on runs.
enum RunLeaf {
    /// On columns of `r`.
    case run(SQLText)
    /// A row of another table, as `x`, with the run's number in its column `run`.
    case row(RowCondition)

    struct RowCondition {
        /// A table with the columns `run` and `experiment`, or a join in which `x` has `run`.
        var table: String
        /// Asked of the rows of one run.
        var ofRun: SQLText
        /// Asked of all rows of the experiments; the same, put so that an index serves.
        var ofAll: SQLText
        /// The alias that has the column `experiment`.
        var experimentAlias = "x"
        /// Whether an index finds the rows that satisfy it, and no others, so that counting a few is cheap.
        var isIndexed: Bool
    }

    var condition: SQLText {
        switch self {
        case .run(let condition): "(\(condition))"
        case .row(let row):
            "EXISTS (SELECT 1 FROM \(code: row.table) WHERE x.run = r.number AND \(row.ofRun))"
        }
    }

    /// The runs that satisfy it, in any stage where that costs less.
    func runs(in scope: SearchScope) -> SQLText {
        switch self {
        case .run(let condition): "SELECT r.number AS run FROM run r WHERE \(scope.run("r")) AND (\(condition))"
        case .row(let row):
            """
            SELECT x.run AS run FROM \(code: row.table)
            WHERE \(scope.experiment(row.experimentAlias)) AND \(row.ofAll)
            """
        }
    }
}
