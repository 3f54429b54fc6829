import Foundation
import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("Pruning of backups", .serialized)
struct PruningTests {
    let scene: OperationScene
    /// From one snapshot to the next, in milliseconds.
    private let pace: Int64 = 2 * 86_400_000

    init() async throws { scene = try await OperationScene() }

    /// Each has a small and a large file that the next one lacks, and one that all have.
    private func snapshots(_ count: Int) async throws -> [String] {
        try await scene.put(BlobStoreConformance.bytes(100_000, seed: 99), at: "common")
        var names: [String] = []
        for number in 0..<count {
            for (kind, size) in [("small", 500), ("large", 100_000)] {
                let seed = UInt64(10 * number + size % 7)
                try await scene.put(BlobStoreConformance.bytes(size, seed: seed), at: "\(kind)")
            }
            scene.clock.advance(by: pace)
            try await scene.blobs.collectGarbage(olderThan: .seconds(86_400), uploadsOlderThan: .seconds(86_400))
            names.append(try await scene.backup().snapshot)
        }
        return names
    }

    private func prune(_ retention: BackupRetention, isDry: Bool = false) async throws -> PruneReport {
        try await BackupPruning(of: scene.target, keeping: retention, environment: scene.environment) { _ in }
            .run(isDry: isDry)
    }

    @Test("the last ones stay and can be restored, the others go with what only they had")
    func last() async throws {
        let names = try await snapshots(4)
        let before = try scene.files(in: scene.target)
        let plan = try await prune(BackupRetention(last: 2, age: nil), isDry: true)
        #expect(try scene.files(in: scene.target) == before)
        let report = try await prune(BackupRetention(last: 2, age: nil))
        #expect(report == plan)
        #expect(report.kept == Array(names[2...]) && report.removed == Array(names[..<2]))
        #expect(report.files == 2 && report.bytes == 200_000)
        #expect(try scene.files(in: scene.target + "/snapshots").count == 4)
        #expect(try scene.files(in: scene.target + "/objects").count == 3)
        for name in names[2...] {
            try await scene.restore(name, to: scene.folder.path + "/" + name)
            let restored = try await RestoredScene(scene.folder.path + "/" + name, scene.environment)
            #expect(try await restored.check().findings == [])
        }
        await #expect(throws: MartletError.self) { try await scene.restore(names[0]) }
        #expect(try await prune(BackupRetention(last: 2, age: nil)).files == 0)
        #expect(try await scene.backup().lost == [])
    }

    @Test("what is young enough stays, and the newest at any age")
    func age() async throws {
        let names = try await snapshots(4)
        #expect(try await prune(BackupRetention(last: 1, age: 2 * pace)).kept == Array(names[2...]))
        scene.clock.advance(by: 100 * pace)
        #expect(try await prune(BackupRetention(last: nil, age: pace)).kept == [names[3]])
        try await scene.restore()
    }

    @Test("what an interrupted pruning and an interrupted backup left is cleared away")
    func interrupted() async throws {
        let names = try await snapshots(2)
        let folder = scene.target + "/snapshots/"
        try FileManager.default.moveItem(atPath: folder + names[0], toPath: folder + names[0] + ".partial")
        try Data([1]).write(to: URL(filePath: scene.target + "/temp/half"))
        let report = try await prune(BackupRetention(last: 5, age: nil))
        #expect(report.removed == [] && report.files == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [names[1]])
        try await scene.restore()
    }

    @Test("nothing is removed while a manifest cannot be read, or a backup is under way")
    func refusals() async throws {
        let names = try await snapshots(3)
        let manifest = scene.target + "/snapshots/\(names[2])/MANIFEST"
        let whole = try Data(contentsOf: URL(filePath: manifest))
        try scene.damage(manifest)
        let before = try scene.files(in: scene.target)
        let error = await #expect(throws: MartletError.self) { try await prune(BackupRetention(last: 1, age: nil)) }
        #expect(error?.message.contains(names[2]) == true)
        try whole.write(to: URL(filePath: manifest))
        do {
            let hold = try BackupFolder(existing: scene.target).hold()
            await #expect(throws: MartletError.self) { try await prune(BackupRetention(last: 1, age: nil)) }
            withExtendedLifetime(hold) {}
        }
        #expect(try scene.files(in: scene.target) == before)
        #expect(try await prune(BackupRetention(last: 1, age: nil)).removed == Array(names[..<2]))
    }
}
