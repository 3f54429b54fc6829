import Foundation

/// Chooses the next point by what the runs so far let expect: a Gaussian process with a Matérn 5/2 covariance and
/// expected improvement.
///
/// Sources: Snoek, Larochelle and Adams, *Practical Bayesian optimization of machine learning algorithms*, NIPS 2012;
/// Jones, Schonlau and Welch, *Efficient global optimization of expensive black-box functions*, 1998. Works on the unit
/// cube of `SearchSpace`, so log-uniform parameters are searched by their logarithm.
///
/// What bounds the cost, for n runs of d parameters: the model takes at most `greatestModel` points with a value and
/// `greatestPending` without, the scales are fitted to at most `greatestFit` of them, and the number of candidates
/// shrinks as the model grows. Beyond that only O(n · d + n log n) depends on n.
struct BayesianSearch {
    let space: SearchSpace
    let metric: SweepConfiguration.Metric?

    static let greatestModel = 160
    static let greatestPending = 48
    static let greatestFit = 64
    static let fitSteps = 18

    /// A run with a value to learn from. `value` is less for a better run, whatever the goal.
    struct Observation {
        let place: [Double]
        var value: Double
    }

    /// Runs with a value that are looked for before a model is asked: fewer say nothing about so many axes.
    var firstRuns: Int { min(max(4, space.dimensions + 2), 10) }

    func next(after runs: [SweepRun], using generator: inout SweepGenerator) -> [[String]: SweepValue] {
        guard space.dimensions > 0 else { return [:] }
        let (observations, pending) = sorted(runs)
        let place = proposal(observations, pending, &generator)
        return space.values(at: place)
    }

    private func proposal(
        _ observations: [Observation],
        _ pending: [[Double]],
        _ generator: inout SweepGenerator
    ) -> [Double] {
        let taken = observations.map(\.place) + pending
        guard observations.count >= firstRuns, Set(observations.map(\.value)).count > 1 else {
            return farPlace(from: taken, &generator)
        }
        let model = Self.representatives(observations, Self.greatestModel)
        let values = Self.standardised(Self.warped(model.map(\.value)))
        let points = model.map { space.coordinates(at: $0.place) }
        let isCategorical = space.axes.map(\.isCategorical)
        let fitted = Self.spread(points.count, Self.greatestFit)
        let fit = ScaleFit(
            points: fitted.map { points[$0] },
            values: Self.standardised(fitted.map { values[$0] }),
            isCategorical: isCategorical
        )
        let running = pending.suffix(Self.greatestPending).map { space.coordinates(at: $0) }
        let process = GaussianProcess(
            points: points,
            values: values,
            pending: running,
            isCategorical: isCategorical,
            scales: fit.best(steps: Self.fitSteps)
        )
        guard let process else { return farPlace(from: taken, &generator) }
        let starts = [model[process.incumbentIndex].place] + model.prefix(2).map(\.place)
        let isTaken = space.isFinite ? Set(taken.map { space.coordinates(at: $0) }) : []
        var acquisition = Acquisition(space: space, process: process, taken: isTaken, pending: running)
        return acquisition.best(from: starts, using: &generator)
    }

    // MARK: - What the runs say

    /// Runs with a value, and the places of those whose value is still to come. Runs with parameters that the sweep does
    /// not know are in neither.
    ///
    /// A run that ended badly gets the value of `metric.impute`, one that was stopped early its own best: it was not bad
    /// by accident. Where no run has a value, they have none either.
    func sorted(_ runs: [SweepRun]) -> (observations: [Observation], pending: [[Double]]) {
        guard let metric else { return ([], runs.compactMap { space.place(of: $0.parameters) }) }
        let sign = metric.goal == .maximize ? -1.0 : 1.0
        let worst = runs.filter(\.state.hasEnded).compactMap { $0.worst(metric.goal).map { sign * $0 } }.max()
        var observations: [Observation] = []
        var pending: [[Double]] = []
        for run in runs {
            guard let place = space.place(of: run.parameters) else { continue }
            let own = Self.value(of: run, metric).map { sign * $0 }
            if let value = own ?? (run.state.hasEnded ? worst : nil) {
                observations.append(Observation(place: place, value: value))
            } else {
                pending.append(place)
            }
        }
        return (observations, pending)
    }

