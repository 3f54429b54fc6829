/// A model that a run saved: its parameters, its scores, its files.
public struct LoggedModel: Codable, Sendable, Equatable {
    public enum Status: String, Codable, Sendable, CaseIterable {
        case pending
        case ready
        case failed
    }

    public var id: ID
    public var experimentID: Experiment.ID
    public var name: String
    /// The kind of model in the words of the tool; empty when not said.
    public var modelType: String
    public var status: Status
    public var statusMessage: String
    public var sourceRunID: Run.ID?
    public var artifactURI: String
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var updatedAt: Int64
    public var params: [Param]
    public var tags: [Tag]
    public var metrics: [LoggedModelMetric]

    public init(
        id: ID,
        experimentID: Experiment.ID,
        name: String,
        modelType: String,
        status: Status,
        statusMessage: String,
        sourceRunID: Run.ID?,
        artifactURI: String,
        createdAt: Int64,
        updatedAt: Int64,
        params: [Param],
        tags: [Tag],
        metrics: [LoggedModelMetric]
    ) {
        self.id = id
        self.experimentID = experimentID
        self.name = name
        self.modelType = modelType
        self.status = status
        self.statusMessage = statusMessage
        self.sourceRunID = sourceRunID
        self.artifactURI = artifactURI
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.params = params
        self.tags = tags
        self.metrics = metrics
    }
}

/// A score of a logged model, on a dataset where one is named.
public struct LoggedModelMetric: Codable, Sendable, Equatable {
    public var modelID: LoggedModel.ID
    public var key: String
    public var value: Double
    public var step: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var time: Int64
    public var runID: Run.ID?
    public var datasetName: String?
    public var datasetDigest: String?

    public init(
        modelID: LoggedModel.ID,
        key: String,
        value: Double,
        step: Int64,
        time: Int64,
        runID: Run.ID?,
        datasetName: String?,
        datasetDigest: String?
    ) {
        self.modelID = modelID
        self.key = key
        self.value = value
        self.step = step
        self.time = time
        self.runID = runID
        self.datasetName = datasetName
        self.datasetDigest = datasetDigest
    }
}

/// A dataset that a run read, as the client described it.
public struct DatasetInput: Codable, Sendable, Equatable {
    public var name: String
    public var digest: String
    public var sourceType: String
    public var source: String
    public var schema: String?
    public var profile: String?
    /// What it was used for, e.g. `mlflow.data.context=training`.
    public var tags: [Tag]

    public init(
        name: String,
        digest: String,
        sourceType: String,
        source: String,
        schema: String?,
        profile: String?,
        tags: [Tag]
    ) {
        self.name = name
        self.digest = digest
        self.sourceType = sourceType
        self.source = source
        self.schema = schema
        self.profile = profile
        self.tags = tags
    }
}

/// A logged model that a run read.
public struct ModelInput: Codable, Sendable, Equatable {
    public var modelID: LoggedModel.ID

    public init(modelID: LoggedModel.ID) {
        self.modelID = modelID
    }
}

/// A logged model that a run made.
public struct ModelOutput: Codable, Sendable, Equatable {
    public var modelID: LoggedModel.ID
    public var step: Int64

    public init(modelID: LoggedModel.ID, step: Int64) {
        self.modelID = modelID
        self.step = step
    }
}
