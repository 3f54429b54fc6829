/// Somebody, or some program, that the server knows by name.
public struct Account: Codable, Sendable, Equatable {
    /// 32 lower-case hexadecimal digits.
    public struct ID: StringIdentifier {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Logs in with a password or through an identity provider.
        case person
        /// A program: has tokens, but cannot log in.
        case service
    }

    public var id: ID
    /// Unique, without regard to case.
    public var name: String
    public var kind: Kind
    public var displayName: String
    /// In the default workspace.
    public var role: Principal.Role
    /// An inactive account can do nothing; what it did stays under its name.
    public var isActive: Bool
    /// Whether it can log in with a password.
    public var hasPassword: Bool
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// When it was last seen, to the minute; `nil` for never.
    public var lastSeenAt: Int64?

    public init(
        id: ID,
        name: String,
        kind: Kind,
        displayName: String,
        role: Principal.Role,
        isActive: Bool,
        hasPassword: Bool,
        createdAt: Int64,
        lastSeenAt: Int64?
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.displayName = displayName
        self.role = role
        self.isActive = isActive
        self.hasPassword = hasPassword
        self.createdAt = createdAt
        self.lastSeenAt = lastSeenAt
    }
}

/// What a program shows to act for an account. Its secret is shown once, when it is made; only a hash is kept.
public struct AccessToken: Codable, Sendable, Equatable {
    /// 16 lower-case hexadecimal digits; the token itself begins with them.
    public struct ID: StringIdentifier {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public var id: ID
    public var account: Account.ID
    /// What it is for, in the words of who made it.
    public var name: String
    /// The most that it may do, whatever its account may.
    public var scope: Principal.Role
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64
    /// `nil` for never.
    public var expiresAt: Int64?
    /// To the minute; `nil` for never.
    public var lastUsedAt: Int64?

    public init(
        id: ID,
        account: Account.ID,
        name: String,
        scope: Principal.Role,
        createdAt: Int64,
        expiresAt: Int64?,
        lastUsedAt: Int64?
    ) {
        self.id = id
        self.account = account
        self.name = name
        self.scope = scope
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
    }
}

/// The role of one account in one experiment, where it is another than in its workspace.
public struct ExperimentRole: Codable, Sendable, Equatable {
    public var account: Account.ID
    public var role: Principal.Role

    public init(account: Account.ID, role: Principal.Role) {
        self.account = account
        self.role = role
    }
}

/// One line of the audit log: who did what, to what, when, from where.
public struct AuditEntry: Codable, Sendable, Equatable {
    public enum Action: String, Codable, Sendable, CaseIterable {
        case login, logout
        case loginFailed = "login.failed"
        case accountCreated = "account.created"
        case accountChanged = "account.changed"
        case passwordChanged = "password.changed"
        case tokenCreated = "token.created"
        case tokenRevoked = "token.revoked"
        case roleChanged = "role.changed"
        case experimentDeleted = "experiment.deleted"
        case experimentRestored = "experiment.restored"
        case runsDeleted = "runs.deleted"
        case runsRestored = "runs.restored"
        case quotaChanged = "quota.changed"
        case workspaceCreated = "workspace.created"
        case workspaceChanged = "workspace.changed"
        case workspaceDeleted = "workspace.deleted"
    }

    /// Grows with time; 0 before it is stored.
    public var id: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var at: Int64
    /// The name of who did it.
    public var actor: String
    public var action: Action
    /// What it was done to: a name or an id.
    public var subject: String
    /// What changed, in words; never a secret.
    public var detail: String
    /// An address of the network; empty when unknown.
    public var address: String

    public init(
        id: Int64 = 0,
        at: Int64,
        actor: String,
        action: Action,
        subject: String,
        detail: String = "",
        address: String
    ) {
        self.id = id
        self.at = at
        self.actor = actor
        self.action = action
        self.subject = subject
        self.detail = detail
        self.address = address
    }
}

extension AuditEntry {
    /// What a principal did.
    init(_ action: Action, _ subject: String, _ detail: String = "", as principal: Principal, at time: Int64) {
        self.init(
            at: time,
            actor: principal.name,
            action: action,
            subject: subject,
            detail: detail,
            address: principal.address
        )
    }

    /// What somebody did to their own account, who is not known yet.
    init(_ action: Action, by name: String, _ detail: String = "", from address: String, at time: Int64) {
        self.init(at: time, actor: name, action: action, subject: name, detail: detail, address: address)
    }
}
