import Foundation
import MartletCore
import MartletTesting
import Synchronization
import Testing

@testable import MartletStorage

@Suite("Backup and restore")
struct BackupTests {
    let scene: OperationScene
    private let small = BlobStoreConformance.bytes(900, seed: 5)
    private let large = BlobStoreConformance.bytes(200_000, seed: 6)

    init() async throws {
        scene = try await OperationScene()
        try await scene.log(0..<5_000)
        try await scene.seal()
        try await scene.log(5_000..<5_100)
        try await scene.put(small, at: "notes/small.txt")
        try await scene.put(large, at: "large.bin")
    }

    @Test("a restored snapshot has the runs, points and files, and is sound")
    func roundTrip() async throws {
        let report = try await scene.backup()
        #expect(report.lost.isEmpty && report.copiedFiles == report.files)
        #expect(try await scene.restore().snapshot == report.snapshot)
        let restored = try await RestoredScene(scene.restored, scene.environment)
        #expect(try await restored.store.run(scene.run.id, fields: .all) == scene.store.run(scene.run.id, fields: .all))
        #expect(try await restored.steps(scene.run.id) == Array(0..<5_100))
        #expect(try await restored.content(of: "notes/small.txt", of: scene.run.id) == small)
        #expect(try await restored.content(of: "large.bin", of: scene.run.id) == large)
        let check = try await restored.check()
        #expect(check.findings == [] && check.points == 5_100 && check.artifacts == 2)
    }

    @Test("a second backup copies only what is new, and both snapshots stay")
    func incremental() async throws {
        let first = try await scene.backup()
        let unchanged = try await scene.backup()
        #expect(unchanged.copiedFiles == 1, "the database is always copied")
        try await scene.put([1, 2, 3], at: "later.txt")
        let second = try await scene.backup()
        #expect(second.copiedFiles == 2)
        #expect(second.copiedBytes - unchanged.copiedBytes < 100_000)
        try await scene.restore(first.snapshot)
        try await scene.restore(second.snapshot, to: scene.folder.path + "/second")
        let before = try await RestoredScene(scene.restored, scene.environment)
        let after = try await RestoredScene(scene.folder.path + "/second", scene.environment)
        #expect(try await before.content(of: "later.txt", of: scene.run.id) == [])
        #expect(try await after.content(of: "later.txt", of: scene.run.id) == [1, 2, 3])
        #expect(try await before.check().findings == [])
        #expect(try await after.check().findings == [])
    }

    @Test("one changed byte in any file of a backup refuses the restore and names the file", arguments: [0, 0.5, 1])
    func tampered(place: Double) async throws {
        _ = try await scene.backup()
        let files = try scene.files(in: scene.target).filter { !$0.hasSuffix("/lock") }
        // Mark, manifest, database, object, pack.
        #expect(files.count == 5)
        for file in files {
            let whole = try Data(contentsOf: URL(filePath: file))
            try scene.damage(file, at: place)
            let error = await #expect(throws: MartletError.self) { try await scene.restore() }
            let name = (file as NSString).lastPathComponent
            #expect(error?.message.contains(name == "martlet-backup" ? scene.target : name) == true)
            #expect(try scene.files(in: scene.folder.path).allSatisfy { !$0.contains("restor") })
            try whole.write(to: URL(filePath: file))
        }
        try await scene.restore()
    }

    @Test("a file that was cut or is missing refuses the restore")
    func truncated() async throws {
        _ = try await scene.backup()
        for file in try scene.files(in: scene.target).filter({ !$0.hasSuffix("/lock") }) {
            let whole = try Data(contentsOf: URL(filePath: file))
            try scene.cut(file)
            await #expect(throws: MartletError.self) { try await scene.restore() }
            try FileManager.default.removeItem(atPath: file)
            await #expect(throws: MartletError.self) { try await scene.restore() }
            try whole.write(to: URL(filePath: file))
        }
        try await scene.restore()
    }

    @Test("a backup that was interrupted is no snapshot, and the next one clears it away")
    func interrupted() async throws {
        let whole = try await scene.backup()
        let folder = scene.target + "/snapshots/"
        let half = folder + "20990101T000000Z.partial"
        try FileManager.default.copyItem(atPath: folder + whole.snapshot, toPath: half)
        #expect(try await scene.restore().snapshot == whole.snapshot)
        _ = try await scene.backup()
        #expect(!FileManager.default.fileExists(atPath: half))
    }

