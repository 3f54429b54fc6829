/// Columns of numbers reduced to few bins each, so that the best split of a node is found by counting, not by sorting.
///
/// Source: Ke et al., *LightGBM*, NIPS 2017, §2.1. Bin 0 is for missing values; the others hold about as many distinct
/// values each, in ascending order.
struct BinnedTable {
    static let greatestBins = 64

    let rows: Int
    let columns: Int
    /// Column after column.
    let bins: [UInt8]
    /// The parameter of each column.
    let parameters: [Int]

    /// O(columns · rows · log rows).
    init(_ table: FeatureTable, rows kept: [Int]) {
        rows = kept.count
        columns = table.columns.count
        parameters = table.columns.map(\.parameter)
        bins = table.columns.flatMap { column in Self.binned(kept.map { column.values[$0] }) }
    }

    private static func binned(_ values: [Double]) -> [UInt8] {
        let distinct = Set(values.filter(\.isFinite)).sorted()
        var bins: [Double: UInt8] = [:]
        let count = min(distinct.count, greatestBins - 1)
        for (rank, value) in distinct.enumerated() { bins[value] = UInt8(1 + rank * count / distinct.count) }
        return values.map { bins[$0] ?? 0 }
    }
}
