import Foundation
import HTTPTypes
import Hummingbird
import MartletCore

/// Finds out who asks: from `Authorization: Bearer` or `Basic`, else from the cookie of the web pages.
struct Authenticator: Sendable {
    let logins: LoginService
    /// Who asks where nobody has to log in.
    let open: Principal
    /// Paths that begin so are for everybody: signed links, and what a login needs.
    let publicPrefixes: [String]
    /// Paths that begin so are for who is known; the rest is the web interface, which holds no data.
    let protectedPrefixes: [String]

    init(logins: LoginService, open: Principal, dialects: [any Dialect]) {
        self.logins = logins
        self.open = open
        publicPrefixes = ["/api/v1/session"] + dialects.flatMap(\.publicPrefixes)
        protectedPrefixes = ["/api/", "/ajax-api/", "/metrics"] + dialects.flatMap(\.pathPrefixes)
    }

    /// - Throws: `unauthenticated` for a missing, wrong or expired proof; `permissionDenied` for a change by cookie
    ///   without its code; `rateLimited`.
    func principal(for request: Request, _ context: MartletRequestContext) async throws(MartletError) -> Principal {
        guard logins.isRequired else { return open }
        let path = Self.routed(request.uri.path)
        // The version is public; what is below `/api/v1/versions` is not.
        guard protectedPrefixes.contains(where: { path.hasPrefix($0) }),
            path != "/api/v1/version", !publicPrefixes.contains(where: { path.hasPrefix($0) })
        else { return .unknown }
        guard let principal = try await proven(request, context) else { throw .unauthenticated }
        return principal
    }

    /// The path as the router reads it, which takes `//metrics` for `/metrics`.
    private static func routed(_ path: String) -> String {
        guard path.utf8.count > 1, path.contains("//") else { return path }
        return "/" + path.split(separator: "/").joined(separator: "/") + (path.hasSuffix("/") ? "/" : "")
    }

    /// `nil` for a request that shows nothing.
    func proven(_ request: Request, _ context: MartletRequestContext) async throws(MartletError) -> Principal? {
        let address = context.address(of: request)
        if let header = request.headers[.authorization] {
            guard let credentials = Self.credentials(header) else {
                throw MartletError(
                    .unauthenticated,
                    "the Authorization field is not understood; send 'Bearer <token>' or 'Basic <name:password>'"
                )
            }
            return try await logins.principal(for: credentials, from: address)
        }
        guard let secret = SessionCookie.secret(of: request) else { return nil }
        let principal = try await logins.principal(for: .session(secret), from: address)
        try checkCrossSite(request, secret)
        return principal
    }

    /// A browser sends the cookie along with what other sites make it send; the code it does not.
    private func checkCrossSite(_ request: Request, _ secret: String) throws(MartletError) {
        switch request.method {
        case .get, .head, .options: return
        default: break
        }
        guard request.headers[.crossSiteCode] == logins.crossSiteCode(ofSession: secret) else {
            throw MartletError(
                .permissionDenied,
                "a change from a page needs the field X-CSRF-Token of its login; load the page again"
            )
        }
    }

    static func credentials(_ header: String) -> Credentials? {
        let parts = header.split(separator: " ", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        guard parts.count == 2 else { return nil }
        switch parts[0].lowercased() {
        case "bearer": return .token(parts[1])
        case "basic":
            guard let data = Data(base64Encoded: parts[1]), let text = String(bytes: data, encoding: .utf8),
                let colon = text.firstIndex(of: ":")
            else { return nil }
            return .password(name: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
        default: return nil
        }
    }
}

extension MartletRequestContext {
    /// Where a request came from. A proxy on this machine is believed about who stands behind it.
    func address(of request: Request) -> String {
        if isFromThisMachine, let chain = request.headers[.forwardedFor],
            let last = chain.split(separator: ",").last
        {
            return String(last.trimmingCharacters(in: .whitespaces).prefix(64))
        }
        return peerAddress
    }
}
