import HTTPTypes
package import Hummingbird
package import MartletCore

/// Decides whether a request may come in at all, and takes the base path off.
///
/// A web page elsewhere must not reach a server on loopback: not by a name that it re-points to 127.0.0.1 (`Host`),
/// not by a form or script that posts blindly (`Origin`).
package struct RequestGuard: Sendable {
    private let basePath: String
    private let isOpen: Bool
    private let names: Set<String>
    private let acceptsAddresses: @Sendable () -> Bool

    /// - Parameter acceptsAddresses: whether the server answers to any address of the network in `Host`: nobody can
    ///   re-point an address, and with a login a page elsewhere has no cookie for it.
    package init(
        _ configuration: HTTPConfiguration,
        acceptsAddresses: @escaping @Sendable () -> Bool = { false }
    ) {
        self.acceptsAddresses = acceptsAddresses
        basePath = configuration.basePath
        isOpen = configuration.isOpen
        names = Set((configuration.publicHosts + [configuration.host]).map(Self.name))
    }

    /// The request without the base path. A proxy may have taken it off already.
    package func withoutBasePath(_ request: Request) -> Request {
        guard !basePath.isEmpty, let path = request.head.path, path.hasPrefix(basePath) else { return request }
        let rest = path.dropFirst(basePath.count)
        var head = request.head
        switch rest.first {
        case nil: head.path = "/"
        case "/": head.path = String(rest)
        case "?": head.path = "/" + rest
        default: return request
        }
        return Request(head: head, body: request.body)
    }

    /// - Throws: `permissionDenied`; `invalidArgument` for a request with two names.
    package func check(_ request: Request) throws(MartletError) {
        let authority = request.head.authority
        // The first Host is the authority; any other stays among the fields.
        guard request.headers[.secondHost] == nil else {
            throw MartletError(.invalidArgument, "the request has several Host fields; send one")
        }
        // HTTP/1.0 probes send no Host; a browser always does.
        if let authority, !isOpen, !isOwn(Self.host(of: authority)) {
            throw MartletError(
                .permissionDenied,
                "this server does not answer to the name '\(authority.prefix(100))'; "
                    + "if it is a name of this server, start it with --public-host \(Self.host(of: authority).prefix(100))"
            )
        }
        switch request.method {
        case .get, .head, .options: return
        default: break
        }
        guard let origin = request.headers[.origin] else { return }
        guard isOwnOrigin(origin, authority: authority) else {
            throw MartletError(
                .permissionDenied,
                "a page of '\(origin.prefix(100))' may not change things here; use the server's own pages, "
                    + "or a client that sends no Origin"
            )
        }
    }

    /// The answer to who asks before sending (a preflight, in the words of the Fetch standard) for a page of the very place
    /// that is asked; `nil` for any other question. Browsers never ask there, `wandb verify` does.
    package func preflight(_ request: Request) -> Response? {
        guard request.method == .options, let method = request.headers[.accessControlRequestMethod],
            let origin = request.headers[.origin], let authority = request.head.authority,
            Self.place(of: origin) == authority.lowercased()
        else { return nil }
        var headers: HTTPFields = [
            .accessControlAllowOrigin: origin, .accessControlAllowMethods: method, .vary: "Origin",
        ]
        headers[.accessControlAllowHeaders] = request.headers[.accessControlRequestHeaders]
        return Response(status: .noContent, headers: headers)
    }

    private func isOwnOrigin(_ origin: String, authority: String?) -> Bool {
        guard let place = Self.place(of: origin) else { return false }
        if place == authority?.lowercased() { return true }
        let host = Self.host(of: place)
        return names.contains(host) && !Self.isLoopback(host)
    }

    /// What follows the scheme of an origin, in lower case.
    private static func place(of origin: String) -> String? {
        origin.range(of: "://").map { origin[$0.upperBound...].lowercased() }
    }

    private func isOwn(_ host: String) -> Bool {
        Self.isLoopback(host) || names.contains(host) || (Self.isAddress(host) && acceptsAddresses())
    }

    /// A name or address as it stands in `Host`: lower case, IPv6 in brackets.
    package static func name(_ host: String) -> String {
        let host = host.lowercased()
        return host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
    }

    /// Whether a name or address, as it stands in `Host`, always means this machine.
    package static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" || host.hasSuffix(".localhost") { return true }
        guard host.hasPrefix("127.") else { return false }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Whether a host, as it stands in `Host`, is an address of the network and no name.
    static func isAddress(_ host: String) -> Bool {
        if host.hasPrefix("["), host.hasSuffix("]") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The lower-case host of `host:port`, brackets of IPv6 kept. What is no such pair is given back whole: it is
    /// nobody's name.
    package static func host(of authority: some StringProtocol) -> String {
        let text = authority.lowercased()
        let end: String.Index?
        if text.hasPrefix("[") {
            end = text.firstIndex(of: "]").map { text.index(after: $0) }
        } else {
            end = text.firstIndex(of: ":")
        }
        guard let end else { return text }
        let port = text[end...]
        let isPort = port.first == ":" && port.dropFirst().utf8.allSatisfy { (48...57).contains($0) }
        return port.isEmpty || isPort ? String(text[..<end]) : text
    }
}

extension StringProtocol {
    /// The first place of `text`; without Foundation.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
