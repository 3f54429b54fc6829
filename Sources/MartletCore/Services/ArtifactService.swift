/// What may be done with files, and by whom.
package struct ArtifactService: Sendable {
    private let store: any MetadataStore
    private let uploads: any UploadStore
    private let blobs: any BlobStore
    private let events: EventBus
    private let access: AccessControl
    private let quotas: QuotaKeeper

    package init(
        store: any MetadataStore,
        access: AccessControl,
        uploads: any UploadStore,
        blobs: any BlobStore,
        quotas: QuotaKeeper,
        events: EventBus
    ) {
        self.store = store
        self.access = access
        self.uploads = uploads
        self.blobs = blobs
        self.quotas = quotas
        self.events = events
    }

    /// Files and folders directly inside a folder, by name. Empty when the folder does not exist.
    package func list(
        _ folder: ArtifactPath,
        of owner: ArtifactOwner,
        as principal: Principal
    ) async throws(MartletError) -> [ArtifactEntry] {
        try await access.require(.viewer, of: owner, as: principal, to: "read artifacts")
        return try await store.list(folder, of: owner)
    }

    /// `nil` when there is no such file or folder.
    package func entry(
        at path: ArtifactPath,
        of owner: ArtifactOwner,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactEntry? {
        try await access.require(.viewer, of: owner, as: principal, to: "read artifacts")
        return try await store.entry(at: path, of: owner)
    }

    /// Bytes of a file. - Parameter range: must lie inside the file.
    /// - Throws: `notFound`.
    package func read(
        _ entry: ArtifactEntry,
        range: Range<Int64>?,
        as principal: Principal
    ) async throws(MartletError) -> BlobContent {
        // Whoever has an entry was allowed to see it; a look at the role keeps out who lost it since.
        try access.requireSome(.viewer, as: principal, to: "read artifacts")
        guard let digest = entry.digest else { throw MartletError(.notFound, "'\(entry.path)' is a folder") }
        return try await blobs.read(digest, range: range)
    }

    /// Stores what the source yields under a name; durable once it returns. A file of that name is replaced.
    /// - Parameter md5: what the content must have, where it was announced.
    /// - Throws: `quotaExceeded`, before the first byte where the length is known; `invalidArgument` for other content.
    package func write<Source: AsyncSequence & Sendable>(
        _ source: Source,
        length: Int64?,
        to path: ArtifactPath,
        of owner: ArtifactOwner,
        md5: String? = nil,
        as principal: Principal
    ) async throws(MartletError) -> StoredBlob where Source.Element == [UInt8] {
        try await access.require(.editor, of: owner, as: principal, to: "write artifacts")
        guard !path.isRoot else { throw MartletError(.invalidArgument, "an artifact needs a path") }
        let request = QuotaKeeper.Request(owner: owner, length: length ?? 0, path: path)
        let blob = try await put(source, length, as: .artifact(path, of: owner, md5: md5), request)
        publish(owner)
        return blob
    }

    private func put<Source: AsyncSequence & Sendable>(
        _ source: Source,
        _ length: Int64?,
        as name: BlobName,
        _ request: QuotaKeeper.Request
    ) async throws(MartletError) -> StoredBlob where Source.Element == [UInt8] {
        let blobs = blobs
        return try await quotas.within(request) { (place) async throws(MartletError) -> (StoredBlob, bytes: Int64) in
            let pieces = LimitedPieces(source: source, limit: place.limit)
            let blob = try await blobs.store(pieces, length: length, as: name)
            // A part is no file yet.
            return (blob, request.path == nil ? 0 : blob.size)
        }
    }

    /// Gives files of a tree to another, under the same paths; see `ArtifactStore.copy`.
    /// - Throws: `quotaExceeded` where there is no room left.
    package func copy(
        _ paths: [ArtifactPath],
        of source: ArtifactOwner,
        to owner: ArtifactOwner,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.viewer, of: source, as: principal, to: "read artifacts")
        try await access.require(.editor, of: owner, as: principal, to: "write artifacts")
        let store = store
        let request = QuotaKeeper.Request(owner: owner, length: 0)
        try await quotas.within(request) { (_) async throws(MartletError) -> (Void, bytes: Int64) in
            ((), bytes: try await store.copy(paths, of: source, to: owner))
        }
        publish(owner)
    }

    package func delete(
        _ path: ArtifactPath,
        of owner: ArtifactOwner,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.editor, of: owner, as: principal, to: "delete artifacts")
        try await store.delete(path, of: owner)
        publish(owner)
    }

    /// Begins an upload in many parts and returns its id.
    package func beginUpload(
        to path: ArtifactPath,
        of owner: ArtifactOwner,
        as principal: Principal
    ) async throws(MartletError) -> String {
        try await access.require(.editor, of: owner, as: principal, to: "write artifacts")
        guard !path.isRoot else { throw MartletError(.invalidArgument, "an artifact needs a path") }
        // Its size is not known yet: it begins where there is room at all.
        let uploads = uploads
        let request = QuotaKeeper.Request(owner: owner, length: 0)
        return try await quotas.within(request) { (_) async throws(MartletError) -> (String, bytes: Int64) in
            (try await uploads.beginUpload(to: path, of: owner), 0)
        }
    }

    /// Stores one part; durable once it returns.
    /// - Parameter md5: as of `write`.
    package func writePart<Source: AsyncSequence & Sendable>(
        _ source: Source,
        length: Int64?,
        number: Int,
        of upload: String,
        md5: String? = nil,
        as principal: Principal
    ) async throws(MartletError) -> StoredBlob where Source.Element == [UInt8] {
        try await requireEditor(of: upload, principal)
        guard (1...100_000).contains(number) else {
            throw MartletError(.invalidArgument, "part number \(number) is not between 1 and 100000")
        }
        // Known before the bytes come: an upload that was aborted should not cost its sender a part.
        try await uploads.requireOpen(upload: upload)
        let name = BlobName.part(number, ofUpload: upload, md5: md5)
        guard try await quotas.isNeeded() else { return try await blobs.store(source, length: length, as: name) }
        var request = QuotaKeeper.Request(owner: try await uploads.owner(of: upload), length: length ?? 0)
        request.besides = try await uploads.size(of: upload, but: number)
        return try await put(source, length, as: name, request)
    }

    /// Names the file made of the parts in the order of `numbers`. Completing it again changes nothing.
    /// - Parameter md5s: what the parts must have, where it is known.
    /// - Throws: `notFound` for an unknown upload; `invalidArgument` for a part that was not sent, or is another.
    package func completeUpload(
        _ upload: String,
        parts numbers: [Int],
        md5s: [Int: String] = [:],
        of owner: ArtifactOwner,
        as principal: Principal
    ) async throws(MartletError) {
        try await requireEditor(of: upload, principal)
        let stored = Dictionary(
            try await uploads.parts(of: upload).map { ($0.number, $0.blob) },
            uniquingKeysWith: { _, last in last }
        )
        var parts: [StoredBlob] = []
        for number in numbers {
            guard let part = stored[number] else {
                throw MartletError(.invalidArgument, "part \(number) of upload \(upload) was not sent; send it again")
            }
            if let md5 = md5s[number], !md5.isEmpty, let known = part.md5, known != md5 {
                throw MartletError(
                    .invalidArgument,
                    "part \(number) of upload \(upload) has the MD5 \(known), and not \(md5); send it again"
                )
            }
            parts.append(part)
        }
        guard !parts.isEmpty else { throw MartletError(.invalidArgument, "upload \(upload) names no parts") }
        let blob = try await blobs.compose(parts)
        try await complete(upload, as: blob)
        publish(owner)
    }

    private func complete(_ upload: String, as blob: StoredBlob) async throws(MartletError) {
        // One that was completed before is counted.
        guard try await quotas.isNeeded(), try await isOpen(upload) else {
            return try await uploads.completeUpload(upload, as: blob)
        }
        let uploads = uploads
        let request = QuotaKeeper.Request(owner: try await uploads.owner(of: upload), length: blob.size)
        try await quotas.within(request) { (_) async throws(MartletError) -> (Void, bytes: Int64) in
            (try await uploads.completeUpload(upload, as: blob), blob.size)
        }
    }

    private func isOpen(_ upload: String) async throws(MartletError) -> Bool {
        do {
            try await uploads.requireOpen(upload: upload)
            return true
        } catch  where error.code == .failedPrecondition {
            return false
        }
    }

    package func abortUpload(_ upload: String, as principal: Principal) async throws(MartletError) {
        do {
            try await requireEditor(of: upload, principal)
        } catch  where error.code == .notFound && principal.highestRole >= .editor {
            // It was aborted before.
            return
        }
        try await uploads.abortUpload(upload)
    }

    /// Asks for the upload's own place where roles differ: a request may name another.
    private func requireEditor(of upload: String, _ principal: Principal) async throws(MartletError) {
        try access.requireSome(.editor, as: principal, to: "write artifacts")
        try await access.require(.editor, of: uploads.owner(of: upload), as: principal, to: "write artifacts")
    }

    private func publish(_ owner: ArtifactOwner) {
        if case .run(let id) = owner { events.publish([Topic.artifacts(of: id)]) }
    }
}