    @Test("a folder with something in it is neither restored to nor made a folder of backups")
    func foreignFolders() async throws {
        _ = try await scene.backup()
        try FileManager.default.createDirectory(atPath: scene.restored, withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: scene.restored + "/thesis.tex", contents: Data([1])))
        await #expect(throws: MartletError.self) { try await scene.restore() }
        let backup = Backup(of: scene.installation, to: scene.restored, store: nil, environment: scene.environment) {
            _ in
        }
        await #expect(throws: MartletError.self) { _ = try await backup.run() }
        #expect(try scene.files(in: scene.restored).count == 1)
    }

    @Test("what was acknowledged before a backup began is in it, while writes go on")
    func besideWrites() async throws {
        let ledger = WriteLedger()
        let before = try await withThrowingTaskGroup(of: WriteLedger.State?.self) { group in
            group.addTask {
                try await scene.logUntilTheEnd(ledger)
                return nil
            }
            group.addTask {
                try await scene.putUntilTheEnd(ledger)
                return nil
            }
            group.addTask {
                var before = WriteLedger.State()
                for _ in 0..<4 {
                    while ledger.state.files < before.files + 5 { await Task.yield() }
                    before = ledger.state
                    _ = try await scene.backup()
                }
                ledger.change { $0.isOver = true }
                return before
            }
            return try await group.reduce(WriteLedger.State()) { $1 ?? $0 }
        }
        try await scene.restore()
        let restored = try await RestoredScene(scene.restored, scene.environment)
        let steps = try await restored.steps(scene.run.id)
        #expect(Int64(steps.count) >= before.steps && steps == Array(0..<Int64(steps.count)))
        for number in 0..<before.files {
            let size = number % 10 == 0 ? 100_000 : 500
            let expected = BlobStoreConformance.bytes(size, seed: UInt64(100 + number))
            #expect(try await restored.content(of: "f\(number)", of: scene.run.id) == expected)
        }
        #expect(try await restored.check().findings == [])
    }

    @Test("no garbage is collected while a backup needs the files, and it is afterwards")
    func gate() async throws {
        let day = Duration.seconds(86_400)
        _ = try await scene.blobs.store(Pieces([9], pieceSize: 10), length: nil, as: nil)
        scene.clock.advance(by: 2 * 86_400_000)
        do {
            let hold = try CollectionGate.keep(scene.installation.blobs) { _ in }
            let error = await #expect(throws: MartletError.self) {
                try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day)
            }
            #expect(error?.code == .unavailable)
            withExtendedLifetime(hold) {}
        }
        #expect(try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day).blobs == 1)
    }

    @Test("a restored folder that goes its own way can be backed up to the same place")
    func diverged() async throws {
        let original = try await scene.backup()
        try await scene.restore()
        try await scene.put([1, 2, 3], at: "only here")
        let later = try await scene.backup()
        let restored = try await RestoredScene(scene.restored, scene.environment)
        let bytes = BlobStoreConformance.bytes(777, seed: 8)
        let name = BlobName.artifact(try ArtifactPath("only there"), of: .run(scene.run.id))
        _ = try await restored.blobs.store(Pieces(bytes, pieceSize: 100), length: nil, as: name)
        // Also when somebody copied the identity with the folder.
        try FileManager.default.copyItem(
            atPath: scene.installation.folder + "/identity",
            toPath: scene.restored + "/identity"
        )
        scene.clock.advance(by: 5_000)
        let other = try await Backup(
            of: restored.installation,
            to: scene.target,
            store: nil,
            environment: scene.environment
        ) { _ in }.run()
        for snapshot in [original, later, other] {
            let restore = Restore(from: scene.target, snapshot: snapshot.snapshot, environment: scene.environment) {
                _ in
            }
            #expect(try await restore.check().files == snapshot.files)
        }
        try await scene.restore(other.snapshot, to: scene.folder.path + "/third")
        let third = try await RestoredScene(scene.folder.path + "/third", scene.environment)
        #expect(try await third.content(of: "only there", of: scene.run.id) == bytes)
        #expect(try await third.check().findings == [])
    }

    @Test("files that the data folder lost are told, and the others are backed up")
    func lost() async throws {
        let object = try #require(try scene.files(in: scene.installation.blobs + "/objects").first)
        try scene.damage(object)
        let report = try await scene.backup()
        #expect(report.lost.count == 1)
        #expect(try await scene.restore().lost == report.lost)
        let restored = try await RestoredScene(scene.restored, scene.environment)
        #expect(try await restored.content(of: "notes/small.txt", of: scene.run.id) == small)
        let findings = try await restored.check().findings
        #expect(findings.map(\.path) == ["large.bin"] && findings.first?.run == scene.run.id.rawValue)
    }
}

/// What was acknowledged. A class, because writers share it.
private final class WriteLedger: Sendable {
    struct State {
        var steps: Int64 = 5_100
        var files = 0
        var isOver = false
    }

    private let content = Mutex(State())

    var state: State { content.withLock { $0 } }
    func change(_ body: (inout State) -> Void) { content.withLock { body(&$0) } }
}

extension OperationScene {
    fileprivate func logUntilTheEnd(_ ledger: WriteLedger) async throws {
        while !ledger.state.isOver {
            let step = ledger.state.steps
            try await log(step..<step + 20)
            ledger.change { $0.steps = step + 20 }
            if step % 400 == 0 { try await seal() }
        }
    }

    fileprivate func putUntilTheEnd(_ ledger: WriteLedger) async throws {
        while !ledger.state.isOver {
            let number = ledger.state.files
            let size = number % 10 == 0 ? 100_000 : 500
            try await put(BlobStoreConformance.bytes(size, seed: UInt64(100 + number)), at: "f\(number)")
            ledger.change { $0.files = number + 1 }
        }
    }
}

@Suite("Tables of both engines")
struct TableShapeTests {
    @Test("a digest tells rows, values and NULL apart, and −0 is 0")
    func digests() async throws {
        let folder = try ScratchFolder()
        let file = try SQLiteFile(folder.path + "/a.db", .fill)
        try file.connection.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, b REAL, c BLOB)")
        let table = try #require(try TableShape.all(of: file.connection).first)
        var digests: Set<String> = []
        let rows: [[SQLValue]] = [
            [.integer(1), .null, .null, .null], [.integer(1), .text(""), .null, .null],
            [.integer(1), .null, .real(0), .null], [.integer(1), .null, .null, .blob([])],
            [.integer(1), .text("a"), .real(1), .blob([0])], [.integer(2), .text("a"), .real(1), .blob([0])],
        ]
        for row in rows {
            try file.connection.execute("DELETE FROM t")
            try file.connection.execute(table.insert, row)
            digests.insert(try table.digest(file.connection).digest)
        }
        #expect(digests.count == rows.count)
        try file.connection.execute("DELETE FROM t")
        try file.connection.execute(table.insert, [.integer(1), .null, .real(-0.0), .null])
        #expect(digests.contains(try table.digest(file.connection).digest))
    }
}
