/// Reads filters: MLflow's grammar and what Martlet adds to it. See docs/search.md.
package enum FilterParser {
    /// Deepest nesting of parentheses and `NOT`.
    static let deepest = 64
    /// Most conditions and words.
    static let mostConditions = 300

    /// The condition that a text states; `nil` for a blank one, and for one of nothing but `AND`s (as in MLflow).
    ///
    /// `now`, in milliseconds since 1970-01-01 UTC, is what `-7d` counts from; `me` is the user that `user = me` means.
    /// O(length of the text).
    /// - Throws: `invalidArgument` with MLflow's message where MLflow refuses the text too.
    package static func parse(
        _ text: String,
        subject: SearchSubject,
        syntax: SearchSyntax,
        now: Int64 = Environment.live.now(),
        me: String? = nil
    ) throws(MartletError) -> Filter? {
        let tokens = try FilterLexer.tokens(of: text, syntax: syntax)
        if let semicolon = tokens.firstIndex(where: { $0.kind == .semicolon }), semicolon + 1 < tokens.count {
            throw MartletError(
                .invalidArgument,
                "Search filter contained multiple expression '\(text)'. Provide AND-ed expression list."
            )
        }
        var grammar = FilterGrammar(
            tokens: tokens,
            vocabulary: SearchVocabulary(subject: subject, syntax: syntax),
            now: now,
            me: me
        )
        return try grammar.filter()
    }
}

/// One reading of a filter's tokens, by recursive descent.
struct FilterGrammar {
    let tokens: [FilterToken]
    let vocabulary: SearchVocabulary
    let now: Int64
    let me: String?
    var index = 0
    private var depth = 0
    private var conditions = 0

    init(tokens: [FilterToken], vocabulary: SearchVocabulary, now: Int64, me: String? = nil) {
        self.tokens = tokens
        self.vocabulary = vocabulary
        self.now = now
        self.me = me
    }

    var current: FilterToken? { index < tokens.count ? tokens[index] : nil }
    func token(ahead count: Int) -> FilterToken? { index + count < tokens.count ? tokens[index + count] : nil }

    mutating func filter() throws(MartletError) -> Filter? {
        let filter = try disjunction()
        if let rest = current { throw Self.invalid(rest.text) }
        return filter
    }

    private mutating func disjunction() throws(MartletError) -> Filter? {
        guard let first = try conjunction() else {
            if let token = current, token.isKeyword("OR") { throw Self.invalid(token.text) }
            return nil
        }
        var parts = [first]
        while let token = current, token.isKeyword("OR") {
            index += 1
            guard let part = try conjunction() else { throw Self.invalid(token.text) }
            parts.append(part)
        }
        return parts.count == 1 ? first : .any(parts)
    }

    /// Conditions one after another, with or without `AND` between them: MLflow does not insist on it either.
    private mutating func conjunction() throws(MartletError) -> Filter? {
        var parts: [Filter] = []
        while let token = current, token.kind != .close, !token.isKeyword("OR") {
            if token.isKeyword("AND") {
                index += 1
            } else {
                parts.append(try condition())
            }
        }
        return parts.count > 1 ? .all(parts) : parts.first
    }

    private mutating func condition() throws(MartletError) -> Filter {
        guard let token = current else { throw Self.invalid("") }
        if token.kind == .open || (token.isKeyword("NOT") && !isOperator(at: index + 1)) {
            depth += 1
            defer { depth -= 1 }
            guard depth <= FilterParser.deepest else {
                throw MartletError(
                    .invalidArgument,
                    "the filter is nested deeper than \(FilterParser.deepest) levels; simplify it"
                )
            }
            index += 1
            return token.kind == .open ? try group(from: token) : .not(try condition())
        }
        conditions += 1
        guard conditions <= FilterParser.mostConditions else {
            throw MartletError(
                .invalidArgument,
                "the filter has more than \(FilterParser.mostConditions) conditions; simplify it"
            )
        }
        return try comparisonOrWord(token)
    }

    private mutating func group(from open: FilterToken) throws(MartletError) -> Filter {
        guard let inner = try disjunction(), current?.kind == .close else { throw Self.invalid(open.text) }
        index += 1
        return inner
    }

