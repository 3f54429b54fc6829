import Synchronization

/// Logins through an identity provider, and the accounts that come of them.
///
/// Costs nothing before somebody asks for one: a provider that does not answer keeps neither the server from starting
/// nor anybody from logging in with a password.
package final class IdentityService: Sendable {
    /// Milliseconds from the beginning of a login to its end.
    package static let patience: Int64 = 10 * 60_000
    /// Bytes: an attempt has to fit a cookie.
    private static let longestNext = 1_500

    package let provider: any IdentityProvider
    /// Seals attempts on their way through the browser. 32 secret bytes, the same on all servers of an installation.
    package let key: [UInt8]
    private let roles: GroupRoles
    private let store: any AccountStore & IdentityStore
    private let logins: LoginService
    private let hashing: SecretHashing
    private let environment: Environment
    /// Of its own: what fails here keeps nobody from logging in with a password, nor the other way round.
    private let throttle = Mutex(LoginThrottle())

    package init(
        provider: any IdentityProvider,
        roles: GroupRoles,
        key: [UInt8],
        store: any AccountStore & IdentityStore,
        logins: LoginService,
        hashing: SecretHashing,
        environment: Environment
    ) {
        self.provider = provider
        self.roles = roles
        self.key = key
        self.store = store
        self.logins = logins
        self.hashing = hashing
        self.environment = environment
    }

    /// Begins a login. Nothing is stored: the browser carries the attempt.
    /// - Parameters:
    ///   - next: where the person wants to go; forgotten when it is very long.
    ///   - redirect: where the provider sends the browser back to.
    /// - Throws: `unavailable` when the provider does not answer.
    package func begin(
        next: String,
        redirect: String
    ) async throws(MartletError) -> (attempt: LoginAttempt, address: String) {
        let attempt = LoginAttempt(
            state: hashing.randomDigits(64),
            nonce: hashing.randomDigits(64),
            verifier: hashing.randomDigits(64),
            redirect: redirect,
            next: next.utf8.count <= Self.longestNext ? next : "",
            expiresAt: environment.now() + Self.patience
        )
        return (attempt, try await provider.loginAddress(for: attempt))
    }

    /// Ends a login.
    /// - Parameter attempt: what the browser carried; `nil` when it carried none that is ours.
    /// - Returns: the secret of the cookie.
    /// - Throws: `permissionDenied` for an answer to no attempt of this browser, and for who may not come in;
    ///   `unauthenticated`; `rateLimited`; `unavailable`.
    package func finish(
        _ answer: ProviderAnswer,
        _ attempt: LoginAttempt?,
        from address: String
    ) async throws(MartletError) -> String {
        let now = environment.now()
        guard let attempt, let state = answer.state, hash(state) == hash(attempt.state) else {
            throw MartletError(.permissionDenied, "this login was not begun in this browser; log in again")
        }
        guard attempt.expiresAt > now else {
            throw MartletError(.permissionDenied, "the login took more than 10 minutes; log in again")
        }
        guard answer.error == nil, let code = answer.code else { throw refusal(answer.error) }
        try throttle.withLock { throttle throws(MartletError) in
            try throttle.check(name: attempt.state, address: address, now: now)
        }
        guard try await store.take(attempt: hash(state), until: attempt.expiresAt, now: now) else {
            throw MartletError(.permissionDenied, "this login is over already; log in again")
        }
        let identity: Identity
        do {
            identity = try await provider.identity(code: code, from: answer.issuer, for: attempt)
        } catch {
            if error.code == .unauthenticated {
                throttle.withLock { $0.failed(name: attempt.state, address: address, now: now) }
            }
            throw error
        }
        let account = try await account(of: identity, from: address)
        return try await logins.openSession(account, from: address, detail: "with \(provider.name)")
    }

    private func refusal(_ code: String?) -> MartletError {
        let name = provider.name
        if code == "access_denied" {
            return MartletError(.permissionDenied, "the login was cancelled, or \(name) does not let you in here")
        }
        let word = String((code ?? "").prefix(40).filter { $0.isASCII && ($0.isLetter || $0 == "_") })
        return MartletError(.permissionDenied, "\(name) refused the login\(word.isEmpty ? "" : " (\(word))")")
    }

    // MARK: the account

    /// The account of somebody, with the role that their groups have now.
    private func account(of identity: Identity, from address: String) async throws(MartletError) -> Account {
        let role = roles.role(of: identity.groups)
        if let account = try await store.account(of: identity.key) {
            return try await admitted(account, role, from: address)
        }
        guard let role else {
            let name = AccountRules.names(like: identity.names, id: "")[0]
            throw try await refused(name, "in no group that has a role", from: address)
        }
        return try await create(identity, role, from: address)
    }

    /// Whoever's group went away loses the role, and every login that is still open, with it.
    private func admitted(
        _ account: Account,
        _ role: Principal.Role?,
        from address: String
    ) async throws(MartletError) -> Account {
        guard account.isActive else {
            throw try await refused(account.name, "the account is not active", from: address)
        }
        let isIn = role != nil
        let role = role ?? .noAccess
        var account = account
        if role != account.role || !isIn {
            let detail = "role \(account.role.rawValue) → \(role.rawValue), by \(provider.name)"
            let entry = role == account.role ? nil : entry(.accountChanged, account.name, detail, from: address)
            account = try await store.follow(role, of: account.id, endsLogins: !isIn, entry)
            changed(to: role)
        }
        guard isIn else { throw try await refused(account.name, "in no group that has a role", from: address) }
        return account
    }

    private func create(
        _ identity: Identity,
        _ role: Principal.Role,
        from address: String
    ) async throws(MartletError) -> Account {
        let id = environment.newID()
        for name in AccountRules.names(like: identity.names, id: id) {
            let account = Account(
                id: Account.ID(id),
                name: name,
                kind: .person,
                displayName: AccountRules.displayName(like: identity.displayName),
                role: role,
                isActive: true,
                hasPassword: false,
                createdAt: environment.now(),
                lastSeenAt: nil
            )
            let detail = "person, role \(role.rawValue), by \(provider.name)"
            let entry = entry(.accountCreated, name, detail, from: address)
            do {
                try await store.createAccount(account, AccountProof(identity: identity.key), isFirst: false, entry)
                changed(to: role)
                return account
            } catch {
                switch error.code {
                case .alreadyExists: continue
                // The same person came in by two doors at once.
                case .conflict: return try await self.account(of: identity, from: address)
                default: throw error
                }
            }
        }
        throw MartletError(.conflict, "no free name was found for the account; log in again")
    }

    /// What was known of the account is forgotten; with an admin, the first account need not be made any more.
    private func changed(to role: Principal.Role) {
        if role == .admin { logins.setupIsDone() } else { logins.accountsChanged() }
    }

    /// Notes that somebody who is known does not come in.
    private func refused(
        _ name: String,
        _ reason: String,
        from address: String
    ) async throws(MartletError) -> MartletError {
        try await store.record(entry(.loginFailed, name, "with \(provider.name): \(reason)", from: address))
        return MartletError(
            .permissionDenied,
            "\(provider.name) knows you as \(name), but you may not come in here: \(reason); ask an admin"
        )
    }

    private func entry(
        _ action: AuditEntry.Action,
        _ name: String,
        _ detail: String,
        from address: String
    ) -> AuditEntry {
        AuditEntry(action, by: name, detail, from: address, at: environment.now())
    }

    private func hash(_ secret: String) -> Digest { hashing.sha256(Array(secret.utf8)) }
}
