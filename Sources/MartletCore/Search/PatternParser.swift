/// Reads a `TextPattern`, by recursive descent.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0
    /// Whether what follows is found in either case, to the end of the group.
    private var ignoresCase = false
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
        case .start, .end, .boundary:
            index = start
            throw wrong("an end of the text or of a word cannot be repeated")
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
        case "[": return .set(cased(try brackets()))
        case "\\": return try escaped()
        case "*", "+", "?": throw wrong("'\(scalar)' has nothing before it to repeat")
        default: break
        }
        index += 1
        switch scalar {
        case ".": return .set(.all)
        case "^": return .start
        case "$": return .end
        default: return .set(cased(PatternSet(ranges: [scalar.value...scalar.value])))
        }
    }

    private func cased(_ set: PatternSet) -> PatternSet { ignoresCase ? set.inBothCases : set }

    private mutating func group() throws(MartletError) -> PatternNode {
        index += 1
        let outer = ignoresCase
        // `(?i)` is for what follows it in the group around it.
        if take("?"), try !opening() { return .sequence([]) }
        depth += 1
        guard depth <= Self.deepest else { throw wrong("nested deeper than \(Self.deepest) levels") }
        let inner = try choice()
        depth -= 1
        guard take(")") else { throw wrong("'(' lacks its ')'") }
        ignoresCase = outer
        return inner
    }

    /// What follows `(?`: `:`, a name (`P<x>`), or flags.
    /// - Returns: whether a group follows.
    private mutating func opening() throws(MartletError) -> Bool {
        if take(":") { return true }
        let start = index
        _ = take("P")
        if take("<") {
            while let scalar = current, PatternSet(ranges: PatternSet.wordCharacters).contains(scalar.value) {
                index += 1
            }
            if take(">") { return true }
        }
        index = start
        // A dot means every character anyway.
        while take("i") || take("s") { if scalars[index - 1] == "i" { ignoresCase = true } }
        if index > start, take(")") { return false }
        if index > start, take(":") { return true }
        throw wrong("'(?' is followed by ':', a name in '<>', or the flags 'i' and 's'")
    }

    private mutating func escaped() throws(MartletError) -> PatternNode {
        let place: PatternNode? =
            switch index + 1 < scalars.count ? scalars[index + 1] : " " {
            case "A": .start
            case "z": .end
            case "b": .boundary(isNegated: false)
            case "B": .boundary(isNegated: true)
            default: nil
            }
        guard let place else { return .set(cased(try escape())) }
        index += 2
        return place
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
            case "x": try byNumber()
            default: nil
            }
        let isName = ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
        guard set != nil || !isName else { throw wrong("'\\\(scalar)' is not known") }
        index += 1
        return set ?? PatternSet(ranges: [scalar.value...scalar.value])
    }

    /// `\x41` or `\x{1F600}`; the last digit, or the brace, is left to be passed over.
    private mutating func byNumber() throws(MartletError) -> PatternSet {
        let start = index
        index += 1
        let isLong = take("{")
        let first = index
        while let scalar = current, scalar.properties.isASCIIHexDigit, isLong || index < first + 2 { index += 1 }
        let digits = String(String.UnicodeScalarView(scalars[first..<index]))
        guard isLong ? current == "}" : digits.count == 2, let value = UInt32(digits, radix: 16), value > 0,
            Unicode.Scalar(value) != nil
        else {
            index = start
            throw wrong("'\\x' is followed by two hexadecimal digits, or some in braces")
        }
        if !isLong { index -= 1 }
        return PatternSet(ranges: [value...value])
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
        if scalar == "[", index + 1 < scalars.count, [":", ".", "="].contains(scalars[index + 1]) {
            return try named()
        }
        index += 1
        return PatternSet(ranges: [scalar.value...scalar.value])
    }

    /// `[:alpha:]` and its like, of ASCII as in RE2: the engines have their own.
    private mutating func named() throws(MartletError) -> PatternSet {
        let rest = String(String.UnicodeScalarView(scalars[index...].prefix(16)))
        for (name, ranges) in PatternSet.named {
            for isNegated in [false, true] where rest.hasPrefix("[:\(isNegated ? "^" : "")\(name):]") {
                index += name.unicodeScalars.count + (isNegated ? 5 : 4)
                return PatternSet(ranges: ranges, isNegated: isNegated)
            }
        }
        throw wrong("'[\(scalars[index + 1])' is followed by no name that is known; write the characters")
    }
}

extension PatternSet {
    /// Its characters, and those that they are in the other case.
    fileprivate var inBothCases: PatternSet {
        var both = self
        let (small, great): (ClosedRange<UInt32>, ClosedRange<UInt32>) = (97...122, 65...90)
        for range in ranges {
            for (letters, other) in [(small, 65 as UInt32), (great, 97)] where range.overlaps(letters) {
                let part = range.clamped(to: letters)
                let first = other + part.lowerBound - letters.lowerBound
                both.ranges.append(first...(first + part.upperBound - part.lowerBound))
            }
            // Alphabets are shorter.
            guard range.count <= 256 else { continue }
            for value in range where value > 127 {
                guard let properties = Unicode.Scalar(value)?.properties else { continue }
                for mapping in [properties.lowercaseMapping, properties.uppercaseMapping] {
                    guard mapping.unicodeScalars.count == 1, let mapped = mapping.unicodeScalars.first else { continue }
                    if mapped.value != value { both.ranges.append(mapped.value...mapped.value) }
                }
            }
        }
        both.unite()
        return both
    }

    /// Each character once, in as few ranges as there can be: a character is looked for in all of them.
    private mutating func unite() {
        var united: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = united.last, range.lowerBound <= last.upperBound + 1 {
                united[united.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                united.append(range)
            }
        }
        ranges = united
    }

    fileprivate static let named: [(name: String, ranges: [ClosedRange<UInt32>])] = [
        ("alnum", [48...57, 65...90, 97...122]), ("alpha", [65...90, 97...122]), ("ascii", [1...127]),
        ("blank", [9...9, 32...32]), ("cntrl", [1...31, 127...127]), ("digit", digits), ("graph", [33...126]),
        ("lower", [97...122]), ("print", [32...126]), ("punct", [33...47, 58...64, 91...96, 123...126]),
        ("space", spaces), ("upper", [65...90]), ("word", wordCharacters), ("xdigit", [48...57, 65...70, 97...102]),
    ]
}

extension PatternSet {
    /// The one character that it is.
    fileprivate var only: UInt32? {
        guard !isNegated, ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }
}
