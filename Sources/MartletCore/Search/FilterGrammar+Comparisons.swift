/// Operators, and the values that each kind of field takes.
extension FilterGrammar {
    private enum Operator {
        case relation(Filter.Relation)
        /// `NOT LIKE`, `NOT ILIKE`.
        case negated(Filter.Relation)
        case unknown
    }

    /// Whether a comparison goes on at `index`.
    func isOperator(at index: Int) -> Bool { readOperator(at: index) != nil }

    /// The operator at `index` and how many tokens it takes.
    private func readOperator(at index: Int) -> (Operator, count: Int)? {
        guard index < tokens.count else { return nil }
        let token = tokens[index]
        func next(_ count: Int) -> FilterToken? { index + count < tokens.count ? tokens[index + count] : nil }
        if token.kind == .comparison {
            switch token.text {
            case "==" where vocabulary.syntax == .martlet: return (.relation(.equal), 1)
            case "~" where vocabulary.syntax == .martlet: return (.relation(.matches), 1)
            case "<>" where vocabulary.syntax == .martlet: return (.relation(.notEqual), 1)
            default: return (Filter.Relation(rawValue: token.text).map { .relation($0) } ?? .unknown, 1)
            }
        }
        guard token.kind == .name else { return nil }
        switch token.text.uppercased() {
        case "EXISTS" where vocabulary.syntax == .martlet && isField(endingAt: index): return (.relation(.isNotNull), 1)
        case "LIKE" where isValue(next(1)): return (.relation(.like), 1)
        case "ILIKE" where isValue(next(1)): return (.relation(.ilike), 1)
        case "RLIKE" where isValue(next(1)), "REGEXP" where isValue(next(1)): return (.unknown, 1)
        case "IN" where next(1)?.kind == .open: return (.relation(.among), 1)
        case "IS":
            if next(1)?.isKeyword("NULL") == true { return (.relation(.isNull), 2) }
            guard next(1)?.isKeyword("NOT") == true, next(2)?.isKeyword("NULL") == true else { return nil }
            return (.relation(.isNotNull), 3)
        case "NOT":
            if next(1)?.isKeyword("IN") == true, next(2)?.kind == .open { return (.relation(.notAmong), 2) }
            guard isValue(next(2)) else { return nil }
            if next(1)?.isKeyword("LIKE") == true { return (.negated(.like), 2) }
            return next(1)?.isKeyword("ILIKE") == true ? (.negated(.ilike), 2) : nil
        default: return nil
        }
    }

    /// Whether what stands before `index` names something that may exist or not; else `exists` is a word like others.
    private func isField(endingAt index: Int) -> Bool {
        guard index > 0 else { return false }
        let token = tokens[index - 1]
        if token.kind == .close { return index >= 4 && statistic(at: index - 4) != nil }
        guard token.kind == .name else { return false }
        return vocabulary.isPath(token.text) || vocabulary.attribute(named: token.text) != nil
    }

    private func isValue(_ token: FilterToken?) -> Bool {
        switch token?.kind {
        case .name, .string, .open: true
        default: false
        }
    }

    /// The rest of a comparison whose field is read.
    mutating func comparison(of field: SearchField, name: String) throws(MartletError) -> Filter {
        guard let (written, count) = readOperator(at: index) else { throw Self.invalid(name) }
        let spelling = tokens[index..<index + count].map { $0.text.uppercased() }.joined(separator: " ")
        index += count
        switch written {
        case .relation(let relation):
            return stalled(try comparison(of: field, name: name, relation))
        case .negated(let relation) where vocabulary.syntax == .martlet:
            let like = try comparison(of: field, name: name, relation)
            let exists = Filter.Comparison(field: field, relation: .isNotNull, value: .none)
            return .all([.comparison(exists), .not(.comparison(like))])
        case .negated, .unknown:
            throw Self.comparator(spelling, notOneOf: Set(relations(of: field).map(\.rawValue)))
        }
    }

