/// A set of runs by number: one bit each.
struct RunSet {
    private var words: [UInt64] = []

    init() {}

    init(_ numbers: [Int64]) {
        for number in numbers { insert(number) }
    }

    mutating func insert(_ number: Int64) {
        guard number >= 0 else { return }
        let index = Int(number >> 6)
        if index >= words.count {
            words.reserveCapacity(max(index + 1, words.count * 2))
            words += repeatElement(0, count: index + 1 - words.count)
        }
        words[index] |= 1 << UInt64(number & 63)
    }

    func contains(_ number: Int64) -> Bool {
        let index = Int(number >> 6)
        return number >= 0 && index < words.count && words[index] & (1 << UInt64(number & 63)) != 0
    }

    mutating func remove(_ number: Int64) {
        let index = Int(number >> 6)
        if number >= 0, index < words.count { words[index] &= ~(1 << UInt64(number & 63)) }
    }

    mutating func formIntersection(_ other: RunSet) {
        if words.count > other.words.count { words.removeLast(words.count - other.words.count) }
        for index in words.indices { words[index] &= other.words[index] }
    }

    mutating func formUnion(_ other: RunSet) {
        if words.count < other.words.count { words += repeatElement(0, count: other.words.count - words.count) }
        for index in other.words.indices { words[index] |= other.words[index] }
    }

    mutating func subtract(_ other: RunSet) {
        for index in words.indices.prefix(other.words.count) { words[index] &= ~other.words[index] }
    }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Ascending; at most `limit` of them.
    func numbers(limit: Int = .max) -> [Int64] {
        var numbers: [Int64] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                if numbers.count >= limit { return numbers }
                numbers.append(Int64(index) << 6 + Int64(rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return numbers
    }
}
