/// Who asks. Every request has one; services decide what it may do.
public struct Principal: Sendable, Equatable {
    /// What somebody may do, in the workspace or in one experiment. Each may what those before it may.
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
    /// In the workspace.
    public var role: Role
    /// Where an experiment's role is another than that of the workspace. Means nothing for an admin.
    public var experimentRoles: [Experiment.ID: Role]
    /// `nil` for whoever has none: the one local person, the holder of a signed link, somebody unknown.
    public var account: Account.ID?
    /// Where the request came from, for the audit log; empty when that is unknown.
    public var address: String
    /// Whether somebody said who they are, or nobody has to.
    public var isKnown: Bool

    public init(
        name: String,
        role: Role,
        experimentRoles: [Experiment.ID: Role] = [:],
        account: Account.ID? = nil,
        address: String = "",
        isKnown: Bool = true
    ) {
        self.name = name
        self.role = role
        self.experimentRoles = experimentRoles
        self.account = account
        self.address = address
        self.isKnown = isKnown
    }

    /// The one person of a server that listens on loopback only.
    public static let local = Principal(name: "local", role: .admin)

    /// Somebody who did not say who they are, where that is asked.
    public static let unknown = Principal(name: "nobody", role: .noAccess, isKnown: false)

    /// Whether one role holds in every experiment.
    public var isUniform: Bool { experimentRoles.isEmpty || role == .admin }

    public func role(in experiment: Experiment.ID) -> Role {
        role == .admin ? .admin : experimentRoles[experiment] ?? role
    }

    /// Whether the principal has the role in the workspace or in some experiment.
    public func role(somewhereAtLeast needed: Role) -> Bool {
        role >= needed || experimentRoles.values.contains { $0 >= needed }
    }

    /// Checks the role in the workspace.
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
