/// A question and the runs that try to answer it.
public struct Experiment: Codable, Sendable, Equatable {
    public var id: ID
    /// The name of its workspace.
    public var workspace: String
    /// Unique in its workspace.
    public var name: String
    /// Where clients put artifacts: `mlflow-artifacts:/<id>` unless the creator chose another place.
    public var artifactLocation: String
    public var stage: LifecycleStage
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var updatedAt: Int64
    /// Why the experiment exists, in the words of its owner. Empty when not said.
    public var purpose: String
    /// What the runs are judged by. `nil` when nobody set it; see `Goal.inferred(from:)`.
    public var goal: Goal?
    public var tags: [String: String]
    /// Whether it has no runs and keeps the chosen versions of a team: it is in no list of experiments.
    public var isRegistry: Bool

    public init(
        id: ID,
        workspace: String = Workspace.defaultName,
        name: String,
        artifactLocation: String,
        stage: LifecycleStage,
        createdAt: Int64,
        updatedAt: Int64,
        purpose: String,
        goal: Goal?,
        tags: [String: String],
        isRegistry: Bool = false
    ) {
        self.id = id
        self.workspace = workspace
        self.name = name
        self.artifactLocation = artifactLocation
        self.stage = stage
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.purpose = purpose
        self.goal = goal
        self.tags = tags
        self.isRegistry = isRegistry
    }
}

extension Experiment {
    /// The registry of a workspace in which models are registered; by this name programs of W&B know it too.
    public static let modelRegistryName = "wandb-registry-model"

    /// Whether an experiment of that name is a registry, whoever makes it: programs of W&B mean one by it.
    public static func isRegistryName(_ name: String) -> Bool { name.hasPrefix("wandb-registry-") }
}

/// Whether an object is in use or in the bin.
public enum LifecycleStage: String, Codable, Sendable, CaseIterable {
    case active
    case deleted
}

/// Which stages a listing shows.
public enum LifecycleView: String, Codable, Sendable, CaseIterable {
    case active
    case deleted
    case all
}

/// The metric that runs of an experiment are judged by, and which end of it is better.
public struct Goal: Codable, Sendable, Equatable {
    public enum Direction: String, Codable, Sendable {
        case minimize
        case maximize
    }

    public var metric: String
    public var direction: Direction
    /// True when nobody set it: the interface marks it with "≈".
    public var isInferred: Bool

    public init(metric: String, direction: Direction, isInferred: Bool) {
        self.metric = metric
        self.direction = direction
        self.isInferred = isInferred
    }
}

/// What a list of experiments says of each beside its own fields.
public struct ExperimentStatistics: Codable, Sendable, Equatable {
    /// Runs that are not deleted.
    public var runs: Int
    /// Of these, runs with the status running that are not stalled.
    public var running: Int
    /// Milliseconds since 1970-01-01 UTC of the latest write to a run; `nil` without runs.
    public var lastActivityAt: Int64?
    /// Keys of the metrics of its runs, by name; at most 1,000.
    public var metricKeys: [String]
    /// The goal that was set, else the inferred one.
    public var goal: Goal?

    public init(runs: Int, running: Int, lastActivityAt: Int64?, metricKeys: [String], goal: Goal?) {
        self.runs = runs
        self.running = running
        self.lastActivityAt = lastActivityAt
        self.metricKeys = metricKeys
        self.goal = goal
    }
}
