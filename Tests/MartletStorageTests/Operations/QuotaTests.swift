import Foundation
import Logging
import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("Quotas", .serialized)
struct QuotaTests {
    let scene: OperationScene
    let service: ArtifactService
    private let experiment = StorageScope.experiment(Experiment.ID(0))

    init() async throws {
        scene = try await OperationScene()
        service = Self.server(scene)
    }

    /// One of the servers over the database.
    private static func server(_ scene: OperationScene) -> ArtifactService {
        ArtifactService(
            store: scene.store,
            access: AccessControl(store: scene.store),
            uploads: scene.store,
            blobs: scene.blobs,
            quotas: QuotaKeeper(store: scene.store, environment: scene.environment),
            events: EventBus(capacity: 10, firstRevision: 1)
        )
    }

    private func limit(_ bytes: Int64?, _ scope: StorageScope? = nil) async throws {
        try await scene.store.setQuota(bytes, of: scope ?? experiment)
        scene.clock.advance(by: 2_000)
    }

    @discardableResult
    private func write(
        _ count: Int,
        at path: String,
        length: Bool = true,
        by other: ArtifactService? = nil
    ) async throws -> StoredBlob {
        try await (other ?? service).write(
            Pieces(BlobStoreConformance.bytes(count, seed: UInt64(count)), pieceSize: 7),
            length: length ? Int64(count) : nil,
            to: ArtifactPath(path),
            of: .run(scene.run.id),
            as: .local
        )
    }

    private func used() async throws -> Int64 { try await scene.store.fileBytes(in: experiment) }

    private func expectRefusal(
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        let error = await #expect(throws: MartletError.self, sourceLocation: sourceLocation) { try await body() }
        #expect(error?.code == .quotaExceeded, sourceLocation: sourceLocation)
    }

