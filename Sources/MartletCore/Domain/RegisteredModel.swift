/// A name in a workspace's registry, under which versions of a model follow each other.
///
/// An artifact collection: whoever works with versioned artifacts finds it there, under the same numbers and aliases.
public struct RegisteredModel: Sendable, Equatable {
    public var collection: ArtifactCollection
    /// By key.
    public var tags: [Tag]
    /// By alias; without `latest`, which always means the last version.
    public var aliases: [Alias]
    /// The last version in each stage that has one, the first stage first.
    public var latest: [ModelVersion]

    /// A name that stands for a version, and can move to another one.
    public struct Alias: Sendable, Equatable {
        public var name: String
        public var number: Int64

        public init(name: String, number: Int64) {
            self.name = name
            self.number = number
        }
    }

    public init(collection: ArtifactCollection, tags: [Tag], aliases: [Alias], latest: [ModelVersion]) {
        self.collection = collection
        self.tags = tags
        self.aliases = aliases
        self.latest = latest
    }
}

/// A version of a registered model: files that do not change, and how far they have come.
public struct ModelVersion: Sendable, Equatable {
    /// How far a version has come on its way to use.
    public enum Stage: String, Codable, Sendable, CaseIterable {
        case none
        case staging
        case production
        case archived
    }

    /// The collection, the number in it, the aliases without `latest`, and the files.
    public var membership: ArtifactMembership
    public var stage: Stage
    /// By key.
    public var tags: [Tag]
    public var origin: Origin

    /// Where a version was registered from, in the words of who did it.
    public struct Origin: Sendable, Equatable {
        /// The URI that it was registered with; empty for what came from a collection of versioned artifacts.
        public var source: String
        /// Where the files were when it was registered.
        public var location: String
        public var modelID: LoggedModel.ID?
        /// The run that was named, where the version is not noted as made by it: it may be another installation's.
        public var runID: Run.ID?
        public var runLink: String
        public var user: String

        public init(
            source: String = "",
            location: String = "",
            modelID: LoggedModel.ID? = nil,
            runID: Run.ID? = nil,
            runLink: String = "",
            user: String = ""
        ) {
            self.source = source
            self.location = location
            self.modelID = modelID
            self.runID = runID
            self.runLink = runLink
            self.user = user
        }
    }

    public var model: String { membership.collection.name }
    public var number: Int64 { membership.number }
    public var runID: Run.ID? { membership.version.runID ?? origin.runID }

    public init(membership: ArtifactMembership, stage: Stage, tags: [Tag], origin: Origin) {
        self.membership = membership
        self.stage = stage
        self.tags = tags
        self.origin = origin
    }
}
