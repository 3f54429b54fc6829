package import Logging
package import MartletCore

/// Blobs in an S3 store: each content that is new is one object, named by an id of its own.
///
/// The row of the blob says which object has its bytes, so that an object needs no other name once its digest is known.
/// What was stored on the disk before stays there and is read from there. See docs/s3.md.
package final class S3BlobStore: BlobStore {
    let disk: LocalBlobStore
    let client: S3Client
    let catalog: BlobCatalog
    let logger: Logger
    let inFlight = ObjectsInFlight()
    let writer: ObjectWriter
    private let gate: TransferGate

    /// Bytes of a part: two of them are in memory for a large upload.
    package static let livePartSize = 8 << 20
    /// Large uploads at a time.
    private static let places = 32

    /// - Parameters:
    ///   - disk: what was stored before.
    ///   - partSize: bytes; at least 5 MiB for a store that keeps to the protocol.
    /// - Throws: `failedPrecondition` when the store refuses this server, or belongs to another. A store that does not
    ///   answer is only told to the log: it may come up later.
    package init(
        disk: LocalBlobStore,
        client: S3Client,
        partSize: Int = S3BlobStore.livePartSize,
        logger: Logger
    ) async throws(MartletError) {
        self.disk = disk
        self.client = client
        self.logger = logger
        writer = ObjectWriter(client: client, partSize: partSize)
        catalog = disk.catalog
        gate = TransferGate(places: Self.places)
        do {
            try await claim()
        } catch {
            let refusal = logger.refusal(of: error)
            guard refusal.code == .unavailable else { throw refusal }
            logger.warning("the S3 store does not answer; files cannot be stored or read until it does")
        }
    }

    static func key(_ id: String) -> String { "objects/\(id)" }

    package func compose(_ parts: [StoredBlob]) async throws(MartletError) -> StoredBlob {
        try await catalog.compose(parts)
    }

    package func store<Source: AsyncSequence & Sendable>(
        _ source: Source,
        length: Int64?,
        as name: BlobName?
    ) async throws(MartletError) -> StoredBlob where Source.Element == [UInt8] {
        let partSize = try writer.partSize(for: length)
        var body = IncomingBody(source, length: length)
        let head = try await body.head(PackRecord.largest)
        let source = PartSource(head, body, partSize: partSize)
        do {
            // Small content needs no place: slow senders of large files do not keep it waiting.
            if head.isWhole { return try await storeObject(source, as: name) }
            return try await gate.withPlace { try await storeObject(source, as: name) }
        } catch {
            throw logger.refusal(of: error)
        }
    }
}

// MARK: - Objects

extension S3BlobStore {
    private func storeObject<Source: AsyncSequence & Sendable>(
        _ source: PartSource<Source>,
        as name: BlobName?
    ) async throws -> StoredBlob where Source.Element == [UInt8] {
        try await withObject { id in
            let (blob, isWritten) = try await writer.write(source, as: id) { try await catalog.keep($0, as: name) }
            return isWritten ? try await commit(blob, in: id, as: name) : blob
        }
    }

    /// Keeps the garbage collector from an object until its row is there, or never will be.
    func withObject<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let id = catalog.environment.newID()
        inFlight.begin(id)
        defer { inFlight.end(id) }
        return try await body(id)
    }

    /// The row and the name of a blob whose object the store has acknowledged.
    private func commit(_ blob: StoredBlob, in id: String, as name: BlobName?) async throws -> StoredBlob {
        // When it fails, the row may be there all the same: the object stays, and the garbage collector sees to it.
        if try await !catalog.commit(blob, at: .object(id), as: name) {
            await writer.discard(id)
        }
        return blob
    }
}
