/// A random forest that learns a number from a table, made to ask which parameters it needs.
///
/// Source: Breiman, *Random forests*, Machine Learning 45, 2001: each tree is grown on a bootstrap sample, each split
/// looks at a third of the columns, and the rows that a tree has not seen (out of bag) judge it.
struct RegressionForest {
    private let table: BinnedTable
    private let values: [Double]
    private var trees: [RegressionTree] = []

    /// O(trees · rows · columns · depth / 3). Without trees when the table is empty.
    init(_ table: BinnedTable, values: [Double], trees count: Int, using generator: inout SweepGenerator) {
        self.table = table
        self.values = values
        guard table.rows > 0, table.columns > 0 else { return }
        for _ in 0..<count { trees.append(RegressionTree(table, values: values, using: &generator)) }
    }

    /// By parameter, by how much the squared error out of bag grows when the parameter's values are exchanged between
    /// runs (permutation importance, Breiman 2001, §10); all columns of one parameter together. Not negative.
    ///
    /// Unlike the decrease of impurity it does not favour parameters with many values (Strobl et al. 2007).
    /// O(trees · parameters · rows · depth).
    func importance(of parameters: Int, using generator: inout SweepGenerator) -> [Double] {
        var growth = [Double](repeating: 0, count: parameters)
        for tree in trees where tree.outOfBag.count > 1 {
            var order = tree.outOfBag
            generator.shuffle(&order)
            var before = 0.0
            for row in order { before += squaredError(tree, row: row) }
            for parameter in tree.parameters(in: table).sorted() {
                let shift = 1 + generator.index(below: order.count - 1)
                var after = 0.0
                for (place, row) in order.enumerated() {
                    let shifted = place + shift
                    let other = order[shifted < order.count ? shifted : shifted - order.count]
                    after += squaredError(tree, row: row, parameter, from: other)
                }
                growth[parameter] += (after - before) / Double(order.count)
            }
        }
        return growth.map { max($0 / Double(max(trees.count, 1)), 0) }
    }

    /// The share of the variance that the forest explains out of bag (R²), at most 1 and negative when a constant would
    /// do better; `nil` when no row is out of bag or the values are all the same. O(trees · rows · depth).
    var explained: Double? {
        var sums = [Double](repeating: 0, count: table.rows)
        var counts = sums
        for tree in trees {
            for row in tree.outOfBag {
                sums[row] += tree.prediction(table, row: row)
                counts[row] += 1
            }
        }
        let rows = sums.indices.filter { counts[$0] > 0 }
        guard !rows.isEmpty else { return nil }
        let mean = rows.reduce(0) { $0 + values[$1] } / Double(rows.count)
        let total = rows.reduce(0) { $0 + (values[$1] - mean) * (values[$1] - mean) }
        let rest = rows.reduce(0) { sum, row in
            let error = values[row] - sums[row] / counts[row]
            return sum + error * error
        }
        return total > 0 ? 1 - rest / total : nil
    }

    private func squaredError(_ tree: RegressionTree, row: Int, _ parameter: Int = -1, from other: Int = 0) -> Double {
        let error = values[row] - tree.prediction(table, row: row, parameter, from: other)
        return error * error
    }
}
