import Foundation
import MartletCore
import MartletTesting
import NIOCore
import Synchronization
import Testing

@testable import MartletStorage

@Suite("An S3 store that misbehaves")
struct HostileS3Tests {
    /// A scene over a server of its own, whose misbehaviour begins once the store is open.
    private func scene(_ body: (FakeS3, S3Scene) async throws -> Void) async throws {
        try await FakeS3.running { server in
            try await S3Scene.running(server.address(), patience: .short) { scene in try await body(server, scene) }
        }
    }

    private func expect(
        _ code: MartletError.Code,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        let error = await #expect(throws: MartletError.self, sourceLocation: sourceLocation) { try await body() }
        #expect(error?.code == code, sourceLocation: sourceLocation)
    }

    @Test(
        "what may pass is asked again",
        arguments: [
            FakeS3.Answer.bytes(FakeS3.error("500 Oops", "InternalError")),
            .bytes(FakeS3.error("503 Slow", "SlowDown")), .bytes(FakeS3.error("400 Bad", "BadDigest")),
            .lastBytes([]), .lastBytes(Array("HTTP/1.1 200 OK\r\ncont".utf8)), .silence,
        ]
    )
    func repetition(answer: FakeS3.Answer) async throws {
        try await scene { server, scene in
            server.misbehave { _, number in number < 3 ? answer : nil }
            let blob = try await scene.store([1, 2, 3])
            #expect(server.requests.map(\.method) == ["PUT", "PUT", "PUT"])
            server.misbehave { _, number in number < 3 ? answer : nil }
            #expect(try await scene.store.read(blob.digest, range: nil).whole() == [1, 2, 3])
        }
    }

    @Test(
        "what does not pass is told in clear words, after few attempts, and nothing is stored",
        arguments: [
            ("500 Oops", "InternalError", MartletError.Code.unavailable, 3),
            ("403 Forbidden", "AccessDenied", .failedPrecondition, 1),
            ("403 Forbidden", "RequestTimeTooSkewed", .failedPrecondition, 1),
            ("404 Not Found", "NoSuchBucket", .failedPrecondition, 1),
            ("507 Full", "", .storageFull, 1),
            ("500 Full", "XMinioStorageFull", .storageFull, 1),
            ("501 What", "NotImplemented", .unavailable, 1),
        ]
    )
    func refusals(status: String, word: String, code: MartletError.Code, attempts: Int) async throws {
        try await scene { server, scene in
            server.misbehave { _, _ in .bytes(FakeS3.error(status, word)) }
            let error = await #expect(throws: MartletError.self) { _ = try await scene.store([1]) }
            #expect(error?.code == code)
            #expect(error?.message.contains("secret") == false)
            #expect(server.requests.count == attempts)
            let rows = try await scene.rows()
            #expect(rows == 0)
        }
    }

    @Test("a redirect is not followed", arguments: ["301 Moved", "307 Temporary"])
    func redirect(status: String) async throws {
        try await FakeS3.running { other in
            try await scene { server, scene in
                let target = "location: http://127.0.0.1:\(other.port)/elsewhere"
                server.misbehave { _, _ in .bytes(FakeS3.response(status, [target])) }
                await expect(.failedPrecondition) { _ = try await scene.store([1]) }
                #expect(other.requests.isEmpty)
            }
        }
    }

    @Test("an acknowledgement of other bytes stores nothing", arguments: ["etag: \"0123\"", "x-no-tag: 1"])
    func wrongTag(header: String) async throws {
        try await scene { server, scene in
            server.misbehave { _, _ in .bytes(FakeS3.response("200 OK", [header])) }
            await expect(.internal) { _ = try await scene.store([1]) }
            let rows = try await scene.rows()
            #expect(rows == 0)
        }
    }

