import Foundation
import MartletCore
import NIOCore
import NIOPosix
import Synchronization

/// Runs what blocks on a thread of its own kind.
func offPool<Result: Sendable>(
    _ body: @escaping @Sendable () throws(MartletError) -> Result
) async throws(MartletError) -> Result {
    do {
        return try await NIOThreadPool.singleton.runIfActive { try body() }
    } catch let error as MartletError {
        throw error
    } catch {
        throw MartletError(.cancelled, "the import was stopped")
    }
}

/// Files below a folder of this machine.
enum LocalFiles {
    /// All files below a folder, by path. Links that lead out of the folder, and what is no file, are refused.
    static func list(_ folder: String, of owner: String) throws(MartletError) -> Found<[SourceFile]> {
        guard let root = realpath(folder) else { return Found([]) }
        var found = Found<[SourceFile]>([])
        var folders = [""]
        while let inner = folders.popLast() {
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: root + "/" + inner).sorted()
            } catch {
                let what = "the artifact folder '\(inner)' cannot be read"
                found.problems.append(ImportProblem(.missing, of: owner, what))
                continue
            }
            for name in names {
                let path = inner.isEmpty ? name : inner + "/" + name
                switch look(at: root + "/" + path, inside: root) {
                case .folder: folders.append(path)
                case .file(let size):
                    do throws(MartletError) {
                        found.value.append(SourceFile(path: try ArtifactPath(path), size: size))
                    } catch {
                        found.problems.append(
                            ImportProblem(.refused, of: owner, "the artifact '\(path.prefix(200))': \(error.message)")
                        )
                    }
                case .other(let why):
                    found.problems.append(
                        ImportProblem(.refused, of: owner, "the artifact '\(path.prefix(200))' \(why)")
                    )
                }
            }
        }
        found.value.sort { $0.path.description < $1.path.description }
        return found
    }

    private enum Kind {
        case folder
        case file(Int64)
        case other(String)
    }

    private static func look(at path: String, inside root: String) -> Kind {
        var info = stat()
        guard lstat(path, &info) == 0 else { return .other("cannot be read") }
        let isLink = info.st_mode & S_IFMT == S_IFLNK
        if isLink {
            guard let target = realpath(path), target.hasPrefix(root + "/") else {
                return .other("is a link out of its folder")
            }
            guard stat(path, &info) == 0 else { return .other("cannot be read") }
            guard info.st_mode & S_IFMT == S_IFREG else { return .other("is a link to a folder") }
        }
        switch info.st_mode & S_IFMT {
        case S_IFDIR: return .folder
        case S_IFREG: return access(path, R_OK) == 0 ? .file(Int64(info.st_size)) : .other("cannot be read")
        default: return .other("is neither file nor folder")
        }
    }

    /// The path without links; `nil` when nothing is there.
    static func realpath(_ path: String) -> String? {
        guard let resolved = Foundation.realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    static func isFolder(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    static func open(_ path: String) async throws(MartletError) -> FileContent {
        let (file, size) = try await offPool { () throws(MartletError) in
            let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
            var info = stat()
            guard descriptor >= 0, fstat(descriptor, &info) == 0 else {
                throw MartletError(.notFound, "the artifact '\(path)' of the source cannot be read")
            }
            return (OpenFile(descriptor), Int64(info.st_size))
        }
        return FileContent(size: size, chunks: LocalChunks(file: file, size: size))
    }
}

/// Closes its descriptor when nobody reads any more.
private final class OpenFile: Sendable {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }
}

/// A file in pieces of 1 MiB: as many bytes as it had when it was opened.
private struct LocalChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error
    let file: OpenFile
    let size: Int64

    func makeAsyncIterator() -> Iterator { Iterator(file: file, rest: size) }

    struct Iterator: AsyncIteratorProtocol {
        let file: OpenFile
        var rest: Int64
        var offset: Int64 = 0

        mutating func next() async throws -> ByteBuffer? {
            guard rest > 0 else { return nil }
            let (file, offset, wanted) = (file, offset, Int(Swift.min(rest, 1 << 20)))
            let buffer = try await offPool { () throws(MartletError) -> ByteBuffer in
                var buffer = ByteBuffer()
                let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
                    Swift.max(0, pread(file.descriptor, space.baseAddress, wanted, off_t(offset)))
                }
                guard count > 0 else {
                    throw MartletError(.unprocessable, "a file of the source became shorter while it was read")
                }
                return buffer
            }
            self.offset += Int64(buffer.readableBytes)
            rest -= Int64(buffer.readableBytes)
            return buffer
        }
    }
}
