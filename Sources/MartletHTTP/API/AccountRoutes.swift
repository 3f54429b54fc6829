import Hummingbird
import MartletCore

/// `/api/v1/accounts`, `/api/v1/tokens`, the roles of an experiment, and the audit log.
struct AccountRoutes: NativeRoutes {
    let services: Services
    private static let largestBody = 64 << 10

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/accounts", use: list)
        router.post("/api/v1/accounts", use: create)
        router.get("/api/v1/accounts/{id}", use: read)
        router.patch("/api/v1/accounts/{id}", use: update)
        router.post("/api/v1/accounts/{id}/password", use: setPassword)
        router.get("/api/v1/accounts/{id}/tokens", use: listTokens)
        router.post("/api/v1/accounts/{id}/tokens", use: createToken)
        router.delete("/api/v1/tokens/{id}", use: revokeToken)
        router.get("/api/v1/experiments/{id}/roles", use: listRoles)
        router.put("/api/v1/experiments/{id}/roles/{account}", use: setRole)
        router.get("/api/v1/audit", use: audit)
    }

    private func list(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let accounts = try await services.accounts.accounts(as: context.principal)
        var json = JSONWriter(reserving: 256 * accounts.count + 32)
        json.list("accounts", accounts) { $0.account($1) }
        return answer(json, to: request, context)
    }

    private func create(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: Self.largestBody)
        let account = try await services.accounts.create(
            CreateAccount(
                name: try fields.requiredString("name"),
                kind: try fields.choice("kind", of: Account.Kind.self) ?? .person,
                displayName: try fields.string("displayName") ?? "",
                role: try fields.choice("role", of: Principal.Role.self) ?? .viewer,
                password: try fields.string("password")
            ),
            as: context.principal
        )
        return answer(account, to: request, context, status: .created)
    }

    private func read(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let account = try await services.accounts.account(accountID("id", context), as: context.principal)
        return answer(account, to: request, context)
    }

    private func update(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try accountID("id", context)
        let fields = try await body(request, upTo: Self.largestBody)
        let changes = AccountChanges(
            displayName: try fields.string("displayName"),
            role: try fields.choice("role", of: Principal.Role.self),
            isActive: try fields.bool("isActive")
        )
        let account = try await services.accounts.update(id, changes, as: context.principal)
        return answer(account, to: request, context)
    }

    private func setPassword(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try accountID("id", context)
        let fields = try await body(request, upTo: Self.largestBody)
        _ = try await services.accounts.account(id, as: context.principal)
        try await services.accounts.setPassword(
            try fields.requiredString("password"),
            current: try fields.string("current"),
            of: id,
            keeping: SessionCookie.secret(of: request).map { services.logins.hash(ofSession: $0) },
            as: context.principal
        )
        return noContent
    }

    private func listTokens(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let tokens = try await services.accounts.tokens(of: accountID("id", context), as: context.principal)
        var json = JSONWriter(reserving: 256 * tokens.count + 32)
        json.list("tokens", tokens) { $0.accessToken($1, secret: nil) }
        return answer(json, to: request, context)
    }

    private func createToken(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try accountID("id", context)
        let fields = try await body(request, upTo: Self.largestBody)
        _ = try await services.accounts.account(id, as: context.principal)
        let made = try await services.accounts.createToken(
            CreateToken(
                account: id,
                name: try fields.requiredString("name"),
                scope: try fields.choice("scope", of: Principal.Role.self) ?? .editor,
                expiresAt: try fields.integer("expiresAt")
            ),
            as: context.principal
        )
        var json = JSONWriter()
        json.accessToken(made.token, secret: made.secret)
        var response = answer(json, to: request, context, status: .created)
        response.headers[.cacheControl] = "no-store"
        return response
    }

    private func revokeToken(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = AccessToken.ID(try decodedParameter("id", context))
        try await services.accounts.revokeToken(id, as: context.principal)
        return noContent
    }

    private func listRoles(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let roles = try await services.accounts.roles(in: experimentID(context), as: context.principal)
        var json = JSONWriter()
        json.list("roles", roles) { $0.role($1.role, of: $1.account) }
        return answer(json, to: request, context)
    }

    /// `{"role": null}` gives the role of its workspace again.
    private func setRole(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let (experiment, account) = (try experimentID(context), try accountID("account", context))
        let fields = try await body(request, upTo: Self.largestBody)
        guard fields.has("role") else { throw fields.missing("role") }
        try await services.accounts.setRole(
            try fields.choice("role", of: Principal.Role.self),
            of: account,
            in: experiment,
            as: context.principal
        )
        return noContent
    }

    private func audit(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let limit = try query.number("limit", in: 1...1_000) ?? 100
        let entries = try await services.accounts.audit(
            SearchAudit(
                actor: query.first("actor"),
                action: try query.choice("action", of: AuditEntry.Action.self),
                before: try query.number("before", in: 1...Int.max).map { Int64($0) },
                limit: limit + 1
            ),
            as: context.principal
        )
        var json = JSONWriter(reserving: 256 * entries.count + 32)
        json.beginObject()
        json.key("entries")
        json.beginArray()
        for entry in entries.prefix(limit) { json.auditEntry(entry) }
        json.endArray()
        json.field("hasMore", entries.count > limit)
        json.endObject()
        return answer(json, to: request, context)
    }

    private func answer(
        _ account: Account,
        to request: Request,
        _ context: MartletRequestContext,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        var json = JSONWriter()
        json.account(account)
        return answer(json, to: request, context, status: status)
    }

    /// - Throws: `notFound` for what cannot be an account's id.
    private func accountID(_ name: String, _ context: MartletRequestContext) throws(MartletError) -> Account.ID {
        let text = try decodedParameter(name, context)
        guard isRunID(text) else {
            throw MartletError(.notFound, "the account '\(text.prefix(64))' does not exist")
        }
        return Account.ID(text)
    }
}

extension JSONWriter {
    mutating func account(_ account: Account) {
        beginObject()
        field("id", account.id.rawValue)
        field("name", account.name)
        field("kind", account.kind.rawValue)
        field("displayName", account.displayName)
        field("role", account.role.rawValue)
        field("isActive", account.isActive)
        field("hasPassword", account.hasPassword)
        field("createdAt", account.createdAt)
        optional("lastSeenAt", account.lastSeenAt)
        endObject()
    }

    /// - Parameter secret: the token itself, when it was just made.
    mutating func accessToken(_ token: AccessToken, secret: String?) {
        beginObject()
        field("id", token.id.rawValue)
        field("account", token.account.rawValue)
        field("name", token.name)
        field("scope", token.scope.rawValue)
        field("createdAt", token.createdAt)
        optional("expiresAt", token.expiresAt)
        optional("lastUsedAt", token.lastUsedAt)
        optional("token", secret)
        endObject()
    }

    mutating func auditEntry(_ entry: AuditEntry) {
        beginObject()
        field("id", entry.id)
        field("at", entry.at)
        field("actor", entry.actor)
        field("action", entry.action.rawValue)
        field("subject", entry.subject)
        field("detail", entry.detail)
        field("address", entry.address)
        endObject()
    }
}
