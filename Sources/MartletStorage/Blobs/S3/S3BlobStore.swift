import Crypto
package import Logging
package import MartletCore
import NIOCore

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
    private let lanes = BlobLanes(count: 8)
    private let gate: TransferGate
    private let partSize: Int

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
        self.partSize = partSize
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
        let partSize = try partSize(for: length)
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

    /// All parts of an object have one size, as some stores want it.
    func partSize(for length: Int64?) throws(MartletError) -> Int {
        guard let length else { return partSize * 2 }
        guard length >= 0 else { throw MartletError(.invalidArgument, "a length cannot be \(length)") }
        guard length <= 5 << 40 else { throw MartletError(.tooLarge, "an S3 store takes files of up to 5 TiB") }
        let mebibyte: Int64 = 1 << 20
        let least = (length / Int64(S3Client.mostParts) / mebibyte + 1) * mebibyte
        return length <= Int64(partSize) * Int64(S3Client.mostParts) ? partSize : Int(least)
    }
}

// MARK: - Objects

extension S3BlobStore {
    private func storeObject<Source: AsyncSequence & Sendable>(
        _ source: PartSource<Source>,
        as name: BlobName?
    ) async throws -> StoredBlob where Source.Element == [UInt8] {
        try await withObject { id in
            let (blob, isWritten) = try await write(source, as: id) { try await catalog.keep($0, as: name) }
            return isWritten ? try await commit(blob, in: id, as: name) : blob
        }
    }

    /// Sends content as an object; content of one part in one request, once its names are known.
    /// - Parameter known: says, of the names of the content, what makes the object needless.
    /// - Returns: what the store has acknowledged; else what is known.
    func write<Source: AsyncSequence & Sendable>(
        _ source: PartSource<Source>,
        as id: String,
        unless known: (StoredBlob) async throws -> StoredBlob?
    ) async throws -> (StoredBlob, isWritten: Bool) where Source.Element == [UInt8] {
        var source = source
        let first = try await source.next() ?? ByteBuffer()
        if source.isAtEnd {
            let hash = try await hash(of: first)
            let blob = hash.blob(size: Int64(first.readableBytes))
            if let known = try await known(blob) { return (known, false) }
            try await client.put(Self.key(id), first, hash)
            return (blob, true)
        }
        let client = client
        let upload = try await client.beginUpload(of: Self.key(id))
        do {
            let (blob, parts) = try await send(first, source, to: upload)
            if let known = try await known(blob) {
                await discard("an upload") { try await client.abort(upload) }
                return (known, false)
            }
            try await client.complete(upload, parts: parts, size: blob.size)
            return (blob, true)
        } catch {
            await discard("an upload") { try await client.abort(upload) }
            throw error
        }
    }

    /// Sends part after part; while one is on its way, the next one is received and both are hashed.
    /// - Returns: the whole, and the MD5 of each part.
    private func send<Source: AsyncSequence & Sendable>(
        _ first: ByteBuffer,
        _ source: PartSource<Source>,
        to upload: S3Upload
    ) async throws -> (StoredBlob, [[UInt8]]) where Source.Element == [UInt8] {
        var source = source
        var whole = RunningHash()
        var parts: [[UInt8]] = []
        var current: ByteBuffer? = first
        while let part = current {
            guard parts.count < S3Client.mostParts else {
                throw MartletError(.tooLarge, "the file is too large to be sent without its length; send it with one")
            }
            let (number, before) = (parts.count + 1, whole)
            async let sent = sendPart(part, number, of: upload)
            async let hashed = lanes.next().run {
                var whole = before
                whole.update(part)
                return whole
            }
            current = try await source.next()
            whole = try await hashed
            parts.append(try await sent)
        }
        return (whole.blob, parts)
    }

    private func sendPart(_ part: ByteBuffer, _ number: Int, of upload: S3Upload) async throws -> [UInt8] {
        let hash = try await hash(of: part)
        try await client.put(part, hash, as: number, of: upload)
        return hash.md5
    }

    private func hash(of bytes: ByteBuffer) async throws -> ContentHash {
        var hash = RunningHash()
        if bytes.readableBytes <= PackRecord.largest {
            hash.update(bytes)
            return hash.hash
        }
        return try await lanes.next().run {
            var hash = RunningHash()
            hash.update(bytes)
            return hash.hash
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
            await discardObject(id)
        }
        return blob
    }

    func discardObject(_ id: String) async {
        let client = client
        await discard("an object") { try await client.delete(Self.key(id)) }
    }

    /// Removes what nobody will ask for, although the task may be cancelled.
    func discard(_ what: String, _ remove: @escaping @Sendable () async throws -> Void) async {
        do {
            try await client.uncancelled(remove)
        } catch {
            logger.info("\(what) stays for the garbage collector", metadata: ["cause": "\(error)"])
        }
    }
}
