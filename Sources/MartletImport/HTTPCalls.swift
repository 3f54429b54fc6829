import AsyncHTTPClient
import MartletCore
import NIOCore
import NIOHTTP1

/// Requests to one server. What failed on the way is tried again: everything that is asked here may be done twice.
struct HTTPCalls: Sendable {
    /// Without a slash at the end.
    let base: String
    let authorization: String?
    /// For messages, e.g. `the Martlet server`.
    let what: String
    /// A server that refuses connections is told at once; one client for all, which lives as long as the process.
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: {
            var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(10), read: .minutes(10)))
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
            return configuration
        }()
    )
    private static let mostTries = 6

    enum Body {
        case none
        case json([UInt8])
        case bytes([UInt8], type: String)
        case file(FileContent)
    }

    /// - Throws: what the server says in its own words; `unavailable` when it does not answer.
    func json(
        _ method: HTTPMethod,
        _ path: String,
        query: [(String, String)] = [],
        _ body: Body = .none
    ) async throws(MartletError) -> JSONValue {
        let response = try await answered(method, path, query: query, timeout: .minutes(5)) { () in body }
        let bytes = try await collected(response)
        if bytes.isEmpty { return .object([]) }
        return try JSONParser.parse(bytes)
    }

    /// The answer before its body; its status is below 300. `body` is called for each try.
    func answered(
        _ method: HTTPMethod,
        _ path: String,
        query: [(String, String)] = [],
        timeout: TimeAmount,
        body: () async throws(MartletError) -> Body
    ) async throws(MartletError) -> HTTPClientResponse {
        var wait = Duration.milliseconds(200)
        var tries = 1
        while true {
            let problem: MartletError
            switch await attempt(method, path, query, timeout, body) {
            case .success(let response): return response
            case .failure(let failure): problem = failure
            }
            guard problem.code == .unavailable || problem.code == .rateLimited, tries < Self.mostTries else {
                throw problem
            }
            tries += 1
            try await pause(wait)
            wait *= 2
        }
    }

    private func attempt(
        _ method: HTTPMethod,
        _ path: String,
        _ query: [(String, String)],
        _ timeout: TimeAmount,
        _ body: () async throws(MartletError) -> Body
    ) async -> Result<HTTPClientResponse, MartletError> {
        do throws(MartletError) {
            let response = try await execute(request(method, path, query, try await body()), timeout)
            if response.status.code < 300 { return .success(response) }
            return .failure(try await refusal(response, method, path))
        } catch {
            return .failure(error)
        }
    }

    private func pause(_ time: Duration) async throws(MartletError) {
        do { try await Task.sleep(for: time) } catch { throw MartletError(.cancelled, "the import was stopped") }
    }

    private func request(
        _ method: HTTPMethod,
        _ path: String,
        _ query: [(String, String)],
        _ body: Body
    ) -> HTTPClientRequest {
        var url = base + path
        for (place, item) in query.enumerated() {
            url += (place == 0 ? "?" : "&") + item.0 + "=" + PercentEncoding.encode(item.1)
        }
        var request = HTTPClientRequest(url: url)
        request.method = method
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        switch body {
        case .none: break
        case .json(let bytes):
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: bytes))
        case .bytes(let bytes, let type):
            request.headers.add(name: "Content-Type", value: type)
            request.body = .bytes(ByteBuffer(bytes: bytes))
        case .file(let content):
            request.headers.add(name: "Content-Type", value: "application/octet-stream")
            request.body = Self.stream(content.chunks, content.size)
        }
        return request
    }

    private static func stream(
        _ chunks: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        _ size: Int64?
    ) -> HTTPClientRequest.Body {
        .stream(chunks, length: size.map { .known($0) } ?? .unknown)
    }

    private func execute(
        _ request: HTTPClientRequest,
        _ timeout: TimeAmount
    ) async throws(MartletError) -> HTTPClientResponse {
        do {
            return try await Self.client.execute(request, timeout: timeout)
        } catch let error as MartletError {
            throw error
        } catch {
            if Task.isCancelled { throw MartletError(.cancelled, "the import was stopped") }
            throw MartletError(.unavailable, "\(what) at \(base) does not answer: \(error)")
        }
    }

    func collected(_ response: HTTPClientResponse) async throws(MartletError) -> [UInt8] {
        do {
            let body = try await response.body.collect(upTo: 1 << 30)
            return [UInt8](body.readableBytesView)
        } catch {
            throw MartletError(.unavailable, "the answer of \(what) at \(base) broke off: \(error)")
        }
    }

    /// An answer of 300 or more, in the server's words: Martlet's fields, else MLflow's, else the text.
    private func refusal(
        _ response: HTTPClientResponse,
        _ method: HTTPMethod,
        _ path: String
    ) async throws(MartletError) -> MartletError {
        let status = Int(response.status.code)
        let bytes = try await collected(response)
        let fields = (try? JSONParser.parse(bytes)) ?? .null
        var message = String(decoding: bytes.prefix(300), as: UTF8.self)
        if case .string(let text)? = fields["message"] { message = text }
        var code = Self.code(of: status)
        if case .string(let name)? = fields["code"], let own = MartletError.Code(rawValue: name) { code = own }
        return MartletError(code, "\(what) answered \(status) to \(method.rawValue) \(path): \(message)")
    }

    private static func code(of status: Int) -> MartletError.Code {
        switch status {
        case 401: .unauthenticated
        case 403: .permissionDenied
        case 404, 405: .notFound
        case 409: .conflict
        case 413: .tooLarge
        case 429: .rateLimited
        case 501: .unimplemented
        case 502, 503, 504: .unavailable
        case 507: .storageFull
        case 500...: .internal
        default: .invalidArgument
        }
    }
}
