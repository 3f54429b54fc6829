/// Parameters of many runs as columns of numbers, for a model that knows nothing else.
///
/// Nested parameters are taken apart (`optimizer.lr`). Booleans are 0 and 1. A parameter with any other values has one
/// column for each of them, 1 where the run has it (one-hot). Parameters with the same value in all runs that have them
/// are left out.
struct FeatureTable {
    struct Column {
        /// The number of its parameter in `names`.
        let parameter: Int
        /// `nil` for a number.
        let category: String?
        /// By row; NaN where the run has no value.
        let values: [Double]
    }

    private(set) var names: [String] = []
    private(set) var columns: [Column] = []

    /// More categories than these are taken together as `others`, the rarest ones.
    static let greatestCategories = 32
    static let others = "(others)"

    /// O(rows · parameters).
    init(_ rows: [[String: SweepValue]]) {
        var flat: [String: [SweepValue?]] = [:]
        for (row, parameters) in rows.enumerated() {
            Self.flatten(parameters, prefix: "", depth: 0) { name, value in
                flat[name, default: Array(repeating: nil, count: rows.count)][row] = value
            }
        }
        for (name, values) in flat.sorted(by: { $0.key < $1.key }) { add(name, values) }
    }

    private mutating func add(_ name: String, _ values: [SweepValue?]) {
        let present = values.compactMap(\.self)
        let numbers = present.compactMap(Self.number)
        if numbers.count == present.count {
            let column = values.map { $0.flatMap(Self.number) ?? .nan }
            guard Set(column.filter(\.isFinite)).count > 1 else { return }
            columns.append(Column(parameter: names.count, category: nil, values: column))
        } else {
            let texts = values.map { $0.map(Self.category) }
            guard Set(texts.compactMap(\.self)).count > 1 else { return }
            columns += Self.oneHot(texts).map { Column(parameter: names.count, category: $0, values: $1) }
        }
        names.append(name)
    }

    private static func oneHot(_ texts: [String?]) -> [(String, [Double])] {
        var counts: [String: Int] = [:]
        for text in texts.compactMap(\.self) { counts[text, default: 0] += 1 }
        let ranked = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        let isCut = ranked.count > greatestCategories
        let kept = Array(ranked.prefix(isCut ? greatestCategories - 1 : ranked.count))
        var columns = kept.map { category in (category, texts.map { $0 == category ? 1.0 : 0 }) }
        if isCut {
            let known = Set(kept)
            columns.append((others, texts.map { text in text.map { known.contains($0) ? 0 : 1.0 } ?? 0 }))
        }
        return columns
    }

    /// Infinite and undefined numbers count as numbers, but as missing ones.
    private static func number(_ value: SweepValue) -> Double? {
        if case .bool(let isTrue) = value { return isTrue ? 1 : 0 }
        return value.number.map { $0.isFinite ? $0 : .nan }
    }

    private static func category(_ value: SweepValue) -> String { value.text ?? value.canonical.description }

    private static func flatten(
        _ members: [String: SweepValue],
        prefix: String,
        depth: Int,
        _ visit: (String, SweepValue) -> Void
    ) {
        for (key, value) in members {
            if case .object(let inner) = value, depth < 16, !inner.isEmpty {
                flatten(inner, prefix: prefix + key + ".", depth: depth + 1, visit)
            } else if value != .null {
                visit(prefix + key, value)
            }
        }
    }
}
