import Hummingbird
import MartletCore

/// Users and what they may in single experiments, as MLflow's login app has them (`server/auth`, 3.18).
///
/// Martlet has roles where MLflow has permissions: see `MLflowPermission`. MLflow's roles, bundles of permissions with a
/// name, have no like here.
extension MLflowDialect {
    func addUserRoutes(to table: RouteGroup) {
        let base = "/mlflow/users"
        table.post(base + "/create", use: createUser)
        table.get(base + "/get", use: user)
        table.get(base + "/current", use: currentUser)
        table.get(base + "/list", use: listUsers)
        table.on(.patch, base + "/update-password", updateUserPassword)
        table.on(.patch, base + "/update-admin", updateUserAdmin)
        table.on(.delete, base + "/delete", deleteUser)
        table.get(base + "/current/permissions", use: currentUserPermissions)
        table.get(base + "/permissions/list", use: listUserPermissions)
        table.get(base + "/permissions/get", use: userPermission)
        table.post(base + "/permissions/grant", use: grantUserPermission)
        table.post(base + "/permissions/revoke", use: revokeUserPermission)
    }

    // MARK: users

    /// An editor, as those that `wandb` makes: MLflow's users make experiments.
    private func createUser(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        try message.checkReadable()
        guard let name = try message.string("username"), let password = try message.string("password"),
            !name.isEmpty, !password.isEmpty
        else { throw MLflowErrors.invalid("Username and password cannot be empty.") }
        let wanted = CreateAccount(name: name, role: .editor, password: password)
        do {
            return Self.answer(try await services.accounts.create(wanted, as: context.principal))
        } catch  where error.code == .alreadyExists {
            throw MartletError(.alreadyExists, "User (username=\(name)) already exists. Error: \(error.message)")
        }
    }

    private func user(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let name = try await MLflowMessage.read(request).required("username")
        return Self.answer(try await activeUser(name, context))
    }

    private func currentUser(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let principal = context.principal
        guard principal.isKnown else { throw .unauthenticated }
        return Self.json { writer in
            writer.key("user")
            writer.mlflowUser(
                id: principal.account?.rawValue ?? principal.name,
                name: principal.name,
                isAdmin: principal.role == .admin
            )
            writer.key("is_basic_auth")
            writer.bool(true)
        }
    }

    private func listUsers(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let users = try await services.accounts.accounts(as: context.principal).filter(\.isActive)
        return Self.json { writer in
            writer.key("users")
            writer.beginArray()
            for user in users {
                writer.mlflowUser(id: user.id.rawValue, name: user.name, isAdmin: user.role == .admin, roles: true)
            }
            writer.endArray()
        }
    }

    private func updateUserPassword(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let (name, password) = (try message.required("username"), try message.required("password"))
        let current = try message.string("current_password")
        let user = try await activeUser(name, context)
        if user.id == context.principal.account {
            guard let current, !current.isEmpty else {
                throw MLflowErrors.invalid("Current password is required when changing your own password.")
            }
            guard current != password else {
                throw MLflowErrors.invalid("New password must differ from the current password.")
            }
        }
        do {
            try await services.accounts.setPassword(
                password,
                current: current,
                of: user.id,
                keeping: nil,
                as: context.principal
            )
        } catch  where error.code == .unauthenticated {
            throw MLflowErrors.invalid("Current password does not match.")
        }
        return Self.emptyObject
    }

    private func updateUserAdmin(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.required("username")
        guard let isAdmin = try message.bool("is_admin") else { throw MLflowErrors.missing("is_admin") }
        try context.principal.require(.admin, to: "decide who is an admin")
        let user = try await activeUser(name, context)
        if (user.role == .admin) != isAdmin {
            let changes = AccountChanges(role: isAdmin ? .admin : .editor)
            _ = try await services.accounts.update(user.id, changes, as: context.principal)
        }
        return Self.emptyObject
    }

    private func deleteUser(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let name = try await MLflowMessage.read(request).required("username")
        try context.principal.require(.admin, to: "delete an account")
        let user = try await activeUser(name, context)
        guard user.id != context.principal.account else {
            throw MLflowErrors.invalid(
                "Users cannot delete their own account. Ask another admin to delete this user instead."
            )
        }
        try await services.accounts.dismiss(user.id, as: context.principal)
        return Self.emptyObject
    }

    /// One that was deleted is not there for MLflow.
    private func activeUser(_ name: String, _ context: Context) async throws(MartletError) -> Account {
        do {
            let account = try await services.accounts.account(named: name, as: context.principal)
            if account.isActive { return account }
        } catch  where error.code == .notFound {}
        throw Self.noUser(name)
    }

