import Foundation

/// How much each parameter matters for a metric, as the page of a sweep shows it.
package struct ParameterImportance: Sendable, Hashable {
    package struct Parameter: Sendable, Hashable {
        /// Dotted for a nested one.
        package let name: String
        /// The share of what the forest needs it for; all shares add up to 1, or are all 0 when none matters.
        package let importance: Double
        /// Pearson's coefficient with the metric; `nil` for categories.
        package let correlation: Double?
        /// Spearman's coefficient, the same for a parameter and its logarithm; `nil` for categories.
        package let rankCorrelation: Double?
        /// Most frequent first; empty for numbers.
        package let categories: [Category]
    }

    /// One value of a parameter that is not a number.
    package struct Category: Sendable, Hashable {
        package let value: String
        /// Of "has this value", 0 or 1, with the metric.
        package let correlation: Double?
    }

    /// Most important first, then by name. Parameters that never differ are left out.
    package let parameters: [Parameter]
    /// The share of the metric's variance that the parameters explain in runs that the model has not seen (R² out of
    /// bag): when it is near zero or less, the importances are noise. `nil` when there are too few runs.
    package let explained: Double?
    /// How many runs there were with a finite metric.
    package let runs: Int

    private static let trees = 50
    /// With fewer no tree has a split.
    private static let leastRuns = 10
    /// Of more than these the forest gets a random choice; correlations are of all.
    private static let greatestRuns = 2_000

    /// Reckons it anew; the same inputs give the same answer.
    ///
    /// Values of the metric far outside (three times the distance of the quartiles beyond them, Tukey's outer fences)
    /// are drawn in for the forest: one exploded run would otherwise decide alone.
    /// About 20 ms for 500 runs with 20 parameters; grows with runs · columns up to `greatestRuns`.
    /// - Parameters:
    ///   - parameters: one for each run; they need not all have the same.
    ///   - metric: as many values. Runs whose value is NaN or infinite are left out.
    package init(parameters: [[String: SweepValue]], metric: [Double], using generator: inout SweepGenerator) {
        let rows = zip(parameters, metric).filter { $0.1.isFinite }
        let metric = rows.map(\.1)
        let table = FeatureTable(rows.map(\.0))
        runs = rows.count
        var importance = [Double](repeating: 0, count: table.names.count)
        var explained: Double?
        if rows.count >= Self.leastRuns, !table.names.isEmpty {
            var kept = Array(rows.indices)
            if kept.count > Self.greatestRuns {
                generator.shuffle(&kept)
                kept = kept.prefix(Self.greatestRuns).sorted()
            }
            let forest = RegressionForest(
                BinnedTable(table, rows: kept),
                values: Self.scaled(kept.map { metric[$0] }),
                trees: Self.trees,
                using: &generator
            )
            importance = forest.importance(of: table.names.count, using: &generator)
            explained = forest.explained
        }
        self.explained = explained
        let total = importance.reduce(0, +)
        self.parameters = table.names.indices
            .map { Self.parameter($0, table, metric, total > 0 ? importance[$0] / total : 0) }
            .sorted { ($1.importance, $0.name) < ($0.importance, $1.name) }
    }

    private static func parameter(
        _ number: Int,
        _ table: FeatureTable,
        _ metric: [Double],
        _ importance: Double
    ) -> Parameter {
        let columns = table.columns.filter { $0.parameter == number }
        let numeric = columns.first { $0.category == nil }
        return Parameter(
            name: table.names[number],
            importance: importance,
            correlation: numeric.flatMap { Correlation.pearson($0.values, metric) },
            rankCorrelation: numeric.flatMap { Correlation.spearman($0.values, metric) },
            categories: columns.compactMap { column in
                column.category.map {
                    Category(value: $0, correlation: Correlation.pearson(column.values, metric))
                }
            }
        )
    }

    /// Within the outer fences, less the median and in units of their distance, so that squares do not overflow.
    static func scaled(_ values: [Double]) -> [Double] {
        let sorted = values.sorted()
        guard let least = sorted.first, let greatest = sorted.last, least < greatest else {
            return values.map { _ in 0 }
        }
        let low = sorted[sorted.count / 4]
        let high = sorted[sorted.count * 3 / 4]
        let width = high / 2 - low / 2
        let fences = width > 0 ? (low - 6 * width, high + 6 * width) : (least, greatest)
        let scale = width > 0 ? width : greatest / 2 - least / 2
        guard scale > 0 else { return values.map { _ in 0 } }
        let middle = sorted[sorted.count / 2]
        return values.map { (min(max($0, fences.0), fences.1) / 2 - middle / 2) / scale }
    }
}
