import Foundation
import Logging
import MartletCore
import MartletTesting
import NIOCore
import Testing

@testable import MartletStorage

/// An installation whose files are in an S3 store that keeps them in memory, and misbehaves when a test says so.
private struct StoredScene {
    let base: OperationScene
    let server: FakeS3
    let client: S3Client
    let blobs: S3BlobStore
    let contents = [
        "small.txt": BlobStoreConformance.bytes(900, seed: 5),
        "large.bin": BlobStoreConformance.bytes(200_000, seed: 6),
        "notes/empty": [],
    ]

    static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    static func running(_ body: (StoredScene) async throws -> Void) async throws {
        try await FakeS3.running { server in
            try await S3Scene.withClient(server.address(), patience: .short) { client in
                let base = try await OperationScene()
                let blobs = try await S3BlobStore(disk: base.blobs, client: client, logger: logger)
                let scene = StoredScene(base: base, server: server, client: client, blobs: blobs)
                for (path, bytes) in scene.contents { try await scene.put(bytes, at: path) }
                // One that was there before the store was.
                try await base.put([1, 2, 3], at: "before.txt")
                try await body(scene)
            }
        }
    }

    func put(_ bytes: [UInt8], at path: String) async throws {
        let name = BlobName.artifact(try ArtifactPath(path), of: .run(base.run.id))
        _ = try await blobs.store(Pieces(bytes, pieceSize: 50_000), length: nil, as: name)
    }

    /// The path of a file's object in the store.
    func object(_ path: String) async throws -> String {
        let digest = ContentHash(of: contents[path] ?? []).digest
        guard case .object(let id) = try await base.database.read({ try BlobRows.row(digest, $0) })?.place else {
            return ""
        }
        return "/bucket/objects/\(id)"
    }

    func check(_ store: S3Client? = nil, reading: Bool = true) async throws -> CheckReport {
        let scope = CheckScope(repairs: false, store: store ?? client, readsObjects: reading)
        return try await Check(of: base.installation, base.database, scope) { _ in }.run()
    }

    /// Another store on the same server.
    func withOtherStore(_ body: (S3Client) async throws -> Void) async throws {
        try await S3Scene.withClient(server.address("other"), patience: .short, body)
    }

    /// The restored files, as a server over that folder and that store reads them, are what was stored.
    func expectContents(in restored: RestoredScene, _ store: (any BlobStore)? = nil) async throws {
        for (path, bytes) in contents {
            let entry = try await restored.store.entry(at: ArtifactPath(path), of: .run(base.run.id))
            let digest = try #require(entry?.digest)
            let read = try await (store ?? restored.blobs).read(digest, range: nil).whole()
            #expect(read == bytes, "\(path)")
        }
    }
}

/// What a store does to an object.
enum Damage: CaseIterable, Sendable {
    case missing, short, long, altered

    func apply(_ bytes: [UInt8]) -> [UInt8]? {
        switch self {
        case .missing: nil
        case .short: Array(bytes.dropLast(10))
        case .long: bytes + [1]
        case .altered: bytes.dropLast() + [(bytes.last ?? 0) ^ 1]
        }
    }
}

