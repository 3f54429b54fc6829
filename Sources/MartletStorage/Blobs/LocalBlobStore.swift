import Dispatch
import Foundation
package import Logging
package import MartletCore

/// Blobs in a folder of the server: small ones in packs, large ones as files, named by their SHA-256.
///
/// The database says which blobs exist; the format is in docs/blob-layout.md. One process at a time.
package final class LocalBlobStore: BlobStore {
    let folder: BlobFolder
    let database: any SQLDatabase
    let environment: Environment
    let logger: Logger
    let disk: DiskCalls
    let packer: Packer
    let shelf: PackShelf
    let lanes = BlobLanes(count: 16)
    let leases = BlobLeases()

    /// A blob that was stored longer ago than this gets a new grace period when it is stored again.
    private static let freshness: Int64 = 60_000

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
        var head: [[UInt8]] = []
        var size = 0
        while size <= PackRecord.largest, let piece = try await body.next() {
            head.append(piece)
            size += piece.count
        }
        do {
            if size <= PackRecord.largest { return try await storeSmall(head, as: name) }
            return try await storeLarge(head, body, as: name)
        } catch {
            throw refusal(error)
        }
    }

    private func checkLength(_ length: Int64) throws(MartletError) {
        guard length >= 0 else { throw MartletError(.invalidArgument, "a length cannot be \(length)") }
        // Asked before the bytes come: a sender of 100 GB should not learn it at the end.
        if length > PackRecord.largest, let room = folder.room(), length > room {
            throw IOFailure(code: ENOSPC, call: "statvfs").refusal
        }
    }

    /// What a caller may know; the rest goes to the log.
    func refusal(_ error: any Error) -> MartletError {
        switch error {
        case let error as MartletError: return error
        case is CancellationError: return MartletError(.cancelled, "the request was cancelled")
        case let failure as IOFailure:
            logger.error("the blob folder failed", metadata: ["cause": "\(failure)"])
            return failure.refusal
        default:
            logger.error("the blob store failed", metadata: ["cause": "\(error)"])
            return MartletError(.internal, "the blob store failed; the server's log has the cause")
        }
    }

    /// The blob of that digest under one more name, when it is there; it stays for another grace period.
    private func keep(_ blob: StoredBlob, as name: BlobName?) async throws(MartletError) -> StoredBlob? {
        guard let row = try await database.read({ try BlobRows.row(blob.digest, $0) }) else { return nil }
        guard row.place != .parts else { throw Self.digestTaken(blob.digest) }
        let now = environment.now()
        let isFresh = now - row.storedAt < Self.freshness
        if isFresh, name == nil { return row.blob }
        return try await database.write { connection in
            let name = try CheckedName(name, connection)
            let isThere =
                try isFresh
                ? BlobRows.isPresent(blob.digest, connection) : BlobRows.touch(blob.digest, now: now, connection)
            guard isThere else { return nil }
            try name.give(to: row.blob, now: now, connection)
            return row.blob
        }
    }

    /// The row and the name of a blob whose bytes are durable, in one transaction.
    private func commit(
        _ blob: StoredBlob,
        at place: BlobPlace,
        as name: BlobName?
    ) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            let name = try CheckedName(name, connection)
            if try !BlobRows.insert(blob, at: place, now: now, connection) {
                // Another upload of the same content was faster: its place is as good, ours is garbage.
                guard try BlobRows.row(blob.digest, connection)?.place != .parts else {
                    throw Self.digestTaken(blob.digest)
                }
            }
            try name.give(to: blob, now: now, connection)
        }
    }

    /// Only content that was made up to have the digest of a composition comes here.
    static func digestTaken(_ digest: Digest) -> MartletError {
        MartletError(.conflict, "the digest \(digest.rawValue.prefix(12))… names another content; this one is refused")
    }
}

// MARK: - Small and large