    @Test("a file beyond the limit is refused before it is read, and says what to do")
    func refusal() async throws {
        try await limit(100)
        try await write(60, at: "a")
        let unread = Pieces([], pieceSize: 1, failure: MartletError(.cancelled, "the source was read"))
        let error = await #expect(throws: MartletError.self) {
            _ = try await service.write(
                unread,
                length: 41,
                to: ArtifactPath("b"),
                of: .run(scene.run.id),
                as: .local
            )
        }
        #expect(error?.code == .quotaExceeded)
        for word in ["experiment 0", "100 bytes", "60 are used", "admin"] {
            #expect(error?.message.contains(word) == true)
        }
        try await write(40, at: "b")
        await expectRefusal { try await write(1, at: "c") }
        #expect(try await used() == 100)
    }

    @Test("a body without a length is refused as soon as it is too much, and nothing is stored")
    func unknownLength() async throws {
        try await limit(100)
        await expectRefusal { try await write(101, at: "a", length: false) }
        #expect(try await scene.store.entry(at: ArtifactPath("a"), of: .run(scene.run.id)) == nil)
        try await write(100, at: "a", length: false)
        #expect(try await used() == 100)
    }

    @Test("a file that is replaced makes room for the new one")
    func replacement() async throws {
        try await limit(100)
        try await write(90, at: "a")
        await expectRefusal { try await write(80, at: "b") }
        try await write(100, at: "a")
        await expectRefusal { try await write(101, at: "a") }
        #expect(try await used() == 100)
    }

    @Test("uploads at the same time do not share the room that is left")
    func together() async throws {
        try await limit(100)
        let stored = await withTaskGroup(of: Int.self) { group in
            for number in 0..<10 {
                group.addTask {
                    do {
                        try await write(40, at: "f\(number)")
                        return 1
                    } catch {
                        return 0
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(stored == 2)
        #expect(try await used() == 80)
    }

    @Test("what another server stored, and a limit that it set, are known after two seconds")
    func otherServer() async throws {
        let other = Self.server(scene)
        try await limit(100)
        try await write(10, at: "a", by: other)
        try await write(80, at: "b")
        scene.clock.advance(by: 2_000)
        await expectRefusal { try await write(20, at: "c", by: other) }
        try await limit(nil)
        try await write(20, at: "c", by: other)
    }

    @Test("files that were deleted make room")
    func deletion() async throws {
        try await limit(100)
        try await write(50, at: "folder/a")
        try await write(50, at: "folder/b")
        try await scene.store.delete(ArtifactPath("folder/a"), of: .run(scene.run.id))
        scene.clock.advance(by: 2_000)
        try await write(50, at: "c")
        await expectRefusal { try await write(1, at: "d") }
    }

    @Test("the limit of the installation holds for all experiments, and files of none")
    func installation() async throws {
        let other = try await scene.store.createExperiment(CreateExperiment(name: "other"))
        let run = try await scene.store.createRun(CreateRun(experimentID: other.id, name: "x"), id: Run.ID("r2"))
        try await limit(100, .installation)
        try await limit(60)
        await expectRefusal { try await write(61, at: "a") }
        try await write(60, at: "a")
        for owner in [ArtifactOwner.run(run.id), .workspace(.default)] {
            let write = { (count: Int) in
                _ = try await service.write(
                    Pieces(BlobStoreConformance.bytes(count), pieceSize: 7),
                    length: Int64(count),
                    to: ArtifactPath("\(count)"),
                    of: owner,
                    as: .local
                )
            }
            await expectRefusal { try await write(41) }
            try await write(20)
        }
        let usage = try await StorageCount.usage(of: scene.database)
        #expect(usage.usedBytes == 100 && usage.quotaBytes == 100)
        #expect(usage.experiments.map(\.artifactBytes) == [60, 20])
        #expect(usage.experiments.map(\.quotaBytes) == [60, nil])
    }

    @Test("parts of an upload count together, and the file counts once")
    func parts() async throws {
        try await limit(100)
        let upload = try await service.beginUpload(to: ArtifactPath("whole"), of: .run(scene.run.id), as: .local)
        let send = { (number: Int, count: Int) in
            _ = try await service.writePart(
                Pieces(BlobStoreConformance.bytes(count, seed: UInt64(number)), pieceSize: 9),
                length: Int64(count),
                number: number,
                of: upload,
                as: .local
            )
        }
        try await send(1, 50)
        await expectRefusal { try await send(2, 51) }
        try await send(2, 40)
        try await send(2, 50)
        for _ in 0..<2 {
            try await service.completeUpload(upload, parts: [1, 2], of: .run(scene.run.id), as: .local)
        }
        #expect(try await used() == 100)
        await expectRefusal { try await write(1, at: "more") }
        scene.clock.advance(by: 2_000)
        await expectRefusal { try await write(1, at: "more") }
    }

    @Test("points count and are never refused")
    func metrics() async throws {
        try await scene.log(0..<5_000)
        try await scene.seal()
        let bytes = try await scene.store.metricBytes(in: experiment)
        #expect(bytes > 1_000)
        #expect(try await scene.store.metricBytes(in: .installation) == bytes)
        try await limit(bytes + 10)
        await expectRefusal { try await write(11, at: "a") }
        try await write(10, at: "a")
        try await limit(0)
        try await scene.log(5_000..<10_000)
        await expectRefusal { try await write(1, at: "b") }
    }

    @Test("the sums follow files that are written, replaced, deleted and purged")
    func sums() async throws {
        try await write(10, at: "a/b/c")
        try await write(20, at: "a/b/d")
        try await write(30, at: "a-b")
        try await write(40, at: "e")
        try await write(15, at: "a/b/c")
        #expect(try await used() == 105)
        try await scene.store.delete(ArtifactPath("a"), of: .run(scene.run.id))
        #expect(try await used() == 70)
        try await scene.store.delete(ArtifactPath("e"), of: .run(scene.run.id))
        #expect(try await used() == 30)
        #expect(try await scene.check().findings == [])
        _ = try await scene.store.moveRuns([scene.run.id], to: .deleted)
        #expect(try await used() == 30, "files of deleted runs count until they are purged")
        scene.clock.advance(by: 1_000)
        _ = try await Purge(of: scene.database, deletedBefore: scene.clock.now).run { _ in }
        #expect(try await used() == 0)
        let left = try await scene.database.read { try $0.first("SELECT count(*) FROM file_use") { $0.integer(0) } }
        #expect(left == 0)
    }

    @Test("sums that are wrong are found and made anew by a check")
    func repair() async throws {
        try await write(10, at: "a")
        for change in ["UPDATE file_use SET bytes = 9", "UPDATE file_use SET files = 2", "DELETE FROM file_use"] {
            try await scene.database.write { try $0.execute(change) }
            #expect(try await scene.check().findings.count == 1)
            #expect(try await scene.check(repairs: true).isSound)
            #expect(try await scene.check().findings == [])
            #expect(try await used() == 10)
        }
    }

    @Test("an older database is counted when it is migrated")
    func migration() async throws {
        let file = try SQLiteFile(scene.folder.path + "/old.db", .fill)
        let connection = file.connection
        try Migrator.migrate(connection, now: 0, upTo: 10)
        try connection.execute(
            """
            INSERT INTO logged_model (id, workspace, experiment, name, model_type, status, status_message, artifact_uri,
              stage, created_at, updated_at) VALUES ('m-1', 1, 7, 'm', '', 2, '', '', 0, 0, 0)
            """
        )
        for owner in ["model:m-1", "workspace", "run:gone"] {
            for name in ["a", "b"] {
                try connection.execute(
                    """
                    INSERT INTO artifact (owner, folder, name, is_folder, digest, size, modified_at)
                    VALUES ($1, '', $2, 0, 'd', 5, 0)
                    """,
                    [.text(owner), .text(name)]
                )
            }
        }
        try Migrator.migrate(connection, now: 0)
        #expect(try FileUseRows.sum(in: .experiment(Experiment.ID(7)), connection) == (2, 10))
        #expect(try FileUseRows.sum(in: .installation, connection) == (6, 30))
        #expect(try FileUseRows.wrong(connection) == [])
    }

    @Test("a limit of an unknown experiment is refused")
    func unknown() async throws {
        let error = await #expect(throws: MartletError.self) {
            try await scene.store.setQuota(1, of: .experiment(Experiment.ID(99)))
        }
        #expect(error?.code == .notFound)
    }
}
