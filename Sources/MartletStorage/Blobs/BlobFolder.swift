import Foundation
import MartletCore

/// A system call that failed.
struct IOFailure: Error, CustomStringConvertible {
    /// `errno`; 0 when a file ended before its time.
    let code: Int32
    let call: String

    var description: String {
        code == 0 ? "\(call): the file ends too early" : "\(call): \(String(cString: strerror(code)))"
    }

    /// What a client may know of it.
    var refusal: MartletError {
        switch code {
        case ENOSPC, EDQUOT:
            MartletError(
                .storageFull,
                "the server's disk is full: nothing of this request was stored; free space and send it again"
            )
        case EMFILE, ENFILE:
            MartletError(.unavailable, "the server has too many files open; try again")
        default:
            MartletError(.internal, "the server could not use its blob folder; its log has the cause")
        }
    }
}

/// The calls that put bytes on the disk, so that a test can make them fail.
package struct DiskCalls: Sendable {
    /// Descriptor, bytes, offset in the file → bytes written, or a negative `errno`.
    package var write: @Sendable (Int32, UnsafeRawBufferPointer, Int64) -> Int
    /// Descriptor → 0, or an `errno`. The bytes written before it are on the disk once it returns 0.
    package var sync: @Sendable (Int32) -> Int32
    /// Bytes after which a pack takes no more records.
    package var packSize: Int64

    package init(
        write: @escaping @Sendable (Int32, UnsafeRawBufferPointer, Int64) -> Int,
        sync: @escaping @Sendable (Int32) -> Int32,
        packSize: Int64
    ) {
        self.write = write
        self.sync = sync
        self.packSize = packSize
    }

    package static let live = DiskCalls(
        write: { descriptor, bytes, offset in
            let written = pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
            return written < 0 ? -Int(errno) : written
        },
        sync: { fdatasync($0) == 0 ? 0 : errno },
        packSize: 256 << 20
    )

    func writeAll(_ bytes: UnsafeRawBufferPointer, to file: OpenFile, at offset: Int64) throws(IOFailure) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = write(file.descriptor, rest, offset + Int64(done))
            if count == -Int(EINTR) { continue }
            guard count > 0 else { throw IOFailure(code: count == 0 ? ENOSPC : Int32(-count), call: "pwrite") }
            done += count
        }
    }

    func syncAll(_ file: OpenFile) throws(IOFailure) {
        let code = sync(file.descriptor)
        guard code == 0 else { throw IOFailure(code: code, call: "fdatasync") }
    }
}

/// A descriptor that closes with its last reference: a class, because it owns a C resource.
final class OpenFile: Sendable {
    let descriptor: Int32

    init(_ path: String, _ flags: Int32) throws(IOFailure) {
        descriptor = open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw IOFailure(code: errno, call: "open") }
    }

    deinit { close(descriptor) }

    func size() throws(IOFailure) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw IOFailure(code: errno, call: "fstat") }
        return Int64(status.st_size)
    }

    /// Fills the whole buffer.
    /// - Throws: code 0 when the file ends before.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(IOFailure) {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + Int64(done)))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw IOFailure(code: count == 0 ? 0 : errno, call: "pread") }
            done += count
        }
    }

    func bytes(_ count: Int, at offset: Int64) throws(IOFailure) -> [UInt8] {
        do {
            return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                let raw = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count)
                try read(into: raw, at: offset)
                filled = count
            }
        } catch let failure as IOFailure {
            throw failure
        } catch {
            preconditionFailure("reading throws only IOFailure")
        }
    }

    func truncate(to size: Int64) throws(IOFailure) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw IOFailure(code: errno, call: "ftruncate") }
    }
}

/// Where things stand in the folder of blobs. All names come from digests, numbers and our own ids.
struct BlobFolder: Sendable {
    let path: String

    /// Makes the folders that are missing, durably, and removes what interrupted uploads left.
    init(preparing path: String) throws(IOFailure) {
        self.path = path
        for folder in [path, temporary, objects, packs] where mkdir(folder, 0o755) != 0 && errno != EEXIST {
            throw IOFailure(code: errno, call: "mkdir")
        }
        for name in try Self.names(in: temporary) { unlink("\(temporary)/\(name)") }
        try Self.syncFolder(path)
    }

    /// A folder that is only read.
    init(existing path: String) { self.path = path }

    var temporary: String { "\(path)/temp" }
    var objects: String { "\(path)/objects" }
    var packs: String { "\(path)/packs" }

    func folder(of digest: Digest) -> String { "\(objects)/\(digest.rawValue.prefix(2))" }
    func object(_ digest: Digest) -> String { "\(folder(of: digest))/\(digest.rawValue.dropFirst(2))" }

    func pack(_ number: Int64) -> String {
        let digits = String(number)
        return "\(packs)/\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).pack"
    }

    /// Numbers of the packs that are there, ascending.
    func packNumbers() throws(IOFailure) -> [Int64] {
        try Self.names(in: packs).compactMap { name in
            name.hasSuffix(".pack") ? Int64(name.dropLast(5)) : nil
        }.sorted()
    }

    /// Bytes that may still be written, as far as the file system says.
    func room() -> Int64? {
        var status = statvfs()
        guard statvfs(temporary, &status) == 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
    }

    /// Gives a whole and synced temporary file its name; durable once it returns.
    func publish(_ temporary: String, as digest: Digest) throws(IOFailure) {
        let target = object(digest)
        if rename(temporary, target) != 0 {
            guard errno == ENOENT else { throw IOFailure(code: errno, call: "rename") }
            guard mkdir(folder(of: digest), 0o755) == 0 || errno == EEXIST else {
                throw IOFailure(code: errno, call: "mkdir")
            }
            try Self.syncFolder(objects)
            guard rename(temporary, target) == 0 else { throw IOFailure(code: errno, call: "rename") }
        }
        try Self.syncFolder(folder(of: digest))
    }

    /// Milliseconds since 1970-01-01 UTC of the last change; `nil` when there is no such file.
    static func changeTime(of path: String) -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Int64(status.st_mtim.tv_sec) * 1_000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
    }

    static func syncFolder(_ path: String) throws(IOFailure) {
        let folder = try OpenFile(path, O_RDONLY | O_DIRECTORY)
        guard fsync(folder.descriptor) == 0 else { throw IOFailure(code: errno, call: "fsync of a folder") }
    }

    static func names(in path: String) throws(IOFailure) -> [String] {
        guard let folder = opendir(path) else { throw IOFailure(code: errno, call: "opendir") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