    /// `nil` where the run itself says nothing that counts.
    private static func value(of run: SweepRun, _ metric: SweepConfiguration.Metric) -> Double? {
        func imputed(_ imputation: SweepConfiguration.Imputation) -> Double? {
            switch imputation {
            case .best: run.best(metric.goal)
            case .latest: run.latest
            case .worst: nil
            }
        }
        switch run.state {
        case .finished: return run.best(metric.goal)
        case .failed, .crashed, .killed:
            return run.wasStoppedEarly ? run.best(metric.goal) : imputed(metric.imputation)
        case .running: return metric.runningImputation.flatMap(imputed)
        case .pending, .preempting, .preempted: return nil
        }
    }

    // MARK: - What the model gets

    /// The best half of `limit` and, of the others, as many evenly over their ranks; best first.
    static func representatives(_ observations: [Observation], _ limit: Int) -> [Observation] {
        let ranked = observations.sorted { $0.value < $1.value }
        guard ranked.count > limit else { return ranked }
        let best = limit / 2
        return ranked.prefix(best)
            + spread(ranked.count - best, limit - best).map { ranked[best + $0] }
    }

    /// At most `limit` numbers, evenly over 0..<count, both ends among them.
    static func spread(_ count: Int, _ limit: Int) -> [Int] {
        guard count > limit else { return Array(0..<count) }
        guard limit > 1 else { return [0] }
        return (0..<limit).map { $0 * (count - 1) / (limit - 1) }
    }

    /// The values on a scale that is finer near the best and coarser far from it: ln(1 + (y − best) / (median − best)).
    ///
    /// A loss that exploded in some runs would otherwise leave no difference between all others. The idea of a monotone
    /// warp: Snelson, Rasmussen and Ghahramani, *Warped Gaussian processes*, NIPS 2003.
    static func warped(_ values: [Double]) -> [Double] {
        let sorted = values.sorted()
        guard let best = sorted.first, let worst = sorted.last, best < worst else { return values.map { _ in 0 } }
        // Halved, since the difference of two finite values need not be finite.
        let median = sorted[sorted.count / 2]
        let scale = median > best ? median / 2 - best / 2 : worst / 2 - best / 2
        return values.map { scale > 0 ? log1p(($0 / 2 - best / 2) / scale) : 0 }
    }

    /// Of mean zero and variance one.
    static func standardised(_ values: [Double]) -> [Double] {
        let count = Double(max(values.count, 1))
        let mean = values.reduce(0, +) / count
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
        return values.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
    }

    // MARK: - Without a model

    /// Of some random places the one farthest from all others (Mitchell, *Spectrally optimal sampling*, 1991): the first
    /// runs fill the space, however many agents ask at once. Random as such when there is none yet.
    private func farPlace(from taken: [[Double]], _ generator: inout SweepGenerator) -> [Double] {
        let others = taken.suffix(256).map { space.coordinates(at: $0) }
        var best = (distance: -1.0, place: space.randomPlace(&generator))
        guard !others.isEmpty else { return best.place }
        for _ in 0..<24 {
            let place = space.randomPlace(&generator)
            let coordinates = space.coordinates(at: place)
            let distance = others.map { space.squaredDistance(coordinates, $0) }.min() ?? 0
            if distance > best.distance { best = (distance, place) }
        }
        return best.place
    }
}

extension SearchSpace {
    func randomPlace(_ generator: inout SweepGenerator) -> [Double] {
        (0..<dimensions).map { _ in generator.unit() }
    }

    /// Two categories are one apart.
    func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for axis in axes.indices {
            let difference = a[axis] - b[axis]
            sum += axes[axis].isCategorical ? (difference == 0 ? 0 : 1) : difference * difference
        }
        return sum
    }
}
