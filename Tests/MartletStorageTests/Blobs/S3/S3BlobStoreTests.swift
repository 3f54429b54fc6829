import Foundation
import MartletCore
import MartletTesting
import NIOCore
import Testing

@testable import MartletStorage

/// A real S3 store for the tests: an address as for `--blobs`, which `scripts/seaweedfs start` or `scripts/ceph start`
/// prints.
private let realStore = ProcessInfo.processInfo.environment["MARTLET_TEST_S3"]

@Suite("Blobs in a real S3 store", .enabled(if: realStore != nil))
struct S3BlobStoreTests {
    private static let day = Duration.seconds(86_400)

    /// A scene below a prefix of its own.
    private func scene(_ body: (S3Scene) async throws -> Void) async throws {
        var address = try S3Address(#require(realStore))
        address.prefix += UUID().uuidString + "/"
        try await S3Scene.running(address, body)
    }

    /// Moves the clock of the blob store two days behind the time of the S3 store.
    private func wait(_ scene: S3Scene) {
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        scene.base.clock.advance(by: now - scene.base.clock.now + 2 * 86_400_000)
    }

    @Test("content comes back as it was sent", arguments: [0, 1, 65_536, 65_537, 5 << 20, 10 << 20, 25_000_000])
    func roundTrips(size: Int) async throws {
        try await scene { scene in
            let isRight = try await BlobStoreConformance(scene.store).roundTrip(of: size)
            let rows = try await scene.rows()
            #expect(isRight && rows == 1)
        }
    }

    @Test(
        "a range is cut out of small and large content",
        arguments: [(10..<20, 100), (0..<0, 100), (0..<65_537, 65_537), (9_000_000..<11_000_001, 12_000_000)]
    )
    func ranges(range: Range<Int>, size: Int) async throws {
        let range = Int64(range.lowerBound)..<Int64(range.upperBound)
        try await scene { scene in
            let isRight = try await BlobStoreConformance(scene.store).range(range, ofSize: size)
            #expect(isRight)
        }
    }

    @Test("a blob of parts reads as the parts one after another")
    func composition() async throws {
        try await scene { scene in
            let isRight = try await BlobStoreConformance(scene.store).composition()
            #expect(isRight)
        }
    }

    @Test("another length than promised is refused and stores nothing", arguments: [99, 101, 11_999_999, 12_000_001])
    func wrongLength(length: Int) async throws {
        try await scene { scene in
            let bytes = BlobStoreConformance.bytes(length < 1_000 ? 100 : 12_000_000)
            let pieces = Pieces(bytes, pieceSize: 50_000)
            #expect(
                await BlobStoreConformance(scene.store).refusal(of: pieces, length: Int64(length)) == .invalidArgument
            )
            let left = try await scene.objects() + scene.uploads()
            #expect(left.isEmpty)
        }
    }

    @Test("a source that fails leaves nothing behind", arguments: [100, 12_000_000])
    func failingSource(size: Int) async throws {
        try await scene { scene in
            let bytes = BlobStoreConformance.bytes(size)
            let pieces = Pieces(bytes, pieceSize: 50_000, failure: MartletError(.cancelled, "gone"))
            let length = Int64(size + 1)
            #expect(await BlobStoreConformance(scene.store).refusal(of: pieces, length: length) == .cancelled)
            let left = try await scene.objects() + scene.uploads()
            #expect(left.isEmpty)
        }
    }

