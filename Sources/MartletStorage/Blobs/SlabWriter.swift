import Dispatch
import Foundation
import MartletCore
import Synchronization

import enum Crypto.Insecure
import struct Crypto.SHA256

/// The threads of large uploads and downloads: a fixed number, each a queue that works in order.
final class BlobLanes: Sendable {
    private let queues: [DispatchQueue]
    private let turn = Atomic<Int>(0)

    init(count: Int) {
        queues = (0..<count).map { DispatchQueue(label: "martlet.blobs.\($0)") }
    }

    /// The next one in turn.
    func next() -> DispatchQueue {
        queues[turn.wrappingAdd(1, ordering: .relaxed).oldValue % queues.count]
    }
}

extension DispatchQueue {
    /// Runs blocking work here, off the cooperative pool.
    func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            async { continuation.resume(with: Swift.Result { try work() }) }
        }
    }
}

/// Writes one large file and hashes it meanwhile: MD5 on one thread, SHA-256 and the disk on another.
///
/// At most `depth` slabs live at once, so memory does not grow with the file.
///
/// Sendable without proof by the compiler: `md5` is touched only on `hashing`, `sha256` and `written` only on
/// `writing`, both serial queues, and all of them by `finish` once no slab lives, which `state` orders.
final class SlabWriter: @unchecked Sendable {
    /// Bytes of a slab, about.
    static let slabSize = 1 << 20
    private static let depth = 4
    /// Bytes after which the kernel is told to begin writing, so that the last sync finds little left to do.
    private static let pace: Int64 = 8 << 20

    private let hashing: DispatchQueue
    private let writing: DispatchQueue
    private let disk: DiskCalls
    private let file: OpenFile
    private var md5 = Insecure.MD5()
    private var sha256 = SHA256()
    private var written: Int64 = 0
    private let state = Mutex(State())

    private struct State {
        var toHash = 0
        var toWrite = 0
        var failure: IOFailure?
        var waiter: (below: Int, continuation: CheckedContinuation<Void, Never>)?

        var live: Int { max(toHash, toWrite) }

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            guard let waiter, live < waiter.below else { return nil }
            self.waiter = nil
            return waiter.continuation
        }
    }

    init(file: OpenFile, disk: DiskCalls, lanes: BlobLanes) {
        self.file = file
        self.disk = disk
        hashing = lanes.next()
        writing = lanes.next()
    }

    /// Takes one slab, and waits while too many live. Used by one task at a time.
    /// - Throws: what stopped the disk; the rest is not written then.
    func append(_ slab: [[UInt8]]) async throws(IOFailure) {
        state.withLock { state in
            state.toHash += 1
            state.toWrite += 1
        }
        hashing.async {
            for piece in slab { piece.withUnsafeBytes { self.md5.update(bufferPointer: $0) } }
            self.state.withLock { state in
                state.toHash -= 1
                return state.takeWaiter()
            }?.resume()
        }
        writing.async {
            let failure = self.write(slab)
            self.state.withLock { state in
                state.toWrite -= 1
                if state.failure == nil { state.failure = failure }
                return state.takeWaiter()
            }?.resume()
        }
        try await settle(below: Self.depth)
    }

    /// Takes pieces until there are no more, and gives the names of the whole.
    /// - Parameter head: the first pieces.
    func write(_ head: [[UInt8]], _ next: () async throws -> [UInt8]?) async throws -> StoredBlob {
        var slab = Slab()
        for piece in head { slab.append(piece) }
        while let piece = try await next() {
            slab.append(piece)
            if slab.size >= Self.slabSize { try await append(slab.take()) }
        }
        if slab.size > 0 { try await append(slab.take()) }
        return try await finish()
    }

    /// Waits for what was appended, and for the names of the whole.
    func finish() async throws(IOFailure) -> StoredBlob {
        try await settle(below: 1)
        let hash = ContentHash(sha256: [UInt8](sha256.finalize()), md5: [UInt8](md5.finalize()))
        return hash.blob(size: written)
    }

    /// Waits until nothing uses the file any more.
    func abandon() async {
        state.withLock { $0.failure = $0.failure ?? IOFailure(code: ECANCELED, call: "abandoned") }
        // Its failure is known: the caller is on its way out.
        try? await settle(below: 1)
    }

    /// Syncs the file and gives it its name.
    func publish(_ temporary: String, as digest: Digest, in folder: BlobFolder) async throws {
        try await writing.run {
            try self.disk.syncAll(self.file)
            try folder.publish(temporary, as: digest)
        }
    }

    private func settle(below limit: Int) async throws(IOFailure) {
        await withCheckedContinuation { continuation in
            let isSettled = state.withLock { state -> Bool in
                if state.live < limit { return true }
                state.waiter = (limit, continuation)
                return false
            }
            if isSettled { continuation.resume() }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private func write(_ slab: [[UInt8]]) -> IOFailure? {
        if let failure = state.withLock({ $0.failure }) { return failure }
        for piece in slab {
            if let failure = piece.withUnsafeBytes({ write($0) }) { return failure }
        }
        return nil
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> IOFailure? {
        sha256.update(bufferPointer: bytes)
        do {
            try disk.writeAll(bytes, to: file, at: written)
        } catch {
            return error
        }
        let before = written / Self.pace
        written += Int64(bytes.count)
        if written / Self.pace > before {
            // Linux begins to write dirty pages that are not needed. Only advice: the last sync counts.
            posix_fadvise(file.descriptor, off_t(before * Self.pace), off_t(Self.pace), POSIX_FADV_DONTNEED)
        }
        return nil
    }
}

/// Pieces that are written together; tiny ones are joined.
private struct Slab {
    private var pieces: [[UInt8]] = []
    private(set) var size = 0

    mutating func append(_ piece: [UInt8]) {
        size += piece.count
        if let last = pieces.indices.last, pieces[last].count + piece.count <= 64 << 10 {
            pieces[last] += piece
        } else if !piece.isEmpty {
            pieces.append(piece)
        }
    }

    mutating func take() -> [[UInt8]] {
        defer { self = Slab() }
        return pieces
    }
}
