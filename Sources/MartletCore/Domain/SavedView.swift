/// What somebody arranged to look at an experiment by: a report with its text and charts, or a layout of a page.
///
/// The content is the client's: it is kept as it came, and given back.
public struct SavedView: Sendable, Equatable {
    /// A decimal number, grows with each view.
    public struct ID: StringIdentifier {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public init(_ number: Int64) { rawValue = String(number) }
    }

    /// What it is for. A client may have kinds of its own.
    public struct Kind: StringIdentifier {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        public static let report = Kind("report")
        public static let reportDraft = Kind("report-draft")
    }

    public var id: ID
    public var experimentID: Experiment.ID
    public var kind: Kind
    /// Unique among those of its kind in the experiment.
    public var name: String
    public var displayName: String
    public var description: String
    /// JSON.
    public var content: String
    /// The name of who made it.
    public var author: String
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    public var updatedAt: Int64

    public init(
        id: ID,
        experimentID: Experiment.ID,
        kind: Kind,
        name: String,
        displayName: String,
        description: String,
        content: String,
        author: String,
        createdAt: Int64,
        updatedAt: Int64
    ) {
        self.id = id
        self.experimentID = experimentID
        self.kind = kind
        self.name = name
        self.displayName = displayName
        self.description = description
        self.content = content
        self.author = author
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// What is to become different; `nil` leaves a field alone.
public struct SavedViewChanges: Sendable, Equatable {
    public var kind: SavedView.Kind?
    public var displayName: String?
    public var description: String?
    public var content: String?

    public init(
        kind: SavedView.Kind? = nil,
        displayName: String? = nil,
        description: String? = nil,
        content: String? = nil
    ) {
        self.kind = kind
        self.displayName = displayName
        self.description = description
        self.content = content
    }
}

/// Which views a listing shows, the one that was changed last first.
public struct SearchSavedViews: Sendable {
    public var experimentID: Experiment.ID
    /// `nil` for all.
    public var kind: SavedView.Kind?
    /// `nil` for any.
    public var name: String?
    /// Of who made it; `nil` for anybody.
    public var author: String?
    public var limit: Int
    public var offset: Int

    public init(
        experimentID: Experiment.ID,
        kind: SavedView.Kind? = nil,
        name: String? = nil,
        author: String? = nil,
        limit: Int,
        offset: Int = 0
    ) {
        self.experimentID = experimentID
        self.kind = kind
        self.name = name
        self.author = author
        self.limit = limit
        self.offset = offset
    }
}
