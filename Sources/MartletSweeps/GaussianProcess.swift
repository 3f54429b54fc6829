import Foundation

/// A Gaussian process given some values, which answers what to expect elsewhere.
///
/// Source: Rasmussen and Williams 2006, algorithm 2.1. Points without a value yet, those of running runs, shrink the
/// variance around them but leave the mean alone, as if each had come out just as expected: the *Kriging believer*
/// (Ginsbourger, Le Riche and Carraro 2010), whose use for parallel work is analysed by Desautels, Krause and Burdick
/// (GP-BUCB, JMLR 15, 2014).
struct GaussianProcess {
    /// The coordinates of all points axis by axis, those with a value first.
    private let columns: [Double]
    private let isCategorical: [Bool]
    private let weights: [Double]
    private let factor: CholeskyFactor
    /// K⁻¹ y over the points with a value.
    private let solved: [Double]
    private let variance: Double
    /// The least mean at any of the points: what is to be improved on. The values' own least would take a lucky draw of
    /// the noise for the truth, and what a running run is believed to bring needs no second run.
    private(set) var incumbent: Double
    /// The number of the point with a value where the mean is least.
    let incumbentIndex: Int
    private var covariances: [Double]

    /// Of all points, pending ones too.
    var count: Int { covariances.count }

    /// O((points + pending)³ / 3).
    /// - Returns: `nil` without points, and when the covariance is singular even with noise added.
    init?(
        points: [[Double]],
        values: [Double],
        pending: [[Double]],
        isCategorical: [Bool],
        scales: CovarianceScales
    ) {
        let all = points + pending
        guard !points.isEmpty else { return nil }
        let weights = scales.weights
        let columns = isCategorical.indices.flatMap { axis in all.map { $0[axis] } }
        var noise = exp(scales.logNoise)
        for _ in 0..<6 {
            let matrix = Self.covariance(all, isCategorical, weights, noise: noise)
            if let leading = Self.leading(matrix, all.count, points.count),
                let observed = CholeskyFactor(leading, count: points.count),
                let factor = pending.isEmpty ? observed : CholeskyFactor(matrix, count: all.count)
            {
                let solved = observed.solve(values)
                // The mean at a point that was seen is y − noise · K⁻¹ y.
                let means = zip(values, solved).map { $0 - noise * $1 }
                let least = means.indices.min { means[$0] < means[$1] } ?? 0
                let fitted = zip(values, solved).reduce(0) { $0 + $1.0 * $1.1 } / Double(points.count)
                (self.columns, self.isCategorical, self.weights) = (columns, isCategorical, weights)
                (self.factor, self.solved, variance) = (factor, solved, max(fitted, 1e-12))
                (incumbent, incumbentIndex) = (means[least], least)
                covariances = [Double](repeating: 0, count: all.count)
                for point in pending { incumbent = min(incumbent, expectation(at: point).mean) }
                return
            }
            noise = max(noise * 10, 1e-6)
        }
        return nil
    }

    /// Mean and variance of the function itself, without noise. O(axes · points + points² / 2).
    mutating func expectation(at point: [Double]) -> (mean: Double, variance: Double) {
        fillCovariances(point)
        var mean = 0.0
        for index in solved.indices { mean += covariances[index] * solved[index] }
        factor.solveLower(&covariances)
        let explained = covariances.reduce(0) { $0 + $1 * $1 }
        return (mean, variance * max(1 - explained, 1e-12))
    }

    private mutating func fillCovariances(_ point: [Double]) {
        let count = covariances.count
        columns.withUnsafeBufferPointer { columns in
            covariances.withUnsafeMutableBufferPointer { sums in
                sums.update(repeating: 0)
                for axis in point.indices {
                    let place = point[axis]
                    let weight = weights[axis]
                    let first = axis * count
                    if isCategorical[axis] {
                        for index in 0..<count where columns[first + index] != place { sums[index] += weight }
                    } else {
                        for index in 0..<count {
                            let difference = columns[first + index] - place
                            sums[index] += weight * difference * difference
                        }
                    }
                }
                for index in 0..<count { sums[index] = Matern.covariance(sums[index]) }
            }
        }
    }

    /// Row-major, lower triangle.
    private static func covariance(
        _ points: [[Double]],
        _ isCategorical: [Bool],
        _ weights: [Double],
        noise: Double
    ) -> [Double] {
        let count = points.count
        var matrix = [Double](repeating: 0, count: count * count)
        for i in 0..<count {
            let point = points[i]
            for j in 0..<i {
                let other = points[j]
                var distance = 0.0
                for axis in weights.indices {
                    let difference = point[axis] - other[axis]
                    let square = isCategorical[axis] ? (difference == 0 ? 0 : 1) : difference * difference
                    distance += weights[axis] * square
                }
                matrix[i * count + j] = Matern.covariance(distance)
            }
            matrix[i * count + i] = 1 + noise
        }
        return matrix
    }

    private static func leading(_ matrix: [Double], _ count: Int, _ part: Int) -> [Double]? {
        guard part < count else { return matrix }
        var leading: [Double] = []
        leading.reserveCapacity(part * part)
        for i in 0..<part { leading += matrix[i * count..<i * count + part] }
        return leading
    }
}
