import Foundation

/// The unit cube in which Bayesian search works: one axis for each parameter that is not constant.
///
/// A *place* is a point of the cube as a sample is drawn: the quantile of each parameter. Its *coordinates* are what the
/// model sees: places that give the same value have the same coordinates (Garrido-Merchán and Hernández-Lobato,
/// *Dealing with categorical and integer-valued variables in Bayesian optimization*, Neurocomputing 380, 2020).
struct SearchSpace {
    enum Axis {
        /// From 0 to 1; the place is the coordinate.
        case line
        case integers(count: Double)
        case rounded(SweepCurve, step: Double)
        /// Numbers in a list; the coordinate is the rank of the number, from 0 to 1.
        case ranks([Double])
        /// The coordinate is the number of the category. `ends` are the upper ends of their shares, the last one 1.
        case categories(ends: [Double])

        var isCategorical: Bool {
            if case .categories = self { true } else { false }
        }

        var isFinite: Bool {
            if case .line = self { false } else { true }
        }
    }

    let parameters: [SweepParameter]
    let axes: [Axis]
    /// Whether there are only so many points that one could be given out twice.
    let isFinite: Bool
    /// The number of each value of a list, by parameter; empty for the others.
    private let numbers: [[SweepValue: Int]]

    init(_ all: [SweepParameter]) {
        parameters = all.filter { !$0.isConstant }
        axes = parameters.map { Self.axis($0.distribution) }
        isFinite = axes.allSatisfy(\.isFinite)
        numbers = parameters.map { parameter in
            guard case .categorical(let values) = parameter.distribution else {
                guard case .weighted(let values, _) = parameter.distribution else { return [:] }
                return Self.numbers(values)
            }
            return Self.numbers(values)
        }
    }

    var dimensions: Int { axes.count }

    func values(at place: [Double]) -> [[String]: SweepValue] {
        Dictionary(uniqueKeysWithValues: zip(parameters, place).map { ($0.path, $0.distribution.value(at: $1)) })
    }

    func coordinates(at place: [Double]) -> [Double] { zip(axes, place).map { Self.coordinate($0, $1) } }

    /// Where a run lies; `nil` when it lacks a parameter or has a value that the sweep does not know.
    func place(of values: [String: SweepValue]) -> [Double]? {
        var place: [Double] = []
        for (index, parameter) in parameters.enumerated() {
            guard let value = parameter.value(in: values), let unit = unit(of: value, index) else { return nil }
            place.append(min(unit, 1 - 0x1p-53))
        }
        return place
    }

    private func unit(of value: SweepValue, _ index: Int) -> Double? {
        switch axes[index] {
        case .ranks(let ranks):
            return numbers[index][value.canonical].map { (Double($0) + 0.5) / Double(ranks.count) }
        case .categories(let ends):
            return numbers[index][value.canonical].map { 0.5 * (ends[$0] + ($0 > 0 ? ends[$0 - 1] : 0)) }
        default: return parameters[index].distribution.unit(of: value)
        }
    }

    static func coordinate(_ axis: Axis, _ place: Double) -> Double {
        switch axis {
        case .line: return place
        case .integers(let count): return ((place * count).rounded(.down) + 0.5) / count
        case .rounded(let curve, let step):
            let count = (curve.quantile(place) / step).rounded(.toNearestOrEven)
            let value = count * step
            guard value.isFinite, abs(count) < 0x1p53 else { return place }
            return min(max(curve.cumulative(value), 0), 1)
        case .ranks(let ranks): return ranks[min(Int(place * Double(ranks.count)), ranks.count - 1)]
        case .categories(let ends): return Double(ends.firstIndex { place < $0 } ?? ends.count - 1)
        }
    }

    private static func axis(_ distribution: SweepDistribution) -> Axis {
        switch distribution {
        case .constant: return .line
        case .categorical(let values):
            let ordered = values.compactMap(\.number).filter(\.isFinite)
            // Two values have no order to learn from, and texts have none at all.
            if ordered.count == values.count, Set(ordered).count > 2 { return .ranks(ranks(ordered)) }
            return .categories(ends: (1...values.count).map { Double($0) / Double(values.count) })
        case .weighted(_, let probabilities):
            var sum = 0.0
            return .categories(
                ends: probabilities.map {
                    sum += $0
                    return sum
                }
            )
        case .integers(let range): return .integers(count: Double(range.upperBound - range.lowerBound) + 1)
        case .continuous(.beta, _), .continuous(_, nil): return .line
        case .continuous(let curve, let rounding?): return .rounded(curve, step: rounding.step)
        }
    }

    private static func ranks(_ values: [Double]) -> [Double] {
        let sorted = Set(values).sorted()
        let ranks = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
        return values.map { Double(ranks[$0] ?? 0) / Double(sorted.count - 1) }
    }

    private static func numbers(_ values: [SweepValue]) -> [SweepValue: Int] {
        Dictionary(values.enumerated().map { ($1.canonical, $0) }) { first, _ in first }
    }
}
