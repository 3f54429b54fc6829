import Foundation

/// The Matérn covariance with ν = 5/2 and one length scale for each axis, of variance one.
///
/// k(r) = (1 + √5 r + 5 r² / 3) exp(−√5 r) with r² = Σ (Δⱼ / ℓⱼ)². Two categories are one apart when they differ, which
/// is the one-hot encoding scaled by 1 / √2. Source: Rasmussen and Williams, *Gaussian Processes for Machine Learning*,
/// 2006, eq. 4.17; for its use here Snoek, Larochelle and Adams, NIPS 2012, §3.1.
enum Matern {
    static func covariance(_ squaredDistance: Double) -> Double {
        let s = (5 * squaredDistance).squareRoot()
        return (1 + s + s * s / 3) * exp(-s)
    }

    /// The derivative by the squared distance is −5/6 times this: (1 + s) exp(−s), s = √5 r.
    static func slope(_ squaredDistance: Double) -> Double {
        let s = (5 * squaredDistance).squareRoot()
        return (1 + s) * exp(-s)
    }
}

/// What a Gaussian process is told beforehand about the function; the variance follows from the values.
struct CovarianceScales {
    /// ln ℓⱼ by axis, in units of the cube.
    var logLengths: [Double]
    /// ln of the noise variance, in units of the variance of the function.
    var logNoise: Double

    /// What is most likely before any value is seen: the mean of the prior.
    ///
    /// Lengths grow with √axes, since distances do, so that many axes do not make all points strangers. Source: Hvarfner,
    /// Hellsten and Nardi, *Vanilla Bayesian optimization performs great in high dimensions*, ICML 2024.
    init(dimensions: Int) {
        logLengths = [Double](repeating: log(0.5 * Double(dimensions).squareRoot()), count: dimensions)
        logNoise = log(1e-3)
    }

    static let lengthDeviation = 1.0
    static let noiseDeviation = 2.0
    static let noiseRange = log(1e-6)...log(0.5)
    static let lengthRange = log(0.02)...log(50.0)

    /// 1 / ℓⱼ².
    var weights: [Double] { logLengths.map { exp(-2 * $0) } }
}
