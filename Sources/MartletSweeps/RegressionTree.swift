/// One tree of a random forest, grown on a sample of the rows of a table.
struct RegressionTree {
    private struct Node {
        /// Negative for a leaf.
        var column: Int32 = -1
        /// Rows with a bin up to this one go to the left, which is the next node of the tree.
        var bin: UInt8 = 0
        var right: Int32 = 0
        var value: Double
    }

    private var nodes: [Node] = []
    /// The rows that it was not grown on, ascending.
    let outOfBag: [Int]

    /// Grows on as many rows as there are, drawn with replacement. O(rows · columns · depth / 3).
    init(_ table: BinnedTable, values: [Double], using generator: inout SweepGenerator) {
        var isDrawn = [Bool](repeating: false, count: table.rows)
        var sample: [Int] = []
        sample.reserveCapacity(table.rows)
        for _ in 0..<table.rows {
            let row = generator.index(below: table.rows)
            isDrawn[row] = true
            sample.append(row)
        }
        outOfBag = isDrawn.indices.filter { !isDrawn[$0] }
        var grower = Grower(table: table, values: values, sample: sample)
        grower.grow(0..<sample.count, depth: 0, using: &generator)
        nodes = grower.nodes
    }

    /// The parameters that its splits look at.
    func parameters(in table: BinnedTable) -> Set<Int> {
        Set(nodes.filter { $0.column >= 0 }.map { table.parameters[Int($0.column)] })
    }

    /// What it expects of a row, with the values of one parameter taken from another row; −1 for none. O(depth).
    func prediction(_ table: BinnedTable, row: Int, _ parameter: Int = -1, from other: Int = 0) -> Double {
        var index = 0
        while true {
            let node = nodes[index]
            guard node.column >= 0 else { return node.value }
            let column = Int(node.column)
            let source = table.parameters[column] == parameter ? other : row
            index = table.bins[column * table.rows + source] <= node.bin ? index + 1 : Int(node.right)
        }
    }

    /// A tree on its way, with the room that its splits need.
    private struct Grower {
        let table: BinnedTable
        let values: [Double]
        var sample: [Int]
        var nodes: [Node] = []
        /// All of them; the first ones are those of the split.
        var columns: [Int]
        var sums = [Double](repeating: 0, count: BinnedTable.greatestBins)
        var counts = [Int](repeating: 0, count: BinnedTable.greatestBins)

        static let leastLeaf = 5
        static let greatestDepth = 12

        init(table: BinnedTable, values: [Double], sample: [Int]) {
            self.table = table
            self.values = values
            self.sample = sample
            columns = Array(0..<table.columns)
        }

        mutating func grow(_ range: Range<Int>, depth: Int, using generator: inout SweepGenerator) {
            var sum = 0.0
            for place in range { sum += values[sample[place]] }
            let index = nodes.count
            nodes.append(Node(value: sum / Double(range.count)))
            guard depth < Self.greatestDepth, range.count >= 2 * Self.leastLeaf,
                let (column, bin) = split(range, sum: sum, &generator)
            else { return }
            let middle = partition(range, column, bin)
            nodes[index].column = Int32(column)
            nodes[index].bin = bin
            grow(range.lowerBound..<middle, depth: depth + 1, using: &generator)
            nodes[index].right = Int32(nodes.count)
            grow(middle..<range.upperBound, depth: depth + 1, using: &generator)
        }

        /// The split with the least squared error among a third of the columns; `nil` when none makes it less.
        private mutating func split(
            _ range: Range<Int>,
            sum: Double,
            _ generator: inout SweepGenerator
        ) -> (column: Int, bin: UInt8)? {
            let whole = sum * sum / Double(range.count)
            var best = (gain: 1e-12 * max(abs(whole), 1e-300), column: -1, bin: UInt8(0))
            for place in 0..<max(table.columns / 3, 1) {
                columns.swapAt(place, place + generator.index(below: columns.count - place))
                count(columns[place], range)
                var left = (sum: 0.0, count: 0)
                for bin in 0..<BinnedTable.greatestBins - 1 where counts[bin] > 0 {
                    left.sum += sums[bin]
                    left.count += counts[bin]
                    let right = range.count - left.count
                    guard right >= Self.leastLeaf else { break }
                    guard left.count >= Self.leastLeaf else { continue }
                    let rest = sum - left.sum
                    let gain = left.sum * left.sum / Double(left.count) + rest * rest / Double(right) - whole
                    if gain > best.gain { best = (gain, columns[place], UInt8(bin)) }
                }
            }
            return best.column >= 0 ? (best.column, best.bin) : nil
        }

        /// Sums and counts by bin of one column.
        private mutating func count(_ column: Int, _ range: Range<Int>) {
            for bin in sums.indices {
                sums[bin] = 0
                counts[bin] = 0
            }
            let first = column * table.rows
            for place in range {
                let row = sample[place]
                let bin = Int(table.bins[first + row])
                sums[bin] += values[row]
                counts[bin] += 1
            }
        }

        /// Puts the rows that go to the left first.
        /// - Returns: where those that go to the right begin.
        private mutating func partition(_ range: Range<Int>, _ column: Int, _ bin: UInt8) -> Int {
            var middle = range.lowerBound
            for place in range where table.bins[column * table.rows + sample[place]] <= bin {
                sample.swapAt(place, middle)
                middle += 1
            }
            return middle
        }
    }
}