    @Test("the same content is stored once, also when many send it at once", arguments: [100, 12_000_000])
    func deduplication(size: Int) async throws {
        try await scene { scene in
            let bytes = BlobStoreConformance.bytes(size)
            let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
                for _ in 0..<4 { group.addTask { try await scene.store(bytes).digest } }
                return try await group.reduce(into: Set<Digest>()) { $0.insert($1) }
            }
            _ = try await scene.store(bytes)
            #expect(digests.count == 1)
            let left = try await (scene.objects(), scene.uploads())
            #expect(left.0.count == 1 && left.1.isEmpty)
            let digest = try #require(digests.first)
            #expect(try await scene.store.read(digest, range: nil).whole() == bytes)
        }
    }

    @Test("what was on the disk is read from there, and a blob of both kinds reads as one")
    func disk() async throws {
        try await scene { scene in
            let contents = [100, 200_000, 300, 250_000].enumerated().map {
                BlobStoreConformance.bytes($1, seed: UInt64($0 + 1))
            }
            var parts: [StoredBlob] = []
            for content in contents[..<2] { parts.append(try await scene.base.store(content)) }
            for content in contents[2...] { parts.append(try await scene.store(content)) }
            // Known content goes nowhere a second time.
            #expect(try await scene.store(contents[1]) == parts[1])
            #expect(try await scene.rows() == 2)
            let whole = try await scene.store.compose(parts)
            #expect(try await scene.store.read(whole.digest, range: nil).whole() == Array(contents.joined()))
            // Without the S3 store its content is not found silently wrong, but told.
            let error = await #expect(throws: MartletError.self) {
                _ = try await scene.base.blobs.read(parts[2].digest, range: nil)
            }
            #expect(error?.code == .failedPrecondition)
        }
    }

    @Test("garbage goes from the store and from the disk, and what is named stays")
    func garbage() async throws {
        try await scene { scene in
            let named = try await scene.store(BlobStoreConformance.bytes(100, seed: 1))
            let unnamed = try await scene.store(BlobStoreConformance.bytes(12_000_000, seed: 2))
            let onDisk = try await scene.base.store(BlobStoreConformance.bytes(200_000, seed: 3))
            try await scene.base.name(named, at: ArtifactPath("a"), of: .workspace(.default))
            #expect(try await scene.store.collectGarbage(olderThan: Self.day, uploadsOlderThan: Self.day).blobs == 0)
            wait(scene)
            // Started without its S3 store, a server leaves what is there alone.
            #expect(
                try await scene.base.blobs.collectGarbage(olderThan: Self.day, uploadsOlderThan: Self.day).blobs == 1
            )
            let report = try await scene.store.collectGarbage(olderThan: Self.day, uploadsOlderThan: Self.day)
            #expect(report.blobs == 1 && report.strayFiles == 0)
            #expect(try await scene.objects().count == 1)
            #expect(try await scene.store.read(named.digest, range: nil).whole().count == 100)
            for gone in [unnamed, onDisk] {
                await #expect(throws: MartletError.self) { _ = try await scene.store.read(gone.digest, range: nil) }
            }
        }
    }

    @Test("objects without a row and uploads that nobody completes go after the grace period")
    func strays() async throws {
        try await scene { scene in
            let stray = Array("stray".utf8)
            for number in 1...3 {
                let key = "objects/stray\(number)"
                try await scene.client.put(key, ByteBuffer(bytes: stray), ContentHash(of: stray))
            }
            _ = try await scene.client.beginUpload(of: "objects/begun")
            #expect(
                try await scene.store.collectGarbage(olderThan: Self.day, uploadsOlderThan: Self.day).strayFiles == 0
            )
            #expect(try await scene.objects().count == 3)
            wait(scene)
            #expect(
                try await scene.store.collectGarbage(olderThan: Self.day, uploadsOlderThan: Self.day).strayFiles == 3
            )
            let left = try await scene.objects() + scene.uploads()
            #expect(left.isEmpty)
        }
    }

    @Test("what moved from the disk leaves it with the next collection")
    func moving() async throws {
        try await scene { scene in
            let contents = [100, 12_000_000].map { BlobStoreConformance.bytes($0) }
            for content in contents {
                let blob = try await scene.base.store(content)
                try await scene.base.name(blob, at: ArtifactPath("f\(content.count)"), of: .workspace(.default))
            }
            let report = try await scene.store.moveFromDisk()
            #expect(report == MoveReport(blobs: 2, bytes: 12_000_100))
            wait(scene)
            try await scene.store.collectGarbage(olderThan: Self.day, uploadsOlderThan: Self.day)
            #expect(try scene.base.names(in: "objects").isEmpty)
            for content in contents {
                let digest = ContentHash(of: content).digest
                #expect(try await scene.store.read(digest, range: nil).whole() == content)
            }
        }
    }

    @Test("a store that was opened once is opened again, and by its own database only")
    func claims() async throws {
        try await scene { scene in
            let blob = try await scene.store([1, 2, 3])
            let again = try await S3Scene.open(scene.base, scene.client)
            #expect(try await again.read(blob.digest, range: nil).whole() == [1, 2, 3])
        }
    }

    @Test("a presigned address gives the object, and an altered one does not")
    func presigned() async throws {
        try await scene { scene in
            let bytes = Array("content".utf8)
            try await scene.client.put("objects/a b+c", ByteBuffer(bytes: bytes), ContentHash(of: bytes))
            let address = scene.client.presignedDownload(of: "objects/a b+c", expires: 60)
            let answers = try ["", "0"].map { try curl(address + $0) }
            #expect(answers.first == "200 content")
            #expect(answers.last?.hasPrefix("403 ") == true)
        }
    }

    /// Status and body, by a client that knows nothing of S3.
    private func curl(_ address: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["curl", "-s", "-w", "\\n%{http_code}", address]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return (lines.last ?? "") + " " + lines.dropLast().joined(separator: "\n")
    }
}
