/// A team's own room. Its experiments, with their runs, models and files, are seen by whoever has a role in it.
///
/// What is in one workspace has no name in another: the same experiment name may stand in each.
public struct Workspace: Codable, Sendable, Equatable {
    /// Decimal in JSON, a number in storage. Only names are shown to people.
    public struct ID: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
        public let number: Int64

        public init(_ number: Int64) { self.number = number }

        /// The one that always exists, for whoever names none.
        public static let `default` = ID(1)

        public var description: String { String(number) }
        public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
    }

    public static let defaultName = "default"

    public var id: ID
    /// Unique. See `Rules.checkWorkspaceName`.
    public var name: String
    public var description: String
    /// Where the artifacts of new experiments go, `<root>/<experiment>`; `nil` for this server.
    public var artifactRoot: String?
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64

    public init(id: ID, name: String, description: String, artifactRoot: String?, createdAt: Int64) {
        self.id = id
        self.name = name
        self.description = description
        self.artifactRoot = artifactRoot
        self.createdAt = createdAt
    }
}

/// Fields of a workspace that are set; `nil` leaves one as it is.
public struct WorkspaceChanges: Sendable, Equatable {
    public var description: String?
    /// `.some(nil)` for this server again.
    public var artifactRoot: String??

    public init(description: String? = nil, artifactRoot: String?? = nil) {
        self.description = description
        self.artifactRoot = artifactRoot
    }
}

/// Where an experiment is.
public struct ExperimentPlace: Sendable, Hashable {
    public var experiment: Experiment.ID
    public var workspace: Workspace.ID

    public init(experiment: Experiment.ID, workspace: Workspace.ID) {
        self.experiment = experiment
        self.workspace = workspace
    }
}

/// The role of one account in a workspace other than the default one, whose role the account itself has.
public struct WorkspaceRole: Codable, Sendable, Equatable {
    public var account: Account.ID
    public var role: Principal.Role

    public init(account: Account.ID, role: Principal.Role) {
        self.account = account
        self.role = role
    }
}
