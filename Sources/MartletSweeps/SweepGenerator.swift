/// A seeded source of random numbers: xoshiro256\*\* 1.0.
///
/// The same seed gives the same numbers on every machine and in every version, so a sweep can be replayed: keep the
/// seed with the sweep, and take `SweepGenerator(seed: sweepSeed, stream: runs.count)` for each suggestion.
/// Not for secrets.
///
/// Source: Blackman and Vigna, *Scrambled linear pseudorandom number generators*, ACM TOMS 47(4), 2021; the state is
/// filled by SplitMix64 (Steele, Lea and Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014).
package struct SweepGenerator: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    package init(seed: UInt64) {
        var mixer = seed
        func mixed() -> UInt64 {
            mixer &+= 0x9E37_79B9_7F4A_7C15
            var z = mixer
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        state = (mixed(), mixed(), mixed(), mixed())
    }

    /// - Parameter state: not all zero.
    init(state: (UInt64, UInt64, UInt64, UInt64)) { self.state = state }

    /// One of many sequences of the same seed, so that no state has to be kept between suggestions.
    package init(seed: UInt64, stream: Int) {
        var first = SweepGenerator(seed: UInt64(truncatingIfNeeded: stream))
        self.init(seed: seed ^ first.next())
    }

    package mutating func next() -> UInt64 {
        func rotated(_ x: UInt64, _ count: UInt64) -> UInt64 { (x << count) | (x >> (64 - count)) }
        let result = rotated(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotated(state.3, 45)
        return result
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in 0..<count (Lemire 2019 without the rejection: the bias is below count / 2⁶⁴).
    /// - Precondition: `count` is positive.
    mutating func index(below count: Int) -> Int { Int(UInt64(count).multipliedFullWidth(by: next()).high) }

    /// Standard normal, by inversion.
    mutating func normal() -> Double { Normal.quantile((Double(next() >> 12) + 0.5) * 0x1p-52) }

    /// Shuffles in place (Fisher and Yates; Durstenfeld 1964).
    mutating func shuffle<Element>(_ items: inout [Element]) {
        for last in stride(from: items.count - 1, to: 0, by: -1) {
            items.swapAt(last, index(below: last + 1))
        }
    }
}
