import Foundation
import Logging
import MartletCore
import MartletTesting
import Synchronization
import Testing

@testable import MartletStorage

/// A folder with a database and a blob store.
struct BlobScene {
    let folder: ScratchFolder
    let clock = ManualClock()
    let database: any SQLDatabase
    let metadata: SQLMetadataStore
    let blobs: LocalBlobStore
    let environment: Environment

    init(disk: DiskCalls = .live) async throws {
        folder = try ScratchFolder()
        environment = .manual(clock)
        database = try await openTestDatabase(in: folder.path)
        metadata = SQLMetadataStore(database: database, environment: environment)
        blobs = try await LocalBlobStore(
            folder: folder.path + "/blobs",
            database: database,
            environment: environment,
            logger: Logger(label: "test"),
            disk: disk
        )
    }

    func reopened() async throws -> LocalBlobStore {
        try await LocalBlobStore(folder: folder.path + "/blobs", database: database, environment: environment)
    }

    func store(_ bytes: [UInt8]) async throws -> StoredBlob {
        try await blobs.store(Pieces(bytes, pieceSize: 50_000), length: nil, as: nil)
    }

    /// Names a blob that is stored.
    func name(_ blob: StoredBlob, at path: ArtifactPath, of owner: ArtifactOwner) async throws {
        let now = environment.now()
        try await database.write { connection in
            let name = try CheckedName(.artifact(path, of: owner), connection)
            try BlobRows.requirePresent(blob.digest, connection)
            try name.give(to: blob, now: now, connection)
        }
    }

    /// Names in a folder below the blobs' folder, and below its folders.
    func names(in name: String) throws -> [String] {
        let all = try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/blobs/" + name)
        return all.filter { !$0.isEmpty && $0.contains(name == "objects" ? "/" : "") || name != "objects" }.sorted()
    }
}

@Suite("Blobs on the local disk")
struct LocalBlobStoreTests {
    /// Held by the suite, so that its folder outlives each test.
    private let scene: BlobScene

    init() async throws { scene = try await BlobScene() }

    @Test("content comes back as it was sent", arguments: [0, 1, 65_536, 65_537, 5_000_000])
    func roundTrips(size: Int) async throws {
        #expect(try await BlobStoreConformance(scene.blobs).roundTrip(of: size))
    }

    @Test(
        "a range is cut out of small and large content",
        arguments: [(10..<20, 100), (0..<0, 100), (0..<65_537, 65_537), (1_000_000..<3_000_001, 4_000_000)]
    )
    func ranges(range: Range<Int>, size: Int) async throws {
        let range = Int64(range.lowerBound)..<Int64(range.upperBound)
        #expect(try await BlobStoreConformance(scene.blobs).range(range, ofSize: size))
    }

    @Test("a blob of parts reads as the parts one after another")
    func composition() async throws {
        #expect(try await BlobStoreConformance(scene.blobs).composition())
    }

    @Test("the names are the SHA-256 and the MD5 of the content", arguments: [3, 100_000])
    func names(size: Int) async throws {
        let scene = try await BlobScene()
        let blob = try await scene.store([UInt8](repeating: UInt8(ascii: "a"), count: size))
        let md5 = size == 3 ? "47bce5c74f589f4867dbd57e9ca9f808" : "1af6d6f2f682f76f80e606aeaaee1680"
        let sha = size == 3 ? "9834876dcfb05cb1" : "6d1cf22d7cc09b08"
        #expect(blob.md5 == md5)
        #expect(blob.digest.rawValue.hasPrefix(sha))
    }

    @Test("another length than promised is refused and stores nothing", arguments: [99, 101, 99_999, 100_001])
    func wrongLength(length: Int) async throws {
        let scene = try await BlobScene()
        let bytes = BlobStoreConformance.bytes(length < 1_000 ? 100 : 100_000)
        let code = await BlobStoreConformance(scene.blobs).refusal(
            of: Pieces(bytes, pieceSize: 1_000),
            length: Int64(length)
        )
        #expect(code == .invalidArgument)
        #expect(try scene.names(in: "temp").isEmpty)
        #expect(try scene.names(in: "objects").isEmpty)
        #expect(try scene.names(in: "packs").isEmpty)
    }

