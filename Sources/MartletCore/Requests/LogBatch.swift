/// What one request logs to a run: all of it is stored, or nothing.
///
/// Points are columns: `keyIndexes[i]`, `steps[i]`, `times[i]` and `values[i]` are point *i*, and
/// `keys[keyIndexes[i]]` is its metric. Keys are distinct. No object per point is ever made.
public struct LogBatch: Sendable, Equatable {
    public var keys: [String]
    public var keyIndexes: [UInt32]
    public var steps: [Int64]
    /// Milliseconds since 1970-01-01 UTC.
    public var times: [Int64]
    /// NaN and ±Inf are kept.
    public var values: [Double]
    public var params: [Param]
    public var tags: [Tag]
    /// Scores that belong to logged models; they are points of the run as well, which the sender puts in the columns.
    public var modelMetrics: [LoggedModelMetric]
    /// Other fields of the run that change in the same transaction.
    public var changes: RunChanges

    public init(
        keys: [String] = [],
        keyIndexes: [UInt32] = [],
        steps: [Int64] = [],
        times: [Int64] = [],
        values: [Double] = [],
        params: [Param] = [],
        tags: [Tag] = [],
        modelMetrics: [LoggedModelMetric] = [],
        changes: RunChanges = RunChanges()
    ) {
        self.keys = keys
        self.keyIndexes = keyIndexes
        self.steps = steps
        self.times = times
        self.values = values
        self.params = params
        self.tags = tags
        self.modelMetrics = modelMetrics
        self.changes = changes
    }

    public var pointCount: Int { values.count }
    public var isEmpty: Bool {
        values.isEmpty && params.isEmpty && tags.isEmpty && modelMetrics.isEmpty && changes == RunChanges()
    }

    /// Adds one point. O(keys) for a key that the batch does not end with.
    public mutating func append(key: String, step: Int64, time: Int64, value: Double) {
        let index: Int
        if let last = keys.indices.last, keys[last] == key {
            index = last
        } else if let known = keys.firstIndex(of: key) {
            index = known
        } else {
            keys.append(key)
            index = keys.count - 1
        }
        keyIndexes.append(UInt32(index))
        steps.append(step)
        times.append(time)
        values.append(value)
    }
}

/// Fields of a run that are set; `nil` leaves one as it is.
public struct RunChanges: Codable, Sendable, Equatable {
    public var name: String?
    public var status: RunStatus?
    /// Milliseconds since 1970-01-01 UTC.
    public var endedAt: Int64?
    public var user: String?
    public var purpose: String?
    public var hypothesis: String?
    public var notes: String?
    public var conclusion: String?

    public init(
        name: String? = nil,
        status: RunStatus? = nil,
        endedAt: Int64? = nil,
        user: String? = nil,
        purpose: String? = nil,
        hypothesis: String? = nil,
        notes: String? = nil,
        conclusion: String? = nil
    ) {
        self.name = name
        self.status = status
        self.endedAt = endedAt
        self.user = user
        self.purpose = purpose
        self.hypothesis = hypothesis
        self.notes = notes
        self.conclusion = conclusion
    }
}
