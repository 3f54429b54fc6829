/// A regular expression that means the same in both engines and never takes long.
///
/// Characters, `.`, `[a-z]`, `[^…]`, `\d \w \s` and their opposites (ASCII), `( )`, `|`, `* + ? {2,5}`, `^` and `$` for
/// the ends of the text, `\b` and `\B` for those of words (ASCII), and of RE2 `(?i)`, named groups, `\A`, `\z`, `\x41`,
/// `[[:alpha:]]` (ASCII). Case matters but after `(?i)`; a character is a Unicode scalar. There are no references to groups
/// and no looks ahead, so that a search takes O(length of the text × size of the pattern).
package struct TextPattern: Sendable {
    /// Longest pattern in UTF-8 bytes.
    static let longest = 1_000

    /// The same pattern as an advanced regular expression of PostgreSQL 15.
    package let posix: String
    fileprivate let program: [PatternStep]

    /// - Throws: `invalidArgument` that says where the pattern is wrong.
    package init(_ text: String) throws(MartletError) {
        guard text.utf8.count <= Self.longest else {
            throw MartletError(.invalidArgument, "a pattern has at most \(Self.longest) bytes; shorten it")
        }
        let node = try PatternParser.parse(text)
        posix = node.posix
        program = try PatternProgram.steps(of: node)
    }

    /// Whether some part of the text matches. For many texts see `PatternSearch`.
    package func isFound(in text: some StringProtocol) -> Bool {
        var search = PatternSearch(self)
        return search.isFound(in: text)
    }
}

/// A pattern at work on many texts: remembers where a character leads from where it stands, so that most characters cost
/// one look (a deterministic automaton that is made as far as it is needed).
package struct PatternSearch: Sendable {
    /// Where a search may stand.
    private struct State {
        var places: [Int]
        /// Whether it is the start of the text, and whether the last character was one of a word where that matters.
        var isAtStart: Bool
        var wasWord: Bool
        /// Whether a part that matches has ended here.
        var isFound: Bool
        /// Whether one does where the text ends here.
        var isFoundAtEnd: Bool
    }

    /// Beyond it all but the first are forgotten: a pattern can have exponentially many.
    private static let mostStates = 1_000
    private static let unknown: Int32 = -1
    private static let ascii = 128

    private let program: [PatternStep]
    private var states: [State] = []
    /// By places, and behind them whether the last character was one of a word.
    private var indexes: [[Int]: Int] = [:]
    private let hasBoundaries: Bool
    /// By state and ASCII character.
    private var next: [Int32] = []

    package init(_ pattern: TextPattern) {
        program = pattern.program
        hasBoundaries = program.contains { if case .boundary = $0 { true } else { false } }
        var threads = PatternThreads(program.count)
        let isFound = threads.add(0, program, isAtStart: true, isAtEnd: false)
        // Kept apart from all others, which do not stand at the start of the text.
        add(state(threads, isFound, isAtStart: true, wasWord: false))
    }

    /// Whether some part of the text matches. O(length of the text) for most texts.
    package mutating func isFound(in text: some StringProtocol) -> Bool {
        var now = 0
        for scalar in text.unicodeScalars {
            if states[now].isFound { return true }
            now = after(now, scalar.value)
        }
        return states[now].isFound || states[now].isFoundAtEnd
    }

    private mutating func after(_ index: Int, _ scalar: UInt32) -> Int {
        let isKept = scalar < Self.ascii
        let cell = index * Self.ascii + Int(scalar & 127)
        if isKept, next[cell] != Self.unknown { return Int(next[cell]) }
        let isWord = hasBoundaries && PatternSet.wordCharacters.contains { $0.contains(scalar) }
        var (places, isFound) = (states[index].places, false)
        if hasBoundaries {
            var here = PatternThreads(program.count, at: places)
            let isBoundary = states[index].wasWord != isWord
            isFound = here.cross(program, isBoundary: isBoundary, isAtStart: states[index].isAtStart, isAtEnd: false)
            places = here.places
        }
        var threads = PatternThreads(program.count)
        for place in places {
            guard case .one(let set) = program[place], set.contains(scalar) else { continue }
            threads.pending.append(place + 1)
        }
        isFound = threads.follow(program, isAtStart: false, isAtEnd: false) || isFound
        if !isFound { isFound = threads.add(0, program, isAtStart: false, isAtEnd: false) }
        let reached = state(threads, isFound, isAtStart: false, wasWord: isWord)
        let name = hasBoundaries ? reached.places + [isWord ? -1 : -2] : reached.places
        if let known = indexes[name], states[known].isFound == isFound {
            if isKept { next[cell] = Int32(known) }
            return known
        }
        if states.count >= Self.mostStates {
            states.removeLast(states.count - 1)
            next = [Int32](repeating: Self.unknown, count: Self.ascii)
            indexes = [:]
            return add(reached)
        }
        let made = add(reached)
        indexes[name] = made
        if isKept { next[cell] = Int32(made) }
        return made
    }

    private func state(_ threads: PatternThreads, _ isFound: Bool, isAtStart: Bool, wasWord: Bool) -> State {
        var atEnd = threads
        let isFoundAtEnd =
            isFound || atEnd.cross(program, isBoundary: wasWord, isAtStart: isAtStart, isAtEnd: true)
        return State(
            places: threads.places.sorted(),
            isAtStart: isAtStart,
            wasWord: wasWord,
            isFound: isFound,
            isFoundAtEnd: isFoundAtEnd
        )
    }

    @discardableResult
    private mutating func add(_ state: State) -> Int {
        states.append(state)
        next += [Int32](repeating: Self.unknown, count: Self.ascii)
        return states.count - 1
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
    /// Where a word begins or ends; negated, where neither does.
    case boundary(isNegated: Bool)
    case sequence([PatternNode])
    case choice([PatternNode])
    case repetition(PatternNode, least: Int, most: Int?)

    /// In PostgreSQL's words. Characters that could mean something are written by their number.
    var posix: String {
        switch self {
        case .set(let set): Self.posix(of: set)
        case .start: "^"
        case .end: "$"
        case .boundary(let isNegated): Self.posix(ofBoundary: isNegated)
        case .sequence(let parts): parts.map(\.posix).joined()
        case .choice(let parts): "(?:\(parts.map(\.posix).joined(separator: "|")))"
        case .repetition(let part, let least, let most): "(?:\(part.posix))" + Self.posix(least, most)
        }
    }

    private static func posix(_ least: Int, _ most: Int?) -> String {
        guard let most else { return least == 0 ? "*" : least == 1 ? "+" : "{\(least),}" }
        return "{\(least),\(most)}"
    }

    /// PostgreSQL's own `\y` takes letters beyond ASCII for words, too.
    private static func posix(ofBoundary isNegated: Bool) -> String {
        let word = "[0-9A-Z_a-z]"
        return isNegated
            ? "(?:(?<=\(word))(?=\(word))|(?<!\(word))(?!\(word)))"
            : "(?:(?<=\(word))(?!\(word))|(?<!\(word))(?=\(word)))"
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
