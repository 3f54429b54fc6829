/// Who asks. Every request has one; services decide what it may do.
public struct Principal: Sendable, Equatable {
    /// What somebody may do, in a workspace or in one experiment. Each may what those before it may.
    public enum Role: String, Codable, Sendable, Comparable, CaseIterable {
        /// Nothing: what has only such a role is not even shown.
        case noAccess = "none"
        /// Reads.
        case viewer
        /// Makes and changes experiments, runs, models and files.
        case editor
        /// Decides who may what.
        case admin

        private var rank: Int {
            switch self {
            case .noAccess: 0
            case .viewer: 1
            case .editor: 2
            case .admin: 3
            }
        }

        public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
    }

    public var name: String
    /// In the default workspace. Its admins may do everything, in every workspace.
    public var role: Role
    /// In the other workspaces: none in one that is absent.
    public var workspaceRoles: [Workspace.ID: Role]
    /// Where an experiment's role is another than that of its workspace. Means nothing for an admin.
    public var experimentRoles: [Experiment.ID: Role]
    /// The one workspace that the request is about: what is in another is not there for it. `nil` for a request that
    /// may read and change by id whatever the principal may, and lists and makes things in the default workspace.
    public var workspace: Workspace.ID?
    /// `nil` for whoever has none: the one local person, the holder of a signed link, somebody unknown.
    public var account: Account.ID?
    /// Where the request came from, for the audit log; empty when that is unknown.
    public var address: String
    /// Whether somebody said who they are, or nobody has to.
    public var isKnown: Bool

    public init(
        name: String,
        role: Role,
        workspaceRoles: [Workspace.ID: Role] = [:],
        experimentRoles: [Experiment.ID: Role] = [:],
        account: Account.ID? = nil,
        address: String = "",
        isKnown: Bool = true
    ) {
        self.name = name
        self.role = role
        self.workspaceRoles = workspaceRoles
        self.experimentRoles = experimentRoles
        self.account = account
        self.address = address
        self.isKnown = isKnown
    }

    /// The one person of a server that listens on loopback only.
    public static let local = Principal(name: "local", role: .admin)

    /// Somebody who did not say who they are, where that is asked.
    public static let unknown = Principal(name: "nobody", role: .noAccess, isKnown: false)

    /// Where the request lists and makes things.
    public var currentWorkspace: Workspace.ID { workspace ?? .default }

    public func role(in workspace: Workspace.ID) -> Role {
        role == .admin || workspace == .default ? role : workspaceRoles[workspace] ?? .noAccess
    }

    public func role(in place: ExperimentPlace) -> Role {
        let role = role(in: place.workspace)
        return role == .admin ? .admin : experimentRoles[place.experiment] ?? role
    }

    /// The highest role in any workspace or experiment.
    public var highestRole: Role {
        max(role, workspaceRoles.values.max() ?? .noAccess, experimentRoles.values.max() ?? .noAccess)
    }

    /// Checks the role in the default workspace, which decides about the whole installation.
    /// - Throws: `permissionDenied` when the role is less than `needed`; `unauthenticated`.
    public func require(_ needed: Role, to action: String) throws(MartletError) {
        guard role >= needed else { throw refusal(needed, to: action, in: "") }
    }

    /// Why the role does not do; `place` is empty or reads ` in experiment 7`.
    func refusal(_ needed: Role, to action: String, in place: String) -> MartletError {
        guard isKnown else { return .unauthenticated }
        return MartletError(
            .permissionDenied,
            "\(name) may not \(action)\(place): the role \(needed.rawValue) is needed; ask an admin"
        )
    }
}

extension MartletError {
    /// Somebody must say who they are.
    public static let unauthenticated = MartletError(
        .unauthenticated,
        "log in first: open the web pages, or send an API token as 'Authorization: Bearer …' or a name and password"
    )
}
