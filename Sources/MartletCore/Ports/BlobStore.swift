/// Bytes that are stored and durable.
package struct StoredBlob: Sendable, Equatable {
    package var digest: Digest
    /// 32 lower-case hexadecimal digits. `nil` for a blob of parts whose whole was never read.
    package var md5: String?
    /// Bytes.
    package var size: Int64

    package init(digest: Digest, md5: String?, size: Int64) {
        self.digest = digest
        self.md5 = md5
        self.size = size
    }
}

/// One part of an upload in many parts.
package struct BlobPart: Sendable, Equatable {
    /// From 1.
    package var number: Int
    package var blob: StoredBlob

    package init(number: Int, blob: StoredBlob) {
        self.number = number
        self.blob = blob
    }
}

/// What a blob is called from the moment that it is stored.
package enum BlobName: Sendable, Equatable {
    /// A file in a tree; a file of that name is replaced. Other content than that of the MD5 is refused.
    case artifact(ArtifactPath, of: ArtifactOwner, md5: String? = nil)
    /// A part of an upload, by its number; a part of the same number is replaced. As above for the MD5.
    case part(Int, ofUpload: String, md5: String? = nil)

    /// - Throws: `invalidArgument` for content that is not what was announced.
    package func check(_ blob: StoredBlob) throws(MartletError) {
        let (what, announced) =
            switch self {
            case .artifact(let path, _, let md5): ("the bytes of '\(path)' have", md5)
            case .part(let number, _, let md5): ("part \(number) has", md5)
            }
        guard let announced, let md5 = blob.md5, md5 != announced else { return }
        throw MartletError(
            .invalidArgument,
            "\(what) the MD5 \(md5), and not \(announced) as was said: they were not kept; send them again"
        )
    }
}

/// Content by its SHA-256. An object appears only when it is whole, verified and durable.
package protocol BlobStore: Sendable {
    /// Stores what the source yields, hashing while it streams; memory does not grow with the size.
    ///
    /// The content and its name become visible in one transaction; durable once it returns. Content without a name
    /// stays for the grace period of the garbage collector.
    /// - Parameters:
    ///   - length: what the sender promised; another length is `invalidArgument` and stores nothing.
    ///   - name: `nil` for content that is named later.
    /// - Throws: `storageFull`; `invalidArgument`; `cancelled` when the source fails or ends early; for an artifact
    ///   `conflict` when a folder has the name, or a file has the name of one of the folders; for a part `notFound`
    ///   for an unknown or aborted upload and `failedPrecondition` for a completed one.
    func store<Source: AsyncSequence & Sendable>(
        _ source: Source,
        length: Int64?,
        as name: BlobName?
    ) async throws(MartletError) -> StoredBlob where Source.Element == [UInt8]

    /// One blob made of stored parts, in order, without copying them: O(parts), quick for 100 GB.
    /// Its digest is the SHA-256 of the parts' digests in binary, one after another; its `md5` is `nil`.
    func compose(_ parts: [StoredBlob]) async throws(MartletError) -> StoredBlob

    /// Bytes of a blob, in pieces of at most 1 MiB.
    /// - Parameter range: must lie inside the blob; `nil` for all of it.
    /// - Throws: `notFound`.
    func read(_ digest: Digest, range: Range<Int64>?) async throws(MartletError) -> BlobContent
}

/// The bytes of a blob, read as they are asked for. Iterated once.
package struct BlobContent: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    /// Bytes that follow.
    package var length: Int64
    package var next: @Sendable () async throws -> [UInt8]?

    package init(length: Int64, next: @escaping @Sendable () async throws -> [UInt8]?) {
        self.length = length
        self.next = next
    }

    package func makeAsyncIterator() -> Iterator { Iterator(next: next) }

    package struct Iterator: AsyncIteratorProtocol {
        let next: @Sendable () async throws -> [UInt8]?
        package mutating func next() async throws -> [UInt8]? { try await self.next() }
    }
}

/// An upload in many parts: begun, filled in any order and by several connections, completed once.
///
/// `BlobStore.store` adds the parts.
package protocol UploadStore: Sendable {
    /// A new upload for a place in a tree; its id is 32 hexadecimal digits.
    func beginUpload(to path: ArtifactPath, of owner: ArtifactOwner) async throws(MartletError) -> String
    /// Whose tree the upload goes to. - Throws: `notFound` for an unknown or aborted upload.
    func owner(of upload: String) async throws(MartletError) -> ArtifactOwner
    /// Looks at the state of the upload alone, however many parts it has.
    /// - Throws: `notFound` for an unknown or aborted upload; `failedPrecondition` for a completed one.
    func requireOpen(upload: String) async throws(MartletError)
    /// Sum of the sizes of its parts but one; 0 for an unknown upload. O(parts).
    func size(of upload: String, but number: Int) async throws(MartletError) -> Int64
    /// Parts by number. - Throws: `notFound`.
    func parts(of upload: String) async throws(MartletError) -> [BlobPart]
    /// Names the blob and ends the upload. Completing it again changes nothing.
    /// - Throws: `notFound` for an unknown or aborted upload.
    func completeUpload(_ upload: String, as blob: StoredBlob) async throws(MartletError)
    /// Forgets the upload. Doing it twice changes nothing.
    func abortUpload(_ upload: String) async throws(MartletError)
}
