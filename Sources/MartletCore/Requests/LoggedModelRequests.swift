/// A new logged model.
public struct CreateLoggedModel: Codable, Sendable {
    public var experimentID: Experiment.ID
    /// `nil` for a generated name.
    public var name: String?
    public var modelType: String
    public var sourceRunID: Run.ID?
    public var params: [Param]
    public var tags: [Tag]

    public init(
        experimentID: Experiment.ID,
        name: String?,
        modelType: String,
        sourceRunID: Run.ID?,
        params: [Param],
        tags: [Tag]
    ) {
        self.experimentID = experimentID
        self.name = name
        self.modelType = modelType
        self.sourceRunID = sourceRunID
        self.params = params
        self.tags = tags
    }
}

/// Which logged models a listing shows, in which order.
public struct SearchLoggedModels: Sendable {
    /// A dataset that the scores must be of; `digest` `nil` for any digest.
    public struct Dataset: Codable, Sendable, Equatable {
        public var name: String
        public var digest: String?

        public init(name: String, digest: String?) {
            self.name = name
            self.digest = digest
        }
    }

    /// Empty matches nothing.
    public var experiments: [Experiment.ID]
    public var filter: Filter?
    /// Scores that the filter means; empty for any.
    public var datasets: [Dataset]
    public var order: [SearchOrder]
    public var limit: Int
    public var offset: Int

    public init(
        experiments: [Experiment.ID],
        filter: Filter?,
        datasets: [Dataset],
        order: [SearchOrder],
        limit: Int,
        offset: Int
    ) {
        self.experiments = experiments
        self.filter = filter
        self.datasets = datasets
        self.order = order
        self.limit = limit
        self.offset = offset
    }
}
