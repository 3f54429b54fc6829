import AsyncHTTPClient
package import Logging
package import MartletCore
import NIOCore
import NIOHTTP1

/// How long an S3 store is waited for, and how often it is asked again.
package struct S3Patience: Sendable {
    /// Requests for one purpose, the first included.
    package var attempts: Int
    /// Pause before the attempt of that number, which counts from 2.
    package var pause: @Sendable (Int) -> Duration
    package var connect: Duration
    /// Without a byte in either direction.
    package var silence: Duration
    /// Until the head of an answer is there, once.
    package var head: Duration
    /// No attempt begins later than this.
    package var total: Duration

    package init(
        attempts: Int,
        pause: @escaping @Sendable (Int) -> Duration,
        connect: Duration,
        silence: Duration,
        head: Duration,
        total: Duration
    ) {
        self.attempts = attempts
        self.pause = pause
        self.connect = connect
        self.silence = silence
        self.head = head
        self.total = total
    }

    /// Five attempts within some 3 s where the store refuses at once; a minute at most where it is silent.
    package static let live = S3Patience(
        attempts: 5,
        pause: { .milliseconds(100 << min($0, 5)) * Double.random(in: 0.5...1) },
        connect: .seconds(5),
        silence: .seconds(20),
        head: .seconds(120),
        total: .seconds(60)
    )
}

/// A request to an S3 store.
struct S3Request: Sendable {
    var method: HTTPMethod
    /// Below the prefix of the address; `nil` for the bucket itself.
    var key: String?
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    var body = ByteBuffer()
    /// Of the body, in hexadecimal.
    var bodyHash = S3Request.hashOfNothing

    static let hashOfNothing = ContentHash.hexadecimal(ContentHash.sha256(of: []))

    /// What the log may know of it: neither query nor headers.
    var name: String { "\(method.rawValue) \(key ?? "the bucket")" }
}

/// An answer that was read to its end.
struct S3Answer: Sendable {
    var headers: HTTPHeaders
    var body: [UInt8]
}

