import Foundation

/// What values a parameter takes, and how likely each is.
///
/// Every distribution is a map from the unit interval, so that a sample is one uniform number (inversion; Devroye 1986,
/// §2.2) and Bayesian search works on a unit cube in which log-scaled parameters are already log-scaled.
package enum SweepDistribution: Sendable, Hashable {
    case constant(SweepValue)
    /// At least one value, in the order of the configuration.
    case categorical([SweepValue])
    /// As many probabilities as values, of sum 1.
    case weighted([SweepValue], probabilities: [Double])
    /// Both ends included; at most 2⁵³ integers.
    case integers(ClosedRange<Int>)
    case continuous(SweepCurve, rounding: SweepRounding?)

    /// The value at a place of the unit interval: the quantile function.
    /// - Parameter unit: in [0, 1); 1 itself gives the greatest value.
    package func value(at unit: Double) -> SweepValue {
        switch self {
        case .constant(let value): return value
        case .categorical(let values): return values[Self.index(unit, values.count)]
        case .weighted(let values, let probabilities):
            var rest = unit
            for (value, probability) in zip(values, probabilities) {
                if rest < probability { return value }
                rest -= probability
            }
            // Rounding may leave a rest; a value of probability zero must not get it.
            let last = probabilities.lastIndex { $0 > 0 } ?? 0
            return values[last]
        case .integers(let range):
            let count = Double(range.upperBound - range.lowerBound) + 1
            return .int(min(range.lowerBound + Int(unit * count), range.upperBound))
        case .continuous(let curve, let rounding):
            // Texts of JSON know no infinity.
            let greatest = Double.greatestFiniteMagnitude
            let value = min(max(curve.quantile(unit), -greatest), greatest)
            return rounding.map { $0.rounded(value) } ?? .double(value)
        }
    }

    /// Where a value lies on the unit interval, for those with an order; the middle of its cell for an integer.
    /// Values outside the range lie at its end. `nil` for categories, and for what is no finite number.
    func unit(of value: SweepValue) -> Double? {
        guard let number = value.number, number.isFinite else { return nil }
        switch self {
        case .constant, .categorical, .weighted: return nil
        case .integers(let range):
            let count = Double(range.upperBound - range.lowerBound) + 1
            return min(max((number - Double(range.lowerBound) + 0.5) / count, 0), 1)
        case .continuous(let curve, _): return min(max(curve.cumulative(number), 0), 1)
        }
    }

    private static func index(_ unit: Double, _ count: Int) -> Int { min(Int(unit * Double(count)), count - 1) }
}

/// A continuous distribution before rounding.
package enum SweepCurve: Sendable, Hashable {
    case uniform(min: Double, max: Double)
    /// The natural logarithm of the value is uniform between the two. W&B's `log_uniform` gives them as they are,
    /// its `log_uniform_values` the values, its `inv_log_uniform` those of 1 / value.
    case logUniform(min: Double, max: Double)
    case normal(mu: Double, sigma: Double)
    /// The natural logarithm of the value is normal.
    case logNormal(mu: Double, sigma: Double)
    /// On [0, 1].
    case beta(a: Double, b: Double)

    /// Least and greatest value; infinite where there is none.
    var bounds: (min: Double, max: Double) {
        switch self {
        case .uniform(let min, let max): (min, max)
        case .logUniform(let min, let max): (exp(min), exp(max))
        case .normal: (-.infinity, .infinity)
        case .logNormal: (0, .infinity)
        case .beta: (0, 1)
        }
    }

    func quantile(_ unit: Double) -> Double {
        switch self {
        case .uniform(let min, let max): return Self.between(min, max, unit)
        case .logUniform(let min, let max): return exp(Self.between(min, max, unit))
        case .normal(let mu, let sigma): return mu + Self.scaled(sigma, unit)
        case .logNormal(let mu, let sigma): return exp(mu + Self.scaled(sigma, unit))
        case .beta(let a, let b): return Beta.quantile(unit, a: a, b: b)
        }
    }

    /// The share of the distribution up to a value.
    func cumulative(_ value: Double) -> Double {
        switch self {
        case .uniform(let min, let max): return Self.share(of: value, min, max)
        case .logUniform(let min, let max): return value > 0 ? Self.share(of: log(value), min, max) : 0
        case .normal(let mu, let sigma):
            return sigma > 0 ? Normal.cumulative((value - mu) / sigma) : 0.5
        case .logNormal(let mu, let sigma):
            guard value > 0 else { return 0 }
            return sigma > 0 ? Normal.cumulative((log(value) - mu) / sigma) : 0.5
        case .beta(let a, let b): return Beta.cumulative(value, a: a, b: b)
        }
    }

    /// Never overflows, and never leaves the range by rounding.
    private static func between(_ min: Double, _ max: Double, _ unit: Double) -> Double {
        Swift.min(Swift.max(min * (1 - unit) + max * unit, min), max)
    }

    private static func share(of value: Double, _ min: Double, _ max: Double) -> Double {
        (value / 2 - min / 2) / (max / 2 - min / 2)
    }

    /// The uniform number zero, one of 2⁵³, would be −∞: it becomes the least probability beside it. One stays ∞.
    private static func scaled(_ sigma: Double, _ unit: Double) -> Double {
        sigma > 0 ? sigma * Normal.quantile(Swift.max(unit, 0x1p-54)) : 0
    }
}

/// Rounding to multiples, the `q_…` of the distributions: `round(x / q) * q`, halves to even, as W&B documents it.
/// A rounded value may so lie up to q / 2 outside `min` and `max`.
package enum SweepRounding: Sendable, Hashable {
    /// The values are integers.
    case int(Int)
    case double(Double)

    var step: Double {
        switch self {
        case .int(let step): Double(step)
        case .double(let step): step
        }
    }

    /// A value of which one step is below the precision stays as it is.
    func rounded(_ value: Double) -> SweepValue {
        let count = (value / step).rounded(.toNearestOrEven)
        let value = abs(count) < 0x1p53 ? count * step : value
        if case .int = self, let whole = Int(exactly: value) { return .int(whole) }
        return .double(Self.tidy(value))
    }

    /// A double rid of the error of one multiplication or addition: `0.1 * 3` is 0.3, and is shown so.
    static func tidy(_ value: Double) -> Double {
        // Fifteen digits always survive the way to text and back, but may round the greatest number to infinity.
        guard let tidy = Double(String(format: "%.15g", value)), tidy.isFinite else { return value }
        return tidy
    }
}
