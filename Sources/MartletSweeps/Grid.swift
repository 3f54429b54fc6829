import Foundation

/// The combinations of a grid search, numbered and never listed: 10⁹ of them cost as much as two.
///
/// The last parameter by name changes fastest, as with W&B. Constants are no part of it. Equal values of one parameter
/// count once.
struct Grid {
    /// The values of one parameter, by number.
    private enum Axis {
        /// `numbers` by canonical value; `keys` are those of all values that are objects.
        case values([SweepValue], numbers: [SweepValue: Int], keys: Set<String>)
        case integers(ClosedRange<Int>)
        /// `count` values from `origin`.
        case steps(origin: Double, SweepRounding, count: Int)
    }

    private let parameters: [SweepParameter]
    private let axes: [Axis]

    /// Leaves out what cannot be enumerated; see `problem(of:)`.
    init(_ parameters: [SweepParameter]) {
        let pairs = parameters.compactMap { parameter in Self.axis(parameter.distribution).map { (parameter, $0) } }
        self.parameters = pairs.map(\.0)
        axes = pairs.map(\.1)
    }

    /// Why a parameter cannot be part of a grid, and what would do; `nil` when it can.
    static func problem(of parameter: SweepParameter) -> String? {
        if parameter.isConstant || axis(parameter.distribution) != nil { return nil }
        return switch parameter.distribution {
        case .continuous(_, nil):
            "grid search cannot try every value of a continuous distribution; give `values`, integer `min` and `max`, "
                + "or a `q_` distribution with a step `q`"
        case .continuous(.normal, _), .continuous(.logNormal, _):
            "grid search cannot try every value of a normal distribution, which has no end; give `values` or q_uniform"
        default: "grid search would have more than 2^53 values here; raise `q`"
        }
    }

    /// The number of combinations, one when there are only constants; `nil` from 2⁶³ on.
    var count: Int? {
        var count = 1
        for axis in axes {
            let (product, overflow) = count.multipliedReportingOverflow(by: Self.count(axis))
            guard !overflow else { return nil }
            count = product
        }
        return count
    }

    /// The values of the first combination that none of the runs has; `nil` when there is none left.
    /// O(runs · parameters).
    func next(after runs: [SweepRun]) -> [[String]: SweepValue]? {
        let taken = Set(runs.compactMap { number(of: $0.parameters) })
        var free = 0
        while taken.contains(free) { free += 1 }
        if let count, free >= count { return nil }
        return values(free)
    }

    private func values(_ number: Int) -> [[String]: SweepValue] {
        var rest = number
        var values: [[String]: SweepValue] = [:]
        for (parameter, axis) in zip(parameters, axes).reversed() {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: Self.count(axis))
            values[parameter.path] = Self.value(axis, remainder)
            rest = quotient
        }
        return values
    }

    /// `nil` for parameters that are no combination of the grid, or one beyond the numbers that are ever tried.
    private func number(of values: [String: SweepValue]) -> Int? {
        var number = 0
        for (parameter, axis) in zip(parameters, axes) {
            guard let value = parameter.value(in: values), let digit = Self.number(axis, value) else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: Self.count(axis))
            let (sum, carry) = product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            number = sum
        }
        return number
    }

    // MARK: - One axis

    private static func axis(_ distribution: SweepDistribution) -> Axis? {
        switch distribution {
        case .constant: return nil
        case .categorical(let values), .weighted(let values, _): return axis(values)
        case .integers(let range): return .integers(range)
        case .continuous(let curve, let rounding): return rounding.flatMap { axis(curve, $0) }
        }
    }

    private static func axis(_ values: [SweepValue]) -> Axis {
        var numbers: [SweepValue: Int] = [:]
        var distinct: [SweepValue] = []
        for value in values where numbers[value.canonical] == nil {
            numbers[value.canonical] = distinct.count
            distinct.append(value)
        }
        return .values(
            distinct,
            numbers: numbers,
            keys: Set(values.flatMap { $0.members.map { Array($0.keys) } ?? [] })
        )
    }

    /// `nil` for a curve without ends and for more steps than a double counts.
    ///
    /// q_uniform goes from `min` by `q` and stays below `max`, as W&B has it (`numpy.arange`). The others, which W&B
    /// refuses, take every multiple of `q` that a sample can have.
    private static func axis(_ curve: SweepCurve, _ rounding: SweepRounding) -> Axis? {
        let step = rounding.step
        let bounds = curve.bounds
        if case .uniform = curve {
            let steps = (bounds.max / step - bounds.min / step - 1e-9).rounded(.up)
            guard steps < 0x1p53 else { return nil }
            return .steps(origin: bounds.min, rounding, count: max(Int(steps), 1))
        }
        let first = (bounds.min / step).rounded(.toNearestOrEven)
        let last = (bounds.max / step).rounded(.toNearestOrEven)
        guard abs(first) < 0x1p53, last - first < 0x1p53 else { return nil }
        return .steps(origin: first * step, rounding, count: Int(last - first) + 1)
    }

    private static func count(_ axis: Axis) -> Int {
        switch axis {
        case .values(let values, _, _): values.count
        case .integers(let range): range.upperBound - range.lowerBound + 1
        case .steps(_, _, let count): count
        }
    }

    private static func value(_ axis: Axis, _ number: Int) -> SweepValue {
        switch axis {
        case .values(let values, _, _): return values[number]
        case .integers(let range): return .int(range.lowerBound + number)
        case .steps(let origin, let rounding, _):
            let value = origin + Double(number) * rounding.step
            if case .int = rounding, let whole = Int(exactly: value) { return .int(whole) }
            return .double(SweepRounding.tidy(value))
        }
    }

    private static func number(_ axis: Axis, _ value: SweepValue) -> Int? {
        switch axis {
        case .values(_, let numbers, let keys):
            // A run may add keys of its own to an object that it was given.
            guard case .object(let members) = value, !keys.isEmpty else { return numbers[value.canonical] }
            return numbers[SweepValue.object(members.filter { keys.contains($0.key) }).canonical]
        case .integers(let range):
            guard let integer = value.integer, range.contains(integer) else { return nil }
            return integer - range.lowerBound
        case .steps(let origin, let rounding, let count):
            guard let number = value.number else { return nil }
            let place = (number / rounding.step - origin / rounding.step).rounded()
            guard place >= 0, place < Double(count) else { return nil }
            let error = abs(origin + place * rounding.step - number)
            return error <= 1e-9 * max(abs(number), rounding.step) ? Int(place) : nil
        }
    }
}
