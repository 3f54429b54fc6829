import Synchronization

/// What somebody shows to say who they are.
package enum Credentials: Sendable, Equatable {
    case token(String)
    case password(name: String, password: String)
    /// The secret of a cookie.
    case session(String)
}

/// Whether anybody must say who they are.
package enum LoginPolicy: String, Sendable, CaseIterable {
    /// Nobody must, until there is an account.
    case automatic
    case required
    /// Nobody must.
    case off
}

/// Says who asks: checks tokens, passwords and logins.
///
/// What was found right is remembered for some seconds, so that a request with a token costs two microseconds more
/// than one without; a change of an account, a token or a role on this server forgets it at once, one on another
/// server within `memory`.
package final class LoginService: Sendable {
    private struct Known {
        var principal: Principal
        /// Milliseconds since 1970-01-01 UTC.
        var until: Int64
    }

    private struct State {
        var known: [Digest: Known] = [:]
        /// Grows whenever something is forgotten: what was looked up before is not remembered after it.
        var generation = 0
        var throttle = LoginThrottle()
        var isRequired: Bool
        /// What the first account is made with; `nil` once there is one.
        var setupCode: String?
    }

    /// Milliseconds.
    package static let memory: Int64 = 10_000
    private static let mostKnown = 10_000
    /// Milliseconds that a login of the web pages lasts: 30 days.
    package static let sessionLength: Int64 = 30 * 86_400_000
    static let tokenPrefix = "martlet_"

    private let store: any AccountStore
    private let hashing: SecretHashing
    private let environment: Environment
    private let policy: LoginPolicy
    private let state: Mutex<State>

    package init(
        store: any AccountStore,
        hashing: SecretHashing,
        environment: Environment,
        policy: LoginPolicy
    ) {
        self.store = store
        self.hashing = hashing
        self.environment = environment
        self.policy = policy
        state = Mutex(State(isRequired: policy == .required))
    }

    /// Looks whether there are accounts. Before the first request.
    /// - Returns: the code that makes the first account, where login is required and there is no admin.
    package func prepare() async throws(MartletError) -> String? {
        guard policy != .off else { return nil }
        let highest = try await store.highestRole()
        if highest != nil { state.withLock { $0.isRequired = true } }
        guard highest != .admin, isRequired else { return nil }
        let code = hashing.randomDigits(24)
        state.withLock { $0.setupCode = code }
        return code
    }

    package var isRequired: Bool { state.withLock { $0.isRequired } }
    /// Whether the first account is still to be made, with a code.
    package var needsSetup: Bool { state.withLock { $0.setupCode != nil } }

    /// Forgets what was found right: something changed. Login is required once there is an account.
    package func accountsChanged() {
        rolesChanged()
        if policy != .off { state.withLock { $0.isRequired = true } }
    }

    /// Forgets what was found right: somebody may more, or less.
    func rolesChanged() {
        state.withLock { state in
            state.known.removeAll(keepingCapacity: true)
            state.generation += 1
        }
    }

    /// - Throws: `unauthenticated` for what is wrong, expired or revoked; `rateLimited`.
    package func principal(for credentials: Credentials, from address: String) async throws(MartletError) -> Principal {
        let now = environment.now()
        let key = key(of: credentials)
        let (found, generation) = state.withLock { ($0.known[key], $0.generation) }
        if var found, found.until > now {
            found.principal.address = address
            return found.principal
        }
        let (principal, end) = try await check(credentials, from: address, now: now)
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.known.count >= Self.mostKnown { state.known.removeAll(keepingCapacity: true) }
            state.known[key] = Known(principal: principal, until: min(now + Self.memory, end ?? .max))
        }
        return principal
    }

    /// Logs in to the web pages.
    /// - Returns: the secret of the cookie.
    package func login(
        name: String,
        password: String,
        from address: String
    ) async throws(MartletError) -> String {
        let account = try await account(named: name, password: password, from: address)
        return try await openSession(account, from: address, detail: "with a password")
    }

    /// Opens a login for an account that proved itself in another way.
    package func openSession(
        _ account: Account,
        from address: String,
        detail: String
    ) async throws(MartletError) -> String {
        let now = environment.now()
        let secret = hashing.randomDigits(64)
        try await store.createSession(
            LoginSession(
                account: account.id,
                hash: hashing.sha256(Array(secret.utf8)),
                createdAt: now,
                expiresAt: now + Self.sessionLength
            ),
            AuditEntry(.login, by: account.name, detail, from: address, at: now)
        )
        return secret
    }

    package func logout(_ secret: String, as principal: Principal) async throws(MartletError) {
        let entry = AuditEntry(.logout, principal.name, as: principal, at: environment.now())
        let key = key(of: .session(secret))
        try await store.endSession(hashing.sha256(Array(secret.utf8)), principal.isKnown ? entry : nil)
        state.withLock { state in
            state.known[key] = nil
            state.generation += 1
        }
    }

    /// Whether a password is that of an account: nothing else will do, and nothing is remembered.
    /// - Throws: `unauthenticated`; `rateLimited`.
    package func requirePassword(
        _ password: String,
        ofAccountNamed name: String,
        from address: String
    ) async throws(MartletError) {
        _ = try await account(named: name, password: password, from: address)
    }

    /// What a page must send with each change, so that no other site can make a browser do it.
    package func crossSiteCode(ofSession secret: String) -> String {
        String(hashing.sha256(Array("cross-site \(secret)".utf8)).rawValue.prefix(32))
    }

    package func hash(ofSession secret: String) -> Digest { hashing.sha256(Array(secret.utf8)) }

    /// - Throws: `permissionDenied` for a wrong code, and when the first account was made already.
    package func checkSetup(_ code: String, from address: String) throws(MartletError) {
        let now = environment.now()
        let expected = try state.withLock { state throws(MartletError) in
            try state.throttle.check(name: "", address: address, now: now)
            return state.setupCode
        }
        if let expected, hashing.sha256(Array(expected.utf8)) == hashing.sha256(Array(code.utf8)) { return }
        state.withLock { $0.throttle.failed(name: "", address: address, now: now) }
        throw MartletError(
            .permissionDenied,
            expected == nil
                ? "the first account exists already; log in with it"
                : "this is not the code that the server printed when it started"
        )
    }

    package func setupIsDone() {
        state.withLock { $0.setupCode = nil }
        accountsChanged()
    }

    /// - Returns: also until when the proof holds at most; `nil` where it has no end of its own.
    private func check(
        _ credentials: Credentials,
        from address: String,
        now: Int64
    ) async throws(MartletError) -> (Principal, Int64?) {
        switch credentials {
        case .token(let text):
            let stored = try await token(text, now: now)
            let principal = try await principal(stored.account, token: stored.token, from: address, now: now)
            return (principal, stored.token.expiresAt)
        case .password(_, let password) where password.hasPrefix(Self.tokenPrefix):
            return try await check(.token(password), from: address, now: now)
        case .password(let name, let password):
            let account = try await account(named: name, password: password, from: address)
            return (try await principal(account, token: nil, from: address, now: now), nil)
        case .session(let secret):
            let account = try await store.account(ofSession: hashing.sha256(Array(secret.utf8)), now: now)
            guard let account, account.isActive else {
                throw MartletError(.unauthenticated, "the login has ended; log in again")
            }
            return (try await principal(account, token: nil, from: address, now: now), nil)
        }
    }

    /// Not slowed down: nobody guesses 192 bits, and a program with an old token must not keep others out.
    private func token(_ text: String, now: Int64) async throws(MartletError) -> StoredToken {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        if parts.count == 3, text.hasPrefix(Self.tokenPrefix), parts[1].utf8.count == 16,
            let stored = try await store.token(AccessToken.ID(String(parts[1]))),
            stored.hash == hashing.sha256(Array(text.utf8))
        {
            guard stored.account.isActive else {
                throw MartletError(.unauthenticated, "the account of the API token is not active; ask an admin")
            }
            guard stored.token.expiresAt.map({ $0 > now }) ?? true else {
                throw MartletError(.unauthenticated, "the API token '\(stored.token.name)' has expired; make a new one")
            }
            return stored
        }
        throw MartletError(.unauthenticated, "the API token is unknown or was revoked; make a new one")
    }

    private func account(
        named name: String,
        password: String,
        from address: String
    ) async throws(MartletError) -> Account {
        let now = environment.now()
        try state.withLock { state throws(MartletError) in
            try state.throttle.check(name: name, address: address, now: now)
        }
        let stored = try await store.password(ofAccountNamed: name)
        let isRight: Bool
        if let hash = stored?.hash, password.utf8.count <= AccountRules.longestPassword {
            isRight = try await hashing.matches(password, hash)
        } else {
            // As slow as a known name, which must not be told apart.
            _ = try await hashing.hash("nobody has this password")
            isRight = false
        }
        if isRight, let account = stored?.account, account.isActive {
            state.withLock { $0.throttle.succeeded(name: name, address: address) }
            return account
        }
        state.withLock { $0.throttle.failed(name: name, address: address, now: now) }
        try await store.record(
            AuditEntry(.loginFailed, by: String(name.prefix(AccountRules.longestName)), from: address, at: now)
        )
        throw MartletError(.unauthenticated, "the name or the password is wrong")
    }

    private func principal(
        _ account: Account,
        token: AccessToken?,
        from address: String,
        now: Int64
    ) async throws(MartletError) -> Principal {
        let most = token?.scope ?? .admin
        let isAdmin = account.role == .admin
        let roles = isAdmin ? AccountRoles() : try await store.roles(of: account.id)
        if ((token == nil ? account.lastSeenAt : token?.lastUsedAt) ?? 0) < now - 60_000 {
            try await store.touch(account.id, token: token?.id, at: now)
        }
        return Principal(
            name: account.name,
            role: min(account.role, most),
            workspaceRoles: roles.workspaces.mapValues { min($0, most) },
            experimentRoles: roles.experiments.mapValues { min($0, most) },
            account: account.id,
            address: address
        )
    }

    private func key(of credentials: Credentials) -> Digest {
        switch credentials {
        case .token(let text): hashing.sha256(Array("token \(text)".utf8))
        case .password(let name, let password): hashing.sha256(Array("password \(name)\n\(password)".utf8))
        case .session(let secret): hashing.sha256(Array("session \(secret)".utf8))
        }
    }
}
