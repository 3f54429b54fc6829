import Foundation
package import MartletCore

extension LocalBlobStore {
    package func read(_ digest: Digest, range: Range<Int64>?) async throws(MartletError) -> BlobContent {
        do {
            do {
                return try await open(digest, range)
            } catch let failure as IOFailure where failure.code == ENOENT {
                // A pack was rewritten, or the blob collected, between the row and the file: the row is right now.
                return try await open(digest, range)
            }
        } catch {
            throw refusal(error)
        }
    }

    /// What a look at the row and the disk gave, without a second hop between threads.
    private enum Opened: Sendable {
        case small(ArraySlice<UInt8>)
        case file(OpenFile, Range<Int64>)
        case parts([PartRow], Range<Int64>)
        case failed(IOFailure)
    }

    private func open(_ digest: Digest, _ range: Range<Int64>?) async throws -> BlobContent {
        let (shelf, folder) = (shelf, folder)
        // The file is opened on the reader's thread, which may block, unlike the cooperative pool.
        let opened = try await database.read { connection -> Opened in
            guard let row = try BlobRows.row(digest, connection) else {
                throw MartletError(.notFound, "there is no content \(digest.rawValue.prefix(64))")
            }
            let range = try Self.check(range, in: row.blob)
            do {
                switch row.place {
                case .pack(let place):
                    let content = try shelf.content(of: row.blob, at: place)
                    let start = content.startIndex
                    return .small(content[start + Int(range.lowerBound)..<start + Int(range.upperBound)])
                case .file: return .file(try Self.file(of: row.blob, in: folder), range)
                case .parts: return .parts(try BlobRows.parts(of: digest, in: range, connection), range)
                }
            } catch let failure as IOFailure {
                return .failed(failure)
            }
        }
        switch opened {
        case .small(let content): return BlobContent(once: content)
        case .file(let file, let range): return content(of: file, range)
        case .parts(let parts, let range): return content(of: parts, range)
        case .failed(let failure): throw failure
        }
    }

    private static func check(_ range: Range<Int64>?, in blob: StoredBlob) throws(MartletError) -> Range<Int64> {
        guard let range else { return 0..<blob.size }
        guard range.lowerBound >= 0, range.upperBound <= blob.size else {
            throw MartletError(.invalidArgument, "bytes \(range) are not inside a content of \(blob.size) bytes")
        }
        return range
    }

    private static func file(of blob: StoredBlob, in folder: BlobFolder) throws -> OpenFile {
        let file = try OpenFile(folder.object(blob.digest), O_RDONLY)
        guard try file.size() == blob.size else {
            throw MartletError(
                .internal,
                "the content \(blob.digest.rawValue.prefix(12))… is damaged on the server's disk"
            )
        }
        return file
    }

    private func content(of file: OpenFile, _ range: Range<Int64>) -> BlobContent {
        posix_fadvise(file.descriptor, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_SEQUENTIAL)
        let reader = FileReader(file, range: range, queue: lanes.next())
        return BlobContent(length: Int64(range.count)) { [self] in
            do {
                return try await reader.next()
            } catch {
                throw refusal(error)
            }
        }
    }

    private func content(of parts: [PartRow], _ range: Range<Int64>) -> BlobContent {
        let reader = PartsReader(parts, range: range, store: self)
        return BlobContent(length: Int64(range.count)) { try await reader.next() }
    }
}

extension BlobContent {
    /// All of a small content in one piece.
    fileprivate init(once content: ArraySlice<UInt8>) {
        let rest = OnePiece(content)
        self.init(length: Int64(content.count)) { await rest.take() }
    }
}

private actor OnePiece {
    private var content: ArraySlice<UInt8>?

    init(_ content: ArraySlice<UInt8>) {
        self.content = content.isEmpty ? nil : content
    }

    func take() -> [UInt8]? {
        defer { content = nil }
        return content.map { [UInt8]($0) }
    }
}

/// The bytes of a composed blob: each part is opened when its turn comes. Asked by one task at a time.
private actor PartsReader {
    private var parts: ArraySlice<PartRow>
    private let range: Range<Int64>
    private let store: LocalBlobStore
    private var current: BlobContent?

    init(_ parts: [PartRow], range: Range<Int64>, store: LocalBlobStore) {
        self.parts = parts[...]
        self.range = range
        self.store = store
    }

    func next() async throws -> [UInt8]? {
        while true {
            if let current, let piece = try await current.next() { return piece }
            guard let part = parts.popFirst() else { return nil }
            let start = max(range.lowerBound, part.offset) - part.offset
            let end = min(range.upperBound, part.offset + part.size) - part.offset
            current = try await store.read(part.digest, range: start..<end)
        }
    }
}
