import MartletCore
import MartletStorage
import MartletTesting
import Synchronization
import Testing

@Suite("Trees of artifacts")
struct ArtifactTreeTests {
    let scene: BlobScene
    let owner = ArtifactOwner.run(Run.ID("r1"))
    let blob: StoredBlob

    init() async throws {
        scene = try await BlobScene()
        blob = try await scene.store([1, 2, 3])
    }

    private func put(_ path: String) async throws {
        try await scene.name(blob, at: ArtifactPath(path), of: owner)
    }

    private func names(in folder: String) async throws -> [String] {
        let folder = folder.isEmpty ? ArtifactPath.root : try ArtifactPath(folder)
        return try await scene.metadata.list(folder, of: owner).map { $0.isFolder ? $0.path + "/" : $0.path }
    }

    @Test("a folder lists its files and folders by name, and nothing deeper")
    func listing() async throws {
        for path in ["b.txt", "a/x", "a/deep/y", "a-b"] { try await put(path) }
        #expect(try await names(in: "") == ["a/", "a-b", "b.txt"])
        #expect(try await names(in: "a") == ["a/deep/", "a/x"])
        #expect(try await names(in: "none").isEmpty)
    }

    @Test("a file of the same name is replaced")
    func replacing() async throws {
        try await put("a/x")
        let other = try await scene.store([9])
        try await scene.name(other, at: ArtifactPath("a/x"), of: owner)
        #expect(try await scene.metadata.entry(at: ArtifactPath("a/x"), of: owner)?.digest == other.digest)
        #expect(try await names(in: "a") == ["a/x"])
    }

    @Test("a file cannot stand where a folder stands, nor below a file", arguments: ["a", "a/x/y", "a/x/y/z"])
    func conflicts(path: String) async throws {
        try await put("a/x")
        let error = await #expect(throws: MartletError.self) { try await put(path) }
        #expect(error?.code == .conflict)
        #expect(try await names(in: "a") == ["a/x"])
    }

    @Test("content that is refused its name is not stored either")
    func refusedContent() async throws {
        try await put("a/x")
        let fresh = Pieces([7, 7], pieceSize: 10)
        let error = await #expect(throws: MartletError.self) {
            _ = try await scene.blobs.store(fresh, length: nil, as: .artifact(ArtifactPath("a"), of: owner))
        }
        #expect(error?.code == .conflict)
        let again = try await scene.blobs.store(fresh, length: nil, as: .artifact(ArtifactPath("b"), of: owner))
        #expect(try await scene.metadata.entry(at: ArtifactPath("b"), of: owner)?.digest == again.digest)
        #expect(try await names(in: "") == ["a/", "b"])
    }

    @Test("deleting a folder takes what is inside and nothing beside it")
    func deletingFolders() async throws {
        for path in ["a/x", "a/b/y", "a/b/c/z", "a/b.txt", "a/b0/x", "a/b-/x"] { try await put(path) }
        try await scene.metadata.delete(ArtifactPath("a/b"), of: owner)
        #expect(try await names(in: "a") == ["a/b-/", "a/b.txt", "a/b0/", "a/x"])
        #expect(try await names(in: "a/b/c").isEmpty)
    }

    @Test("folders that become empty go with their last file")
    func emptyFolders() async throws {
        for path in ["a/b/c/x", "a/y"] { try await put(path) }
        try await scene.metadata.delete(ArtifactPath("a/b/c/x"), of: owner)
        #expect(try await names(in: "a") == ["a/y"])
        try await put("a/b")
        #expect(try await names(in: "a") == ["a/b", "a/y"])
    }

    @Test("what is not there cannot be deleted")
    func deletingNothing() async throws {
        let error = await #expect(throws: MartletError.self) {
            try await scene.metadata.delete(ArtifactPath("a"), of: owner)
        }
        #expect(error?.code == .notFound)
    }
}

@Suite("Uploads in many parts")
struct UploadTests {
    let scene: BlobScene
    let path: ArtifactPath
    let upload: String

    init() async throws {
        scene = try await BlobScene()
        path = try ArtifactPath("models/big.bin")
        upload = try await scene.metadata.beginUpload(to: path, of: .workspace(.default))
    }

