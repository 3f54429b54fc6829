import Foundation
import Testing

@testable import MartletSweeps

@Suite("Sampling a parameter")
struct DistributionTests {
    private func samples(_ distribution: SweepDistribution, _ count: Int = 20_000) -> [SweepValue] {
        var generator = SweepGenerator(seed: 42)
        return (0..<count).map { _ in distribution.value(at: generator.unit()) }
    }

    private func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, (squares / Double(values.count)).squareRoot())
    }

    struct Moments: Sendable {
        let curve: SweepCurve
        let mean: Double
        let deviation: Double
        let range: ClosedRange<Double>
        var isOfLogarithm = false
    }

    @Test(
        "mean, deviation and range are those of the distribution",
        arguments: [
            Moments(curve: .uniform(min: -1, max: 3), mean: 1, deviation: 4 / 12.0.squareRoot(), range: -1...3),
            Moments(
                curve: .logUniform(min: -4, max: 2),
                mean: -1,
                deviation: 6 / 12.0.squareRoot(),
                range: -4...2,
                isOfLogarithm: true
            ),
            Moments(curve: .normal(mu: 5, sigma: 2), mean: 5, deviation: 2, range: -6...16),
            Moments(
                curve: .logNormal(mu: 1, sigma: 0.5),
                mean: 1,
                deviation: 0.5,
                range: -3...5,
                isOfLogarithm: true
            ),
            Moments(curve: .beta(a: 2, b: 6), mean: 0.25, deviation: (12.0 / 576).squareRoot(), range: 0...1),
            Moments(curve: .beta(a: 0.5, b: 0.5), mean: 0.5, deviation: 0.125.squareRoot(), range: 0...1),
        ]
    )
    func curves(_ expected: Moments) {
        let values = samples(.continuous(expected.curve, rounding: nil)).compactMap(\.number)
            .map { expected.isOfLogarithm ? log($0) : $0 }
        let found = moments(values)
        #expect(abs(found.mean - expected.mean) < 0.03 * expected.deviation)
        #expect(abs(found.deviation / expected.deviation - 1) < 0.03)
        #expect(values.allSatisfy { expected.range.contains($0) })
    }

    @Test(
        "the cumulative function undoes the quantile",
        arguments: [
            SweepCurve.uniform(min: -1e308, max: 1e308), .logUniform(min: -20, max: 5), .normal(mu: -3, sigma: 0.1),
            .logNormal(mu: 2, sigma: 3), .beta(a: 2, b: 5), .beta(a: 0.3, b: 0.7), .beta(a: 80, b: 40),
        ]
    )
    func inverse(_ curve: SweepCurve) {
        for unit in [0.001, 0.02, 0.3, 0.5, 0.77, 0.98, 0.999] {
            #expect(abs(curve.cumulative(curve.quantile(unit)) - unit) < 1e-9)
        }
    }

    @Test("the normal quantile and the beta function agree with what is known of them")
    func specialFunctions() {
        #expect(abs(Normal.quantile(0.975) - 1.959963984540054) < 1e-14)
        #expect(abs(Normal.quantile(0.025) + 1.959963984540054) < 1e-14)
        #expect(abs(Normal.quantile(1e-10) + 6.361340902404056) < 1e-12)
        #expect(abs(Normal.quantile(1e-300) + 37.0470962993612) < 1e-12)
        #expect(Normal.quantile(0.5) == 0)
        #expect(Normal.quantile(0) == -.infinity && Normal.quantile(1) == .infinity && Normal.quantile(2).isNaN)
        // Closed forms: polynomials, x^a, and the arcsine law.
        #expect(abs(Beta.cumulative(0.3, a: 2, b: 2) - 0.216) < 1e-13)
        #expect(abs(Beta.cumulative(0.5, a: 2, b: 3) - 0.6875) < 1e-13)
        #expect(abs(Beta.cumulative(0.2, a: 3.5, b: 1) - pow(0.2, 3.5)) < 1e-13)
        #expect(abs(Beta.cumulative(0.9, a: 0.5, b: 0.5) - 2 / Double.pi * asin(0.9.squareRoot())) < 1e-13)
        #expect(abs(Beta.logGamma(10.5) - 13.940625219403763) < 1e-12)
        #expect(abs(Beta.logGamma(0.1) - 2.252712651734206) < 1e-12)
    }

    @Test("rounded values are multiples of the step, and whole where the step is")
    func rounding() {
        let halves = samples(.continuous(.uniform(min: 0, max: 2), rounding: .double(0.5)), 4_000)
        #expect(Set(halves) == [0.0, 0.5, 1.0, 1.5, 2.0])
        // The ends stand for half as much as the others.
        #expect(abs(Double(halves.count { $0 == 0.0 }) / 4_000 - 0.125) < 0.02)
        let whole = samples(.continuous(.logUniform(min: 0, max: 3), rounding: .int(5)), 1_000)
        #expect(Set(whole) == [0, 5, 10, 15, 20])
        let tenths = samples(.continuous(.uniform(min: 0, max: 1), rounding: .double(0.1)), 1_000)
        #expect(Set(tenths) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
        #expect(Set(samples(.continuous(.normal(mu: 0, sigma: 1), rounding: .int(2)), 500)).isSuperset(of: [-2, 0, 2]))
    }

    @Test("integers come in equal numbers, both ends too")
    func integers() {
        let values = samples(.integers(-1...2), 8_000)
        #expect(Set(values) == [-1, 0, 1, 2])
        for value in [-1, 0, 1, 2] as [SweepValue] { #expect(abs(values.count { $0 == value } - 2_000) < 200) }
        let wide = 9_007_199_254_740_990
        #expect(samples(.integers(0...wide), 100).allSatisfy { ($0.integer ?? -1) >= 0 })
        #expect(SweepDistribution.integers(0...wide).value(at: 1) == .int(wide))
    }

    @Test("choices come as often as they should, and never with probability zero")
    func choices() {
        let even = samples(.categorical(["a", 1, .null]), 6_000)
        #expect(even.count { $0 == .null } > 1_800)
        let weighted = samples(.weighted(["a", "b", "c"], probabilities: [0.7, 0.3, 0]), 6_000)
        #expect(abs(weighted.count { $0 == "a" } - 4_200) < 200)
        #expect(!weighted.contains("c"))
        #expect(SweepDistribution.weighted(["a", "b", "c"], probabilities: [0.7, 0.3, 0]).value(at: 1) == "b")
    }

    @Test("no sample is infinite, whatever the distribution", arguments: [0, 0x1p-60, 0.5, 1 - 0x1p-53, 1])
    func finite(_ unit: Double) {
        let curves: [SweepCurve] = [
            .normal(mu: 0, sigma: 1e300), .logNormal(mu: 700, sigma: 100), .logNormal(mu: 1e300, sigma: 1),
            .uniform(min: -1e308, max: 1e308), .beta(a: 1e-9, b: 1e9), .normal(mu: 3, sigma: 0),
        ]
        for curve in curves {
            for rounding in [nil, .double(1e-300), .int(7)] as [SweepRounding?] {
                let value = SweepDistribution.continuous(curve, rounding: rounding).value(at: unit)
                #expect(value.number?.isFinite == true, "\(curve)")
            }
        }
    }

    @Test("a random search has all parameters, and repeats with its seed")
    func random() throws {
        let configuration = try SweepConfiguration(
            .random,
            [
                "lr": ["distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1],
                "layers": ["min": 1, "max": 4], "fixed": ["value": [1, 2]],
                "optimizer": ["parameters": ["name": ["values": ["adam", "sgd"]], "decay": ["value": 0.1]]],
            ]
        )
        let first = try #require(configuration.next(seed: 3).parameters)
        #expect(first == configuration.next(seed: 3).parameters)
        #expect(first != configuration.next(seed: 4).parameters)
        #expect(first["fixed"] == [1, 2])
        #expect(first["optimizer"]?["decay"] == 0.1)
        #expect((1...4).contains(first["layers"]?.integer ?? 0))
    }
}