    private static func noUser(_ name: String) -> MartletError {
        MartletError(.notFound, "User with username=\(name.prefix(100)) not found")
    }

    private static func answer(_ user: Account) -> Response {
        json { writer in
            writer.key("user")
            writer.mlflowUser(id: user.id.rawValue, name: user.name, isAdmin: user.role == .admin)
        }
    }

    // MARK: permissions

    private func userPermission(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let grant = try MLflowGrant(try await MLflowMessage.read(request))
        var role = Principal.Role.noAccess
        do throws(MartletError) {
            role = try await self.role(grant, context).role
        } catch  where error.code == .notFound {
            // Who does not exist is told; what does not, is closed to everybody.
            _ = try await activeUser(grant.user, context)
        }
        return Self.json { writer in
            writer.key("allowed")
            writer.bool(role > .viewer)
            writer.mlflowField("permission", MLflowPermission.name(of: role))
        }
    }

    private func grantUserPermission(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let grant = try MLflowGrant(message)
        let role = try MLflowPermission.role(named: try message.required("permission"))
        let (user, given) = try await self.given(grant, context)
        guard given == nil else {
            throw MartletError(.alreadyExists, "\(grant.what) already exists.")
        }
        try await services.accounts.setRole(role, of: user.id, in: grant.experiment, as: context.principal)
        return Self.emptyObject
    }

    private func revokeUserPermission(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let grant = try MLflowGrant(try await MLflowMessage.read(request))
        let (user, given) = try await self.given(grant, context)
        guard given != nil else { throw MartletError(.notFound, "\(grant.what) not found.") }
        try await services.accounts.setRole(nil, of: user.id, in: grant.experiment, as: context.principal)
        return Self.emptyObject
    }

    /// - Throws: also `permissionDenied` for who does not decide in the experiment.
    private func given(
        _ grant: MLflowGrant,
        _ context: Context
    ) async throws(MartletError) -> (user: Account, role: Principal.Role?) {
        // Before the user is looked up: who may not decide learns nothing of who there is.
        _ = try await services.accounts.roles(in: grant.experiment, as: context.principal)
        do throws(MartletError) {
            let found = try await role(grant, context)
            return (found.account, found.given)
        } catch  where error.code == .notFound {
            throw Self.noUser(grant.user)
        }
    }

    /// - Throws: `notFound` for an experiment that is not there, and for a user who is not there or was deleted.
    private func role(
        _ grant: MLflowGrant,
        _ context: Context
    ) async throws(MartletError) -> (account: Account, given: Principal.Role?, role: Principal.Role) {
        let found = try await services.accounts.role(
            ofAccountNamed: grant.user,
            in: grant.experiment,
            as: context.principal
        )
        guard found.account.isActive else { throw Self.noUser(grant.user) }
        return found
    }

    private func currentUserPermissions(
        _ request: Request,
        _ context: Context
    ) async throws(MartletError) -> Response {
        guard context.principal.isKnown else { throw .unauthenticated }
        guard context.principal.account != nil else {
            return Self.json { $0.mlflowPermissions(isAdmin: context.principal.role == .admin, []) }
        }
        return try await permissions(ofUserNamed: context.principal.name, context)
    }

    private func listUserPermissions(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let name = try await MLflowMessage.read(request).required("username")
        return try await permissions(ofUserNamed: name, context)
    }

    private func permissions(
        ofUserNamed name: String,
        _ context: Context
    ) async throws(MartletError) -> Response {
        let user = try await activeUser(name, context)
        let roles = try await services.accounts.roles(of: user, as: context.principal)
        let workspaces = try await services.workspaces.workspaces(as: context.principal)
        var rows: [MLflowPermission.Row] = []
        for workspace in workspaces {
            let role = workspace.id == .default ? user.role : roles.workspaces[workspace.id] ?? .noAccess
            guard role > .noAccess else { continue }
            rows.append(MLflowPermission.Row(user, workspace.name, "workspace", "*", role == .admin ? "MANAGE" : "USE"))
            rows.append(MLflowPermission.Row(user, workspace.name, "experiment", "*", MLflowPermission.name(of: role)))
        }
        for (id, role) in roles.experiments.sorted(by: { $0.key < $1.key }) {
            do {
                let workspace = try await services.experiments.experiment(id, as: context.principal).workspace
                let permission = role == .noAccess ? "DENY" : MLflowPermission.name(of: role)
                rows.append(MLflowPermission.Row(user, workspace, "experiment", id.description, permission))
            } catch  where error.code == .notFound || error.code == .permissionDenied {
                continue
            }
        }
        return Self.json { $0.mlflowPermissions(isAdmin: user.role == .admin, rows) }
    }
}