    @Test("a source that fails leaves nothing behind", arguments: [100, 3_000_000])
    func failingSource(size: Int) async throws {
        let scene = try await BlobScene()
        let pieces = Pieces(
            BlobStoreConformance.bytes(size),
            pieceSize: 50_000,
            failure: MartletError(.cancelled, "gone")
        )
        #expect(await BlobStoreConformance(scene.blobs).refusal(of: pieces, length: nil) == .cancelled)
        #expect(try scene.names(in: "temp").isEmpty)
        #expect(try scene.names(in: "objects").isEmpty)
    }

    @Test("the same content is stored once", arguments: [100, 200_000])
    func deduplication(size: Int) async throws {
        let scene = try await BlobScene()
        let bytes = BlobStoreConformance.bytes(size)
        let first = try await scene.store(bytes)
        let before = try scene.names(in: "objects")
        #expect(try await scene.store(bytes) == first)
        #expect(try scene.names(in: "objects") == before)
    }

    @Test(
        "content of before a start keeps its row and its place, and its grace period begins anew",
        arguments: [100, 200_000]
    )
    func knownBeforeStart(size: Int) async throws {
        let scene = try await BlobScene()
        let bytes = BlobStoreConformance.bytes(size)
        let first = try await scene.store(bytes)
        let before = try #require(try await scene.blobs.catalog.row(first.digest))
        scene.clock.advance(by: 2 * 86_400_000)
        let later = try await scene.reopened()
        for _ in 0..<2 {
            #expect(try await later.store(Pieces(bytes, pieceSize: 50_000), length: nil, as: nil) == first)
            let row = try #require(try await later.catalog.row(first.digest))
            #expect(row.place == before.place && row.storedAt == scene.clock.now)
        }
        let day = Duration.seconds(86_400)
        #expect(try await later.collectGarbage(olderThan: day, uploadsOlderThan: day).blobs == 0)
        #expect(try await later.read(first.digest, range: nil).whole() == bytes)
    }

    @Test("the same content sent by many at once is safe", arguments: [100, 200_000])
    func concurrentUploads(size: Int) async throws {
        let scene = try await BlobScene()
        let bytes = BlobStoreConformance.bytes(size)
        let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
            for _ in 0..<16 { group.addTask { try await scene.store(bytes).digest } }
            return try await group.reduce(into: Set<Digest>()) { $0.insert($1) }
        }
        #expect(digests.count == 1)
        let digest = try #require(digests.first)
        #expect(try await scene.blobs.read(digest, range: nil).whole() == bytes)
    }

    @Test("ten thousand parts are composed without copying them")
    func manyParts() async throws {
        let scene = try await BlobScene()
        let part = try await scene.store([1, 2, 3])
        let blob = try await scene.blobs.compose(Array(repeating: part, count: 10_000))
        #expect(blob.size == 30_000)
        #expect(try await scene.blobs.read(blob.digest, range: 29_996..<30_000).whole() == [3, 1, 2, 3])
    }

    @Test("unknown content is not found")
    func unknown() async throws {
        let scene = try await BlobScene()
        let error = await #expect(throws: MartletError.self) {
            _ = try await scene.blobs.read(Digest("../../etc/passwd"), range: nil)
        }
        #expect(error?.code == .notFound)
    }

    @Test("a full disk is reported, leaves nothing, and heals", arguments: [100, 3_000_000])
    func fullDisk(size: Int) async throws {
        let isFull = FullDisk()
        let scene = try await BlobScene(disk: isFull.calls)
        let bytes = BlobStoreConformance.bytes(size)
        isFull.set(true)
        let error = await #expect(throws: MartletError.self) { _ = try await scene.store(bytes) }
        #expect(error?.code == .storageFull)
        #expect(try scene.names(in: "temp").isEmpty)
        isFull.set(false)
        let blob = try await scene.store(bytes)
        #expect(try await scene.blobs.read(blob.digest, range: nil).whole() == bytes)
    }
}

/// A disk that refuses writes while it is full.
final class FullDisk: Sendable {
    private let isFull = Mutex(false)

    func set(_ value: Bool) { isFull.withLock { $0 = value } }

    var calls: DiskCalls {
        var calls = DiskCalls.live
        calls.write = { descriptor, bytes, offset in
            self.isFull.withLock { $0 } ? -Int(ENOSPC) : DiskCalls.live.write(descriptor, bytes, offset)
        }
        return calls
    }
}
