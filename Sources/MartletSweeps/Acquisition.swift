import Foundation

/// Finds the place from which the greatest improvement is expected.
struct Acquisition {
    private let space: SearchSpace
    private var process: GaussianProcess
    /// Coordinates that are not given out again while there are others; empty for a space without end.
    private let taken: Set<[Double]>
    /// Coordinates of running runs, whose neighbourhood is theirs.
    private let pending: [[Double]]

    private typealias Candidate = (place: [Double], score: Double)

    /// Inner products that one search may take, in points of the model times candidates: this bounds its time.
    private static let budget = 60_000

    /// How near another agent may come, on the axis where it stays away farthest: a sure model sends all to one place.
    private static let elbowRoom = 0.005

    init(space: SearchSpace, process: GaussianProcess, taken: Set<[Double]>, pending: [[Double]]) {
        self.space = space
        self.process = process
        self.taken = taken
        self.pending = pending
    }

    /// The best of many places over the whole cube and around good ones, each then improved by small steps.
    mutating func best(from starts: [[Double]], using generator: inout SweepGenerator) -> [Double] {
        let candidates = min(max(Self.budget / process.count, 240), 900)
        var found: [Candidate] = []
        for number in 0..<candidates / 2 {
            // Every third begins at a good place and leaves it by one of four distances.
            if number % 3 == 0 {
                let start = starts[number / 3 % starts.count]
                let step = [0.2, 0.1, 0.05, 0.02][number / 3 % 4]
                found.append(scored(space.neighbour(of: start, step, &generator)))
            } else {
                found.append(scored(space.randomPlace(&generator)))
            }
        }
        found.sort { $0.score > $1.score }
        let climbs = 4
        let steps = (candidates - candidates / 2) / climbs
        let best = found.prefix(climbs).map { climbed($0, steps: steps, &generator) }.max { $0.score < $1.score }
        return best?.place ?? space.randomPlace(&generator)
    }

    /// Goes to a better neighbour wherever it finds one, in ever smaller steps.
    private mutating func climbed(_ start: Candidate, steps: Int, _ generator: inout SweepGenerator) -> Candidate {
        var best = start
        for number in 0..<steps {
            let step = 0.1 * exp(-4 * Double(number) / Double(steps))
            let candidate = scored(space.neighbour(of: best.place, step, &generator))
            if candidate.score > best.score { best = candidate }
        }
        return best
    }

    private mutating func scored(_ place: [Double]) -> Candidate {
        let coordinates = space.coordinates(at: place)
        let expectation = process.expectation(at: coordinates)
        let score = Self.logImprovement(
            mean: expectation.mean,
            deviation: expectation.variance.squareRoot(),
            below: process.incumbent
        )
        let isTaken = taken.contains(coordinates) || isCrowded(coordinates)
        return (place, isTaken ? score - 1e6 : score)
    }

    private func isCrowded(_ coordinates: [Double]) -> Bool {
        pending.contains { other in
            zip(coordinates, other).allSatisfy { abs($0 - $1) < Self.elbowRoom }
        }
    }

    /// The logarithm of the expected improvement below a value, σ (φ(z) + z Φ(z)) with z = (best − μ) / σ.
    ///
    /// Far away the improvement itself becomes zero and all places equally bad; its logarithm still tells them apart.
    /// Sources: Jones, Schonlau and Welch 1998, eq. 15; Ament et al., *Unexpected improvements to expected improvement*,
    /// NeurIPS 2023, §4.1.
    static func logImprovement(mean: Double, deviation: Double, below best: Double) -> Double {
        let z = (best - mean) / deviation
        guard z < -10 else { return log(deviation) + log(Normal.density(z) + z * Normal.cumulative(z)) }
        // φ(z) + z Φ(z) = φ(z) z⁻² (1 − 3 z⁻² + 15 z⁻⁴ − …): the terms would cancel.
        let inverse = 1 / (z * z)
        let tail = log1p(-3 * inverse * (1 - 5 * inverse)) - 0.5 * z * z
        return log(deviation) + tail - 0.5 * log(2 * Double.pi) - 2 * log(-z)
    }
}

extension SearchSpace {
    /// A place nearby: some of the axes are moved, at least one. Categories change as a whole.
    func neighbour(of place: [Double], _ step: Double, _ generator: inout SweepGenerator) -> [Double] {
        var moved = place
        let share = max(0.3, 2 / Double(dimensions))
        let chosen = generator.index(below: dimensions)
        for axis in moved.indices where axis == chosen || generator.unit() < share {
            if axes[axis].isCategorical {
                if axis == chosen || generator.unit() < 0.3 { moved[axis] = generator.unit() }
                continue
            }
            // The sum of three uniform numbers, near enough to a normal one of deviation ½.
            let away = generator.unit() + generator.unit() + generator.unit() - 1.5
            let there = moved[axis] + 2 * step * away
            moved[axis] = min(max(there, 0), 1 - 0x1p-53)
        }
        return moved
    }
}
