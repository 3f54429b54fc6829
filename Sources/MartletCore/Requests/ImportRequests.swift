/// An experiment that comes from another tool, with the times that it has there.
public struct ImportedExperiment: Codable, Sendable, Equatable {
    /// Its number in the other tool, which it keeps where it is free; `nil` for any.
    public var id: Experiment.ID?
    public var name: String
    public var stage: LifecycleStage
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var updatedAt: Int64
    public var purpose: String
    public var tags: [String: String]
    /// Only says what would be done.
    public var isDryRun: Bool

    public init(
        id: Experiment.ID?,
        name: String,
        stage: LifecycleStage,
        createdAt: Int64,
        updatedAt: Int64,
        purpose: String,
        tags: [String: String],
        isDryRun: Bool = false
    ) {
        self.id = id
        self.name = name
        self.stage = stage
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.purpose = purpose
        self.tags = tags
        self.isDryRun = isDryRun
    }
}

/// Where an imported experiment is now.
public struct ImportedExperimentPlace: Codable, Sendable, Equatable {
    /// `merged` when an experiment of the name was there already.
    public var outcome: ImportOutcome
    /// `nil` for a dry run of an experiment that would get a number of its own.
    public var id: Experiment.ID?

    public init(outcome: ImportOutcome, id: Experiment.ID?) {
        self.outcome = outcome
        self.id = id
    }
}

/// What became of something that was to be imported.
public enum ImportOutcome: String, Codable, Sendable, CaseIterable {
    case created
    /// It was there in part, and goes on.
    case resumed
    /// It was there as a whole; nothing changed.
    case present
    /// An experiment of this name was there; what it lacked was added.
    case merged
}

/// A run that comes from another tool, with the id, times and stage that it has there.
public struct ImportedRun: Codable, Sendable, Equatable {
    /// Its metrics are left out: they follow from the points.
    public var run: Run
    /// Any text that is another one when the run has changed in the other tool.
    public var revision: String
    /// Whether points or files are still to come. Until `finish` such a run is in the bin.
    public var isWhole: Bool

    public init(run: Run, revision: String, isWhole: Bool) {
        self.run = run
        self.revision = revision
        self.isWhole = isWhole
    }
}

/// A logged model that comes from another tool. Its files are sent before it.
public struct ImportedModel: Codable, Sendable, Equatable {
    /// Where its artifacts are is decided here: `artifactURI` is not looked at.
    public var model: LoggedModel
    public var stage: LifecycleStage

    public init(model: LoggedModel, stage: LifecycleStage) {
        self.model = model
        self.stage = stage
    }
}

/// A registered model that comes from another tool, with the numbers and times that it has there. Runs and logged models
/// are sent before it: its versions keep their files.
public struct ImportedRegisteredModel: Codable, Sendable, Equatable {
    public var name: String
    /// What its versions are: `model`, or `prompt`.
    public var type: String
    public var description: String
    public var tags: [String: String]
    /// Numbers of versions by the alias that stands for them.
    public var aliases: [String: Int64]
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var updatedAt: Int64
    public var versions: [Version]

    public struct Version: Codable, Sendable, Equatable {
        public var number: Int64
        public var description: String
        /// As it was registered there, and where its files were.
        public var source: String
        public var location: String
        public var runID: Run.ID?
        public var runLink: String
        public var user: String
        public var stage: ModelVersion.Stage
        public var tags: [String: String]
        /// Milliseconds since 1970-01-01 UTC.
        public var createdAt: Int64
        /// Milliseconds since 1970-01-01 UTC.
        public var updatedAt: Int64

        public init(
            number: Int64,
            description: String,
            source: String,
            location: String,
            runID: Run.ID?,
            runLink: String,
            user: String,
            stage: ModelVersion.Stage,
            tags: [String: String],
            createdAt: Int64,
            updatedAt: Int64
        ) {
            self.number = number
            self.description = description
            self.source = source
            self.location = location
            self.runID = runID
            self.runLink = runLink
            self.user = user
            self.stage = stage
            self.tags = tags
            self.createdAt = createdAt
            self.updatedAt = updatedAt
        }
    }

    public init(
        name: String,
        type: String = "model",
        description: String,
        tags: [String: String],
        aliases: [String: Int64],
        createdAt: Int64,
        updatedAt: Int64,
        versions: [Version]
    ) {
        self.name = name
        self.type = type
        self.description = description
        self.tags = tags
        self.aliases = aliases
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.versions = versions
    }
}

/// What is here of things that are to be imported. What is not here is not named.
public struct ImportStates: Codable, Sendable, Equatable {
    public struct RunState: Codable, Sendable, Equatable {
        public enum Kind: String, Codable, Sendable {
            /// Imported in part; not shown until it is whole.
            case partial
            case whole
            /// Made here, not imported.
            case native
        }

        public var kind: Kind
        /// That of the import; empty for a native run.
        public var revision: String

        public init(kind: Kind, revision: String) {
            self.kind = kind
            self.revision = revision
        }
    }

    /// By run id.
    public var runs: [String: RunState]
    /// Ids of models that are here.
    public var models: [String]

    public init(runs: [String: RunState] = [:], models: [String] = []) {
        self.runs = runs
        self.models = models
    }
}
