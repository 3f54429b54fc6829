import AsyncHTTPClient
import MartletCore
import NIOCore
import NIOHTTP1

/// Requests to an identity provider: each has 10 s in all, an answer has at most 1 MB, and none leads anywhere else.
struct ProviderCalls: Sendable {
    struct Answer: Sendable {
        var status: Int
        var body: JSONValue
    }

    private static let patience = Duration.seconds(10)
    private static let largestAnswer = 1 << 20
    /// One for all, which lives as long as the process.
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: {
            var configuration = HTTPClient.Configuration(
                redirectConfiguration: .disallow,
                timeout: .init(connect: .seconds(5))
            )
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8
            return configuration
        }()
    )

    /// - Parameter what: names the document in the log.
    /// - Throws: `unusable` for anything but a JSON text with the status 200.
    func document(at url: String, _ what: String) async throws(OpenIDFailure) -> JSONValue {
        let answer = try await answer(to: HTTPClientRequest(url: url), what)
        guard answer.status == 200 else { throw .unusable("\(what) was answered by status \(answer.status)") }
        return answer.body
    }

    /// Posts a form.
    /// - Parameter authorization: the field of that name; `nil` without one.
    func post(
        _ form: [(name: String, value: String)],
        to url: String,
        authorization: String?,
        _ what: String
    ) async throws(OpenIDFailure) -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        request.body = .bytes(ByteBuffer(string: PercentEncoding.query(form)))
        return try await answer(to: request, what)
    }

    private func answer(to request: HTTPClientRequest, _ what: String) async throws(OpenIDFailure) -> Answer {
        var request = request
        request.headers.add(name: "Accept", value: "application/json")
        let (status, bytes) = try await exchanged(request, what)
        do {
            return Answer(status: status, body: try JSONParser.parse(bytes))
        } catch {
            // What a proxy says of a provider that is away is no JSON.
            throw .unusable("\(what) was answered by status \(status) and no JSON")
        }
    }

    private func exchanged(
        _ request: HTTPClientRequest,
        _ what: String
    ) async throws(OpenIDFailure) -> (Int, [UInt8]) {
        do {
            return try await withThrowingTaskGroup(of: (Int, [UInt8])?.self) { group in
                group.addTask { try await Self.exchange(request) }
                group.addTask {
                    try await Task.sleep(for: Self.patience)
                    return nil
                }
                defer { group.cancelAll() }
                guard let first = try await group.next(), let answer = first else {
                    throw OpenIDFailure.unusable("\(what) did not come within 10 s")
                }
                return answer
            }
        } catch let failure as OpenIDFailure {
            throw failure
        } catch is NIOTooManyBytesError {
            throw .unusable("\(what) is longer than 1 MB")
        } catch {
            throw .unusable("\(what) did not come: \(OpenIDFailure.plain(String(describing: error)))")
        }
    }

    private static func exchange(_ request: HTTPClientRequest) async throws -> (Int, [UInt8]) {
        // Ended from outside, with its body.
        let response = try await client.execute(request, deadline: .distantFuture)
        let body = try await response.body.collect(upTo: largestAnswer)
        return (Int(response.status.code), [UInt8](body.readableBytesView))
    }
}
