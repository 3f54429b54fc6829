import HTTPTypes
package import Hummingbird
import Logging
import MartletCore

/// What every request goes through: its id, the guard, the routes, errors, common headers, counting.
///
/// One type rather than a chain of middleware, because each link costs an allocation per request.
package struct MartletResponder: HTTPResponder {
    package typealias Context = MartletRequestContext

    let routes: RouterResponder<MartletRequestContext>
    let requestGuard: RequestGuard
    let errors: ErrorRendering
    let metrics: ServerMetrics
    let authenticator: Authenticator
    let workspaces: WorkspaceChoice

    package func respond(to request: Request, context: MartletRequestContext) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        context.requestID = RequestIdentifier.of(request)
        let request = requestGuard.withoutBasePath(request)
        var response: Response
        do {
            try requestGuard.check(request)
            if let permission = requestGuard.preflight(request) {
                response = permission
            } else {
                let principal = try await authenticator.principal(for: request, context)
                context.principal = try await workspaces.confine(principal, request)
                response = try await routes.respond(to: request, context: context)
            }
        } catch {
            response = errors.response(to: error, request: request, context: context)
        }
        response.body = response.body.paced(on: context.eventLoop)
        response.headers[.requestID] = context.requestID
        response.headers[.xContentTypeOptions] = "nosniff"
        let elapsed = ContinuousClock.now - start
        metrics.answered(path: request.uri.path, status: response.status.code, in: elapsed)
        if response.status.code >= 500 || context.logger.logLevel <= .debug {
            log(request, response, elapsed, context)
        }
        return response
    }

    /// One line a request: of failures always, of the rest when debugging.
    private func log(_ request: Request, _ response: Response, _ elapsed: Duration, _ context: Context) {
        context.requestLogger.log(
            level: response.status.code >= 500 ? .error : .debug,
            "answered",
            metadata: [
                "method": .string(request.method.rawValue),
                "path": .string(String(request.uri.path.prefix(300))),
                "status": .stringConvertible(response.status.code),
                "microseconds": .stringConvertible(elapsed.microseconds),
            ]
        )
    }
}

extension Duration {
    /// Whole microseconds.
    var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