extension LocalBlobStore {
    private func storeSmall(_ pieces: [[UInt8]], as name: BlobName?) async throws -> StoredBlob {
        let content = pieces.count == 1 ? pieces[0] : Array(pieces.joined())
        let hash = ContentHash(of: content)
        let blob = hash.blob(size: Int64(content.count))
        if let kept = try await keep(blob, as: name) { return kept }
        let place = try await packer.append(PackRecord.encode(content, hash: hash), digest: blob.digest)
        defer { packer.settle(place) }
        try await commit(blob, at: .pack(place), as: name)
        return blob
    }

    private func storeLarge<Source: AsyncSequence & Sendable>(
        _ head: [[UInt8]],
        _ body: consuming IncomingBody<Source>,
        as name: BlobName?
    ) async throws -> StoredBlob where Source.Element == [UInt8] {
        let temporary = "\(folder.temporary)/\(environment.newID())"
        let lane = lanes.next()
        let file = try await lane.run { try OpenFile(temporary, O_RDWR | O_CREAT | O_EXCL) }
        let writer = SlabWriter(file: file, disk: disk, lanes: lanes)
        do {
            let blob = try await receive(head, body, by: writer)
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

    private func receive<Source: AsyncSequence & Sendable>(
        _ head: [[UInt8]],
        _ body: consuming IncomingBody<Source>,
        by writer: SlabWriter
    ) async throws -> StoredBlob where Source.Element == [UInt8] {
        var slab = Slab()
        for piece in head { slab.append(piece) }
        while let piece = try await body.next() {
            slab.append(piece)
            if slab.size >= SlabWriter.slabSize { try await writer.append(slab.take()) }
        }
        if slab.size > 0 { try await writer.append(slab.take()) }
        return try await writer.finish()
    }

    /// Under the lease of the digest: the file gets its place, then its row and its name.
    private func published(
        _ blob: StoredBlob,
        _ temporary: String,
        by writer: SlabWriter,
        as name: BlobName?
    ) async -> Result<StoredBlob, any Error> {
        do {
            if let kept = try await keep(blob, as: name) {
                unlink(temporary)
                return .success(kept)
            }
            try await writer.publish(temporary, as: blob.digest, in: folder)
            try await commit(blob, at: .file, as: name)
            return .success(blob)
        } catch {
            return .failure(error)
        }
    }
}

/// Pieces that are written together; tiny ones are joined.
private struct Slab {
    private var pieces: [[UInt8]] = []
    private(set) var size = 0

    mutating func append(_ piece: [UInt8]) {
        size += piece.count
        if let last = pieces.indices.last, pieces[last].count + piece.count <= 64 << 10 {
            pieces[last] += piece
        } else if !piece.isEmpty {
            pieces.append(piece)
        }
    }

    mutating func take() -> [[UInt8]] {
        defer { self = Slab() }
        return pieces
    }
}

/// The bytes that a client sends, with the length that it promised.
struct IncomingBody<Source: AsyncSequence & Sendable> where Source.Element == [UInt8] {
    private var iterator: Source.AsyncIterator
    private let length: Int64?
    private var received: Int64 = 0

    init(_ source: Source, length: Int64?) {
        iterator = source.makeAsyncIterator()
        self.length = length
    }

    /// - Throws: `invalidArgument` for another length than promised; `cancelled` when the source fails.
    mutating func next() async throws(MartletError) -> [UInt8]? {
        let piece: [UInt8]?
        do {
            piece = try await iterator.next()
        } catch let error as MartletError {
            throw error
        } catch {
            throw MartletError(.cancelled, "the upload broke off after \(received) bytes; nothing of it was stored")
        }
        received += Int64(piece?.count ?? 0)
        if let length, received > length || (piece == nil && received < length) {
            let sent = received > length ? "more" : "only \(received)"
            throw MartletError(.invalidArgument, "\(length) bytes were promised and \(sent) came; send the file again")
        }
        return piece
    }
}
