import HTTPTypes
import Hummingbird
import Logging
import MartletCore

/// `/login/oidc`: to the identity provider and back.
///
/// A browser stands at these addresses, so nothing here is answered by an error: it goes back to the login page, which
/// says what went wrong.
struct IdentityRoutes: Sendable {
    let identities: IdentityService
    let logins: LoginService
    let attempts: AttemptCookie
    let basePath: String
    /// What is registered at the provider, below the public address.
    private static let callback = "/login/oidc/callback"

    func add(to router: Router<MartletRequestContext>) {
        router.get("/login/oidc", use: begin)
        router.get("/login/oidc/callback", use: finish)
    }

    private func begin(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let next = try request.queryItems.first("next") ?? ""
        let redirect = request.publicAddress(of: Self.callback, basePath: basePath)
        do throws(MartletError) {
            let (attempt, address) = try await identities.begin(next: next, redirect: redirect)
            return try answer(leadingTo: address, carrying: .attempt(attempt), request)
        } catch {
            return try refusal(error, next: next, request, context)
        }
    }

    private func finish(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        var attempt: LoginAttempt?
        if case .attempt(let carried)? = attempts.content(of: request) { attempt = carried }
        let next = attempt?.next ?? ""
        do throws(MartletError) {
            let secret = try await identities.finish(
                ProviderAnswer(
                    state: query.first("state"),
                    code: query.first("code"),
                    error: query.first("error"),
                    issuer: query.first("iss")
                ),
                attempt,
                from: context.address(of: request)
            )
            try await logins.leave(request)
            var response = try answer(leadingTo: loginPage(next), carrying: nil, request)
            let fields = SessionCookie.fields(secret, basePath: basePath, isSecure: request.isSecure)
            response.headers.append(contentsOf: fields)
            return response
        } catch {
            return try refusal(error, next: next, request, context)
        }
    }

    private func refusal(
        _ error: MartletError,
        next: String,
        _ request: Request,
        _ context: MartletRequestContext
    ) throws(MartletError) -> Response {
        // What the provider did wrong it has logged itself; who was refused stands in the audit log.
        context.requestLogger.log(
            level: error.code == .internal ? .error : .debug,
            "a login through the identity provider failed",
            metadata: ["code": .string(error.code.rawValue), "reason": .string(error.message)]
        )
        var text = error.message
        if error.code == .internal {
            text = "something went wrong in the server; its log has more under \(context.requestID)"
        }
        return try answer(leadingTo: loginPage(next), carrying: .refusal(text), request)
    }

    /// The login page leads on to where one wanted to go, and to no other site.
    private func loginPage(_ next: String) -> String {
        "\(basePath)/login" + (next.isEmpty ? "" : "?" + PercentEncoding.query([("next", next)]))
    }

    private func answer(
        leadingTo address: String,
        carrying content: AttemptCookie.Content?,
        _ request: Request
    ) throws(MartletError) -> Response {
        let cookie = try attempts.field(content, isSecure: request.isSecure)
        var headers: HTTPFields = [.location: address, .cacheControl: "no-store", .referrerPolicy: "no-referrer"]
        headers.append(cookie)
        return Response(status: .found, headers: headers)
    }
}