/// Talks to one bucket of an S3 store, in the part of the protocol that all stores share: signature version 4, no
/// conditional requests, no checksums in trailers, `Content-MD5` where a body matters.
///
/// Requests are repeated, with growing pauses, while the failure may pass. Redirects are not followed: they would lead
/// a signed request elsewhere. A class, because it owns the connections; `close` it.
package final class S3Client: Sendable {
    package let address: S3Address
    private let signer: SignatureV4
    private let environment: Environment
    private let patience: S3Patience
    let logger: Logger
    private let http: HTTPClient

    /// Bytes of an answer that is read as a whole, such as a list of a thousand keys.
    private static let largestAnswer = 8 << 20

    package init(
        _ address: S3Address,
        credentials: S3Credentials,
        environment: Environment,
        patience: S3Patience,
        logger: Logger
    ) {
        self.address = address
        self.environment = environment
        self.patience = patience
        self.logger = logger
        signer = SignatureV4(credentials: credentials, region: address.region)
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(
            connect: TimeAmount(patience.connect),
            read: TimeAmount(patience.silence),
            write: TimeAmount(patience.silence)
        )
        // A reader who is slow holds a connection, which must not keep others from theirs.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_024
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Ends the connections. After the last request.
    package func close() async throws {
        try await http.shutdown()
    }

    /// Sends a request, again while its failure may pass, and reads the answer to its end.
    func answer(_ request: S3Request) async throws -> S3Answer {
        try await withAnswer(to: request) { S3Answer(headers: $0.headers, body: try await Self.body(of: $0)) }
    }

    /// Sends a request, again while its failure may pass, and reads the XML that answers it.
    /// - Parameter name: of its root.
    func document(answering request: S3Request, _ name: String) async throws -> S3Element {
        try await withAnswer(to: request) { response in
            guard let root = S3Element(parsing: try await Self.body(of: response)) else {
                throw S3Failure(request: request.name, cause: .wrong("no XML"))
            }
            // Long operations may fail behind a status of 200.
            if root.name == "Error" {
                let code = Self.plain(root["Code"])
                throw S3Failure(request: request.name, cause: .status(code == "NoSuchUpload" ? 404 : 500, code: code))
            }
            guard root.name == name else { throw S3Failure(request: request.name, cause: .wrong("another document")) }
            return root
        }
    }

    private static func body(of response: HTTPClientResponse) async throws -> [UInt8] {
        [UInt8](try await response.body.collect(upTo: largestAnswer).readableBytesView)
    }

    /// Sends a request, again while its failure may pass, and hands out the answer, whose body is still to come.
    func open(_ request: S3Request) async throws -> HTTPClientResponse {
        try await withAnswer(to: request) { $0 }
    }

    /// An address that gives an object to whoever has it.
    /// - Parameter expires: seconds, at most a week.
    package func presignedDownload(of key: String, expires: Int) -> String {
        let request = SignatureV4.Request(
            method: "GET",
            path: address.path(of: key),
            headers: [("host", address.authority)],
            payloadHash: "UNSIGNED-PAYLOAD"
        )
        let query = signer.presignedQuery(request, at: environment.now(), expires: expires)
        return address.origin + request.path + "?" + query
    }

    /// Runs work to its end although the caller's task may be cancelled, and waits for it: what must be undone is.
    func uncancelled(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await http.eventLoopGroup.any().makeFutureWithTask(work).get()
    }

    // MARK: Attempts

    private func withAnswer<Result: Sendable>(
        to request: S3Request,
        _ use: (HTTPClientResponse) async throws -> Result
    ) async throws -> Result {
        let end = ContinuousClock.now + patience.total
        var attempt = 1
        while true {
            do {
                return try await once(request, use)
            } catch let failure as S3Failure where failure.isPassing {
                attempt += 1
                guard attempt <= patience.attempts, ContinuousClock.now < end else { throw failure }
                logger.debug("a request to the S3 store is repeated", metadata: ["cause": "\(failure)"])
                try await Task.sleep(for: patience.pause(attempt))
            }
        }
    }

    private func once<Result: Sendable>(
        _ request: S3Request,
        _ use: (HTTPClientResponse) async throws -> Result
    ) async throws -> Result {
        do {
            let response = try await http.execute(signed(request), timeout: TimeAmount(patience.head))
            guard (200..<300).contains(response.status.code) else {
                let code = S3Element(parsing: try await Self.body(of: response))?["Code"] ?? ""
                throw S3Failure(
                    request: request.name,
                    cause: .status(Int(response.status.code), code: Self.plain(code))
                )
            }
            return try await use(response)
        } catch {
            throw Self.translated(error, request)
        }
    }

    /// What stopped a request, in our terms; a cancelled task stays one.
    static func translated(_ error: any Error, _ request: S3Request) -> any Error {
        switch error {
        case is S3Failure, is MartletError, is CancellationError: error
        case let error as HTTPClientError where error == .cancelled: CancellationError()
        case is NIOTooManyBytesError: S3Failure(request: request.name, cause: .wrong("too long"))
        default: S3Failure(request: request.name, cause: .transport(String(describing: error)))
        }
    }

    /// A store's word for a failure as it goes to logs and messages: its letters, and few of them.
    static func plain(_ code: String) -> String {
        String(code.prefix(64).filter { $0.isASCII && ($0.isLetter || $0.isNumber) })
    }

    private func signed(_ request: S3Request) -> HTTPClientRequest {
        let now = environment.now()
        let path = address.path(of: request.key)
        var headers = request.headers
        headers.append(("host", address.authority))
        headers.append(("x-amz-date", SignatureV4.stamp(now)))
        headers.append(("x-amz-content-sha256", request.bodyHash))
        if let token = signer.credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        let authorization = signer.authorization(
            SignatureV4.Request(
                method: request.method.rawValue,
                path: path,
                query: request.query,
                headers: headers,
                payloadHash: request.bodyHash
            ),
            at: now
        )
        let query = SignatureV4.canonical(query: request.query)
        var signed = HTTPClientRequest(url: address.origin + path + (query.isEmpty ? "" : "?" + query))
        signed.method = request.method
        signed.headers = HTTPHeaders(headers)
        signed.headers.add(name: "authorization", value: authorization)
        if request.method == .PUT || request.method == .POST { signed.body = .bytes(request.body) }
        return signed
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        self = .nanoseconds(
            duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
        )
    }
}
