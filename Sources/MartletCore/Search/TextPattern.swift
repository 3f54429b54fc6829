/// A regular expression that means the same in both engines and never takes long.
///
/// Characters, `.`, `[a-z]`, `[^…]`, `\d \w \s` and their opposites (ASCII), `( )`, `|`, `* + ? {2,5}`, `^` and `$` for
/// the ends of the text. Case matters; a character is a Unicode scalar. There are no references to groups and no looks
/// ahead, so that a search takes O(length of the text × size of the pattern).
package struct TextPattern: Sendable {
    /// Longest pattern in UTF-8 bytes.
    static let longest = 1_000

    /// The same pattern as an advanced regular expression of PostgreSQL 15.
    package let posix: String
    private let program: [PatternStep]

    /// - Throws: `invalidArgument` that says where the pattern is wrong.
    package init(_ text: String) throws(MartletError) {
        guard text.utf8.count <= Self.longest else {
            throw MartletError(.invalidArgument, "a pattern has at most \(Self.longest) bytes; shorten it")
        }
        let node = try PatternParser.parse(text)
        posix = node.posix
        program = try PatternProgram.steps(of: node)
    }

    /// Whether some part of the text matches.
    package func isFound(in text: some StringProtocol) -> Bool {
        var (now, next) = (PatternThreads(program.count), PatternThreads(program.count))
        var isAtStart = true
        for scalar in text.unicodeScalars {
            if now.add(0, program, isAtStart: isAtStart, isAtEnd: false) { return true }
            next.removeAll()
            for place in now.places {
                guard case .one(let set) = program[place], set.contains(scalar.value) else { continue }
                next.pending.append(place + 1)
            }
            isAtStart = false
            swap(&now, &next)
            // What may follow at the end is only known there; the others go on now.
            if now.follow(program, isAtStart: false, isAtEnd: false) { return true }
        }
        return now.add(0, program, isAtStart: isAtStart, isAtEnd: true) || now.finish(program, isAtStart: isAtStart)
    }
}

/// Characters, as ranges of Unicode scalars.
struct PatternSet: Sendable, Equatable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false

    static let digits = [UInt32(48)...57]
    static let wordCharacters: [ClosedRange<UInt32>] = [48...57, 65...90, 95...95, 97...122]
    static let spaces: [ClosedRange<UInt32>] = [9...13, 32...32]
    /// Every character, line ends too.
    static let all = PatternSet(ranges: [], isNegated: true)

    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } != isNegated }

    /// The scalars that are not in the ranges, for an opposite inside brackets.
    static func opposite(of ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var gaps: [ClosedRange<UInt32>] = []
        // U+0000 is in no text.
        var next: UInt32 = 1
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { gaps.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        gaps.append(next...0x10_ffff)
        return gaps
    }
}

/// A pattern as a tree.
indirect enum PatternNode: Sendable {
    case set(PatternSet)
    case start
    case end
    case sequence([PatternNode])
    case choice([PatternNode])
    case repetition(PatternNode, least: Int, most: Int?)

    /// In PostgreSQL's words. Characters that could mean something are written by their number.
    var posix: String {
        switch self {
        case .set(let set): Self.posix(of: set)
        case .start: "^"
        case .end: "$"
        case .sequence(let parts): parts.map(\.posix).joined()
        case .choice(let parts): "(?:\(parts.map(\.posix).joined(separator: "|")))"
        case .repetition(let part, let least, let most): "(?:\(part.posix))" + Self.posix(least, most)
        }
    }

    private static func posix(_ least: Int, _ most: Int?) -> String {
        guard let most else { return least == 0 ? "*" : least == 1 ? "+" : "{\(least),}" }
        return "{\(least),\(most)}"
    }

    private static func posix(of set: PatternSet) -> String {
        if set == .all { return "." }
        if !set.isNegated, set.ranges.count == 1, let only = set.ranges.first, only.count == 1 {
            return posix(of: only.lowerBound)
        }
        let ranges = set.ranges.map { range in
            range.count == 1
                ? posix(of: range.lowerBound) : "\(posix(of: range.lowerBound))-\(posix(of: range.upperBound))"
        }
        return "[\(set.isNegated ? "^" : "")\(ranges.joined())]"
    }

    private static func posix(of scalar: UInt32) -> String {
        let isPlain =
            PatternSet.digits[0].contains(scalar) || PatternSet.wordCharacters.contains { $0.contains(scalar) }
        if isPlain, let scalar = Unicode.Scalar(scalar) { return String(Character(scalar)) }
        let digits = String(scalar, radix: 16)
        return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
