/// Everything that is known of one metric of one run without reading its points.
///
/// The latest point is the greatest by (step, time, value), as in MLflow 3.18
/// (`store/tracking/sqlalchemy_store.py`), where NaN counts as 0.
public struct MetricSummary: Codable, Sendable, Equatable {
    public var key: String
    /// May be NaN or infinite.
    public var last: Double
    public var lastStep: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var lastTime: Int64
    /// Smallest number seen, ±Inf included, NaN not; `nil` when every value is NaN.
    public var min: Double?
    public var minStep: Int64?
    /// Greatest number seen, ±Inf included, NaN not; `nil` when every value is NaN.
    public var max: Double?
    public var maxStep: Int64?
    /// Mean of the finite values; `nil` when there are none.
    public var mean: Double?
    /// Distinct points, NaN and ±Inf included.
    public var count: Int64
    /// Points that are NaN.
    public var nanCount: Int64

    public init(
        key: String,
        last: Double,
        lastStep: Int64,
        lastTime: Int64,
        min: Double?,
        minStep: Int64?,
        max: Double?,
        maxStep: Int64?,
        mean: Double?,
        count: Int64,
        nanCount: Int64
    ) {
        self.key = key
        self.last = last
        self.lastStep = lastStep
        self.lastTime = lastTime
        self.min = min
        self.minStep = minStep
        self.max = max
        self.maxStep = maxStep
        self.mean = mean
        self.count = count
        self.nanCount = nanCount
    }
}

/// Points of one series as columns of equal length.
public struct PointColumns: Sendable, Equatable {
    public var steps: [Int64]
    /// Milliseconds since 1970-01-01 UTC.
    public var times: [Int64]
    public var values: [Double]

    public init(steps: [Int64] = [], times: [Int64] = [], values: [Double] = []) {
        self.steps = steps
        self.times = times
        self.values = values
    }

    public var count: Int { values.count }
    public var isEmpty: Bool { values.isEmpty }
}

/// Where a page of a history ends: the next begins with the first point greater by (time, step, value bits).
public struct HistoryCursor: Codable, Sendable, Equatable {
    public var time: Int64
    public var step: Int64
    /// Sortable form of the value; see `PointOrder.sortKey(of:)`.
    public var valueKey: Int64

    public init(time: Int64, step: Int64, valueKey: Int64) {
        self.time = time
        self.step = step
        self.valueKey = valueKey
    }
}

/// The one order of points: (time, step, value), NaN after every number, −0 before +0.
public enum PointOrder {
    /// An integer that sorts as the value does: −Inf < … < −0 < +0 < … < +Inf < NaN. All NaN are one value.
    @inlinable
    public static func sortKey(of value: Double) -> Int64 {
        if value.isNaN { return Int64.max }
        let bits = Int64(bitPattern: value.bitPattern)
        return bits ^ ((bits >> 63) & Int64.max)
    }
}

/// What the x of a chart is.
public enum SeriesAxis: String, Codable, Sendable {
    case step
    /// Milliseconds since 1970-01-01 UTC.
    case time
    /// Milliseconds since the run started (its first point where the start is unknown).
    case relativeTime
}

/// A piece of a series: what a chart draws as one mark.
///
/// `min` and `max` are exact over the bucket's points that are numbers; NaN when there are none finite.
public struct SeriesBucket: Sendable, Equatable {
    /// x of the first point.
    public var firstX: Int64
    /// x of the last point.
    public var lastX: Int64
    public var min: Double
    public var max: Double
    public var mean: Double
    /// Value of the last point that is finite.
    public var last: Double
    /// Points, NaN and ±Inf included.
    public var count: Int
    public var nanCount: Int
    public var infinityCount: Int

    public init(
        firstX: Int64,
        lastX: Int64,
        min: Double,
        max: Double,
        mean: Double,
        last: Double,
        count: Int,
        nanCount: Int,
        infinityCount: Int
    ) {
        self.firstX = firstX
        self.lastX = lastX
        self.min = min
        self.max = max
        self.mean = mean
        self.last = last
        self.count = count
        self.nanCount = nanCount
        self.infinityCount = infinityCount
    }
}

/// One series as a chart needs it.
public struct BucketedSeries: Sendable, Equatable {
    public var run: Run.ID
    public var key: String
    /// Ascending by x. Empty when the run has no such metric.
    public var buckets: [SeriesBucket]
    /// Points inside the range that was asked for.
    public var count: Int
    /// Exponential moving average per bucket, at its last point, over all points; empty unless asked for.
    public var smoothed: [Double]

    public init(run: Run.ID, key: String, buckets: [SeriesBucket], count: Int, smoothed: [Double]) {
        self.run = run
        self.key = key
        self.buckets = buckets
        self.count = count
        self.smoothed = smoothed
    }
}
