/// A new experiment.
public struct CreateExperiment: Codable, Sendable {
    public var workspace: Workspace.ID
    public var name: String
    /// `nil` for `mlflow-artifacts:/<id>`.
    public var artifactLocation: String?
    public var purpose: String
    public var goal: Goal?
    public var tags: [String: String]

    public init(
        workspace: Workspace.ID = .default,
        name: String,
        artifactLocation: String? = nil,
        purpose: String = "",
        goal: Goal? = nil,
        tags: [String: String] = [:]
    ) {
        self.workspace = workspace
        self.name = name
        self.artifactLocation = artifactLocation
        self.purpose = purpose
        self.goal = goal
        self.tags = tags
    }
}

/// Fields of an experiment that are set; `nil` leaves one as it is.
public struct ExperimentChanges: Sendable, Equatable {
    public var name: String?
    public var purpose: String?
    /// `.some(nil)` forgets the goal, so that it is inferred again.
    public var goal: Goal??
    public var tags: [Tag]

    public init(name: String? = nil, purpose: String? = nil, goal: Goal?? = nil, tags: [Tag] = []) {
        self.name = name
        self.purpose = purpose
        self.goal = goal
        self.tags = tags
    }
}

/// Which experiments a listing shows, in which order.
public struct SearchExperiments: Sendable {
    public var filter: Filter?
    public var order: [SearchOrder]
    public var view: LifecycleView
    /// At least 1.
    public var limit: Int
    public var offset: Int
    public var scope = ExperimentScope(workspace: .default, choice: .all)
    /// Whether registries are listed, instead of experiments.
    public var ofRegistries = false

    public init(filter: Filter?, order: [SearchOrder], view: LifecycleView, limit: Int, offset: Int) {
        self.filter = filter
        self.order = order
        self.view = view
        self.limit = limit
        self.offset = offset
    }
}

/// One window of a listing.
public struct Page<Item: Sendable>: Sendable {
    public var items: [Item]
    /// Whether items follow this window.
    public var hasMore: Bool
    /// Items that match, over all windows; `nil` when it was not asked for.
    public var total: Int?

    public init(items: [Item], hasMore: Bool, total: Int? = nil) {
        self.items = items
        self.hasMore = hasMore
        self.total = total
    }
}
