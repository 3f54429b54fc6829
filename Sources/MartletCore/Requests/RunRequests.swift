/// A new run.
public struct CreateRun: Codable, Sendable {
    public var experimentID: Experiment.ID
    /// What the client calls it, unique in the experiment; `nil` where it uses our id.
    public var foreignID: String?
    /// `nil` for a generated name such as `clever-finch-417`.
    public var name: String?
    public var user: String
    /// Milliseconds since 1970-01-01 UTC.
    public var startedAt: Int64?
    public var purpose: String
    public var hypothesis: String
    public var notes: String
    public var tags: [Tag]

    public init(
        experimentID: Experiment.ID,
        foreignID: String? = nil,
        name: String? = nil,
        user: String = "",
        startedAt: Int64? = nil,
        purpose: String = "",
        hypothesis: String = "",
        notes: String = "",
        tags: [Tag] = []
    ) {
        self.experimentID = experimentID
        self.foreignID = foreignID
        self.name = name
        self.user = user
        self.startedAt = startedAt
        self.purpose = purpose
        self.hypothesis = hypothesis
        self.notes = notes
        self.tags = tags
    }
}

/// Which runs a listing shows, in which order, with which fields.
public struct SearchRuns: Sendable {
    /// Empty matches nothing.
    public var experiments: [Experiment.ID]
    public var filter: Filter?
    public var view: LifecycleView
    public var order: [SearchOrder]
    /// At least 1.
    public var limit: Int
    public var offset: Int
    public var fields: RunFields
    /// Whether the page says how many runs match in all.
    public var wantsTotal: Bool

    public init(
        experiments: [Experiment.ID],
        filter: Filter? = nil,
        view: LifecycleView = .active,
        order: [SearchOrder] = [],
        limit: Int = 1_000,
        offset: Int = 0,
        fields: RunFields = .all,
        wantsTotal: Bool = false
    ) {
        self.experiments = experiments
        self.filter = filter
        self.view = view
        self.order = order
        self.limit = limit
        self.offset = offset
        self.fields = fields
        self.wantsTotal = wantsTotal
    }
}

/// Which parameters, metrics and tags come with a run. `nil` is all of them.
public struct RunFields: Codable, Sendable, Equatable {
    public var params: [String]?
    public var metrics: [String]?
    public var tags: [String]?
    /// Of keys that are named, those that were not written have the latest value of the metric.
    public var summary: [String]?
    /// Datasets and models, read and made.
    public var inputs: Bool

    public init(params: [String]?, metrics: [String]?, tags: [String]?, summary: [String]? = [], inputs: Bool) {
        self.params = params
        self.metrics = metrics
        self.tags = tags
        self.summary = summary
        self.inputs = inputs
    }

    public static let all = RunFields(params: nil, metrics: nil, tags: nil, summary: nil, inputs: true)
    /// All that programs log, without what users sum it up by.
    public static let logged = RunFields(params: nil, metrics: nil, tags: nil, inputs: true)
}

/// What the runs that match a filter have in common and where they differ: the columns that a table can show.
public struct RunColumns: Codable, Sendable, Equatable {
    /// One parameter or tag over the matching runs.
    public struct Column: Codable, Sendable, Equatable {
        public var key: String
        /// Runs that have it.
        public var runs: Int
        /// Different values among them.
        public var distinct: Int
        /// The value where all runs that have it agree.
        public var only: String?

        public init(key: String, runs: Int, distinct: Int, only: String?) {
            self.key = key
            self.runs = runs
            self.distinct = distinct
            self.only = only
        }
    }

    /// One metric over the matching runs.
    public struct Metric: Codable, Sendable, Equatable {
        public var key: String
        /// Runs that have it.
        public var runs: Int
        /// Least and greatest of the runs' own best values; `nil` without a number.
        public var min: Double?
        public var max: Double?

        public init(key: String, runs: Int, min: Double?, max: Double?) {
            self.key = key
            self.runs = runs
            self.min = min
            self.max = max
        }
    }

    /// Runs that match.
    public var total: Int
    public var params: [Column]
    public var tags: [Column]
    public var metrics: [Metric]
    /// What users summed runs up by.
    public var summary: [Column]

    public init(total: Int, params: [Column], tags: [Column], metrics: [Metric], summary: [Column]) {
        self.total = total
        self.params = params
        self.tags = tags
        self.metrics = metrics
        self.summary = summary
    }
}

/// Datasets and models that a run read or made.
public struct RunInputs: Sendable, Equatable {
    public var datasets: [DatasetInput]
    public var modelInputs: [ModelInput]
    public var modelOutputs: [ModelOutput]

    public init(datasets: [DatasetInput] = [], modelInputs: [ModelInput] = [], modelOutputs: [ModelOutput] = []) {
        self.datasets = datasets
        self.modelInputs = modelInputs
        self.modelOutputs = modelOutputs
    }
}

/// Series of many runs for one viewport of charts.
public struct SeriesRequest: Codable, Sendable {
    public var runs: [Run.ID]
    public var keys: [String]
    public var axis: SeriesAxis
    /// First x that is shown; `nil` for the start of each series.
    public var from: Int64?
    /// Last x that is shown; `nil` for the end of each series.
    public var to: Int64?
    /// Marks per series that the chart has room for, 1 to 10,000.
    public var buckets: Int
    /// Half-life of the exponential moving average in units of x; 0 for none.
    public var smoothingHalfLife: Double

    public init(
        runs: [Run.ID],
        keys: [String],
        axis: SeriesAxis = .step,
        from: Int64? = nil,
        to: Int64? = nil,
        buckets: Int,
        smoothingHalfLife: Double = 0
    ) {
        self.runs = runs
        self.keys = keys
        self.axis = axis
        self.from = from
        self.to = to
        self.buckets = buckets
        self.smoothingHalfLife = smoothingHalfLife
    }
}
