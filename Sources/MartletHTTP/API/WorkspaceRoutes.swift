import HTTPTypes
import Hummingbird
import MartletCore

/// `/api/v1/workspaces`.
struct WorkspaceRoutes: NativeRoutes {
    private static let largestBody = 64 << 10

    let services: Services

    func add(to router: Router<MartletRequestContext>) {
        let one: RouterPath = "/api/v1/workspaces/{name}"
        router.get("/api/v1/workspaces", use: list)
        router.post("/api/v1/workspaces", use: create)
        router.get(one) { request, context in
            let name = try decodedParameter("name", context)
            let workspace = try await services.workspaces.workspace(named: name, as: context.principal)
            return answer(workspace, to: request, context)
        }
        router.patch(one, use: update)
        router.delete(one, use: remove)
        router.get("/api/v1/workspaces/{name}/roles", use: listRoles)
        router.put("/api/v1/workspaces/{name}/roles/{account}", use: setRole)
    }

    private func list(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let workspaces = try await services.workspaces.workspaces(as: context.principal)
        var json = JSONWriter(reserving: 256 * workspaces.count + 32)
        json.list("workspaces", workspaces) { $0.workspace($1, as: context.principal) }
        return answer(json, to: request, context)
    }

    private func create(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: Self.largestBody)
        let workspace = try await services.workspaces.create(
            named: try fields.requiredString("name"),
            try changes(fields),
            as: context.principal
        )
        return answer(workspace, to: request, context, status: .created)
    }

    private func update(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let name = try decodedParameter("name", context)
        let fields = try await body(request, upTo: Self.largestBody)
        let workspace = try await services.workspaces.update(name, try changes(fields), as: context.principal)
        return answer(workspace, to: request, context)
    }

    /// `?experiments=keep` or `=delete`: what becomes of its experiments; without it there must be none.
    private func remove(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let removal: WorkspaceRemoval
        switch try request.queryItems.first("experiments") {
        case nil: removal = .onlyEmpty
        case "keep": removal = .keepExperiments
        case "delete": removal = .deleteExperiments
        case .some: throw MartletError(.invalidArgument, "experiments is keep or delete, or left out")
        }
        let name = try decodedParameter("name", context)
        try await services.workspaces.remove(name, removal, as: context.principal)
        return noContent
    }

    private func listRoles(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let name = try decodedParameter("name", context)
        let roles = try await services.workspaces.roles(in: name, as: context.principal)
        var json = JSONWriter()
        json.list("roles", roles) { $0.role($1.role, of: $1.account) }
        return answer(json, to: request, context)
    }

    /// `{"role": null}` takes the role away.
    private func setRole(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let name = try decodedParameter("name", context)
        let account = Account.ID(try decodedParameter("account", context))
        let fields = try await body(request, upTo: Self.largestBody)
        guard fields.has("role") else { throw fields.missing("role") }
        try await services.workspaces.setRole(
            try fields.choice("role", of: Principal.Role.self),
            of: account,
            in: name,
            as: context.principal
        )
        return noContent
    }

    private func changes(_ fields: JSONFields) throws(MartletError) -> WorkspaceChanges {
        var changes = WorkspaceChanges(description: try fields.string("description"))
        if fields.has("artifactRoot") { changes.artifactRoot = .some(try fields.string("artifactRoot")) }
        return changes
    }

    private func answer(
        _ workspace: Workspace,
        to request: Request,
        _ context: MartletRequestContext,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        var json = JSONWriter()
        json.workspace(workspace, as: context.principal)
        return answer(json, to: request, context, status: status)
    }
}

extension JSONWriter {
    /// - Parameter principal: whose role in it is told.
    fileprivate mutating func workspace(_ workspace: Workspace, as principal: Principal) {
        beginObject()
        field("name", workspace.name)
        field("description", workspace.description)
        optional("artifactRoot", workspace.artifactRoot)
        field("role", principal.role(in: workspace.id).rawValue)
        field("createdAt", workspace.createdAt)
        endObject()
    }

    mutating func role(_ role: Principal.Role, of account: Account.ID) {
        beginObject()
        field("account", account.rawValue)
        field("role", role.rawValue)
        endObject()
    }
}
