/// What may be done with workspaces, and by whom. See docs/access.md.
package struct WorkspaceService: Sendable {
    private let store: any WorkspaceStore & AccountStore
    private let access: AccessControl
    private let logins: LoginService
    private let events: EventBus
    private let environment: Environment

    package init(
        store: any WorkspaceStore & AccountStore,
        access: AccessControl,
        logins: LoginService,
        events: EventBus,
        environment: Environment
    ) {
        self.store = store
        self.access = access
        self.logins = logins
        self.events = events
        self.environment = environment
    }

    /// Those in which the principal has any business, by name, the default one first.
    package func workspaces(as principal: Principal) async throws(MartletError) -> [Workspace] {
        guard principal.isKnown else { throw .unauthenticated }
        var visible: [Workspace] = []
        for workspace in try await store.workspaces() where try await access.mayEnter(workspace.id, principal) {
            visible.append(workspace)
        }
        return visible
    }

    /// - Throws: `notFound`, also for one that the principal has no business in.
    package func workspace(named name: String, as principal: Principal) async throws(MartletError) -> Workspace {
        guard principal.isKnown else { throw .unauthenticated }
        guard let workspace = try await store.workspace(named: name),
            try await access.mayEnter(workspace.id, principal)
        else { throw MartletError(.notFound, "Workspace '\(name.prefix(100))' not found") }
        return workspace
    }

    /// The principal, confined to the workspace of that name.
    /// - Throws: `notFound`, also for one that the principal has no business in.
    package func confine(_ principal: Principal, to name: String) async throws(MartletError) -> Principal {
        var principal = principal
        if name == Workspace.defaultName {
            principal.workspace = .default
        } else {
            principal.workspace = try await workspace(named: name, as: principal).id
        }
        return principal
    }

    /// Whoever makes one is its admin, as an admin of the installation is anywhere.
    /// - Throws: `invalidArgument`; `alreadyExists`.
    package func create(
        named name: String,
        _ fields: WorkspaceChanges,
        as principal: Principal
    ) async throws(MartletError) -> Workspace {
        try principal.require(.admin, to: "make a workspace")
        try Rules.checkWorkspaceName(name)
        try Self.check(fields)
        let workspace = try await store.createWorkspace(
            named: name,
            fields,
            entry(.workspaceCreated, name, as: principal)
        )
        events.publish([Topic.experiments])
        return workspace
    }

    /// - Throws: `notFound`; `invalidArgument`.
    package func update(
        _ name: String,
        _ changes: WorkspaceChanges,
        as principal: Principal
    ) async throws(MartletError) -> Workspace {
        let workspace = try await administered(name, as: principal, to: "change a workspace")
        try Self.check(changes)
        return try await store.updateWorkspace(
            workspace.id,
            changes,
            entry(.workspaceChanged, name, as: principal)
        )
    }

    /// - Throws: `notFound`; `invalidArgument` for the default one; `failedPrecondition`.
    package func remove(
        _ name: String,
        _ removal: WorkspaceRemoval,
        as principal: Principal
    ) async throws(MartletError) {
        let workspace = try await workspace(named: name, as: principal)
        try principal.require(.admin, to: "remove a workspace")
        guard workspace.id != .default else {
            throw MartletError(.invalidArgument, "The 'default' workspace is reserved and cannot be deleted")
        }
        try await store.removeWorkspace(
            workspace.id,
            removal,
            entry(.workspaceDeleted, name, removal.rawValue, as: principal)
        )
        logins.rolesChanged()
        events.publish([Topic.experiments])
    }

    // MARK: roles

    /// Roles in a workspace other than the default one, where the role is the account's own.
    package func roles(in name: String, as principal: Principal) async throws(MartletError) -> [WorkspaceRole] {
        try await store.roles(in: try await administered(name, as: principal, to: "decide who may what").id)
    }

    /// Who has a role in a workspace, by name, for whoever has one too. O(accounts).
    package func members(
        of name: String,
        as principal: Principal
    ) async throws(MartletError) -> [(account: Account, role: Principal.Role)] {
        let workspace = try await workspace(named: name, as: principal)
        try access.require(.viewer, in: workspace.id, as: principal, to: "list the members of a workspace")
        let accounts = try await store.accounts().filter(\.isActive)
        guard workspace.id != .default else {
            return accounts.filter { $0.role > .noAccess }.map { ($0, $0.role) }
        }
        let roles = try await store.roles(in: workspace.id)
        let byAccount = Dictionary(roles.map { ($0.account, $0.role) }, uniquingKeysWith: { first, _ in first })
        return accounts.compactMap { account in byAccount[account.id].map { (account, $0) } }
    }

    /// As the other, for an account of a name.
    /// - Throws: `notFound`; `invalidArgument` for the default workspace.
    package func setRole(
        _ role: Principal.Role?,
        ofAccountNamed account: String,
        in name: String,
        as principal: Principal
    ) async throws(MartletError) {
        _ = try await administered(name, as: principal, to: "decide who may what")
        guard let known = try await store.password(ofAccountNamed: account) else {
            throw MartletError(.notFound, "there is no account '\(account.prefix(100))'; an admin can make one")
        }
        try await setRole(role, of: known.account.id, in: name, as: principal)
    }

    /// - Parameter role: `nil` for none.
    /// - Throws: `notFound`; `invalidArgument` for the default workspace.
    package func setRole(
        _ role: Principal.Role?,
        of account: Account.ID,
        in name: String,
        as principal: Principal
    ) async throws(MartletError) {
        let workspace = try await administered(name, as: principal, to: "decide who may what")
        guard workspace.id != .default else {
            throw MartletError(.invalidArgument, "in the default workspace an account has its own role; change that")
        }
        let account = try await store.account(account)
        let detail = "workspace \(name): \(role?.rawValue ?? "none")"
        try await store.setRole(
            role,
            of: account.id,
            in: workspace.id,
            AuditEntry(.roleChanged, account.name, detail, as: principal, at: environment.now())
        )
        logins.rolesChanged()
    }

    // MARK: helpers

    private static func check(_ changes: WorkspaceChanges) throws(MartletError) {
        if let text = changes.description {
            try Rules.checkText(text, what: "description", longest: Rules.longestNote)
        }
        if let root = changes.artifactRoot, let root {
            try Rules.checkText(root, what: "artifact root", longest: ArtifactPath.longest)
        }
    }

    private func administered(
        _ name: String,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) -> Workspace {
        let workspace = try await workspace(named: name, as: principal)
        guard principal.role(in: workspace.id) >= .admin else {
            throw principal.refusal(.admin, to: action, in: " in workspace \(name)")
        }
        return workspace
    }

    /// `nil` where nobody logs in: there is nobody to name.
    private func entry(
        _ action: AuditEntry.Action,
        _ subject: String,
        _ detail: String = "",
        as principal: Principal
    ) -> AuditEntry? {
        guard principal.account != nil else { return nil }
        return AuditEntry(action, subject, detail, as: principal, at: environment.now())
    }
}
