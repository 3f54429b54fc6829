import Foundation
import MartletCore

/// What a restore put into an S3 store.
struct SentObjects: Sendable {
    /// Of the database, in the store.
    var owner: String
    /// Ids by the digest of the blob.
    var ids: [String: String]
}

/// Puts files of a backup into an S3 store, each as an object of its own.
struct RestoreObjects {
    private let store: S3Client
    private let folder: BackupFolder
    private let environment: Environment
    private let progress: @Sendable (String) -> Void
    private let writer: ObjectWriter
    private let lanes = BlobLanes(count: 4)

    /// Files that are on their way at a time, each with two parts in memory at most.
    private static let width = 4
    /// Before each deletion of what was sent.
    private static let pauses: [Duration] = [.zero, .milliseconds(200), .seconds(1)]

    init(
        store: S3Client,
        folder: BackupFolder,
        environment: Environment,
        _ progress: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.folder = folder
        self.environment = environment
        self.progress = progress
        writer = ObjectWriter(client: store, partSize: S3BlobStore.livePartSize)
    }

    /// The store has acknowledged all of it when this returns; when it throws, what was sent is removed again.
    /// - Returns: `nil` without files: the store is left alone then.
    /// - Throws: `failedPrecondition` for a store in use, and for a file that is not as it was backed up.
    func send(_ files: [BackupManifest.File]) async throws -> SentObjects? {
        guard !files.isEmpty else { return nil }
        try await store.requireUnused()
        let pairs = files.map { ($0.digest, environment.newID()) }
        let sent = SentObjects(owner: environment.newID(), ids: Dictionary(uniqueKeysWithValues: pairs))
        do {
            try await store.setOwner(sent.owner)
            _ = try await files.concurrentMap(Self.width) { file in
                progress("sending \(file.path)")
                try await send(file, as: sent.ids[file.digest, default: ""])
            }
        } catch {
            await undo(sent)
            throw error
        }
        return sent
    }

    /// Removes what was sent, although the task may be cancelled.
    func undo(_ sent: SentObjects) async {
        do {
            try await store.uncancelled {
                // What was on its way when the others were given up may arrive behind its deletion.
                for pause in Self.pauses {
                    try await Task.sleep(for: pause)
                    try await store.delete(sent.ids.values.map(S3BlobStore.key))
                }
                try await store.removeOwner()
            }
        } catch {
            progress("what was sent stays in the store; empty \(store.address), or choose another prefix the next time")
        }
    }

    private func send(_ file: BackupManifest.File, as id: String) async throws {
        let (path, lane) = ("\(folder.path)/\(file.path)", lanes.next())
        let reader = try await lane.run {
            do {
                let original = try OpenFile(path, O_RDONLY)
                guard try original.size() == file.size else { throw Restore.tampered(file, "its size has changed") }
                return FileReader(original, range: 0..<file.size, queue: lane)
            } catch let failure as IOFailure {
                throw Restore.tampered(file, failure.description)
            }
        }
        let content = BlobContent(length: file.size) {
            do {
                return try await reader.next()
            } catch let failure as IOFailure {
                throw Restore.tampered(file, failure.description)
            }
        }
        let source = PartSource(
            ([], false),
            IncomingBody(content, length: file.size),
            partSize: try writer.partSize(for: file.size)
        )
        let (_, isWritten) = try await writer.write(source, as: id) { $0.digest.rawValue == file.digest ? nil : $0 }
        guard isWritten else { throw Restore.tampered(file, "its content is not what was backed up") }
    }
}

/// The rows of blobs in a restored database, which must say where the bytes are from now on.
struct RestoredBlobs {
    private let path: String

    /// - Parameter path: of the file, which nobody else uses.
    init(_ path: String) { self.path = path }

    /// Digests of the blobs that were in an S3 store.
    func inStore() throws -> Set<String> {
        try SQLiteFile(path, .readAlone).snapshot { connection in
            Set(try connection.rows("SELECT digest FROM blob WHERE kind = 3") { $0.text(0) })
        }
    }

    /// Blobs have files of their own from now on, but for some that stay in the store.
    func pointAtFiles(_ digests: Set<String>, but others: Set<String>) throws {
        let isNamed = try SQLiteFile(path, .readAlone).snapshot { connection in
            let hasTable = try connection.first("SELECT 1 FROM sqlite_master WHERE name = 'blob_store'") { _ in true }
            return try hasTable != nil && !BlobRows.storeID(connection).isEmpty
        }
        guard digests != others || (others.isEmpty && isNamed) else { return }
        try change { connection in
            for digest in digests where !others.contains(digest) {
                try connection.execute(
                    "UPDATE blob SET kind = 0, object = NULL WHERE digest = $1",
                    [.text(digest)]
                )
            }
            // Not the original's name: who serves both with one store would have them collect each other's objects.
            if others.isEmpty { try connection.execute("DELETE FROM blob_store") }
        }
    }

    func pointAtObjects(_ sent: SentObjects) throws {
        try change { connection in
            for (digest, id) in sent.ids {
                try connection.execute(
                    "UPDATE blob SET object = $1 WHERE digest = $2",
                    [.text(id), .text(digest)]
                )
            }
            try connection.execute("DELETE FROM blob_store")
            _ = try BlobRows.storeID(orElse: sent.owner, connection)
        }
    }

    private func change(_ body: (any SQLConnection) throws -> Void) throws {
        let file = try SQLiteFile(path, .fill)
        try file.connection.begin()
        try body(file.connection)
        try file.connection.commit()
        try DurableFile.sync(path)
    }
}
