import Foundation
import Testing

@testable import MartletSweeps

@Suite("The model behind Bayesian search")
struct GaussianProcessTests {
    @Test("the factor, its solutions, its determinant and its inverse are those of the matrix")
    func cholesky() throws {
        // A = B Bᵀ + I for some B, of odd size so that the inner products have a rest.
        let count = 19
        var generator = SweepGenerator(seed: 9)
        let b = (0..<count * count).map { _ in generator.unit() - 0.5 }
        var matrix = [Double](repeating: 0, count: count * count)
        for i in 0..<count {
            for j in 0..<count {
                let product = (0..<count).reduce(0) { $0 + b[i * count + $1] * b[j * count + $1] }
                matrix[i * count + j] = product + (i == j ? 1 : 0)
            }
        }
        let factor = try #require(CholeskyFactor(matrix, count: count))
        let right = (0..<count).map { Double($0) }
        let solved = factor.solve(right)
        let inverse = factor.inverse()
        for i in 0..<count {
            let product = (0..<count).reduce(0) { $0 + matrix[i * count + $1] * solved[$1] }
            #expect(abs(product - right[i]) < 1e-10)
            let unit = (0..<count).reduce(0) {
                $0 + matrix[i * count + $1] * inverse[max($1, i) * count + min($1, i)]
            }
            #expect(abs(unit - 1) < 1e-10)
        }
        let two = try #require(CholeskyFactor([4, 0, 2, 3], count: 2))
        #expect(abs(two.logDeterminant - log(8)) < 1e-14)
    }

    @Test(
        "a matrix that is not positive definite has no factor",
        arguments: [[1, 0, 2, 1], [0, 0, 0, 0], [.nan, 0, 0, 1]]
    )
    func indefinite(_ matrix: [Double]) {
        #expect(CholeskyFactor(matrix, count: 2) == nil)
    }

    @Test("the process goes through what was seen, and is sure only there")
    func interpolation() throws {
        var scales = CovarianceScales(dimensions: 1)
        scales.logNoise = log(1e-6)
        scales.logLengths = [log(0.3)]
        let points: [[Double]] = [[0], [0.4], [0.5], [1]]
        var process = try #require(
            GaussianProcess(
                points: points,
                values: [1, -1, -0.5, 0.5],
                pending: [],
                isCategorical: [false],
                scales: scales
            )
        )
        for (point, value) in zip(points, [1, -1, -0.5, 0.5]) {
            let expected = process.expectation(at: point)
            #expect(abs(expected.mean - value) < 1e-3)
            #expect(expected.variance < 1e-3)
        }
        #expect(process.expectation(at: [0.75]).variance > 0.05)
        #expect(process.incumbentIndex == 1)
    }

    @Test("pending points take away the doubt around them and leave the mean")
    func pending() throws {
        let scales = CovarianceScales(dimensions: 1)
        func process(_ pending: [[Double]]) throws -> GaussianProcess {
            try #require(
                GaussianProcess(
                    points: [[0], [0.3]],
                    values: [1, -1],
                    pending: pending,
                    isCategorical: [false],
                    scales: scales
                )
            )
        }
        var without = try process([])
        var with = try process([[0.8]])
        let before = without.expectation(at: [0.8])
        let after = with.expectation(at: [0.8])
        #expect(abs(before.mean - after.mean) < 1e-12)
        #expect(after.variance < 0.05 * before.variance)
    }

    @Test("categories that differ are equally far apart")
    func categories() throws {
        let scales = CovarianceScales(dimensions: 1)
        var process = try #require(
            GaussianProcess(points: [[0], [0]], values: [1, 1], pending: [], isCategorical: [true], scales: scales)
        )
        #expect(process.expectation(at: [1]).mean == process.expectation(at: [3]).mean)
        #expect(process.expectation(at: [1]).mean < process.expectation(at: [0]).mean)
    }

    @Test("the fit finds which axis matters, and how noisy the values are")
    func fit() {
        var generator = SweepGenerator(seed: 4)
        let points = (0..<60).map { _ in [generator.unit(), generator.unit(), Double(generator.index(below: 3))] }
        let smooth = BayesianSearch.standardised(points.map { sin(6 * $0[0]) })
        let kinds = [false, false, true]
        let scales = ScaleFit(points: points, values: smooth, isCategorical: kinds).best(steps: 40)
        #expect(scales.logLengths[0] < scales.logLengths[1] - 1)
        #expect(scales.logLengths[0] < scales.logLengths[2] - 1)
        #expect(scales.logNoise < log(1e-2))
        let noisy = BayesianSearch.standardised(points.map { sin(6 * $0[0]) + generator.normal() })
        #expect(ScaleFit(points: points, values: noisy, isCategorical: kinds).best(steps: 40).logNoise > log(0.1))
    }

    @Test(
        "the logarithm of the expected improvement is smooth where the improvement itself vanishes",
        arguments: [-40.0, -10.0001, -9.9999, -6, -1, 0, 3]
    )
    func improvement(_ z: Double) {
        func score(_ z: Double) -> Double { Acquisition.logImprovement(mean: -z, deviation: 1, below: 0) }
        #expect(score(z).isFinite)
        #expect(score(z) < score(z + 0.01))
        if z > -10 {
            #expect(abs(exp(score(z)) - (Normal.density(z) + z * Normal.cumulative(z))) < 1e-12)
        }
        #expect(abs(score(-10.000_001) - score(-9.999_999)) < 3e-4)
    }
}
