import Foundation
import Logging
import MartletCore

/// Finds where the newest pack goes on after a stop of any kind.
struct PackRecovery {
    let folder: BlobFolder
    let database: any SQLDatabase
    let logger: Logger

    /// Records behind the last committed row were never acknowledged: the whole ones stay as garbage, and the
    /// first that is torn is cut off with all behind it; zeros alone stay. Nothing that a row names is ever cut.
    func packer(disk: DiskCalls) async throws -> Packer {
        guard let newest = try folder.packNumbers().last else {
            return Packer(folder: folder, disk: disk, newest: 0, tail: nil)
        }
        let committed = try await database.read { try BlobRows.end(of: newest, $0) }
        let tail = try tail(of: newest, committed: committed)
        return Packer(folder: folder, disk: disk, newest: newest, tail: tail)
    }

    private func tail(of pack: Int64, committed: Int64?) throws -> Packer.Tail? {
        let file = try OpenFile(folder.pack(pack), O_RDWR)
        let size = try file.size()
        let headerSize = PackRecord.packHeader.count
        guard size >= headerSize, try file.bytes(headerSize, at: 0) == PackRecord.packHeader,
            size >= committed ?? Int64(headerSize)
        else {
            logger.error(
                "a pack is shorter than its records, or has no header; it takes no more records",
                metadata: ["pack": "\(pack)", "size": "\(size)", "expected": "\(committed ?? Int64(headerSize))"]
            )
            return nil
        }
        let end = try PackScanner.scan(file, from: committed ?? Int64(headerSize)) { _, _ in }
        if try PackScanner.isSpare(file, from: end) { return Packer.Tail(file: file, end: end, size: size) }
        if end < size {
            logger.notice("a torn end of a pack was cut off", metadata: ["pack": "\(pack)", "bytes": "\(size - end)"])
            try file.truncate(to: end)
            guard fdatasync(file.descriptor) == 0 else { throw IOFailure(code: errno, call: "fdatasync") }
        }
        return Packer.Tail(file: file, end: end, size: end)
    }
}
