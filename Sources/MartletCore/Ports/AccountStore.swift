/// What an account is checked against.
package struct StoredPassword: Sendable {
    package var account: Account
    /// Text of the hash function and its parameters, salt and hash; `nil` without a password.
    package var hash: String?

    package init(account: Account, hash: String?) {
        self.account = account
        self.hash = hash
    }
}

/// How a person shows to be whom an account belongs to: at most one of both.
package struct AccountProof: Sendable {
    package var passwordHash: String?
    package var identity: Identity.Key?

    package init(passwordHash: String? = nil, identity: Identity.Key? = nil) {
        self.passwordHash = passwordHash
        self.identity = identity
    }
}

/// What a token is checked against.
package struct StoredToken: Sendable {
    package var token: AccessToken
    package var hash: Digest
    package var account: Account

    package init(token: AccessToken, hash: Digest, account: Account) {
        self.token = token
        self.hash = hash
        self.account = account
    }
}

/// A login of the web pages.
package struct LoginSession: Sendable {
    package var account: Account.ID
    /// SHA-256 of the cookie's secret.
    package var hash: Digest
    /// Milliseconds since 1970-01-01 UTC.
    package var createdAt: Int64
    package var expiresAt: Int64

    package init(account: Account.ID, hash: Digest, createdAt: Int64, expiresAt: Int64) {
        self.account = account
        self.hash = hash
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// Roles of one account beside its own.
package struct AccountRoles: Sendable, Equatable {
    /// In workspaces other than the default one.
    package var workspaces: [Workspace.ID: Principal.Role]
    /// Where an experiment's role is another than that of its workspace.
    package var experiments: [Experiment.ID: Principal.Role]

    package init(
        workspaces: [Workspace.ID: Principal.Role] = [:],
        experiments: [Experiment.ID: Principal.Role] = [:]
    ) {
        self.workspaces = workspaces
        self.experiments = experiments
    }
}

/// Accounts, their tokens, logins and roles, and the audit log. Every method is one transaction, durable once it
/// returns; what changes something stores its line of the audit log with it.
package protocol AccountStore: Sendable {
    /// The highest role in the default workspace of the people who can come in, `noAccess` where none can; `nil` where there
    /// is no account at all.
    func highestRole() async throws(MartletError) -> Principal.Role?
    /// By name.
    func accounts() async throws(MartletError) -> [Account]
    /// - Throws: `notFound`.
    func account(_ id: Account.ID) async throws(MartletError) -> Account
    /// `nil` for an unknown name. Case does not count.
    func password(ofAccountNamed name: String) async throws(MartletError) -> StoredPassword?
    /// - Parameter isFirst: refuses when there is an admin already, so that two cannot both be the first.
    /// - Throws: `alreadyExists`; `failedPrecondition` for a second first one; `conflict` for an identity that belongs
    ///   to another account.
    func createAccount(
        _ account: Account,
        _ proof: AccountProof,
        isFirst: Bool,
        _ entry: AuditEntry
    ) async throws(MartletError)
    /// An account that becomes inactive loses its logins.
    /// - Throws: `notFound`; `failedPrecondition` when no active admin would be left.
    func updateAccount(
        _ id: Account.ID,
        _ changes: AccountChanges,
        _ entry: AuditEntry
    ) async throws(MartletError) -> Account
    /// Ends the account's logins, but for `keeping`.
    /// - Throws: `notFound`; `failedPrecondition` for an account that comes through an identity provider.
    func setPassword(
        _ hash: String,
        of id: Account.ID,
        keeping: Digest?,
        _ entry: AuditEntry
    ) async throws(MartletError)

    func createToken(_ token: AccessToken, hash: Digest, _ entry: AuditEntry) async throws(MartletError)
    /// Newest first.
    func tokens(of account: Account.ID) async throws(MartletError) -> [AccessToken]
    func token(_ id: AccessToken.ID) async throws(MartletError) -> StoredToken?
    /// Doing it twice changes nothing.
    func revokeToken(_ id: AccessToken.ID, _ entry: AuditEntry) async throws(MartletError)

    func createSession(_ session: LoginSession, _ entry: AuditEntry) async throws(MartletError)
    /// The account of a login that has not expired; `nil` for an unknown one.
    func account(ofSession hash: Digest, now: Int64) async throws(MartletError) -> Account?
    func endSession(_ hash: Digest, _ entry: AuditEntry?) async throws(MartletError)

    /// Notes that an account, and a token, was used.
    func touch(_ account: Account.ID, token: AccessToken.ID?, at time: Int64) async throws(MartletError)
    /// What the account may, where that is another than its own role.
    func roles(of account: Account.ID) async throws(MartletError) -> AccountRoles
    /// By name of the account. - Throws: `notFound` for the experiment.
    func roles(in experiment: Experiment.ID) async throws(MartletError) -> [ExperimentRole]
    /// - Parameter role: `nil` for that of its workspace again.
    /// - Throws: `notFound` for the experiment or the account.
    func setRole(
        _ role: Principal.Role?,
        of account: Account.ID,
        in experiment: Experiment.ID,
        _ entry: AuditEntry
    ) async throws(MartletError)

    func record(_ entry: AuditEntry) async throws(MartletError)
    /// Newest first.
    func audit(_ request: SearchAudit) async throws(MartletError) -> [AuditEntry]

    /// A secret that all servers of the installation share, 32 bytes, made at first use from `fresh`.
    func sharedSecret(_ name: String, fresh: [UInt8]) async throws(MartletError) -> [UInt8]
}

/// Hashing of what must stay secret, injected because Core knows no cryptography.
package struct SecretHashing: Sendable {
    /// Random bytes fit for keys.
    package var randomBytes: @Sendable (Int) -> [UInt8]
    package var sha256: @Sendable ([UInt8]) -> Digest
    /// A memory-hard hash with its parameters and salt, as one text. Takes a tenth of a second and up to 64 MiB.
    package var hash: @Sendable (_ password: String) async throws(MartletError) -> String
    /// Whether the password is the one that was hashed. Costs as much as `hash`.
    package var matches: @Sendable (_ password: String, _ hash: String) async throws(MartletError) -> Bool

    package init(
        randomBytes: @escaping @Sendable (Int) -> [UInt8],
        sha256: @escaping @Sendable ([UInt8]) -> Digest,
        hash: @escaping @Sendable (String) async throws(MartletError) -> String,
        matches: @escaping @Sendable (String, String) async throws(MartletError) -> Bool
    ) {
        self.randomBytes = randomBytes
        self.sha256 = sha256
        self.hash = hash
        self.matches = matches
    }

    /// Random hexadecimal digits, an even number of them.
    func randomDigits(_ count: Int) -> String {
        randomBytes(count / 2).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
