/// One execution of training code: what it was given, what it measured, what it made.
public struct Run: Codable, Sendable, Equatable {
    public var id: ID
    public var experimentID: Experiment.ID
    public var name: String
    public var status: RunStatus
    public var stage: LifecycleStage
    /// Who ran it. Empty when not said.
    public var user: String
    /// Milliseconds since 1970-01-01 UTC; `nil` when the client did not say.
    public var startedAt: Int64?
    /// Milliseconds since 1970-01-01 UTC; `nil` while it has never ended. A run that goes on keeps it, as with MLflow.
    public var endedAt: Int64?
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// Milliseconds since 1970-01-01 UTC of the last write or heartbeat, to within 5 seconds.
    public var heartbeatAt: Int64
    /// Why it is run.
    public var purpose: String
    /// What is expected to happen.
    public var hypothesis: String
    /// Markdown.
    public var notes: String
    /// What was learnt.
    public var conclusion: String
    /// By key; a key occurs once.
    public var params: [Param]
    /// By key; a key occurs once.
    public var tags: [Tag]
    /// The latest value of each metric, by key.
    public var metrics: [MetricSummary]
    /// What the user summed it up by, where the metrics do not say the same. Not among what is imported.
    public var summary: [SummaryValue] = []
    public var datasets: [DatasetInput]
    public var modelInputs: [ModelInput]
    public var modelOutputs: [ModelOutput]

    private enum CodingKeys: CodingKey {
        case id, experimentID, name, status, stage, user, startedAt, endedAt, createdAt, heartbeatAt
        case purpose, hypothesis, notes, conclusion, params, tags, metrics, datasets, modelInputs, modelOutputs
    }

    public init(
        id: ID,
        experimentID: Experiment.ID,
        name: String,
        status: RunStatus = .running,
        stage: LifecycleStage = .active,
        user: String = "",
        startedAt: Int64? = nil,
        endedAt: Int64? = nil,
        createdAt: Int64 = 0,
        heartbeatAt: Int64 = 0,
        purpose: String = "",
        hypothesis: String = "",
        notes: String = "",
        conclusion: String = "",
        params: [Param] = [],
        tags: [Tag] = [],
        metrics: [MetricSummary] = [],
        datasets: [DatasetInput] = [],
        modelInputs: [ModelInput] = [],
        modelOutputs: [ModelOutput] = []
    ) {
        self.id = id
        self.experimentID = experimentID
        self.name = name
        self.status = status
        self.stage = stage
        self.user = user
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.createdAt = createdAt
        self.heartbeatAt = heartbeatAt
        self.purpose = purpose
        self.hypothesis = hypothesis
        self.notes = notes
        self.conclusion = conclusion
        self.params = params
        self.tags = tags
        self.metrics = metrics
        self.datasets = datasets
        self.modelInputs = modelInputs
        self.modelOutputs = modelOutputs
    }

    /// A running run that has not reported for this long is shown as stalled.
    public static let stalledAfterMilliseconds: Int64 = 300_000

    public func isStalled(now: Int64) -> Bool {
        status == .running && now - heartbeatAt > Self.stalledAfterMilliseconds
    }
}

public enum RunStatus: String, Codable, Sendable, CaseIterable {
    case running
    case scheduled
    case finished
    case failed
    case killed
}

/// One value of what a user summed a run up by.
public struct SummaryValue: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case number(Double)
        case text(String)
    }

    /// Names of nested objects are joined by dots.
    public var key: String
    public var value: Value

    public init(key: String, value: Value) {
        self.key = key
        self.value = value
    }
}

/// A setting that the run was given. Written once: another value for the same key is refused.
public struct Param: Codable, Sendable, Equatable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// A label that may change.
public struct Tag: Codable, Sendable, Equatable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}
