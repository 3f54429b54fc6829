/// One step of a pattern that is being looked for.
enum PatternStep: Sendable {
    /// A character of the set, then the next step.
    case one(PatternSet)
    /// Goes on at both places.
    case split(Int, Int)
    case jump(Int)
    case start
    case end
    case boundary(isNegated: Bool)
    case found
}

/// Turns the tree of a pattern into steps (Thompson, "Regular Expression Search Algorithm").
struct PatternProgram {
    /// Most steps: what `{m,n}` repeats is written out.
    private static let most = 4_000

    private var steps: [PatternStep] = []

    /// - Throws: `invalidArgument` for a pattern that grows too large.
    static func steps(of node: PatternNode) throws(MartletError) -> [PatternStep] {
        var program = PatternProgram()
        try program.append(node)
        program.steps.append(.found)
        return program.steps
    }

    private mutating func append(_ node: PatternNode) throws(MartletError) {
        guard steps.count < Self.most else {
            throw MartletError(.invalidArgument, "the pattern repeats too much; simplify it")
        }
        switch node {
        case .set(let set): steps.append(.one(set))
        case .start: steps.append(.start)
        case .end: steps.append(.end)
        case .boundary(let isNegated): steps.append(.boundary(isNegated: isNegated))
        case .sequence(let parts): for part in parts { try append(part) }
        case .choice(let parts): try append(choice: parts)
        case .repetition(let part, let least, let most): try append(part, least: least, most: most)
        }
    }

    private mutating func append(choice parts: [PatternNode]) throws(MartletError) {
        var ends: [Int] = []
        for part in parts.dropLast() {
            let split = steps.count
            steps.append(.jump(0))
            try append(part)
            ends.append(steps.count)
            steps.append(.jump(0))
            steps[split] = .split(split + 1, steps.count)
        }
        if let last = parts.last { try append(last) }
        for end in ends { steps[end] = .jump(steps.count) }
    }

    private mutating func append(_ part: PatternNode, least: Int, most: Int?) throws(MartletError) {
        for _ in 0..<least { try append(part) }
        guard let most else {
            let split = steps.count
            steps.append(.jump(0))
            try append(part)
            steps.append(.jump(split))
            steps[split] = .split(split + 1, steps.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<most {
            splits.append(steps.count)
            steps.append(.jump(0))
            try append(part)
        }
        for split in splits { steps[split] = .split(split + 1, steps.count) }
    }
}

/// The places of a program at which a search stands, each once.
struct PatternThreads {
    /// Steps that wait for a character, for the end of the text, or to know what follows here.
    private(set) var places: [Int] = []
    /// Places to go on from.
    var pending: [Int] = []
    private var isKnown: [Bool]

    /// - Parameter places: where it stands already.
    init(_ count: Int, at places: [Int] = []) {
        isKnown = [Bool](repeating: false, count: count)
        self.places = places
        for place in places { isKnown[place] = true }
    }

    mutating func removeAll() {
        for index in isKnown.indices { isKnown[index] = false }
        places.removeAll(keepingCapacity: true)
        pending.removeAll(keepingCapacity: true)
    }

    /// Goes on from a place as far as no character is needed. - Returns: whether the pattern is found.
    mutating func add(_ place: Int, _ program: [PatternStep], isAtStart: Bool, isAtEnd: Bool) -> Bool {
        pending.append(place)
        return follow(program, isAtStart: isAtStart, isAtEnd: isAtEnd)
    }

    mutating func follow(_ program: [PatternStep], isAtStart: Bool, isAtEnd: Bool) -> Bool {
        while let place = pending.popLast() {
            guard !isKnown[place] else { continue }
            isKnown[place] = true
            switch program[place] {
            case .one: places.append(place)
            case .split(let first, let second): pending += [second, first]
            case .jump(let target): pending.append(target)
            case .start: if isAtStart { pending.append(place + 1) }
            case .end: if isAtEnd { pending.append(place + 1) } else { places.append(place) }
            case .boundary: places.append(place)
            case .found: return true
            }
        }
        return false
    }

    /// Goes on from what waited to know what follows: the end of the text, or whether a word begins or ends here.
    /// - Returns: whether the pattern is found.
    mutating func cross(_ program: [PatternStep], isBoundary: Bool, isAtStart: Bool, isAtEnd: Bool) -> Bool {
        var next = 0
        // What is reached may wait for the same.
        while next < places.count {
            switch program[places[next]] {
            case .end where isAtEnd: pending.append(places[next] + 1)
            case .boundary(let isNegated) where isBoundary != isNegated: pending.append(places[next] + 1)
            default: break
            }
            next += 1
            if follow(program, isAtStart: isAtStart, isAtEnd: isAtEnd) { return true }
        }
        return false
    }
}
