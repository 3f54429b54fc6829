import Foundation
import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("Packs after a crash")
struct PackRecoveryTests {
    @Test("a torn end is cut off and what was committed stays")
    func tornTail() async throws {
        let scene = try await BlobScene()
        let blob = try await scene.store([1, 2, 3])
        let path = scene.folder.path + "/blobs/packs/000001.pack"
        let whole = try Data(contentsOf: URL(filePath: path))
        try (whole + whole.dropFirst(16).dropLast(1)).write(to: URL(filePath: path))
        let again = try await scene.reopened()
        #expect(try Data(contentsOf: URL(filePath: path)) == whole)
        let next = try await again.store(Pieces([4, 5], pieceSize: 10), length: nil, as: nil)
        #expect(try await again.read(blob.digest, range: nil).whole() == [1, 2, 3])
        #expect(try await again.read(next.digest, range: nil).whole() == [4, 5])
    }

    @Test("a damaged record is reported, not served")
    func damage() async throws {
        let scene = try await BlobScene()
        let blob = try await scene.store([1, 2, 3])
        let url = URL(filePath: scene.folder.path + "/blobs/packs/000001.pack")
        var bytes = try Data(contentsOf: url)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: url)
        let again = try await scene.reopened()
        await #expect(throws: MartletError.self) { _ = try await again.read(blob.digest, range: nil) }
    }

    @Test("what an interrupted upload left is removed at the start")
    func leftovers() async throws {
        let scene = try await BlobScene()
        #expect(FileManager.default.createFile(atPath: scene.folder.path + "/blobs/temp/abc", contents: Data([1])))
        _ = try await scene.reopened()
        #expect(try scene.names(in: "temp").isEmpty)
    }
}

@Suite("Garbage of the blob store")
struct GarbageTests {
    let day = Duration.seconds(86_400)
    let twoDays: Int64 = 2 * 86_400_000

    private func path(_ text: String) throws -> ArtifactPath { try ArtifactPath(text) }

    @Test("what nothing names goes after the grace period", arguments: [100, 200_000])
    func unnamedGoes(size: Int) async throws {
        let scene = try await BlobScene()
        let blob = try await scene.store(BlobStoreConformance.bytes(size))
        #expect(try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day).blobs == 0)
        scene.clock.advance(by: twoDays)
        #expect(try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day).blobs == 1)
        #expect(try scene.names(in: "objects").isEmpty)
        await #expect(throws: MartletError.self) { _ = try await scene.blobs.read(blob.digest, range: nil) }
    }

    @Test("parts of a named composition stay, and go when it goes")
    func partsStay() async throws {
        let scene = try await BlobScene()
        let part = try await scene.store(BlobStoreConformance.bytes(200_000))
        let blob = try await scene.blobs.compose([part, part])
        try await scene.name(blob, at: path("model.bin"), of: .workspace(.default))
        scene.clock.advance(by: twoDays)
        #expect(try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day).blobs == 0)
        #expect(try await scene.blobs.read(blob.digest, range: nil).whole().count == 400_000)
        try await scene.metadata.delete(path("model.bin"), of: .workspace(.default))
        #expect(try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day).blobs == 2)
    }

    @Test("content that is stored again begins a new grace period")
    func storedAgain() async throws {
        let scene = try await BlobScene()
        let bytes = BlobStoreConformance.bytes(100)
        _ = try await scene.store(bytes)
        scene.clock.advance(by: twoDays)
        _ = try await scene.store(bytes)
        #expect(try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day).blobs == 0)
    }

    @Test("a collected blob cannot be named")
    func collectedBlob() async throws {
        let scene = try await BlobScene()
        let blob = try await scene.store([1])
        scene.clock.advance(by: twoDays)
        _ = try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day)
        let error = await #expect(throws: MartletError.self) {
            try await scene.name(blob, at: path("a"), of: .workspace(.default))
        }
        #expect(error?.code == .unavailable)
    }

    @Test("mostly dead packs are rewritten and their live content stays readable")
    func packsAreRewritten() async throws {
        var disk = DiskCalls.live
        disk.packSize = 10_000
        let scene = try await BlobScene(disk: disk)
        var blobs: [StoredBlob] = []
        for seed in 1...20 {
            blobs.append(try await scene.store(BlobStoreConformance.bytes(1_000, seed: UInt64(seed))))
        }
        for index in [0, 19] { try await scene.name(blobs[index], at: path("f\(index)"), of: .workspace(.default)) }
        scene.clock.advance(by: twoDays)
        let report = try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day)
        #expect(report.blobs == 18)
        #expect(report.packs == 2)
        #expect(try await scene.blobs.read(blobs[0].digest, range: nil).whole() == BlobStoreConformance.bytes(1_000))
        #expect(try await scene.blobs.read(blobs[19].digest, range: nil).whole().count == 1_000)
    }

    @Test("a file without a row goes")
    func strayFile() async throws {
        let scene = try await BlobScene()
        _ = try await scene.store(BlobStoreConformance.bytes(100_000))
        let name = String(repeating: "a", count: 62)
        let folder = scene.folder.path + "/blobs/objects/aa"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        FileManager.default.createFile(
            atPath: "\(folder)/\(name)",
            contents: Data([1]),
            attributes: [.modificationDate: Date(timeIntervalSince1970: 1_000)]
        )
        let report = try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day)
        #expect(report.strayFiles == 1)
    }
}
