/// A new account.
public struct CreateAccount: Sendable {
    public var name: String
    public var kind: Account.Kind
    public var displayName: String
    public var role: Principal.Role
    /// `nil` for an account that cannot log in with one.
    public var password: String?

    public init(
        name: String,
        kind: Account.Kind = .person,
        displayName: String = "",
        role: Principal.Role,
        password: String?
    ) {
        self.name = name
        self.kind = kind
        self.displayName = displayName
        self.role = role
        self.password = password
    }
}

/// Fields of an account that are set; `nil` leaves one as it is.
public struct AccountChanges: Sendable, Equatable {
    public var displayName: String?
    public var role: Principal.Role?
    public var isActive: Bool?

    public init(displayName: String? = nil, role: Principal.Role? = nil, isActive: Bool? = nil) {
        self.displayName = displayName
        self.role = role
        self.isActive = isActive
    }
}

/// A new token.
public struct CreateToken: Sendable {
    public var account: Account.ID
    public var name: String
    public var scope: Principal.Role
    /// Milliseconds since 1970-01-01 UTC; `nil` for never.
    public var expiresAt: Int64?

    public init(account: Account.ID, name: String, scope: Principal.Role, expiresAt: Int64?) {
        self.account = account
        self.name = name
        self.scope = scope
        self.expiresAt = expiresAt
    }
}

/// Which lines of the audit log are read, newest first.
public struct SearchAudit: Sendable {
    /// `nil` for everybody.
    public var actor: String?
    /// `nil` for everything.
    public var action: AuditEntry.Action?
    /// Lines older than this id; `nil` from the newest.
    public var before: Int64?
    /// At least 1.
    public var limit: Int

    public init(actor: String? = nil, action: AuditEntry.Action? = nil, before: Int64? = nil, limit: Int) {
        self.actor = actor
        self.action = action
        self.before = before
        self.limit = limit
    }
}

/// Which experiments of a workspace somebody may see.
public struct ExperimentScope: Sendable, Equatable {
    public enum Choice: Sendable, Equatable {
        case all
        case only([Experiment.ID])
        case allBut([Experiment.ID])
    }

    public var workspace: Workspace.ID
    public var choice: Choice

    public init(workspace: Workspace.ID, choice: Choice) {
        self.workspace = workspace
        self.choice = choice
    }

    /// Whether it has an experiment of its workspace.
    public func contains(_ id: Experiment.ID) -> Bool {
        switch choice {
        case .all: true
        case .only(let ids): ids.contains(id)
        case .allBut(let ids): !ids.contains(id)
        }
    }
}
