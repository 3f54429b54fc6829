import Foundation

/// The standard normal distribution.
enum Normal {
    static func density(_ x: Double) -> Double { exp(-0.5 * x * x) / (2 * Double.pi).squareRoot() }

    static func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

    /// The inverse of `cumulative`: −∞ at 0, ∞ at 1, NaN outside [0, 1]. Relative error about 1e-15.
    ///
    /// Source: Acklam's rational approximation (relative error 1.15e-9), then one step of Halley's method.
    static func quantile(_ probability: Double) -> Double {
        guard probability > 0, probability < 1 else {
            return probability == 0 ? -.infinity : probability == 1 ? .infinity : .nan
        }
        // The upper half is the mirror of the lower one, where small probabilities keep their digits.
        if probability > 0.5 { return -quantile(1 - probability) }
        let x = approximateQuantile(probability)
        let error = cumulative(x) - probability
        let step = error * (2 * Double.pi).squareRoot() * exp(0.5 * x * x)
        return step.isFinite ? x - step / (1 + 0.5 * x * step) : x
    }

    private static let centreTop = [
        -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02,
        -3.066479806614716e+01, 2.506628277459239e+00,
    ]
    private static let centreBottom = [
        -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
        -1.328068155288572e+01, 1,
    ]
    private static let tailTop = [
        -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00,
        4.374664141464968e+00, 2.938163982698783e+00,
    ]
    private static let tailBottom = [
        7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00, 1,
    ]

    /// - Precondition: the probability lies in (0, ½].
    private static func approximateQuantile(_ probability: Double) -> Double {
        func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
            coefficients.reduce(0) { $0 * x + $1 }
        }
        if probability < 0.02425 {
            let tail = (-2 * log(probability)).squareRoot()
            return polynomial(tailTop, tail) / polynomial(tailBottom, tail)
        }
        let centred = probability - 0.5
        let square = centred * centred
        return polynomial(centreTop, square) * centred / polynomial(centreBottom, square)
    }
}

/// The beta distribution with shapes a and b.
enum Beta {
    /// The regularised incomplete beta function Iₓ(a, b), to about 1e-13.
    ///
    /// Source: continued fraction DLMF 8.17.22, evaluated by the modified Lentz method (Thompson and Barnett 1986).
    static func cumulative(_ x: Double, a: Double, b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        let front = exp(
            logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)
        )
        // The fraction converges fast below the mean; above it the mirror image does.
        return x < (a + 1) / (a + b + 2)
            ? min(front * fraction(x, a, b) / a, 1) : max(1 - front * fraction(1 - x, b, a) / b, 0)
    }

    /// The inverse of `cumulative`, by bisection to the last bit but a few. O(100) evaluations at most.
    static func quantile(_ probability: Double, a: Double, b: Double) -> Double {
        guard probability > 0 else { return 0 }
        guard probability < 1 else { return 1 }
        var low = 0.0
        var high = 1.0
        for _ in 0..<100 {
            let middle = 0.5 * (low + high)
            guard middle > low, middle < high, high - low > 1e-15 * high else { break }
            if cumulative(middle, a: a, b: b) < probability { low = middle } else { high = middle }
        }
        return 0.5 * (low + high)
    }

    private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func guarded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / guarded(1 - (a + b) * x / (a + 1))
        var result = d
        for step in 1...500 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / guarded(1 + even * d)
            c = guarded(1 + even / c)
            result *= d * c
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / guarded(1 + odd * d)
            c = guarded(1 + odd / c)
            result *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return result
    }

    /// ln Γ(x) for positive x, relative error about 1e-15 (Lanczos 1964 with g = 7 and nine terms). The C library's
    /// `lgamma` writes a global variable.
    static func logGamma(_ x: Double) -> Double {
        guard x >= 0.5 else { return log(Double.pi / sin(Double.pi * x)) - logGamma(1 - x) }
        let coefficients = [
            676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
            -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
        ]
        var sum = 0.99999999999980993
        for (index, coefficient) in coefficients.enumerated() { sum += coefficient / (x + Double(index)) }
        let base = x + 6.5
        return 0.5 * log(2 * Double.pi) + (x - 0.5) * log(base) - base + log(sum)
    }
}
