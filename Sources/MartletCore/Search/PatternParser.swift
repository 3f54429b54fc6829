/// Reads a `TextPattern`, by recursive descent.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0
    private static let deepest = 32
    /// As in PostgreSQL.
    private static let mostRepetitions = 255

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// - Throws: `invalidArgument`.
    static func parse(_ text: String) throws(MartletError) -> PatternNode {
        var parser = PatternParser(text)
        let node = try parser.choice()
        if parser.current != nil { throw parser.wrong("a ')' without its '('") }
        return node
    }

    private var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        index += 1
        return true
    }

    private func wrong(_ what: String) -> MartletError {
        let text = String(String.UnicodeScalarView(scalars))
        return MartletError(.invalidArgument, "The pattern '\(text)' is wrong at character \(index + 1): \(what)")
    }

    private mutating func choice() throws(MartletError) -> PatternNode {
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(MartletError) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = current, scalar != "|", scalar != ")" { parts.append(try repeated()) }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repeated() throws(MartletError) -> PatternNode {
        let start = index
        let part = try atom()
        guard let (least, most) = try quantifier() else { return part }
        switch part {
        case .start, .end:
            index = start
            throw wrong("an end of the text cannot be repeated")
        default: break
        }
        // Whether few or many are preferred makes no difference to whether there is a match.
        _ = take("?")
        if try quantifier() != nil { throw wrong("one repetition follows another; put parentheses between them") }
        return .repetition(part, least: least, most: most)
    }

    /// How often what stands before may come; `nil` where no such thing is said.
    private mutating func quantifier() throws(MartletError) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard current == "{", index + 1 < scalars.count, ("0"..."9").contains(scalars[index + 1]) else { return nil }
        index += 1
        let least = try number()
        var most: Int? = least
        if take(",") { most = current == "}" ? nil : try number() }
        guard take("}") else { throw wrong("'{' lacks its '}'") }
        if let most, most < least { throw wrong("the repetition ends before it begins") }
        return (least, most)
    }

    private mutating func number() throws(MartletError) -> Int {
        var value = 0
        var digits = 0
        while let scalar = current, ("0"..."9").contains(scalar) {
            value = value * 10 + Int(scalar.value) - 48
            guard value <= Self.mostRepetitions else { throw wrong("at most \(Self.mostRepetitions) repetitions") }
            digits += 1
            index += 1
        }
        guard digits > 0 else { throw wrong("a number is missing") }
        return value
    }

    private mutating func atom() throws(MartletError) -> PatternNode {
        guard let scalar = current else { throw wrong("it ends too soon") }
        switch scalar {
        case "(": return try group()
        case "[": return .set(try brackets())
        case "\\": return .set(try escape())
        case "*", "+", "?": throw wrong("'\(scalar)' has nothing before it to repeat")
        default: break
        }
        index += 1
        switch scalar {
        case ".": return .set(.all)
        case "^": return .start
        case "$": return .end
        default: return .set(PatternSet(ranges: [scalar.value...scalar.value]))
        }
    }

    private mutating func group() throws(MartletError) -> PatternNode {
        index += 1
        if take("?"), !take(":") { throw wrong("'(?' is not known; only '(?:' is") }
        depth += 1
        guard depth <= Self.deepest else { throw wrong("nested deeper than \(Self.deepest) levels") }
        let inner = try choice()
        depth -= 1
        guard take(")") else { throw wrong("'(' lacks its ')'") }
        return inner
    }

    /// `\d` and the like, or a character that would mean something without its backslash.
    private mutating func escape() throws(MartletError) -> PatternSet {
        index += 1
        guard let scalar = current else { throw wrong("nothing follows the backslash") }
        let set: PatternSet? =
            switch scalar {
            case "d": PatternSet(ranges: PatternSet.digits)
            case "D": PatternSet(ranges: PatternSet.digits, isNegated: true)
            case "w": PatternSet(ranges: PatternSet.wordCharacters)
            case "W": PatternSet(ranges: PatternSet.wordCharacters, isNegated: true)
            case "s": PatternSet(ranges: PatternSet.spaces)
            case "S": PatternSet(ranges: PatternSet.spaces, isNegated: true)
            case "t": PatternSet(ranges: [9...9])
            case "n": PatternSet(ranges: [10...10])
            default: nil
            }
        let isName = ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
        guard set != nil || !isName else { throw wrong("'\\\(scalar)' is not known") }
        index += 1
        return set ?? PatternSet(ranges: [scalar.value...scalar.value])
    }

    private mutating func brackets() throws(MartletError) -> PatternSet {
        index += 1
        var set = PatternSet(ranges: [], isNegated: take("^"))
        var isFirst = true
        while isFirst || current != "]" {
            isFirst = false
            let low = try member()
            let isRange = current == "-" && index + 1 < scalars.count && scalars[index + 1] != "]"
            guard isRange else {
                set.ranges += low.isNegated ? PatternSet.opposite(of: low.ranges) : low.ranges
                continue
            }
            index += 1
            let high = try member()
            guard let from = low.only, let to = high.only, from <= to else {
                throw wrong("the range in the brackets has no two ends in order")
            }
            set.ranges.append(from...to)
        }
        index += 1
        return set
    }

    private mutating func member() throws(MartletError) -> PatternSet {
        guard let scalar = current else { throw wrong("'[' lacks its ']'") }
        if scalar == "\\" { return try escape() }
        // `[:alpha:]` and its like differ from engine to engine.
        if scalar == "[", index + 1 < scalars.count, [":", ".", "="].contains(scalars[index + 1]) {
            throw wrong("'[\(scalars[index + 1])' is not known; write the characters")
        }
        index += 1
        return PatternSet(ranges: [scalar.value...scalar.value])
    }
}

extension PatternSet {
    /// The one character that it is.
    fileprivate var only: UInt32? {
        guard !isNegated, ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }
}