    private func send(_ number: Int, _ bytes: [UInt8]) async throws {
        let part = BlobName.part(number, ofUpload: upload)
        _ = try await scene.blobs.store(Pieces(bytes, pieceSize: 10), length: nil, as: part)
    }

    private func complete() async throws {
        let blob = try await scene.blobs.compose(scene.metadata.parts(of: upload).map(\.blob))
        try await scene.metadata.completeUpload(upload, as: blob)
    }

    @Test("parts come by number, the last of a number counts, and the file appears at the end")
    func completion() async throws {
        for (number, bytes) in [(2, [UInt8(2)]), (1, [1]), (2, [3, 3])] { try await send(number, bytes) }
        #expect(try await scene.metadata.parts(of: upload).map(\.number) == [1, 2])
        #expect(try await scene.metadata.entry(at: path, of: .workspace(.default)) == nil)
        try await complete()
        let digest = try #require(try await scene.metadata.entry(at: path, of: .workspace(.default))?.digest)
        #expect(try await scene.blobs.read(digest, range: nil).whole() == [1, 3, 3])
    }

    @Test("completing and aborting twice change nothing, and a completed upload takes no part")
    func repetition() async throws {
        try await send(1, [1])
        try await complete()
        try await complete()
        try await scene.metadata.abortUpload(upload)
        #expect(try await scene.metadata.entry(at: path, of: .workspace(.default))?.size == 1)
        let error = await #expect(throws: MartletError.self) { try await send(2, [2]) }
        #expect(error?.code == .failedPrecondition)
    }

    @Test("sending a part costs the same however many there are, and a refused one is not read")
    func partsAreNotRead() async throws {
        let uploads = CountingUploads(base: scene.metadata)
        let events = EventBus(capacity: 10, firstRevision: 1)
        let service = ArtifactService(
            store: scene.metadata,
            access: AccessControl(store: scene.metadata),
            uploads: uploads,
            blobs: scene.blobs,
            quotas: QuotaKeeper(store: scene.metadata, environment: scene.environment),
            events: events
        )
        for number in 1...3 {
            let bytes = Pieces([UInt8(number)], pieceSize: 1)
            _ = try await service.writePart(bytes, length: 1, number: number, of: upload, as: .local)
        }
        #expect(uploads.readsOfParts.withLock { $0 } == 0)
        try await service.completeUpload(upload, parts: [1, 2, 3], of: .workspace(.default), as: .local)
        let unread = Pieces([], pieceSize: 1, failure: MartletError(.cancelled, "the source was read"))
        let error = await #expect(throws: MartletError.self) {
            _ = try await service.writePart(unread, length: 1, number: 4, of: upload, as: .local)
        }
        #expect(error?.code == .failedPrecondition)
    }

    @Test("an aborted upload is forgotten")
    func abortion() async throws {
        try await scene.metadata.abortUpload(upload)
        try await scene.metadata.abortUpload(upload)
        let error = await #expect(throws: MartletError.self) { try await send(1, [1]) }
        #expect(error?.code == .notFound)
    }
}

/// Uploads that count how often the list of their parts is read. A class, because its counter is shared.
private final class CountingUploads: UploadStore {
    let base: any UploadStore
    let readsOfParts = Mutex(0)

    init(base: any UploadStore) { self.base = base }

    func beginUpload(to path: ArtifactPath, of owner: ArtifactOwner) async throws(MartletError) -> String {
        try await base.beginUpload(to: path, of: owner)
    }

    func owner(of upload: String) async throws(MartletError) -> ArtifactOwner { try await base.owner(of: upload) }

    func requireOpen(upload: String) async throws(MartletError) { try await base.requireOpen(upload: upload) }

    func size(of upload: String, but number: Int) async throws(MartletError) -> Int64 {
        readsOfParts.withLock { $0 += 1 }
        return try await base.size(of: upload, but: number)
    }

    func parts(of upload: String) async throws(MartletError) -> [BlobPart] {
        readsOfParts.withLock { $0 += 1 }
        return try await base.parts(of: upload)
    }

    func completeUpload(_ upload: String, as blob: StoredBlob) async throws(MartletError) {
        try await base.completeUpload(upload, as: blob)
    }

    func abortUpload(_ upload: String) async throws(MartletError) { try await base.abortUpload(upload) }
}
