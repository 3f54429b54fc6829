/// Accounts, tokens, roles in experiments and the audit log: what may be done with them, and by whom.
package struct AccountService: Sendable {
    private static let deciding = "decide who may what"

    private let store: any AccountStore
    private let access: AccessControl
    private let logins: LoginService
    private let hashing: SecretHashing
    private let environment: Environment

    package init(
        store: any AccountStore,
        access: AccessControl,
        logins: LoginService,
        hashing: SecretHashing,
        environment: Environment
    ) {
        self.store = store
        self.access = access
        self.logins = logins
        self.hashing = hashing
        self.environment = environment
    }

    // MARK: accounts

    package func accounts(as principal: Principal) async throws(MartletError) -> [Account] {
        try principal.require(.admin, to: "list accounts")
        return try await store.accounts()
    }

    /// Oneself, or anybody for an admin.
    package func account(_ id: Account.ID, as principal: Principal) async throws(MartletError) -> Account {
        try requireOwn(id, as: principal, to: "read another account")
        return try await store.account(id)
    }

    /// Oneself, or anybody for an admin, by name. Case does not count.
    /// - Throws: `permissionDenied`; `notFound`.
    package func account(named name: String, as principal: Principal) async throws(MartletError) -> Account {
        if !principal.isCalled(name) {
            try principal.require(.admin, to: "read another account")
        }
        return try await known(name)
    }

    /// - Throws: `invalidArgument`; `alreadyExists`; `failedPrecondition` where nobody has to log in yet and nobody
    ///   could decide anything any more.
    package func create(_ request: CreateAccount, as principal: Principal) async throws(MartletError) -> Account {
        try principal.require(.admin, to: "make an account")
        if principal.account == nil, request.role < .admin, try await store.highestRole() != .admin {
            throw MartletError(
                .failedPrecondition,
                "make an admin first: from the first account on everybody has to log in, and somebody must decide"
            )
        }
        return try await create(request, isFirst: false, by: principal.name, from: principal.address)
    }

    /// The first account, an admin, made by whoever has the code that the server printed.
    package func createFirst(
        name: String,
        password: String,
        code: String,
        from address: String
    ) async throws(MartletError) -> Account {
        try logins.checkSetup(code, from: address)
        return try await createFirst(name: name, password: password, from: address)
    }

    /// The first account, an admin, made by who starts the server.
    package func createFirst(
        name: String,
        password: String,
        from address: String
    ) async throws(MartletError) -> Account {
        let request = CreateAccount(name: name, role: .admin, password: password)
        let account = try await create(request, isFirst: true, by: name, from: address)
        logins.setupIsDone()
        return account
    }

    package func update(
        _ id: Account.ID,
        _ changes: AccountChanges,
        as principal: Principal
    ) async throws(MartletError) -> Account {
        if changes.role != nil || changes.isActive != nil {
            try principal.require(.admin, to: "change an account")
        } else {
            try requireOwn(id, as: principal, to: "change another account")
        }
        if let text = changes.displayName { try AccountRules.checkDisplayName(text) }
        let old = try await store.account(id)
        var detail: [String] = []
        if let role = changes.role, role != old.role { detail.append("role \(old.role.rawValue) → \(role.rawValue)") }
        if let isActive = changes.isActive, isActive != old.isActive { detail.append(isActive ? "active" : "inactive") }
        if changes.displayName != nil { detail.append("display name") }
        let account = try await store.updateAccount(
            id,
            changes,
            entry(.accountChanged, old.name, detail.joined(separator: ", "), as: principal)
        )
        logins.accountsChanged()
        return account
    }

    /// Sets a password. Others' logins of the account end.
    /// - Parameters:
    ///   - current: must be right where one changes one's own.
    ///   - session: the login that stays.
    package func setPassword(
        _ password: String,
        current: String?,
        of id: Account.ID,
        keeping session: Digest?,
        as principal: Principal
    ) async throws(MartletError) {
        try requireOwn(id, as: principal, to: "set another's password")
        let account = try await store.account(id)
        guard account.kind == .person else {
            throw MartletError(.failedPrecondition, "'\(account.name)' is a program and has tokens, not a password")
        }
        try AccountRules.checkPassword(password, of: account.name)
        if principal.account == id {
            // Whoever holds a token of the account, perhaps a narrow one, must not get all of it.
            guard account.hasPassword else {
                throw MartletError(.permissionDenied, "the account has no password yet; ask an admin to set the first")
            }
            try await logins.requirePassword(
                current ?? "",
                ofAccountNamed: account.name,
                from: principal.address
            )
        }
        let hash = try await hashing.hash(password)
        try await store.setPassword(
            hash,
            of: id,
            keeping: principal.account == id ? session : nil,
            entry(.passwordChanged, account.name, as: principal)
        )
        logins.accountsChanged()
    }

    /// Ends what somebody may do: the account becomes inactive, its logins end and its tokens are revoked. What it did
    /// stays under its name, which nobody else gets.
    /// - Throws: `notFound`; `failedPrecondition` for oneself, and when no admin would be left.
    package func dismiss(_ id: Account.ID, as principal: Principal) async throws(MartletError) {
        try principal.require(.admin, to: "delete an account")
        guard principal.account != id else {
            throw MartletError(.failedPrecondition, "nobody can delete their own account; ask another admin")
        }
        // The account last: what ends in the middle can be begun again.
        for token in try await store.tokens(of: id) {
            do {
                try await revokeToken(token.id, as: principal)
            } catch  where error.code == .notFound {
                continue
            }
        }
        _ = try await update(id, AccountChanges(isActive: false), as: principal)
    }

    // MARK: tokens

    package func tokens(of id: Account.ID, as principal: Principal) async throws(MartletError) -> [AccessToken] {
        try requireOwn(id, as: principal, to: "list another's tokens")
        _ = try await store.account(id)
        return try await store.tokens(of: id)
    }

    /// - Returns: the token and its secret text, which cannot be read again.
    package func createToken(
        _ request: CreateToken,
        as principal: Principal
    ) async throws(MartletError) -> (token: AccessToken, secret: String) {
        try requireOwn(request.account, as: principal, to: "make a token for another")
        try Rules.checkText(request.name, what: "name of the token", longest: 200)
        let now = environment.now()
        guard request.scope > .noAccess else { throw MartletError(.invalidArgument, "a token needs a scope") }
        // Else a token of narrow scope could make a wide one.
        guard request.scope <= principal.highestRole else {
            throw MartletError(.permissionDenied, "a token cannot do more than who makes it")
        }
        guard request.expiresAt.map({ $0 > now }) ?? true else {
            throw MartletError(.invalidArgument, "expiresAt is in the past")
        }
        let id = hashing.randomDigits(16)
        let secret = "\(LoginService.tokenPrefix)\(id)_\(hashing.randomDigits(48))"
        let token = AccessToken(
            id: AccessToken.ID(id),
            account: request.account,
            name: request.name,
            scope: request.scope,
            createdAt: now,
            expiresAt: request.expiresAt,
            lastUsedAt: nil
        )
        let account = try await store.account(request.account)
        let detail = "\(request.name) (\(request.scope.rawValue)), \(id)"
        try await store.createToken(
            token,
            hash: hashing.sha256(Array(secret.utf8)),
            entry(.tokenCreated, account.name, detail, as: principal)
        )
        return (token, secret)
    }

    /// - Throws: `notFound` for a token that is not there, or another's.
    package func revokeToken(_ id: AccessToken.ID, as principal: Principal) async throws(MartletError) {
        guard let stored = try await store.token(id),
            principal.role == .admin || stored.account.id == principal.account
        else { throw MartletError(.notFound, "the token '\(id.rawValue.prefix(64))' does not exist") }
        let detail = "\(stored.token.name), \(id.rawValue)"
        try await store.revokeToken(id, entry(.tokenRevoked, stored.account.name, detail, as: principal))
        logins.accountsChanged()
    }

    // MARK: roles

    package func roles(
        in experiment: Experiment.ID,
        as principal: Principal
    ) async throws(MartletError) -> [ExperimentRole] {
        try await access.require(.admin, in: experiment, as: principal, to: Self.deciding)
        return try await store.roles(in: experiment)
    }

    /// - Parameter role: `nil` for that of its workspace again.
    package func setRole(
        _ role: Principal.Role?,
        of id: Account.ID,
        in experiment: Experiment.ID,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.admin, in: experiment, as: principal, to: Self.deciding)
        let account = try await store.account(id)
        let detail = "experiment \(experiment): \(role?.rawValue ?? "as in its workspace")"
        try await store.setRole(role, of: id, in: experiment, entry(.roleChanged, account.name, detail, as: principal))
        logins.accountsChanged()
    }

    /// What somebody may in an experiment: oneself, or anybody for who decides there.
    /// - Returns: also the role that was given in this experiment alone, `nil` for none.
    /// - Throws: `notFound` for the experiment or the account; `permissionDenied`.
    package func role(
        ofAccountNamed name: String,
        in experiment: Experiment.ID,
        as principal: Principal
    ) async throws(MartletError) -> (account: Account, given: Principal.Role?, role: Principal.Role) {
        if !principal.isCalled(name) {
            try await access.require(.admin, in: experiment, as: principal, to: Self.deciding)
        }
        let account = try await known(name)
        let roles = try await store.roles(of: account.id)
        let other = Principal(
            name: account.name,
            role: account.role,
            workspaceRoles: roles.workspaces,
            experimentRoles: roles.experiments,
            account: account.id
        )
        let role = try await access.role(in: experiment, of: other)
        return (account, roles.experiments[experiment], role)
    }

    /// The roles that an account has beside its own: oneself, or anybody for an admin.
    package func roles(of account: Account, as principal: Principal) async throws(MartletError) -> AccountRoles {
        try requireOwn(account.id, as: principal, to: "read another's roles")
        return try await store.roles(of: account.id)
    }

    // MARK: the audit log

    package func audit(_ request: SearchAudit, as principal: Principal) async throws(MartletError) -> [AuditEntry] {
        try principal.require(.admin, to: "read the audit log")
        return try await store.audit(request)
    }

    // MARK: helpers

    private func create(
        _ request: CreateAccount,
        isFirst: Bool,
        by actor: String,
        from address: String
    ) async throws(MartletError) -> Account {
        try AccountRules.checkName(request.name)
        try AccountRules.checkDisplayName(request.displayName)
        if request.kind == .service, request.password != nil {
            throw MartletError(.invalidArgument, "a service account has tokens, not a password")
        }
        var hash: String?
        if let password = request.password {
            try AccountRules.checkPassword(password, of: request.name)
            hash = try await hashing.hash(password)
        }
        let now = environment.now()
        let account = Account(
            id: Account.ID(environment.newID()),
            name: request.name,
            kind: request.kind,
            displayName: request.displayName,
            role: request.role,
            isActive: true,
            hasPassword: hash != nil,
            createdAt: now,
            lastSeenAt: nil
        )
        let entry = AuditEntry(
            at: now,
            actor: actor,
            action: .accountCreated,
            subject: request.name,
            detail: "\(request.kind.rawValue), role \(request.role.rawValue)",
            address: address
        )
        try await store.createAccount(account, AccountProof(passwordHash: hash), isFirst: isFirst, entry)
        logins.accountsChanged()
        return account
    }

    /// - Throws: `notFound`.
    private func known(_ name: String) async throws(MartletError) -> Account {
        guard let stored = try await store.password(ofAccountNamed: name) else {
            throw MartletError(.notFound, "there is no account '\(name.prefix(100))'; an admin can make one")
        }
        return stored.account
    }

    private func requireOwn(_ id: Account.ID, as principal: Principal, to action: String) throws(MartletError) {
        guard principal.account != id else { return }
        try principal.require(.admin, to: action)
    }

    private func entry(
        _ action: AuditEntry.Action,
        _ subject: String,
        _ detail: String = "",
        as principal: Principal
    ) -> AuditEntry {
        AuditEntry(action, subject, detail, as: principal, at: environment.now())
    }
}

extension Principal {
    /// Whether it is the account of that name. Case does not count.
    fileprivate func isCalled(_ other: String) -> Bool {
        account != nil && name.lowercased() == other.lowercased()
    }
}