    private mutating func comparisonOrWord(_ token: FilterToken) throws(MartletError) -> Filter {
        if let statistic = statistic(at: index) {
            let field = try function(statistic, name: token.text)
            guard isOperator(at: index) else { throw Self.invalid("\(token.text)(…)") }
            return try comparison(of: field, name: token.text)
        }
        switch token.kind {
        case .name, .string:
            if isOperator(at: index + 1) {
                index += 1
                return try comparison(of: try vocabulary.field(of: token.text), name: token.text)
            }
            return try word(token)
        default:
            throw Self.invalid(token.text)
        }
    }

    private mutating func word(_ token: FilterToken) throws(MartletError) -> Filter {
        guard vocabulary.syntax == .martlet else { throw Self.invalid(token.text) }
        index += 1
        if case .string(let text) = token.kind {
            guard !text.isEmpty else { throw Self.invalid(token.text) }
            return .word(text)
        }
        guard !vocabulary.isPath(token.text), !token.isKeyword("NOT") else {
            throw MartletError(
                .invalidArgument,
                "Invalid clause(s) in filter string: '\(token.text)'; compare it with something, or quote it to look "
                    + "for the words"
            )
        }
        let text = SearchVocabulary.unquoted(token.text)
        guard !text.isEmpty else { throw Self.invalid(token.text) }
        return .word(text)
    }

    // MARK: Functions

    func statistic(at index: Int) -> MetricStatistic? {
        guard index + 1 < tokens.count, tokens[index].kind == .name, tokens[index + 1].kind == .open,
            tokens[index].end == tokens[index + 1].start
        else { return nil }
        return MetricStatistic(rawValue: tokens[index].text.lowercased())
    }

    /// `best(metrics."val/acc")`; inside a function a bare key is that of a metric.
    private mutating func function(
        _ statistic: MetricStatistic,
        name: String
    ) throws(MartletError) -> SearchField {
        guard let argument = token(ahead: 2), token(ahead: 3)?.kind == .close else { throw Self.invalid("\(name)(") }
        index += 4
        // Summaries have no statistics, but metrics may have such names.
        if argument.kind == .name, vocabulary.isPath(argument.text), !argument.text.hasPrefix("summary.") {
            if case .metric(let key, _) = try vocabulary.field(of: argument.text) {
                return .metric(key: key, statistic: statistic)
            }
        } else if argument.kind == .name || argument.text.hasPrefix("\"") || argument.text.hasPrefix("'") {
            let key = SearchVocabulary.unquoted(argument.text)
            let path = "metrics." + (SearchVocabulary.isQuoted(argument.text) ? argument.text : "`\(key)`")
            if case .metric(let key, _) = try vocabulary.field(of: path) {
                return .metric(key: key, statistic: statistic)
            }
        }
        throw MartletError(.invalidArgument, "\(name)() takes a metric, as in \(name)(metrics.loss)")
    }

    /// A whole order clause: a field, then perhaps `ASC` or `DESC`.
    mutating func order(of clause: String) throws(MartletError) -> (SearchField, descending: Bool) {
        guard let token = current else { throw Self.noOrder(clause) }
        let field: SearchField
        if let statistic = statistic(at: index) {
            field = try function(statistic, name: token.text)
        } else {
            switch token.kind {
            case .name, .string: field = try vocabulary.field(of: token.text)
            default: throw Self.noOrder(clause)
            }
            index += 1
        }
        guard let direction = current else { return (field, false) }
        index += 1
        guard index == tokens.count else { throw Self.noOrder(clause) }
        if direction.isKeyword("ASC") { return (field, false) }
        if direction.isKeyword("DESC") { return (field, true) }
        throw MartletError(.invalidArgument, "Invalid ordering key in order_by clause '\(clause)'.")
    }

    static func noOrder(_ clause: String) -> MartletError {
        MartletError(.invalidArgument, "Invalid order_by clause '\(clause)'. Could not be parsed.")
    }

    static func invalid(_ text: String) -> MartletError {
        MartletError(.invalidArgument, "Invalid clause(s) in filter string: '\(text)'")
    }
}