    @Test("an answer that breaks off is continued where it stopped")
    func halves() async throws {
        try await scene { server, scene in
            let bytes = BlobStoreConformance.bytes(1_000_000)
            let blob = try await scene.store(bytes)
            let half = FakeS3.response("200 OK", ["content-length: 1000000"], Array(bytes[..<500_000]))
            for answer in [FakeS3.Answer.lastBytes(half), .bytes(half)] {
                server.misbehave { _, number in number == 1 ? answer : nil }
                #expect(try await scene.store.read(blob.digest, range: nil).whole() == bytes)
                let ranges = server.requests.map { $0.headers["range"] ?? "" }
                try #require(ranges.count >= 2)
                #expect(ranges[0].isEmpty)
                // What came with the break itself may be asked for again.
                let start = ranges[1].wholeMatch(of: /bytes=([0-9]+)-999999/).flatMap { Int($0.1) } ?? 0
                #expect(start > 0 && start <= 500_000)
            }
        }
    }

    @Test("an answer that breaks off for good fails, and its end is never handed out")
    func brokenForGood() async throws {
        try await scene { server, scene in
            let blob = try await scene.store(BlobStoreConformance.bytes(1_000))
            server.misbehave { request, _ in
                request.headers["range"] == nil
                    ? .lastBytes(FakeS3.response("200 OK", ["content-length: 1000"], Array(repeating: 7, count: 10)))
                    : .lastBytes(
                        FakeS3.response("206 Partial", ["content-length: 990", "content-range: bytes 10-999/1000"])
                    )
            }
            let content = try await scene.store.read(blob.digest, range: nil)
            await expect(.unavailable) { _ = try await content.whole() }
        }
    }

    @Test(
        "an answer of another length, or of other bytes than asked for, is refused",
        arguments: [
            FakeS3.response("200 OK", [], Array(repeating: 1, count: 99)),
            FakeS3.response("200 OK", [], Array(repeating: 1, count: 101)),
            FakeS3.response("206 Partial", ["content-range: bytes 0-99/100"], Array(repeating: 1, count: 100)),
        ]
    )
    func wrongLength(answer: [UInt8]) async throws {
        try await scene { server, scene in
            let blob = try await scene.store(BlobStoreConformance.bytes(100))
            server.misbehave { _, _ in .bytes(answer) }
            await expect(.internal) { _ = try await scene.store.read(blob.digest, range: nil) }
        }
    }

    @Test(
        "a range of other bytes than asked for is refused",
        arguments: [
            FakeS3.response("200 OK", [], Array(repeating: 1, count: 100)),
            FakeS3.response("206 Partial", ["content-range: bytes 0-9/100"], Array(repeating: 1, count: 10)),
            FakeS3.response("206 Partial", ["content-range: bytes 10-19/101"], Array(repeating: 1, count: 10)),
            FakeS3.response("206 Partial", [], Array(repeating: 1, count: 10)),
        ]
    )
    func wrongRange(answer: [UInt8]) async throws {
        try await scene { server, scene in
            let blob = try await scene.store(BlobStoreConformance.bytes(100))
            #expect(try await scene.store.read(blob.digest, range: 10..<20).whole().count == 10)
            server.misbehave { _, _ in .bytes(answer) }
            await expect(.internal) { _ = try await scene.store.read(blob.digest, range: 10..<20) }
        }
    }

    @Test("a changed byte fails the whole before its last piece", arguments: [0, 500_000, 999_999])
    func changedByte(position: Int) async throws {
        try await scene { server, scene in
            var bytes = BlobStoreConformance.bytes(1_000_000)
            let blob = try await scene.store(bytes)
            bytes[position] ^= 1
            let changed = bytes
            server.misbehave { _, _ in .bytes(FakeS3.response("200 OK", [], changed)) }
            let content = try await scene.store.read(blob.digest, range: nil)
            let handedOut = Mutex(0)
            await expect(.internal) {
                for try await piece in content { handedOut.withLock { $0 += piece.count } }
            }
            #expect(handedOut.withLock { $0 } < 1_000_000)
        }
    }

