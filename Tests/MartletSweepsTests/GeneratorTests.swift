import Testing

@testable import MartletSweeps

@Suite("Random numbers of a sweep")
struct GeneratorTests {
    @Test("xoshiro256** gives its authors' numbers")
    func reference() {
        // The test vector of Rust's rand_xoshiro, made with the authors' C code.
        var generator = SweepGenerator(state: (1, 2, 3, 4))
        let numbers = (0..<6).map { _ in generator.next() }
        #expect(
            numbers == [
                11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
            ]
        )
    }

    @Test("the same seed and stream repeat; others differ")
    func streams() {
        func first(_ seed: UInt64, _ stream: Int) -> UInt64 {
            var generator = SweepGenerator(seed: seed, stream: stream)
            return generator.next()
        }
        #expect(first(7, 3) == first(7, 3))
        let numbers = (0..<50).flatMap { stream in (0..<20).map { first($0, stream) } }
        #expect(Set(numbers).count == 1_000)
    }

    @Test("unit numbers fill [0, 1), indices are even")
    func uniform() {
        var generator = SweepGenerator(seed: 1)
        let units = (0..<10_000).map { _ in generator.unit() }
        #expect(units.allSatisfy { (0..<1).contains($0) })
        #expect(abs(units.reduce(0, +) / 10_000 - 0.5) < 0.01)
        var counts = [0, 0, 0]
        for _ in 0..<9_000 { counts[generator.index(below: 3)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 3_000) < 200 })
    }

    @Test("a shuffle keeps what it shuffles")
    func shuffle() {
        var generator = SweepGenerator(seed: 5)
        var items = Array(0..<100)
        generator.shuffle(&items)
        #expect(items != Array(0..<100))
        #expect(items.sorted() == Array(0..<100))
        var none: [Int] = []
        generator.shuffle(&none)
        #expect(none.isEmpty)
    }
}
