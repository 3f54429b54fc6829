import Dispatch
import Foundation
package import Logging
package import MartletCore

/// Blobs in a folder of the server: small ones in packs, large ones as files, named by their SHA-256.
///
/// The database says which blobs exist; the format is in docs/blob-layout.md. One process at a time.
package final class LocalBlobStore: BlobStore, CollectedBlobStore {
    let folder: BlobFolder
    let database: any SQLDatabase
    let environment: Environment
    let logger: Logger
    let disk: DiskCalls
    let packer: Packer
    let shelf: PackShelf
    let lanes = BlobLanes(count: 16)
    let leases = BlobLeases()
    private let seen = SeenDigests()
    let catalog: BlobCatalog

    /// Opens or makes the folder, removes what interrupted uploads left, and cuts a torn end off the newest pack.
    /// - Throws: `unavailable` when the folder cannot be used.
    package init(
        folder path: String,
        database: any SQLDatabase,
        environment: Environment,
        logger: Logger = Logger(label: "martlet.blobs"),
        disk: DiskCalls = .live
    ) async throws(MartletError) {
        self.database = database
        self.environment = environment
        self.logger = logger
        self.disk = disk
        catalog = BlobCatalog(database: database, environment: environment)
        do {
            let folder = try BlobFolder(preparing: path)
            self.folder = folder
            shelf = PackShelf(folder: folder)
            packer = try await PackRecovery(folder: folder, database: database, logger: logger).packer(disk: disk)
        } catch let error as MartletError {
            throw error
        } catch {
            logger.error("the blob folder cannot be used", metadata: ["cause": "\(error)"])
            throw MartletError(.unavailable, "the blob folder cannot be used; the server's log has the cause")
        }
    }

    package func store<Source: AsyncSequence & Sendable>(
        _ source: Source,
        length: Int64?,
        as name: BlobName?
    ) async throws(MartletError) -> StoredBlob where Source.Element == [UInt8] {
        if let length { try checkLength(length) }
        var body = IncomingBody(source, length: length)
        let head = try await body.head(PackRecord.largest)
        do {
            if head.isWhole { return try await storeSmall(head.pieces, as: name) }
            return try await storeLarge(head.pieces, body, as: name)
        } catch {
            throw logger.refusal(of: error)
        }
    }

    package func compose(_ parts: [StoredBlob]) async throws(MartletError) -> StoredBlob {
        try await catalog.compose(parts)
    }

    private func checkLength(_ length: Int64) throws(MartletError) {
        guard length >= 0 else { throw MartletError(.invalidArgument, "a length cannot be \(length)") }
        // Asked before the bytes come: a sender of 100 GB should not learn it at the end.
        if length > PackRecord.largest, let room = folder.room(), length > room {
            throw IOFailure(code: ENOSPC, call: "statvfs").refusal
        }
    }
}

// MARK: - Small and large

extension LocalBlobStore {
    private func storeSmall(_ pieces: [[UInt8]], as name: BlobName?) async throws -> StoredBlob {
        let content = pieces.count == 1 ? pieces[0] : Array(pieces.joined())
        let hash = ContentHash(of: content)
        let blob = hash.blob(size: Int64(content.count))
        let isSeen = seen.mayHave(blob.digest)
        seen.note(blob.digest)
        if isSeen, let kept = try await catalog.keep(blob, as: name) { return kept }
        let place = try await packer.append(PackRecord.encode(content, hash: hash), digest: blob.digest)
        defer { packer.settle(place) }
        try await catalog.commit(blob, at: .pack(place), as: name)
        return blob
    }

    private func storeLarge<Source: AsyncSequence & Sendable>(
        _ head: [[UInt8]],
        _ body: consuming IncomingBody<Source>,
        as name: BlobName?
    ) async throws -> StoredBlob where Source.Element == [UInt8] {
        var body = body
        let temporary = "\(folder.temporary)/\(environment.newID())"
        let lane = lanes.next()
        let file = try await lane.run { try OpenFile(temporary, O_RDWR | O_CREAT | O_EXCL) }
        let writer = SlabWriter(file: file, disk: disk, lanes: lanes)
        do {
            let blob = try await writer.write(head) { try await body.next() }
            await leases.beginPublishing(blob.digest)
            let outcome = await published(blob, temporary, by: writer, as: name)
            await leases.endPublishing(blob.digest)
            return try outcome.get()
        } catch {
            await writer.abandon()
            unlink(temporary)
            throw error
        }
    }

    /// Under the lease of the digest: the file gets its place, then its row and its name.
    private func published(
        _ blob: StoredBlob,
        _ temporary: String,
        by writer: SlabWriter,
        as name: BlobName?
    ) async -> Result<StoredBlob, any Error> {
        do {
            if let kept = try await catalog.keep(blob, as: name) {
                unlink(temporary)
                return .success(kept)
            }
            try await writer.publish(temporary, as: blob.digest, in: folder)
            try await catalog.commit(blob, at: .file, as: name)
            return .success(blob)
        } catch {
            return .failure(error)
        }
    }
}
