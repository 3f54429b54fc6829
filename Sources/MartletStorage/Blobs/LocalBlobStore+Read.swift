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
            throw logger.refusal(of: error)
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
            let row = try BlobCatalog.requireRow(digest, connection)
            let range = try BlobCatalog.checked(range, in: row.blob)
            do {
                switch row.place {
                case .pack(let place):
                    let content = try shelf.content(of: row.blob, at: place)
                    let start = content.startIndex
                    return .small(content[start + Int(range.lowerBound)..<start + Int(range.upperBound)])
                case .file: return .file(try Self.file(of: row.blob, in: folder), range)
                case .object: throw Self.elsewhere(digest)
                case .parts: return .parts(try BlobRows.parts(of: digest, in: range, connection), range)
                }
            } catch let failure as IOFailure {
                return .failed(failure)
            }
        }
        switch opened {
        case .small(let content): return BlobContent(once: content)
        case .file(let file, let range): return content(of: file, range)
        case .parts(let parts, let range): return try await .joining(parts, range: range, from: self)
        case .failed(let failure): throw failure
        }
    }

    private static func elsewhere(_ digest: Digest) -> MartletError {
        MartletError(
            .failedPrecondition,
            "the content \(digest.rawValue.prefix(12))… is in an S3 store, which this server was started without; "
                + "start it with --blobs"
        )
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
                throw logger.refusal(of: error)
            }
        }
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
