/// A name under which versions of a dataset, a model or anything else made of files follow each other.
public struct ArtifactCollection: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Versions that were made under this name.
        case sequence
        /// Versions of other collections that were linked here.
        case portfolio
    }

    public var id: ID
    public var experimentID: Experiment.ID
    /// Unique in its experiment.
    public var name: String
    /// What its versions are, in the words of who made them: `dataset`, `model`, …
    public var type: String
    public var kind: Kind
    public var description: String
    /// In the order of their bytes.
    public var tags: [String]
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var updatedAt: Int64
    /// Committed versions that are still there.
    public var versionCount: Int64
    /// The number of the last of them; `nil` when there is none.
    public var lastNumber: Int64?

    public init(
        id: ID,
        experimentID: Experiment.ID,
        name: String,
        type: String,
        kind: Kind,
        description: String,
        tags: [String],
        createdAt: Int64,
        updatedAt: Int64,
        versionCount: Int64,
        lastNumber: Int64?
    ) {
        self.id = id
        self.experimentID = experimentID
        self.name = name
        self.type = type
        self.kind = kind
        self.description = description
        self.tags = tags
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.versionCount = versionCount
        self.lastNumber = lastNumber
    }
}

/// Files that belong together and never change once they are committed.
public struct ArtifactVersion: Codable, Sendable, Equatable {
    public enum State: String, Codable, Sendable, CaseIterable {
        /// Takes files; nobody sees it.
        case pending
        case committed
        /// Its files are gone.
        case deleted
    }

    public var id: ID
    /// The collection that it was made in.
    public var collectionID: ArtifactCollection.ID
    public var collection: String
    public var type: String
    public var experimentID: Experiment.ID
    /// From 0, and never given twice; `nil` until it is committed.
    public var number: Int64?
    public var state: State
    /// Names the content, in the words of who made it.
    public var digest: String
    public var description: String
    /// A JSON object.
    public var metadata: String
    public var tags: [String]
    /// In its own collection.
    public var aliases: [String]
    /// The run that made it.
    public var runID: Run.ID?
    /// `nil` also when that is gone for good.
    public var runName: String?
    /// The step of the run at which it was made.
    public var step: Int64?
    /// Seconds that it is kept; `nil` for ever.
    public var lifetime: Int64?
    /// Sum of the sizes of its files and of those that it refers to, in bytes.
    public var size: Int64
    /// Files and references.
    public var fileCount: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var updatedAt: Int64

    /// Milliseconds since 1970-01-01 UTC; `nil` for never.
    public var expiresAt: Int64? { lifetime.map { createdAt &+ $0 &* 1_000 } }

    public init(
        id: ID,
        collectionID: ArtifactCollection.ID,
        collection: String,
        type: String,
        experimentID: Experiment.ID,
        number: Int64?,
        state: State,
        digest: String,
        description: String,
        metadata: String,
        tags: [String],
        aliases: [String],
        runID: Run.ID?,
        runName: String?,
        step: Int64?,
        lifetime: Int64?,
        size: Int64,
        fileCount: Int64,
        createdAt: Int64,
        updatedAt: Int64
    ) {
        self.id = id
        self.collectionID = collectionID
        self.collection = collection
        self.type = type
        self.experimentID = experimentID
        self.number = number
        self.state = state
        self.digest = digest
        self.description = description
        self.metadata = metadata
        self.tags = tags
        self.aliases = aliases
        self.runID = runID
        self.runName = runName
        self.step = step
        self.lifetime = lifetime
        self.size = size
        self.fileCount = fileCount
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// A version in a collection: the one that it was made in, or a portfolio that it was linked to.
public struct ArtifactMembership: Sendable, Equatable {
    public var collection: ArtifactCollection
    /// The version's number in this collection.
    public var number: Int64
    /// In this collection, in the order of their bytes.
    public var aliases: [String]
    public var version: ArtifactVersion
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64

    public init(
        collection: ArtifactCollection,
        number: Int64,
        aliases: [String],
        version: ArtifactVersion,
        createdAt: Int64
    ) {
        self.collection = collection
        self.number = number
        self.aliases = aliases
        self.version = version
        self.createdAt = createdAt
    }
}

/// A file of a version, or what stands for one that is kept elsewhere.
public struct VersionFile: Sendable, Equatable {
    /// Unique in its version.
    public var path: String
    /// Bytes.
    public var size: Int64
    /// Of the content that is stored; `nil` for a reference.
    public var digest: Digest?
    /// 32 lower-case hexadecimal digits; `nil` for a reference.
    public var md5: String?
    public var reference: Reference?
    /// Milliseconds since 1970-01-01 UTC; 0 for a reference.
    public var modifiedAt: Int64

    /// Where a file is that is not stored here, and never fetched by the server.
    public struct Reference: Sendable, Equatable {
        public var uri: String
        /// What its maker knows it by: an ETag, a checksum, or the URI itself.
        public var digest: String
        /// A JSON object of what its maker noted besides; empty for nothing.
        public var extra: String

        public init(uri: String, digest: String, extra: String) {
            self.uri = uri
            self.digest = digest
            self.extra = extra
        }
    }

    public init(
        path: String,
        size: Int64,
        digest: Digest?,
        md5: String?,
        reference: Reference?,
        modifiedAt: Int64
    ) {
        self.path = path
        self.size = size
        self.digest = digest
        self.md5 = md5
        self.reference = reference
        self.modifiedAt = modifiedAt
    }
}

/// Whether a run made a version or used it.
public enum VersionRole: String, Codable, Sendable, CaseIterable {
    case output
    case input
}
