import Foundation
import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("Packs after a crash")
struct PackRecoveryTests {
    private func pack(of scene: BlobScene, _ number: Int = 1) -> URL {
        URL(filePath: scene.folder.path + "/blobs/packs/00000\(number).pack")
    }

    @Test("a torn end is cut off and what was committed stays", arguments: [true, false])
    func tornTail(hasZerosBehind: Bool) async throws {
        let scene = try await BlobScene()
        let blob = try await scene.store([1, 2, 3])
        let whole = try Data(contentsOf: pack(of: scene))
        let records = whole.withoutZerosAtEnd
        let torn = records.dropFirst(16).dropLast(1)
        let zeros = whole.dropFirst(records.count + torn.count)
        try (records + torn + (hasZerosBehind ? zeros : Data())).write(to: pack(of: scene))
        let again = try await scene.reopened()
        #expect(try Data(contentsOf: pack(of: scene)) == records)
        let next = try await again.store(Pieces([4, 5], pieceSize: 10), length: nil, as: nil)
        #expect(try await again.read(blob.digest, range: nil).whole() == [1, 2, 3])
        #expect(try await again.read(next.digest, range: nil).whole() == [4, 5])
    }

    @Test("records take the place of zeros that were written ahead, also after a stop")
    func zerosAhead() async throws {
        let scene = try await BlobScene()
        let blob = try await scene.store([1, 2, 3])
        let before = try Data(contentsOf: pack(of: scene))
        #expect(before.count == before.withoutZerosAtEnd.count + 1 << 20)
        let again = try await scene.reopened()
        let next = try await again.store(Pieces([4, 5], pieceSize: 10), length: nil, as: nil)
        let after = try Data(contentsOf: pack(of: scene))
        #expect(after.count == before.count && after.starts(with: before.withoutZerosAtEnd))
        #expect(after.withoutZerosAtEnd.count == before.withoutZerosAtEnd.count + 64 + 2)
        #expect(try await again.read(blob.digest, range: nil).whole() == [1, 2, 3])
        #expect(try await again.read(next.digest, range: nil).whole() == [4, 5])
    }

    @Test("a pack that takes no more records has no zeros behind them")
    func finishedPack() async throws {
        var disk = DiskCalls.live
        disk.packSize = 100
        let scene = try await BlobScene(disk: disk)
        let first = try await scene.store(Array(repeating: 1, count: 200))
        let second = try await scene.store([2])
        #expect(try Data(contentsOf: pack(of: scene)).count == 16 + 64 + 200)
        #expect(try Data(contentsOf: pack(of: scene, 2)).withoutZerosAtEnd.count == 16 + 64 + 1)
        #expect(try await scene.blobs.read(first.digest, range: nil).whole().count == 200)
        #expect(try await scene.blobs.read(second.digest, range: nil).whole() == [2])
    }

    @Test("a disk that has room for records and none for zeros takes the records")
    func noRoomAhead() async throws {
        var disk = DiskCalls.live
        let write = disk.write
        disk.write = { descriptor, bytes, offset in
            bytes.count > 100_000 ? -Int(ENOSPC) : write(descriptor, bytes, offset)
        }
        let scene = try await BlobScene(disk: disk)
        for number in UInt8(1)...3 {
            let blob = try await scene.store([number])
            #expect(try await scene.blobs.read(blob.digest, range: nil).whole() == [number])
            #expect(try Data(contentsOf: pack(of: scene)).count == 16 + Int(number) * 65)
        }
    }

    @Test("a damaged record is reported, not served")
    func damage() async throws {
        let scene = try await BlobScene()
        let blob = try await scene.store([1, 2, 3])
        var bytes = try Data(contentsOf: pack(of: scene))
        bytes[bytes.withoutZerosAtEnd.count - 1] ^= 1
        try bytes.write(to: pack(of: scene))
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

extension Data {
    /// The records of a pack, whose last byte is not zero.
    var withoutZerosAtEnd: Data { prefix((lastIndex { $0 != 0 } ?? -1) + 1) }
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