@Suite("Backup and restore of files in an S3 store", .serialized)
struct BackupObjectsTests {
    @Test("objects are in the backup, are restored as files, and are fetched once")
    func roundTrip() async throws {
        try await StoredScene.running { scene in
            let report = try await scene.base.backup(scene.client)
            #expect(report.lost == [] && report.elsewhere == 0 && report.copiedFiles == report.files)
            scene.server.misbehave { _, _ in nil }
            #expect(try await scene.base.backup(scene.client).copiedFiles == 1, "the database is always copied")
            #expect(scene.server.requests.allSatisfy { !$0.path.contains("/objects/") })
            let restoring = try await scene.base.restore()
            #expect(restoring.objects == 0 && restoring.elsewhere == 0)
            let restored = try await RestoredScene(scene.base.restored, scene.base.environment)
            try await scene.expectContents(in: restored)
            #expect(try await restored.content(of: "before.txt", of: scene.base.run.id) == [1, 2, 3])
            let check = try await restored.check()
            #expect(check.findings == [] && check.artifacts == 4 && check.elsewhere == 0)
            // The copy is not taken for the original by the original's store.
            let error = await #expect(throws: MartletError.self) {
                _ = try await S3BlobStore(disk: restored.blobs, client: scene.client, logger: StoredScene.logger)
            }
            #expect(error?.message.contains("belongs to another") == true)
        }
    }

    @Test("a restore to another store puts the objects there, and a second one does not touch them")
    func toStore() async throws {
        try await StoredScene.running { scene in
            _ = try await scene.base.backup(scene.client)
            try await scene.withOtherStore { other in
                #expect(try await scene.base.restore(store: other).objects == 3)
                let restored = try await RestoredScene(scene.base.restored, scene.base.environment)
                let blobs = try await S3BlobStore(disk: restored.blobs, client: other, logger: StoredScene.logger)
                try await scene.expectContents(in: restored, blobs)
                let check = try await restored.check(other)
                #expect(check.findings == [] && check.strayObjects == 0)
                let before = scene.server.objects
                for store in [other, scene.client] {
                    let error = await #expect(throws: MartletError.self) {
                        try await scene.base.restore(to: scene.base.folder.path + "/again", store: store)
                    }
                    #expect(error?.message.contains("in use") == true)
                }
                #expect(scene.server.objects == before)
            }
        }
    }

    @Test("an object that is not what was stored is told, and the others are backed up", arguments: Damage.allCases)
    func damaged(_ damage: Damage) async throws {
        try await StoredScene.running { scene in
            let key = try await scene.object("large.bin")
            scene.server.tamper(key, damage.apply)
            let report = try await scene.base.backup(scene.client)
            #expect(report.lost.count == 1 && report.lost.first?.contains(key.dropFirst("/bucket/".count)) == true)
            #expect(try await scene.base.restore().lost.count == 1)
            let restored = try await RestoredScene(scene.base.restored, scene.base.environment)
            #expect(try await restored.content(of: "small.txt", of: scene.base.run.id) == scene.contents["small.txt"])
            let findings = try await restored.check().findings
            #expect(findings.map(\.path) == ["large.bin"] && findings.first?.run == scene.base.run.id.rawValue)
        }
    }

    @Test("an object that is missing is not told as lost before a new copy of the database names it too")
    func collectedMeanwhile() async throws {
        try await StoredScene.running { scene in
            let (key, attempts) = (try await scene.object("large.bin"), Attempts())
            scene.server.misbehave { request, _ in
                request.path == key && attempts.isFirst() ? .bytes(FakeS3.error("404 Not Found", "NoSuchKey")) : nil
            }
            let report = try await scene.base.backup(scene.client)
            #expect(report.lost == [])
            #expect(try await scene.base.restore().files == report.files)
        }
    }

    @Test(
        "a store that fails or stalls for good makes no snapshot",
        arguments: [
            FakeS3.Answer.silence, .lastBytes(Array("HTTP/1.1 200 OK\r\ncont".utf8)),
            .bytes(FakeS3.error("503 Slow", "SlowDown")), .bytes(FakeS3.error("403 Forbidden", "AccessDenied")),
        ]
    )
    func failing(answer: FakeS3.Answer) async throws {
        try await StoredScene.running { scene in
            let key = try await scene.object("large.bin")
            scene.server.misbehave { request, _ in request.path == key ? answer : nil }
            let error = await #expect(throws: MartletError.self) { try await scene.base.backup(scene.client) }
            #expect(error?.message.contains(key.dropFirst("/bucket/".count)) == true)
            await #expect(throws: MartletError.self) { try await scene.base.restore() }
            // What passes is asked again.
            scene.server.misbehave { request, number in request.path == key && number < 3 ? answer : nil }
            if case .bytes(let bytes) = answer, bytes == FakeS3.error("403 Forbidden", "AccessDenied") { return }
            #expect(try await scene.base.backup(scene.client).lost == [])
        }
    }

    @Test("the store of another installation is neither fetched from nor checked")
    func foreign() async throws {
        try await StoredScene.running { scene in
            try await scene.withOtherStore { other in
                for name in ["", "another"] {
                    if !name.isEmpty { try await other.setOwner(name) }
                    let backup = await #expect(throws: MartletError.self) { try await scene.base.backup(other) }
                    let check = await #expect(throws: MartletError.self) { try await scene.check(other) }
                    #expect(backup?.code == .failedPrecondition && check?.code == .failedPrecondition)
                }
            }
        }
    }

    @Test("without its store a backup counts what it lacks, and its restore stays with that store")
    func elsewhere() async throws {
        try await StoredScene.running { scene in
            #expect(try await scene.base.backup().elsewhere == 3)
            try await scene.withOtherStore { other in
                let error = await #expect(throws: MartletError.self) { try await scene.base.restore(store: other) }
                #expect(error?.message.contains("made without") == true)
                #expect(scene.server.objects.keys.allSatisfy { !$0.hasPrefix("/other") })
            }
            #expect(try await scene.base.restore().elsewhere == 3)
            let restored = try await RestoredScene(scene.base.restored, scene.base.environment)
            let blobs = try await S3BlobStore(disk: restored.blobs, client: scene.client, logger: StoredScene.logger)
            try await scene.expectContents(in: restored, blobs)
        }
    }

    @Test(
        "a tampered file is not restored, to neither place, and nothing stays in the store",
        arguments: [false, true]
    )
    func tampered(toStore: Bool) async throws {
        try await StoredScene.running { scene in
            _ = try await scene.base.backup(scene.client)
            let files = try scene.base.files(in: scene.base.target + "/objects")
            let large = try #require(files.first { DurableFile.size(of: $0) == 200_000 })
            try scene.base.damage(large)
            try await scene.withOtherStore { other in
                let error = await #expect(throws: MartletError.self) {
                    try await scene.base.restore(store: toStore ? other : nil)
                }
                #expect(error?.message.contains((large as NSString).lastPathComponent) == true)
                #expect(!FileManager.default.fileExists(atPath: scene.base.restored))
                #expect(scene.server.objects.keys.allSatisfy { !$0.hasPrefix("/other") })
            }
        }
    }

    @Test("a check tells of every object that is not as its row says", arguments: Damage.allCases)
    func check(_ damage: Damage) async throws {
        try await StoredScene.running { scene in
            let key = try await scene.object("large.bin")
            #expect(try await scene.check(reading: true).findings == [])
            scene.server.tamper(key, damage.apply)
            scene.server.tamper("/bucket/objects/stray") { _ in [1, 2, 3] }
            for reading in [false, true] {
                let report = try await scene.check(reading: reading)
                let isSeen = reading || damage != .altered
                #expect(report.findings.map(\.path) == (isSeen ? ["large.bin"] : []))
                #expect(report.findings.allSatisfy { $0.run == scene.base.run.id.rawValue })
                #expect(report.strayObjects == 1 && report.strayObjectBytes == 3 && report.elsewhere == 0)
            }
            #expect(scene.server.objects["/bucket/objects/stray"] != nil, "what nothing names is left to the server")
            #expect(try await scene.base.check().elsewhere == 3)
        }
    }

    @Test("no garbage is collected from the store while a backup needs the objects")
    func gate() async throws {
        try await StoredScene.running { scene in
            let hold = try CollectionGate.keep(scene.base.installation.blobs) { _ in }
            let error = await #expect(throws: MartletError.self) {
                try await scene.blobs.collectGarbage(olderThan: .seconds(86_400), uploadsOlderThan: .seconds(86_400))
            }
            #expect(error?.code == .unavailable)
            withExtendedLifetime(hold) {}
        }
    }
}
