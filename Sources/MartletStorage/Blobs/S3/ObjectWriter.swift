import Logging
import MartletCore
import NIOCore

/// Sends contents to an S3 store, each as one object: at once, or in parts.
struct ObjectWriter: Sendable {
    private let client: S3Client
    private let partSize: Int
    private let lanes = BlobLanes(count: 8)

    init(client: S3Client, partSize: Int) {
        self.client = client
        self.partSize = partSize
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
            try await client.put(S3BlobStore.key(id), first, hash)
            return (blob, true)
        }
        let upload = try await client.beginUpload(of: S3BlobStore.key(id))
        do {
            let (blob, parts) = try await send(first, source, to: upload)
            if let known = try await known(blob) {
                await undo("an upload") { try await client.abort(upload) }
                return (known, false)
            }
            try await client.complete(upload, parts: parts, size: blob.size)
            return (blob, true)
        } catch {
            await undo("an upload") { try await client.abort(upload) }
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

    /// Removes an object that nobody will name, although the task may be cancelled.
    func discard(_ id: String) async {
        await undo("an object") { try await client.delete(S3BlobStore.key(id)) }
    }

    private func undo(_ what: String, _ remove: @escaping @Sendable () async throws -> Void) async {
        do {
            try await client.uncancelled(remove)
        } catch {
            client.logger.info("\(what) stays for the garbage collector", metadata: ["cause": "\(error)"])
        }
    }
}
