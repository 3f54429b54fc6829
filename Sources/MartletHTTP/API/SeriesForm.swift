import Foundation
import MartletCore

/// How much of a series an answer says: which columns, with how many digits, and whether what says nothing is left out.
struct SeriesForm {
    /// Columns that can be left out on request. The others are always there.
    enum Column: String, CaseIterable {
        case min
        case max
        case last
    }

    var columns: Set<Column>
    /// Significant digits of values; more where a series needs them to be told apart. `nil` for all.
    var digits: Int?
    /// For programs that draw: differences instead of places on x, and no column that says nothing.
    var isCompact: Bool

    init(_ fields: JSONFields) throws(MartletError) {
        columns = Set(Column.allCases)
        if let names = try fields.strings("columns") {
            columns = []
            for name in names {
                guard let column = Column(rawValue: name) else {
                    let all = Column.allCases.map(\.rawValue).joined(separator: ", ")
                    throw fields.wrong("columns", "some of \(all)")
                }
                columns.insert(column)
            }
        }
        digits = try fields.count("digits", most: 17)
        isCompact = try fields.bool("compact") ?? false
    }

    func write(_ series: BucketedSeries, to json: inout JSONWriter) {
        let buckets = series.buckets
        json.beginObject()
        json.field("run", series.run.rawValue)
        json.field("key", series.key)
        json.field("count", Int64(series.count))
        writePlaces(buckets, to: &json)
        let rounding = Rounding(digits: digits, over: buckets)
        let mean = buckets.map { rounding($0.mean) }
        write("mean", mean, to: &json)
        write(.min, "min", buckets.map { rounding($0.min) }, beside: mean, to: &json)
        write(.max, "max", buckets.map { rounding($0.max) }, beside: mean, to: &json)
        write(.last, "last", buckets.map { rounding($0.last) }, beside: mean, to: &json)
        write("n", buckets.map { Int64($0.count) }, usually: 1, to: &json)
        write("nan", buckets.map { Int64($0.nanCount) }, usually: 0, to: &json)
        write("inf", buckets.map { Int64($0.infinityCount) }, usually: 0, to: &json)
        if !isCompact || !series.smoothed.isEmpty { write("smoothed", series.smoothed.map { rounding($0) }, to: &json) }
        json.endObject()
    }

    private func writePlaces(_ buckets: [SeriesBucket], to json: inout JSONWriter) {
        guard isCompact, let first = buckets.first else {
            write("firstX", buckets.map(\.firstX), usually: nil, to: &json)
            return write("lastX", buckets.map(\.lastX), usually: nil, to: &json)
        }
        json.field("x0", first.firstX)
        // Modulo 2^64, as no series of real steps comes near.
        write("dx", zip(buckets.dropFirst(), buckets).map { $0.firstX &- $1.firstX }, usually: 1, to: &json)
        write("width", buckets.map { $0.lastX &- $0.firstX }, usually: 0, to: &json)
    }

    /// In the compact form a column of one value throughout is that value, and none where that is the usual one.
    private func write(_ key: StaticString, _ values: [Int64], usually usual: Int64?, to json: inout JSONWriter) {
        if isCompact, let first = values.first, values.allSatisfy({ $0 == first }) {
            if first != usual { json.field(key, first) }
            return
        }
        if isCompact, values.isEmpty { return }
        json.key(key)
        json.beginArray()
        for value in values { json.integer(value) }
        json.endArray()
    }

    private func write(
        _ column: Column,
        _ key: StaticString,
        _ values: [Double],
        beside mean: [Double],
        to json: inout JSONWriter
    ) {
        guard columns.contains(column) else { return }
        // What equals the mean says nothing.
        let isSame = zip(values, mean).allSatisfy { $0 == $1 || (!$0.isFinite && !$1.isFinite) }
        if !isCompact || !isSame { write(key, values, to: &json) }
    }

    private func write(_ key: StaticString, _ values: [Double], to json: inout JSONWriter) {
        json.key(key)
        json.beginArray()
        // `null` for what a chart cannot place.
        for value in values { if value.isFinite { json.double(value) } else { json.null() } }
        json.endArray()
    }
}

/// Shortens numbers to what a drawing shows of them.
private struct Rounding {
    private let digits: Int?
    /// The power of ten of the last digit that tells values of the series apart.
    private let finest: Int

    init(digits: Int?, over buckets: [SeriesBucket]) {
        self.digits = digits
        let values = buckets.lazy.map(\.mean).filter(\.isFinite)
        guard let digits, let low = values.min(), let high = values.max(), high > low, (high - low).isFinite else {
            finest = .max
            return
        }
        finest = Self.power(of: high - low) - digits + 1
    }

    private static func power(of value: Double) -> Int { Int(log10(value.magnitude).rounded(.down)) }

    /// The number with the digits that were asked for, or more where the values of the series lie close together.
    func callAsFunction(_ value: Double) -> Double {
        guard let digits, value.isFinite, value != 0 else { return value }
        let place = min(finest, Self.power(of: value) - digits + 1)
        // Powers of ten up to 22 are exact, so that the quotient has no digits behind its last.
        guard place.magnitude <= 22 else { return value }
        let scale = pow(10, Double(place.magnitude))
        let rounded = place < 0 ? (value * scale).rounded() / scale : (value / scale).rounded() * scale
        return rounded.isFinite ? rounded : value
    }
}
