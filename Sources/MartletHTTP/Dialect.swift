package import Hummingbird
package import MartletCore

/// A tool's protocol: routes that translate to the services, and errors in the tool's own words.
package protocol Dialect: Sendable {
    /// Paths that begin so are this dialect's: errors there, 404 and 405 included, are rendered by it.
    var pathPrefixes: [String] { get }
    /// Paths that begin so check who comes by themselves, e.g. by a signature in the link.
    var publicPrefixes: [String] { get }
    /// The principal of a request with one of the prefixes, confined to the workspace that the request is about.
    /// - Throws: `notFound` for a workspace that the principal has no business in.
    func confine(_ principal: Principal, _ request: Request) async throws(MartletError) -> Principal
    func addRoutes(to router: Router<MartletRequestContext>)
    func response(to error: MartletError) -> Response
}

extension Dialect {
    package var publicPrefixes: [String] { [] }

    package func confine(_ principal: Principal, _ request: Request) async throws(MartletError) -> Principal {
        principal
    }
}
