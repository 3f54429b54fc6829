import Foundation
import MartletCore

import struct Crypto.SHA256

/// Files that are whole and on the disk when they have their name.
enum DurableFile {
    /// Bytes that are read or written at once.
    static let pieceSize = 1 << 20
    private static let pace: Int64 = 4 << 20

    /// Runs `body` and tells of which file a failure is.
    static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let failure as IOFailure {
            throw FileFailure(path: path, cause: failure)
        }
    }

    static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o755) != 0, errno != EEXIST else { return }
        let failure = IOFailure(code: errno, call: "mkdir")
        guard failure.code == ENOENT else { throw FileFailure(path: path, cause: failure) }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw FileFailure(path: path, cause: failure)
        }
    }

    /// Replaces a small file.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let temporary = path + ".partial"
        try naming(path) {
            let file = try OpenFile(temporary, O_RDWR | O_CREAT | O_TRUNC)
            try bytes.withUnsafeBytes { try DiskCalls.live.writeAll($0, to: file, at: 0) }
            try DiskCalls.live.syncAll(file)
        }
        try publish(temporary, as: path)
    }

    /// Gives a synced file its name; durable once it returns.
    static func publish(_ temporary: String, as path: String) throws {
        try naming(path) {
            guard rename(temporary, path) == 0 else { throw IOFailure(code: errno, call: "rename") }
            try BlobFolder.syncFolder((path as NSString).deletingLastPathComponent)
        }
    }

    static func sync(_ path: String) throws {
        try naming(path) {
            let file = try OpenFile(path, O_RDONLY)
            guard fsync(file.descriptor) == 0 else { throw IOFailure(code: errno, call: "fsync") }
        }
    }

    /// Bytes of the file; `nil` when there is none.
    static func size(of path: String) -> Int64? {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : nil
    }

    /// Hands out the bytes of a range piece by piece.
    /// - Throws: `IOFailure` of code 0 when the file ends before the range.
    static func forEachPiece(
        of file: OpenFile,
        in range: Range<Int64>,
        _ body: (UnsafeRawBufferPointer, Int64) throws -> Void
    ) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4_096)
        defer { buffer.deallocate() }
        posix_fadvise(file.descriptor, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_SEQUENTIAL)
        var offset = range.lowerBound
        while offset < range.upperBound {
            try Task.checkCancellation()
            let count = Int(min(Int64(pieceSize), range.upperBound - offset))
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            try file.read(into: piece, at: offset)
            try body(UnsafeRawBufferPointer(piece), offset)
            offset += Int64(count)
        }
    }

    /// Feeds a range of a file to a hash.
    static func hash(_ file: OpenFile, _ range: Range<Int64>, into hash: inout SHA256) throws {
        try forEachPiece(of: file, in: range) { piece, _ in hash.update(bufferPointer: piece) }
    }

    /// Copies a range of a file to the same place of another, through a hash. Not synced.
    static func copy(
        _ source: OpenFile,
        to target: OpenFile,
        _ range: Range<Int64>,
        through hash: inout SHA256
    ) throws {
        var told = range.lowerBound
        try forEachPiece(of: source, in: range) { piece, offset in
            try DiskCalls.live.writeAll(piece, to: target, at: offset)
            hash.update(bufferPointer: piece)
            let end = offset + Int64(piece.count)
            guard end - told >= pace else { return }
            // Linux begins to write dirty pages that are not needed, so that the sync finds little left to do.
            posix_fadvise(target.descriptor, off_t(told), off_t(end - told), POSIX_FADV_DONTNEED)
            told = end
        }
    }

    /// SHA-256 of a whole file, in hexadecimal digits.
    static func digest(of path: String) throws -> (digest: String, size: Int64) {
        try naming(path) {
            let file = try OpenFile(path, O_RDONLY)
            let size = try file.size()
            var hash = SHA256()
            try self.hash(file, 0..<size, into: &hash)
            return (hexadecimal(hash), size)
        }
    }

    static func hexadecimal(_ hash: SHA256) -> String { ContentHash.hexadecimal([UInt8](hash.finalize())) }
}

/// A lock between processes on a file, for as long as the value lives; the system drops it when the process ends.
///
/// A class, because it owns a descriptor.
final class FileHold: Sendable {
    private let file: OpenFile

    /// - Parameter isShared: with others who share; else alone.
    /// - Returns: `nil` when another holds it and `waits` is false.
    init?(_ path: String, isShared: Bool, waits: Bool) throws(IOFailure) {
        file = try OpenFile(path, O_RDWR | O_CREAT)
        let mode = (isShared ? LOCK_SH : LOCK_EX) | (waits ? 0 : LOCK_NB)
        while flock(file.descriptor, mode) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw IOFailure(code: errno, call: "flock") }
            return nil
        }
    }
}

/// Keeps the removal of files of blobs apart from backups and checks, which read them after a snapshot of the rows.
///
/// The collector holds `blobs/collecting` alone, the others share it, each in its own process.
enum CollectionGate {
    static func path(_ blobs: String) -> String { blobs + "/collecting" }

    /// For a collector. - Returns: `nil` while a backup or a check runs.
    static func collect(_ blobs: String) throws(IOFailure) -> FileHold? {
        try FileHold(path(blobs), isShared: false, waits: false)
    }

    /// For a reader: waits until a collection that is under way has ended.
    static func keep(_ blobs: String, progress: (String) -> Void) throws -> FileHold {
        try DurableFile.naming(path(blobs)) {
            if let hold = try FileHold(path(blobs), isShared: true, waits: false) { return hold }
            progress("the server collects garbage; waiting for its end")
            guard let hold = try FileHold(path(blobs), isShared: true, waits: true) else {
                preconditionFailure("a lock that is waited for is had")
            }
            return hold
        }
    }
}