/// What a request about one permission names.
private struct MLflowGrant {
    let user: String
    let experiment: Experiment.ID

    /// - Throws: `invalidArgument`; `unimplemented` for what has no roles of its own.
    init(_ message: MLflowMessage) throws(MartletError) {
        user = try message.required("username")
        let (type, id) = (try message.required("resource_type"), try message.required("resource_id"))
        try MLflowPermission.checkType(type)
        guard type == "experiment", id != "*" else {
            throw MartletError(
                .unimplemented,
                "Martlet has roles in workspaces and in single experiments, none for \(type) '\(id.prefix(100))'; set the "
                    + "role in a workspace under /api/v1/accounts and /api/v1/workspaces"
            )
        }
        experiment = try MLflowRules.experimentID(id)
    }

    var what: String { "Permission for user=\(user) on resource_type=experiment, resource_id=\(experiment)" }
}

/// MLflow's permissions and Martlet's roles.
private enum MLflowPermission {
    struct Row {
        let user: Account
        let workspace: String
        let type: String
        let pattern: String
        let permission: String

        init(_ user: Account, _ workspace: String, _ type: String, _ pattern: String, _ permission: String) {
            self.user = user
            self.workspace = workspace
            self.type = type
            self.pattern = pattern
            self.permission = permission
        }
    }

    private static let types = [
        "assessment", "experiment", "gateway_endpoint", "gateway_model_definition", "gateway_secret", "logged_model",
        "mcp_server", "mcp_server_version", "prompt", "prompt_version", "registered_model", "registered_model_version",
        "review_queue", "run", "scorer", "scorer_version", "trace", "workspace",
    ]

    static func name(of role: Principal.Role) -> String {
        switch role {
        case .noAccess: "NO_PERMISSIONS"
        case .viewer: "READ"
        case .editor: "EDIT"
        case .admin: "MANAGE"
        }
    }

    /// - Throws: `invalidArgument` with MLflow's words.
    static func role(named name: String) throws(MartletError) -> Principal.Role {
        switch name {
        case "DENY": return .noAccess
        case "READ", "USE": return .viewer
        case "EDIT": return .editor
        case "MANAGE": return .admin
        case "NO_PERMISSIONS":
            throw MLflowErrors.invalid(
                "Invalid permission '\(name)' for resource_type='experiment'. Resource-level grants accept only: "
                    + "('DENY', 'EDIT', 'MANAGE', 'READ', 'USE')."
            )
        default:
            throw MLflowErrors.invalid(
                "Invalid permission '\(name.prefix(100))'. Valid permissions are: "
                    + "('READ', 'USE', 'EDIT', 'MANAGE', 'NO_PERMISSIONS', 'DENY')"
            )
        }
    }

    static func checkType(_ type: String) throws(MartletError) {
        guard type != "workspace" else {
            throw MLflowErrors.invalid(
                "resource_type 'workspace' is not supported by the per-user permission convenience APIs. Use "
                    + "set_workspace_permission / delete_workspace_permission for workspace-wide grants."
            )
        }
        guard types.contains(type) else {
            let known = types.map { "'\($0)'" }.joined(separator: ", ")
            throw MLflowErrors.invalid(
                "Invalid resource type '\(type.prefix(100))'. Valid resource types are: (\(known))"
            )
        }
    }
}

extension JSONWriter {
    /// - Parameter roles: whether the list of MLflow's roles, always empty, is told.
    fileprivate mutating func mlflowUser(id: String, name: String, isAdmin: Bool, roles: Bool = false) {
        beginObject()
        mlflowField("id", id)
        mlflowField("username", name)
        key("is_admin")
        bool(isAdmin)
        if roles {
            key("roles")
            beginArray()
            endArray()
        }
        endObject()
    }

    fileprivate mutating func mlflowPermissions(isAdmin: Bool, _ rows: [MLflowPermission.Row]) {
        key("is_admin")
        bool(isAdmin)
        key("permissions")
        beginArray()
        for row in rows {
            beginObject()
            mlflowField("role_id", row.user.id.rawValue)
            mlflowField("role_name", "__user_\(row.user.id.rawValue)__")
            mlflowField("workspace", row.workspace)
            mlflowField("resource_type", row.type)
            mlflowField("resource_pattern", row.pattern)
            mlflowField("permission", row.permission)
            endObject()
        }
        endArray()
    }
}
