import HTTPTypes
import Hummingbird
import Logging
import MartletCore

/// The one place where an error becomes an answer.
struct ErrorRendering: Sendable {
    let dialects: [any Dialect]
    let routes: RouteTable

    /// The answer in the words of the dialect whose path it is, else of the native API.
    func response(to error: any Error, request: Request, context: MartletRequestContext) -> Response {
        let path = request.uri.path
        if let missing = error as? NoSuchRoute {
            let allowed = missing.path.isEmpty ? [] : routes.methods(at: missing.path)
            if !allowed.isEmpty { return methodNotAllowed(request, allowed: allowed, context: context) }
        }
        var known = martletError(error, context: context)
        let isBroken = known.code == .cancelled && !(error is CancellationError)
        // A peer that is still there to read the answer sent less than it announced: that is its mistake.
        if isBroken { known = MartletError(.invalidArgument, known.message) }
        var response = rendered(known, path: path, context: context)
        if known.code == .unavailable || known.code == .rateLimited {
            response.headers[.retryAfter] = String(known.retryAfter ?? 1)
        }
        if known.code == .unauthenticated, response.headers[.wwwAuthenticate] == nil {
            // Not Basic: a browser would put its own dialog before the login page.
            response.headers[.wwwAuthenticate] = "Bearer realm=\"martlet\""
        }
        if isBroken || mayHaveUnreadBody(request, known) { response.headers[.connection] = "close" }
        return response
    }

    private func rendered(_ error: MartletError, path: String, context: MartletRequestContext) -> Response {
        let dialect = dialects.first { dialect in dialect.pathPrefixes.contains { path.hasPrefix($0) } }
        return dialect?.response(to: error) ?? Self.native(error, requestID: context.requestID)
    }

    private func methodNotAllowed(
        _ request: Request,
        allowed: [String],
        context: MartletRequestContext
    ) -> Response {
        let error = MartletError(
            .invalidArgument,
            "\(request.method.rawValue) is not allowed for \(request.uri.path.prefix(200)); use \(allowed.joined(separator: " or "))"
        )
        var response = rendered(error, path: request.uri.path, context: context)
        response.status = .methodNotAllowed
        response.headers[.allow] = allowed.joined(separator: ", ")
        if mayHaveUnreadBody(request, error) { response.headers[.connection] = "close" }
        return response
    }

    /// The native form: `{"code", "message", "requestID"}`.
    static func native(_ error: MartletError, requestID: String) -> Response {
        .json(nativeJSON(error, requestID: requestID), status: HTTPResponse.Status(code: error.code.status))
    }

    static func nativeJSON(_ error: MartletError, requestID: String) -> [UInt8] {
        var json = JSONWriter(reserving: 128 + error.message.utf8.count)
        json.beginObject()
        json.key("code")
        json.string(error.code.rawValue)
        json.key("message")
        json.string(error.message)
        json.key("requestID")
        json.string(requestID)
        json.endObject()
        return json.bytes
    }

    /// A surprise is logged with its cause and answered without it.
    private func martletError(_ error: any Error, context: MartletRequestContext) -> MartletError {
        switch error {
        case let error as MartletError:
            if error.code == .internal { log(error, context) }
            return error
        case is NoSuchRoute:
            return MartletError(.notFound, "nothing is at this path")
        case is CancellationError:
            return MartletError(.cancelled, "the request was given up")
        case let error as any HTTPResponseError:
            return Self.framework(error)
        default:
            log(error, context)
            return MartletError(
                .internal,
                "something went wrong in the server; its log has more under \(context.requestID)"
            )
        }
    }

    private func log(_ error: any Error, _ context: MartletRequestContext) {
        context.requestLogger.error("request failed", metadata: ["cause": .string(String(reflecting: error))])
    }

    private static func framework(_ error: any HTTPResponseError) -> MartletError {
        let code = MartletError.Code.allCases.first { $0.status == error.status.code } ?? .invalidArgument
        return MartletError(code, "the request is not understood: \(error.status.reasonPhrase)")
    }

    /// Hummingbird reads what is left of a body before it takes the next request; of a large one that was
    /// refused it is cheaper to close.
    private func mayHaveUnreadBody(_ request: Request, _ error: MartletError) -> Bool {
        if error.code == .tooLarge || error.code == .cancelled { return true }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }) { return length > 1 << 20 }
        return request.headers[.transferEncoding] != nil
    }
}

/// No route has the path and method of a request.
struct NoSuchRoute: Error {
    var path: String
}

/// Lets errors of the framework pass to `ErrorRendering`, which Hummingbird's router would render itself.
struct FrameworkErrors: RouterMiddleware {
    typealias Context = MartletRequestContext

    func handle(
        _ request: Request,
        context: MartletRequestContext,
        next: (Request, MartletRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            throw NoSuchRoute(path: request.uri.path)
        } catch let error as any HTTPResponseError {
            throw ErrorRendering.passed(error)
        }
    }
}

extension ErrorRendering {
    fileprivate static func passed(_ error: any HTTPResponseError) -> MartletError { framework(error) }
}
