import Foundation

/// Finds the length scales and the noise under which the values seen are most likely.
///
/// The posterior density of the scales, with the variance of the function put at its best for them, is climbed by
/// iRprop⁻ from the prior's mean: sign-based steps need no line search, which would double the cost, and always end after
/// the same number. Sources: Rasmussen and Williams 2006, eq. 5.8–5.9; Blum and Riedmiller, *Optimization of Gaussian
/// process hyperparameters using Rprop*, ESANN 2013.
struct ScaleFit {
    private let count: Int
    private let values: [Double]
    private let isCategorical: [Bool]
    /// By axis, the squared differences of all pairs (i, j), j < i, row after row.
    private let differences: [[Double]]

    /// - Parameters:
    ///   - points: coordinates, one array a point.
    ///   - values: of mean zero and variance one, as many as points.
    init(points: [[Double]], values: [Double], isCategorical: [Bool]) {
        count = points.count
        self.values = values
        self.isCategorical = isCategorical
        differences = isCategorical.indices.map { axis in
            var packed: [Double] = []
            packed.reserveCapacity(points.count * (points.count - 1) / 2)
            for i in points.indices {
                for j in 0..<i {
                    let difference = points[i][axis] - points[j][axis]
                    packed.append(isCategorical[axis] ? (difference == 0 ? 0 : 1) : difference * difference)
                }
            }
            return packed
        }
    }

    /// O(steps · (count³ + axes · count²)).
    func best(steps: Int) -> CovarianceScales {
        let start = CovarianceScales(dimensions: isCategorical.count)
        var scales = start
        var best = (density: -Double.infinity, scales: scales)
        var sizes = [Double](repeating: 0.4, count: isCategorical.count + 1)
        var before = [Double](repeating: 0, count: sizes.count)
        for _ in 0..<steps {
            guard let (density, slopes) = posterior(scales, around: start) else {
                scales.logNoise = min(scales.logNoise + 2, CovarianceScales.noiseRange.upperBound)
                continue
            }
            if density > best.density { best = (density, scales) }
            for index in sizes.indices {
                let turn = slopes[index] * before[index]
                if turn > 0 { sizes[index] = min(sizes[index] * 1.2, 1) }
                if turn < 0 { sizes[index] = max(sizes[index] * 0.5, 1e-3) }
                before[index] = turn < 0 ? 0 : slopes[index]
                let change = before[index] > 0 ? sizes[index] : before[index] < 0 ? -sizes[index] : 0
                scales.move(index, by: change)
            }
        }
        return best.scales
    }

    /// The log density up to a constant, and its slopes by each log length and the log noise.
    /// `nil` when the covariance is singular.
    private func posterior(
        _ scales: CovarianceScales,
        around prior: CovarianceScales
    ) -> (density: Double, slopes: [Double])? {
        let weights = scales.weights
        let noise = exp(scales.logNoise)
        let distances = squaredDistances(weights)
        guard let factor = CholeskyFactor(covariance(distances, noise), count: count) else { return nil }
        let solved = factor.solve(values)
        let variance = max(zip(values, solved).reduce(0) { $0 + $1.0 * $1.1 } / Double(count), 1e-12)
        var density = -0.5 * Double(count) * log(variance) - 0.5 * factor.logDeterminant

        let (pull, diagonal) = pull(factor.inverse(), solved, variance, distances)
        var slopes = weights.indices.map { axis in
            5.0 / 3 * weights[axis] * Self.dot(pull, differences[axis])
        }
        slopes.append(0.5 * noise * diagonal)

        for (axis, length) in scales.logLengths.enumerated() {
            let away = (length - prior.logLengths[axis]) / CovarianceScales.lengthDeviation
            density -= 0.5 * away * away
            slopes[axis] -= away / CovarianceScales.lengthDeviation
        }
        let away = (scales.logNoise - prior.logNoise) / CovarianceScales.noiseDeviation
        density -= 0.5 * away * away
        slopes[slopes.count - 1] -= away / CovarianceScales.noiseDeviation
        return (density, slopes)
    }

    private func squaredDistances(_ weights: [Double]) -> [Double] {
        var distances = [Double](repeating: 0, count: count * (count - 1) / 2)
        for (axis, weight) in weights.enumerated() {
            distances.withUnsafeMutableBufferPointer { sums in
                differences[axis].withUnsafeBufferPointer { terms in
                    for index in sums.indices { sums[index] += weight * terms[index] }
                }
            }
        }
        return distances
    }

    private func covariance(_ distances: [Double], _ noise: Double) -> [Double] {
        var matrix = [Double](repeating: 0, count: count * count)
        var pair = 0
        for i in 0..<count {
            for j in 0..<i {
                matrix[i * count + j] = Matern.covariance(distances[pair])
                pair += 1
            }
            matrix[i * count + i] = 1 + noise
        }
        return matrix
    }

    /// How the density pulls at each pair's squared distance, but for constant factors; and the sum over the diagonal.
    private func pull(
        _ inverse: [Double],
        _ solved: [Double],
        _ variance: Double,
        _ distances: [Double]
    ) -> (pairs: [Double], diagonal: Double) {
        var pairs = [Double](repeating: 0, count: distances.count)
        var diagonal = 0.0
        var pair = 0
        for i in 0..<count {
            for j in 0..<i {
                let tension = solved[i] * solved[j] / variance - inverse[i * count + j]
                pairs[pair] = tension * Matern.slope(distances[pair])
                pair += 1
            }
            diagonal += solved[i] * solved[i] / variance - inverse[i * count + i]
        }
        return (pairs, diagonal)
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                guard let left = a.baseAddress, let right = b.baseAddress else { return 0 }
                return MartletSweeps.dot(left, right, a.count)
            }
        }
    }
}

extension CovarianceScales {
    /// Moves one of them, the noise being the last, and keeps it in its range.
    fileprivate mutating func move(_ index: Int, by change: Double) {
        func kept(_ value: Double, _ range: ClosedRange<Double>) -> Double {
            min(max(value, range.lowerBound), range.upperBound)
        }
        if index < logLengths.count {
            logLengths[index] = kept(logLengths[index] + change, Self.lengthRange)
        } else {
            logNoise = kept(logNoise + change, Self.noiseRange)
        }
    }
}
