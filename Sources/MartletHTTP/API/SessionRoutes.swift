import HTTPTypes
import Hummingbird
import MartletCore

/// `/api/v1/session`: who one is, login, logout, and the first account.
struct SessionRoutes: NativeRoutes {
    let services: Services
    let authenticator: Authenticator
    /// `nil` where people come in with passwords only.
    let attempts: AttemptCookie?
    let basePath: String
    private static let largestBody = 16 << 10

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/session", use: read)
        router.post("/api/v1/session", use: login)
        router.delete("/api/v1/session", use: logout)
        router.post("/api/v1/session/first-account", use: createFirst)
    }

    /// Never an error: a page asks this to know what to show.
    private func read(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let isRequired = services.logins.isRequired
        let principal = isRequired ? try? await authenticator.proven(request, context) : context.principal
        var json = JSONWriter()
        json.beginObject()
        json.field("isLoginRequired", isRequired)
        json.field("needsFirstAccount", services.logins.needsSetup)
        json.optional("loginProvider", services.identities?.provider.name)
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if let attempts, case .refusal(let text)? = attempts.content(of: request) {
            json.field("refusal", text)
            // Said once.
            headers.append(try attempts.field(nil, isSecure: request.isSecure))
        }
        if let principal {
            json.principal(principal, workspaces: try await workspaces(of: principal))
        }
        if isRequired, principal != nil, let secret = SessionCookie.secret(of: request) {
            json.field("csrfToken", services.logins.crossSiteCode(ofSession: secret))
        }
        json.endObject()
        return .json(json.bytes, headers: headers)
    }

    private func login(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: Self.largestBody)
        let address = context.address(of: request)
        let secret = try await services.logins.login(
            name: try fields.requiredString("name"),
            password: try fields.requiredString("password"),
            from: address
        )
        return try await loggedIn(secret, request, address)
    }

    private func createFirst(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: Self.largestBody)
        let address = context.address(of: request)
        let account = try await services.accounts.createFirst(
            name: try fields.requiredString("name"),
            password: try fields.requiredString("password"),
            code: try fields.requiredString("code"),
            from: address
        )
        let secret = try await services.logins.openSession(account, from: address, detail: "as the first account")
        return try await loggedIn(secret, request, address)
    }

    private func logout(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        if let secret = SessionCookie.secret(of: request) {
            // Checks also that no other site logs somebody out.
            let principal = try await authenticator.proven(request, context) ?? .unknown
            try await services.logins.logout(secret, as: principal)
        }
        let cookies = SessionCookie.fields(nil, basePath: basePath, isSecure: request.isSecure)
        return Response(status: .noContent, headers: cookies)
    }

    /// Empty for an admin, who may everything anywhere.
    private func workspaces(of principal: Principal) async throws(MartletError) -> [Workspace] {
        guard principal.role < .admin, !principal.workspaceRoles.isEmpty else { return [] }
        return try await services.workspaces.workspaces(as: principal).filter { $0.id != .default }
    }

    private func loggedIn(_ secret: String, _ request: Request, _ address: String) async throws -> Response {
        try await services.logins.leave(request)
        let principal = try await services.logins.principal(for: .session(secret), from: address)
        var json = JSONWriter()
        json.beginObject()
        json.principal(principal, workspaces: try await workspaces(of: principal))
        json.field("csrfToken", services.logins.crossSiteCode(ofSession: secret))
        json.endObject()
        var fields = SessionCookie.fields(secret, basePath: basePath, isSecure: request.isSecure)
        fields[.cacheControl] = "no-store"
        return .json(json.bytes, headers: fields)
    }
}

extension JSONWriter {
    /// Fields of who asks. Roles in single experiments only where they differ: a page shows what one may use.
    ///
    /// - Parameter workspaces: those beside the default one in which the principal has a role.
    fileprivate mutating func principal(_ principal: Principal, workspaces: [Workspace]) {
        field("name", principal.name)
        field("role", principal.role.rawValue)
        optional("account", principal.account?.rawValue)
        if !workspaces.isEmpty {
            key("workspaceRoles")
            beginObject()
            for workspace in workspaces {
                key(workspace.name)
                string(principal.role(in: workspace.id).rawValue)
            }
            endObject()
        }
        guard !principal.experimentRoles.isEmpty, principal.role < .admin else { return }
        key("experimentRoles")
        beginObject()
        for (id, role) in principal.experimentRoles.sorted(by: { $0.key < $1.key }) {
            key("\(id)")
            string(role.rawValue)
        }
        endObject()
    }
}