    @Test("files move from the disk, damaged ones stay, and a file that was moved is read from the store")
    func moving() async throws {
        try await scene { server, scene in
            let contents = [100, 200_000, 70_000].enumerated().map {
                BlobStoreConformance.bytes($1, seed: UInt64($0 + 1))
            }
            var blobs: [StoredBlob] = []
            for content in contents { blobs.append(try await scene.base.store(content)) }
            let damaged = scene.base.blobs.folder.object(blobs[2].digest)
            let file = try OpenFile(damaged, O_RDWR)
            #expect(pwrite(file.descriptor, [contents[2][0] ^ 1], 1, 0) == 1)
            server.misbehave { _, _ in .bytes(FakeS3.error("403 Forbidden", "AccessDenied")) }
            await expect(.failedPrecondition) { _ = try await scene.store.moveFromDisk() }
            server.misbehave { _, _ in nil }
            let report = try await scene.store.moveFromDisk()
            #expect(report == MoveReport(blobs: 2, bytes: 200_100, damaged: 1))
            // What is left on the disk is not read any more.
            try FileManager.default.removeItem(atPath: scene.base.blobs.folder.object(blobs[1].digest))
            for (content, blob) in zip(contents, blobs).prefix(2) {
                #expect(try await scene.store.read(blob.digest, range: nil).whole() == content)
            }
            #expect(try await scene.store.moveFromDisk().blobs == 0)
        }
    }

    @Test("an object that is gone is told as lost, not as unknown content")
    func lostObject() async throws {
        try await scene { server, scene in
            let blob = try await scene.store([1, 2])
            server.misbehave { _, _ in .bytes(FakeS3.error("404 Not Found", "NoSuchKey")) }
            await expect(.internal) { _ = try await scene.store.read(blob.digest, range: nil) }
        }
    }

    @Test("a completion whose answer was lost, or that fails behind a 200, is a completion")
    func lostCompletion() async throws {
        try await FakeS3.running { server in
            try await S3Scene.withClient(server.address(), patience: .short) { client in
                server.misbehave { request, number in
                    switch number {
                    case 1: .bytes(FakeS3.error("200 OK", "InternalError"))
                    case 2: .bytes(FakeS3.error("404 Not Found", "NoSuchUpload"))
                    default:
                        request.method == "HEAD"
                            ? .bytes(FakeS3.response("200 OK", ["content-length: 10"]))
                            : .bytes(FakeS3.error("404 Not Found", "NoSuchUpload"))
                    }
                }
                let upload = S3Upload(key: "objects/1", id: "u")
                try await client.complete(upload, parts: [[UInt8](repeating: 0, count: 16)], size: 10)
                #expect(server.requests.map(\.method) == ["POST", "POST", "HEAD"])
                let failure = await #expect(throws: S3Failure.self) {
                    try await client.complete(upload, parts: [], size: 11)
                }
                #expect(failure?.isPassing == false)
            }
        }
    }

    @Test("a list that never ends is not followed for ever")
    func endlessList() async throws {
        try await FakeS3.running { server in
            try await S3Scene.withClient(server.address(), patience: .short) { client in
                let page =
                    "<ListBucketResult><IsTruncated>true</IsTruncated>"
                    + "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
                server.misbehave { _, _ in .bytes(FakeS3.response("200 OK", [], Array(page.utf8))) }
                let first = try await client.list("objects/", next: nil)
                #expect(first.next == "t")
                await #expect(throws: S3Failure.self) { _ = try await client.list("objects/", next: "t") }
            }
        }
    }

    @Test("the store of another database is refused, and so is one that lacks our files")
    func foreignStore() async throws {
        try await scene { server, scene in
            _ = try await scene.store([1])
            let other = try await BlobScene()
            // Both scenes count their ids alike: one more makes them differ.
            _ = other.environment.newID()
            await expect(.failedPrecondition) { _ = try await S3Scene.open(other, scene.client) }
            server.misbehave { _, _ in .bytes(FakeS3.error("404 Not Found", "NoSuchKey")) }
            await expect(.failedPrecondition) { _ = try await S3Scene.open(scene.base, scene.client) }
            await expect(.failedPrecondition) {
                _ = try await scene.store.collectGarbage(olderThan: .zero, uploadsOlderThan: .zero)
            }
        }
    }
}