    private mutating func comparison(
        of field: SearchField,
        name: String,
        _ relation: Filter.Relation
    ) throws(MartletError) -> Filter.Comparison {
        let value: Filter.Value
        switch relation {
        case .isNull, .isNotNull:
            value = .none
            try checkNull(field, name: name)
        case .among, .notAmong: value = try list(for: field, name: name)
        default:
            guard let token = current else { throw Self.invalid("\(name) \(relation.rawValue)") }
            value =
                if Self.ranks.contains(relation), let number = try rank(token, for: field, name: name) {
                    .number(number)
                } else {
                    try self.value(token, for: field, name: name, isPattern: Self.patterns.contains(relation))
                }
            index += 1
            if relation == .matches, case .text(let pattern) = value { _ = try TextPattern(pattern) }
        }
        let allowed = relations(of: field)
        guard allowed.contains(relation) else {
            throw Self.comparator(relation.rawValue, notOneOf: Set(allowed.map(\.rawValue)))
        }
        return Filter.Comparison(field: field, relation: relation, value: value)
    }

    private static let patterns: Set<Filter.Relation> = [.like, .ilike, .matches]
    private static let ranks: [Filter.Relation] = [.greater, .greaterOrEqual, .less, .lessOrEqual]

    /// The number with which a text is compared by its size; `nil` for fields that are no texts, and in MLflow's syntax.
    private func rank(_ token: FilterToken, for field: SearchField, name: String) throws(MartletError) -> Double? {
        guard vocabulary.syntax == .martlet else { return nil }
        switch field {
        case .param where vocabulary.subject == .runs, .summary: break
        default: return nil
        }
        guard let number = number(token) else {
            throw MartletError(.invalidArgument, "'\(name)' is compared by its size with a number, not \(token.text)")
        }
        return number
    }

    private func checkNull(_ field: SearchField, name: String) throws(MartletError) {
        guard vocabulary.syntax == .mlflow else { return }
        let path = name.utf8.firstIndex(of: UInt8(ascii: ".")).map { String(name[..<$0]) } ?? "attribute"
        let entity = SearchVocabulary.entities[path] ?? .attribute
        switch (vocabulary.subject, entity) {
        case (.runs, .tag), (.runs, .parameter), (.experiments, .tag): return
        case (.runs, _):
            throw MartletError(
                .invalidArgument,
                "IS NULL / IS NOT NULL is only supported for tags and params, not for '\(name)'"
            )
        case (.experiments, _):
            throw MartletError(
                .invalidArgument,
                "IS NULL / IS NOT NULL is only supported for tags, not for attribute '\(name)'"
            )
        case (.loggedModels, _), (.registeredModels, _), (.modelVersions, _):
            throw MartletError(
                .invalidArgument,
                "Invalid comparison: \(name) IS NULL. Expected a comparison with 3 tokens."
            )
        }
    }

    /// What a field may be compared by. In MLflow's syntax lists are checked where they are read.
    private func relations(of field: SearchField) -> [Filter.Relation] {
        let isWide = vocabulary.syntax == .martlet
        let null: [Filter.Relation] = [.isNull, .isNotNull]
        let texts: [Filter.Relation] =
            [.notEqual, .equal, .like, .ilike, .among, .notAmong] + (isWide ? [.matches] : [])
        let numbers = Self.ranks + [.notEqual, .equal]
        switch field {
        case .metric:
            return isWide ? numbers + [.among, .notAmong] + null : numbers
        case .summary: return texts + Self.ranks + null
        case .param where isWide && vocabulary.subject == .runs: return texts + Self.ranks + null
        case .attribute(let attribute) where SearchVocabulary.numeric.contains(attribute):
            return isWide ? numbers + [.among, .notAmong] + null : numbers
        case .attribute(.experimentID) where vocabulary.subject == .experiments:
            return [.equal, .notEqual, .among, .notAmong]
        case .param, .tag, .label, .paramGroup, .attribute: return texts + null
        case .datasetName, .datasetDigest, .datasetContext: return texts + (isWide ? null : [])
        }
    }

    private static func comparator(_ written: String, notOneOf names: Set<String>) -> MartletError {
        MartletError(
            .invalidArgument,
            "Invalid comparator '\(written)' not one of '\(SearchVocabulary.pythonSet(Array(names)))'"
        )
    }
}
