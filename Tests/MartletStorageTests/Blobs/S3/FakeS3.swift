import NIOCore
import NIOPosix
import Synchronization

@testable import MartletStorage

/// A server that keeps objects in memory and speaks just enough of S3, unless a test makes it misbehave.
final class FakeS3: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]
    }

    enum Answer: Sendable {
        case bytes([UInt8])
        /// Bytes, and the end of the connection.
        case lastBytes([UInt8])
        case silence
    }

    /// The request and its number, from 1 → what is answered instead of the truth.
    typealias Misbehaviour = @Sendable (Request, Int) -> Answer?

    private struct State {
        var objects: [String: [UInt8]] = [:]
        var requests: [Request] = []
        var misbehave: Misbehaviour = { _, _ in nil }
    }

    private let state = Mutex(State())
    private let channel: any Channel
    let port: Int

    private init(channel: any Channel) {
        self.channel = channel
        port = channel.localAddress?.port ?? 0
    }

    /// A server on a free port of this machine while `body` runs.
    static func running(_ body: (FakeS3) async throws -> Void) async throws {
        let handler = Mutex<FakeS3?>(nil)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Conversation { request in
                            handler.withLock { $0 }?.answer(request) ?? .silence
                        }
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = FakeS3(channel: channel)
        handler.withLock { $0 = server }
        do {
            try await body(server)
        } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }

    func misbehave(_ misbehaviour: @escaping Misbehaviour) {
        state.withLock { state in
            state.misbehave = misbehaviour
            state.requests = []
        }
    }

    var requests: [Request] { state.withLock { $0.requests } }
    var objects: [String: [UInt8]] { state.withLock { $0.objects } }

    private func answer(_ request: Request) -> Answer {
        state.withLock { state in
            state.requests.append(request)
            return state.misbehave(request, state.requests.count) ?? .bytes(Self.truth(request, &state.objects))
        }
    }

    /// Changes what is stored behind everybody's back; `nil` removes it.
    func tamper(_ path: String, _ change: ([UInt8]) -> [UInt8]?) {
        state.withLock { $0.objects[path] = change($0.objects[path] ?? []) }
    }

    // MARK: What a good server answers

    static func response(_ status: String, _ headers: [String] = [], _ body: [UInt8] = []) -> [UInt8] {
        let length = headers.contains { $0.hasPrefix("content-length") } ? [] : ["content-length: \(body.count)"]
        let head = (["HTTP/1.1 \(status)"] + headers + length).joined(separator: "\r\n") + "\r\n\r\n"
        return Array(head.utf8) + body
    }

    static func error(_ status: String, _ code: String) -> [UInt8] {
        response(status, [], Array("<Error><Code>\(code)</Code><Message>secret words</Message></Error>".utf8))
    }

    private static func truth(_ request: Request, _ objects: inout [String: [UInt8]]) -> [UInt8] {
        switch request.method {
        case "PUT":
            objects[request.path] = request.body
            return response("200 OK", ["etag: \"\(ContentHash.hexadecimal(ContentHash(of: request.body).md5))\""])
        case "DELETE":
            objects[request.path] = nil
            return response("204 No Content")
        case "GET" where request.path.contains("?list-type=2"): return list(below: request.path, objects)
        case "POST" where request.path.hasSuffix("?delete="):
            let bucket = request.path.prefix { $0 != "?" }
            for key in String(decoding: request.body, as: UTF8.self).matches(of: /<Key>([^<]+)<\/Key>/) {
                objects["\(bucket)/\(key.1)"] = nil
            }
            return response("200 OK", [], Array("<DeleteResult></DeleteResult>".utf8))
        case "HEAD":
            guard let object = objects[request.path] else { return response("404 Not Found") }
            return response("200 OK", ["content-length: \(object.count)"])
        case "GET":
            guard let object = objects[request.path] else { return error("404 Not Found", "NoSuchKey") }
            return response(to: request, object)
        default: return error("501 Not Implemented", "NotImplemented")
        }
    }

    /// All objects of blobs, on one page.
    private static func list(below path: String, _ objects: [String: [UInt8]]) -> [UInt8] {
        let bucket = path.prefix { $0 != "?" } + "/"
        let lines = objects.filter { $0.key.hasPrefix(bucket + "objects/") }.sorted { $0.key < $1.key }.map {
            "<Contents><Key>\($0.key.dropFirst(bucket.count))</Key><Size>\($0.value.count)</Size>"
                + "<LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
        }
        let text = "<ListBucketResult><IsTruncated>false</IsTruncated>\(lines.joined())</ListBucketResult>"
        return response("200 OK", [], Array(text.utf8))
    }

    private static func response(to request: Request, _ object: [UInt8]) -> [UInt8] {
        guard let range = request.headers["range"] else { return response("200 OK", [], object) }
        let ends = range.dropFirst(6).split(separator: "-").compactMap { Int($0) }
        return response(
            "206 Partial Content",
            ["content-range: bytes \(ends[0])-\(ends[1])/\(object.count)"],
            Array(object[ends[0]...ends[1]])
        )
    }
}

/// One connection: requests one after another, each with a `Content-Length` or without a body.
private final class Conversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: (FakeS3.Request) -> FakeS3.Answer
    private var received: [UInt8] = []

    init(_ answer: @escaping (FakeS3.Request) -> FakeS3.Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytesView
        while let request = takeRequest() {
            switch answer(request) {
            case .bytes(let bytes):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .lastBytes(let bytes):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
                context.close(promise: nil)
            case .silence: break
            }
        }
    }

    private func takeRequest() -> FakeS3.Request? {
        let separator = Array("\r\n\r\n".utf8)
        guard let start = received.firstRange(of: separator) else { return nil }
        let lines = String(decoding: received[..<start.lowerBound], as: UTF8.self).components("\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        let end = start.upperBound + (headers["content-length"].flatMap(Int.init) ?? 0)
        guard received.count >= end else { return nil }
        let words = lines[0].split(separator: " ")
        defer { received.removeFirst(end) }
        return FakeS3.Request(
            method: String(words[0]),
            path: String(words[1]),
            headers: headers,
            body: Array(received[start.upperBound..<end])
        )
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] { split(separator: separator).map(String.init) }
}
