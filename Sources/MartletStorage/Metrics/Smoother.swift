import Foundation
import MartletCore

/// The exponential moving average of a series whose points are not evenly apart in x.
///
/// A value weighs by the stretch of x since the one before it: w = 1 − 2^(−Δx/h), and all older weights fall by
/// 2^(−Δx/h); the sum of weighted values is divided by the sum of weights, so the start is not drawn to zero. The
/// first value weighs as the second. Points of equal x count as their mean. What is not finite is passed over.
struct Smoother {
    private let halfLife: Double
    /// Where the average is wanted, ascending.
    private let marks: [Int64]
    private var results: [Double] = []
    private var weighted = 0.0
    private var weight = 0.0
    private var lastX: Int64?
    private var isFirst = true
    private var groupX: Int64 = 0
    private var groupSum = 0.0
    private var groupCount = 0
    private var knownDelta: UInt64 = 0
    private var knownWeight = 0.0

    init(halfLife: Double, marks: [Int64]) {
        self.halfLife = halfLife
        self.marks = marks
        results.reserveCapacity(marks.count)
    }

    /// Takes the points of a stretch of x, in any order; stretches come in order and do not overlap.
    mutating func feed(_ points: PointBuffer, x: UnsafeMutablePointer<Int64>) {
        let values = points.values
        let isAscending = (1..<max(points.count, 1)).allSatisfy { x[$0 - 1] <= x[$0] }
        guard isAscending else {
            let order = (0..<UInt32(points.count)).sorted {
                let (a, b) = (Int($0), Int($1))
                return x[a] != x[b] ? x[a] < x[b] : points.place(a) < points.place(b)
            }
            for index in order { take(x[Int(index)], values[Int(index)]) }
            return
        }
        for index in 0..<points.count { take(x[index], values[index]) }
    }

    @inline(__always)
    private mutating func take(_ x: Int64, _ value: Double) {
        if x != groupX || groupCount == 0 {
            close()
            // Marks before this point see all that came before it.
            while results.count < marks.count, marks[results.count] < x { results.append(average) }
            groupX = x
        }
        guard value.isFinite else { return }
        groupSum += value
        groupCount += 1
    }

    private var average: Double { isFirst ? .nan : weight > 0 ? weighted / weight : weighted }

    /// Brings the points of one x into the average.
    @inline(__always)
    private mutating func close() {
        guard groupCount > 0 else { return }
        let value = groupSum / Double(groupCount)
        groupSum = 0
        groupCount = 0
        guard let before = lastX else {
            lastX = groupX
            weighted = value
            isFirst = false
            return
        }
        let delta = UInt64(bitPattern: groupX &- before)
        if delta != knownDelta {
            knownDelta = delta
            knownWeight = -expm1(-Double(delta) * 0.693_147_180_559_945_3 / halfLife)
        }
        if weight == 0 {
            weighted *= knownWeight
            weight = knownWeight
        }
        weighted = weighted * (1 - knownWeight) + value * knownWeight
        weight = weight * (1 - knownWeight) + knownWeight
        lastX = groupX
    }

    /// One average per mark; NaN where no finite value came before.
    mutating func finish() -> [Double] {
        close()
        while results.count < marks.count { results.append(average) }
        return results
    }
}
