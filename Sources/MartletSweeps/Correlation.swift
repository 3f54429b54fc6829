/// How two columns of numbers go together. Rows in which either is no finite number are left out.
package enum Correlation {
    /// Pearson's coefficient, from −1 to 1; `nil` with fewer than two rows or where a column is constant. O(rows).
    package static func pearson(_ a: [Double], _ b: [Double]) -> Double? {
        let (left, right) = complete(a, b)
        return coefficient(left, right)
    }

    /// Spearman's coefficient: Pearson's of the ranks, equal values sharing the mean of theirs. O(rows · log rows).
    package static func spearman(_ a: [Double], _ b: [Double]) -> Double? {
        let (left, right) = complete(a, b)
        return coefficient(ranks(left), ranks(right))
    }

    private static func complete(_ a: [Double], _ b: [Double]) -> ([Double], [Double]) {
        let rows = zip(a, b).filter { $0.isFinite && $1.isFinite }
        return (rows.map(\.0), rows.map(\.1))
    }

    private static func coefficient(_ a: [Double], _ b: [Double]) -> Double? {
        guard a.count > 1, let (left, right) = centred(a).flatMap({ left in centred(b).map { (left, $0) } }) else {
            return nil
        }
        let product = zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
        let squares = left.reduce(0) { $0 + $1 * $1 } * right.reduce(0) { $0 + $1 * $1 }
        return squares > 0 ? min(max(product / squares.squareRoot(), -1), 1) : nil
    }

    /// Less the mean, and scaled so that squares neither overflow nor vanish; `nil` when all are the same.
    private static func centred(_ values: [Double]) -> [Double]? {
        guard let least = values.min(), let greatest = values.max(), least < greatest else { return nil }
        let scale = greatest / 2 - least / 2
        guard scale > 0 else { return nil }
        let shifted = values.map { ($0 / 2 - least / 2) / scale }
        let mean = shifted.reduce(0, +) / Double(shifted.count)
        return shifted.map { $0 - mean }
    }

    /// From 1, by value.
    static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var first = 0
        while first < order.count {
            var last = first
            while last + 1 < order.count, values[order[last + 1]] == values[order[first]] { last += 1 }
            for place in first...last { ranks[order[place]] = Double(first + last) / 2 + 1 }
            first = last + 1
        }
        return ranks
    }
}
