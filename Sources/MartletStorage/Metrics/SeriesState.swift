import MartletCore

/// What is known of a series without its points: the row of `metric_summary`, and how new points change it.
struct SeriesState {
    /// Bits of `metric_summary.flags` and `metric_chunk.flags`.
    enum Flag {
        /// Some value is not an integer of at most 53 bits.
        static let fractional: Int64 = 1
        /// Steps are ordered images of Float64 (see docs/metric-chunks.md). Reserved: nothing writes it yet.
        static let decimalSteps: Int64 = 2
        /// A point came that was below the mark.
        static let late: Int64 = 4
        /// Steps do not ascend in the order of points.
        static let stepsDescend: Int64 = 8
        /// Times are microseconds. Reserved: nothing writes it yet.
        static let microseconds: Int64 = 16
    }

    var lastValue = 0.0
    var lastStep: Int64 = 0
    var lastTime: Int64 = 0
    var min: Double?
    var minStep: Int64 = 0
    var max: Double?
    var maxStep: Int64 = 0
    var finiteSum = 0.0
    var finiteCount: Int64 = 0
    var count: Int64 = 0
    var nanCount: Int64 = 0
    /// The greatest place seen.
    var mark = PointPlace.first
    var flags: Int64 = 0

    init() {}

    /// Columns from `first` on, in the order of `columns`.
    init(_ row: any SQLRow, from first: Int) {
        lastValue = row.integer(first + 1) != 0 ? .nan : row.real(first)
        lastStep = row.integer(first + 2)
        lastTime = row.integer(first + 3)
        min = row.optionalReal(first + 4)
        minStep = row.integer(first + 5)
        max = row.optionalReal(first + 6)
        maxStep = row.integer(first + 7)
        finiteSum = row.real(first + 8)
        finiteCount = row.integer(first + 9)
        count = row.integer(first + 10)
        nanCount = row.integer(first + 11)
        mark = PointPlace(
            time: row.integer(first + 12),
            step: row.integer(first + 13),
            value: row.integer(first + 14)
        )
        flags = row.integer(first + 15)
    }

    static let columns = """
        last_value, last_nan, last_step, last_time, min_value, min_step, max_value, max_step, finite_sum, \
        finite_count, count, nan_count, mark_time, mark_step, mark_value, flags
        """

    func arguments(run: Int64, key: Int64, experiment: Int64) -> [SQLValue] {
        [
            .integer(run), .integer(key), .integer(experiment), .real(lastValue.isNaN ? 0 : lastValue),
            .flag(lastValue.isNaN), .integer(lastStep), .integer(lastTime), .real(min),
            min == nil ? .null : .integer(minStep), .real(max), max == nil ? .null : .integer(maxStep),
            .real(finiteSum.isNaN ? 0 : finiteSum), .integer(finiteCount), .integer(count), .integer(nanCount),
            .integer(mark.time), .integer(mark.step), .integer(mark.value), .integer(flags),
        ]
    }

    /// Rows of `arguments`.
    static let upsert = BatchedInsert(
        "INSERT INTO metric_summary (run, key, experiment, \(columns))",
        row: Array(repeating: "?", count: 3 + columns.split(separator: ",").count),
        """
        ON CONFLICT (run, key) DO UPDATE SET last_value = excluded.last_value, last_nan = excluded.last_nan,
          last_step = excluded.last_step, last_time = excluded.last_time, min_value = excluded.min_value,
          min_step = excluded.min_step, max_value = excluded.max_value, max_step = excluded.max_step,
          finite_sum = excluded.finite_sum, finite_count = excluded.finite_count, count = excluded.count,
          nan_count = excluded.nan_count, mark_time = excluded.mark_time, mark_step = excluded.mark_step,
          mark_value = excluded.mark_value, flags = excluded.flags
        """
    )

    /// Takes in points that are new, ascending by (time, step, value).
    mutating func add(_ points: PointBuffer, _ range: Range<Int>) {
        for index in range {
            let value = points.values[index]
            let step = points.steps[index]
            replaceLast(value, step, points.times[index])
            if value.isNaN { nanCount += 1 } else { widen(value, step) }
            if !(value.rounded() == value && abs(value) <= 9_007_199_254_740_992) { flags |= Flag.fractional }
            let place = points.place(index)
            if mark < place {
                if count > 0, place.step < mark.step { flags |= Flag.stepsDescend }
                mark = place
            } else {
                flags |= Flag.late
            }
            count += 1
        }
    }

    /// MLflow's rule (`_update_latest_metric_if_necessary`): the greater (step, time, value) wins; NaN counts as 0.
    @inline(__always)
    private mutating func replaceLast(_ value: Double, _ step: Int64, _ time: Int64) {
        if count > 0 {
            if step < lastStep { return }
            if step == lastStep {
                if time < lastTime { return }
                if time == lastTime, !((value.isNaN ? 0 : value) > (lastValue.isNaN ? 0 : lastValue)) { return }
            }
        }
        lastValue = value
        lastStep = step
        lastTime = time
    }

    /// Of equal extremes the one at the least step is kept, so that the order of arrival does not matter.
    @inline(__always)
    private mutating func widen(_ value: Double, _ step: Int64) {
        if let least = min {
            if value < least || (value == least && step < minStep) {
                min = value
                minStep = step
            }
        } else {
            min = value
            minStep = step
        }
        if let greatest = max {
            if value > greatest || (value == greatest && step < maxStep) {
                max = value
                maxStep = step
            }
        } else {
            max = value
            maxStep = step
        }
        if value.isFinite {
            finiteSum += value
            finiteCount += 1
        }
    }

    func summary(key: String) -> MetricSummary {
        MetricSummary(
            key: key,
            last: lastValue,
            lastStep: lastStep,
            lastTime: lastTime,
            min: min,
            minStep: min == nil ? nil : minStep,
            max: max,
            maxStep: max == nil ? nil : maxStep,
            mean: finiteCount == 0 ? nil : finiteSum / Double(finiteCount),
            count: count,
            nanCount: nanCount
        )
    }
}
