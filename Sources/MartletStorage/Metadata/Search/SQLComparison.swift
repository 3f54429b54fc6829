import MartletCore

/// Comparisons of one column with a value, two-valued: NULL never satisfies one.
struct SQLComparison {
    let dialect: SQLDialect

    /// A text column that is never NULL, or any expression whose NULL may count as "no" in an `EXISTS`.
    /// With a number the text counts as one: a text that is none is neither equal nor less nor greater.
    func text(_ column: String, _ relation: Filter.Relation, _ value: Filter.Value) -> SQLText {
        switch (relation, value) {
        case (.equal, .text(let text)): "\(code: column) = \(value: .text(text))"
        case (.notEqual, .text(let text)): "\(code: column) <> \(value: .text(text))"
        case (.like, .text(let text)): "\(code: dialect.like(column, "?"), values: [.text(text)])"
        case (.ilike, .text(let text)): "\(code: dialect.ilike(column, "?"), values: [.text(text)])"
        case (.matches, .text(let text)): matching(column, text)
        case (.among, .texts(let texts)): "\(code: column) IN \(list: texts.map { .text($0) })"
        case (.notAmong, .texts(let texts)): "\(code: column) NOT IN \(list: texts.map { .text($0) })"
        case (.equal, .number), (.less, .number), (.lessOrEqual, .number), (.greater, .number),
            (.greaterOrEqual, .number):
            real(dialect.number(column), relation, value)
        case (.less, .text(let text)), (.lessOrEqual, .text(let text)), (.greater, .text(let text)),
            (.greaterOrEqual, .text(let text)):
            // By the bytes of UTF-8, in both engines.
            "\(code: column) \(code: sign(relation) ?? "=") \(value: .text(text))"
        case (.isNotNull, _): "\(code: column) IS NOT NULL"
        case (.isNull, _): "\(code: column) IS NULL"
        default: "1 = 0"
        }
    }

    /// A text column in which a pattern is found. The parser has refused what is none.
    private func matching(_ column: String, _ text: String) -> SQLText {
        guard let pattern = try? TextPattern(text) else { return "1 = 0" }
        return "\(code: dialect.matching(column, "?"), values: [.text(dialect == .sqlite ? text : pattern.posix)])"
    }

    /// A text column that contains a word as it stands, whatever the case.
    func containing(_ column: String, _ word: String) -> SQLText {
        guard word.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "_") }) else {
            return text(column, .ilike, .text("%\(word)%"))
        }
        // Patterns have no escape: on both sides the wildcards become characters that match only themselves.
        let plain = "replace(replace(\(column), '%', '\u{1}'), '_', '\u{2}')"
        let literal = word.replacing("%", with: "\u{1}").replacing("_", with: "\u{2}")
        return text(plain, .ilike, .text("%\(literal)%"))
    }

    /// A column of 64-bit floating point numbers.
    func real(_ column: String, _ relation: Filter.Relation, _ value: Filter.Value) -> SQLText {
        switch value {
        case .number(let number):
            guard let sign = sign(relation) else { return "1 = 0" }
            return "\(code: column) \(code: sign) \(value: .real(number))"
        case .integer(let integer): return real(column, relation, .number(Double(integer)))
        case .numbers(let numbers):
            let list = numbers.map { SQLValue.real($0) }
            if relation == .among { return "\(code: column) IN \(list: list)" }
            return relation == .notAmong ? "\(code: column) NOT IN \(list: list)" : "1 = 0"
        default: return relation == .isNull ? "\(code: column) IS NULL" : "\(code: column) IS NOT NULL"
        }
    }

    /// A column of 64-bit integers; fractions are compared by the integers beside them, so that indexes serve.
    func integer(_ column: String, _ relation: Filter.Relation, _ value: Filter.Value) -> SQLText {
        switch value {
        case .integer(let integer):
            guard let sign = sign(relation) else { return "1 = 0" }
            return "\(code: column) \(code: sign) \(value: .integer(integer))"
        case .number(let number): return integer(column, relation, fraction: number)
        case .numbers(let numbers):
            let list = numbers.compactMap { Int64(exactly: $0) }.map { SQLValue.integer($0) }
            if relation == .among { return list.isEmpty ? "1 = 0" : "\(code: column) IN \(list: list)" }
            return list.isEmpty ? "\(code: column) IS NOT NULL" : "\(code: column) NOT IN \(list: list)"
        default: return relation == .isNull ? "\(code: column) IS NULL" : "\(code: column) IS NOT NULL"
        }
    }

    private func integer(_ column: String, _ relation: Filter.Relation, fraction number: Double) -> SQLText {
        if let exact = Int64(exactly: number) { return integer(column, relation, .integer(exact)) }
        if number.isNaN { return relation == .notEqual ? "\(code: column) IS NOT NULL" : "1 = 0" }
        let isBelow: Bool
        switch relation {
        case .equal: return "1 = 0"
        case .notEqual: return "\(code: column) IS NOT NULL"
        case .less, .lessOrEqual: isBelow = true
        default: isBelow = false
        }
        // Beyond 64 bits everything or nothing satisfies it.
        guard number.magnitude < 9.2e18 else {
            return (number > 0) == isBelow ? "\(code: column) IS NOT NULL" : "1 = 0"
        }
        let floor = Int64(number.rounded(.down))
        return isBelow
            ? "\(code: column) <= \(value: .integer(floor))" : "\(code: column) > \(value: .integer(floor))"
    }

    private func sign(_ relation: Filter.Relation) -> String? {
        switch relation {
        case .equal: "="
        case .notEqual: "<>"
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        default: nil
        }
    }

    /// A status column: the numbers of those whose names satisfy it, as MLflow and as Martlet spell them.
    func status(
        _ column: String,
        _ relation: Filter.Relation,
        _ value: Filter.Value,
        names: [(name: String, stored: Int64)]
    ) -> SQLText {
        let matching = names.filter { Self.status($0.name, relation, value) }.map { SQLValue.integer($0.stored) }
        return matching.isEmpty ? "1 = 0" : "\(code: column) IN \(list: matching)"
    }

    private static func status(_ name: String, _ relation: Filter.Relation, _ value: Filter.Value) -> Bool {
        switch (relation, value) {
        case (.equal, .text(let text)): name == text
        case (.notEqual, .text(let text)): name != text
        case (.like, .text(let text)):
            LikePattern.matches(name.uppercased(), pattern: text, ignoresCase: false)
                || LikePattern.matches(name, pattern: text, ignoresCase: false)
        case (.ilike, .text(let text)): LikePattern.matches(name, pattern: text, ignoresCase: true)
        case (.matches, .text(let text)): (try? TextPattern(text))?.isFound(in: name) == true
        case (.among, .texts(let texts)): texts.contains(name)
        case (.notAmong, .texts(let texts)): !texts.contains(name)
        default: relation == .isNotNull
        }
    }
}
