import Foundation
import MartletCore
import Synchronization

/// Packs that are open for reading.
final class PackShelf: Sendable {
    private static let room = 256

    private let folder: BlobFolder
    private let files = Mutex<[Int64: OpenFile]>([:])

    init(folder: BlobFolder) {
        self.folder = folder
    }

    /// The whole record of a blob, verified against its digest: one `pread`.
    ///
    /// - Throws: an `IOFailure` with `ENOENT` when the pack is gone; `internal` when the record is damaged.
    func content(of blob: StoredBlob, at place: PackPlace) throws -> ArraySlice<UInt8> {
        let file = try file(place.pack)
        let record = try file.bytes(PackRecord.headerSize + Int(blob.size), at: place.offset)
        guard let content = PackRecord.content(of: record, digest: blob.digest) else {
            throw MartletError(
                .internal,
                "the content \(blob.digest.rawValue.prefix(12))… is damaged on the server's disk"
            )
        }
        return content
    }

    func file(_ pack: Int64) throws(IOFailure) -> OpenFile {
        if let file = files.withLock({ $0[pack] }) { return file }
        let file = try OpenFile(folder.pack(pack), O_RDONLY)
        files.withLock { files in
            if files.count >= Self.room { files.removeAll() }
            files[pack] = file
        }
        return file
    }

    /// Reads that hold the file go on.
    func forget(_ pack: Int64) {
        files.withLock { $0[pack] = nil }
    }
}
