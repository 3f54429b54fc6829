import Dispatch
import Foundation
import MartletCore
import Synchronization

/// Appends small objects to packs: all that waits at the same time with one write and one sync.
///
/// A class, because it owns a thread's queue and the file that it appends to.
final class Packer: Sendable {
    /// Bytes that one write takes.
    private static let largestBatch = 8 << 20
    /// Zeros written at once behind the records. The records that take their place change neither the size of the file nor
    /// where it stands, and a sync of them costs the disk half of what it costs to grow.
    private static let spare = [UInt8](repeating: 0, count: 1 << 20)

    private let folder: BlobFolder
    private let disk: DiskCalls
    private let thread = DispatchQueue(label: "martlet.packer")
    private let waiting = Mutex(Waiting())
    /// Used by the packer's thread, and once by `init`.
    private let current: Mutex<Current>

    private struct Waiting {
        var jobs: [Job] = []
        var isDraining = false
        /// Records of a pack whose rows are not committed yet: the garbage collector leaves such packs alone.
        var unsettled: [Int64: Int] = [:]
        /// The pack that still grows.
        var growing: Int64 = 0
    }

    private struct Job {
        let record: [UInt8]
        let digest: Digest
        let continuation: CheckedContinuation<Result<PackPlace, IOFailure>, Never>
    }

    private struct Current {
        /// `nil` until the first record, and after a failure that left the file in doubt.
        var file: OpenFile?
        var number: Int64
        /// Behind the last record.
        var end: Int64 = 0
        /// Behind the zeros that wait for records.
        var size: Int64 = 0
    }

    /// The pack that goes on.
    struct Tail {
        let file: OpenFile
        /// Where its records end.
        let end: Int64
        /// Where it ends.
        let size: Int64
    }

    /// - Parameter tail: of the newest pack; `nil` to begin a new one.
    /// - Parameter newest: the greatest number in use; 0 for none.
    init(folder: BlobFolder, disk: DiskCalls, newest: Int64, tail: Tail?) {
        self.folder = folder
        self.disk = disk
        current = Mutex(Current(file: tail?.file, number: newest, end: tail?.end ?? 0, size: tail?.size ?? 0))
        waiting.withLock { $0.growing = newest }
    }

    /// Durable once it returns. The caller says `settle` when the row is committed, or never will be.
    func append(_ record: [UInt8], digest: Digest) async throws(IOFailure) -> PackPlace {
        let result = await withCheckedContinuation { continuation in
            let mustStart = waiting.withLock { waiting -> Bool in
                waiting.jobs.append(Job(record: record, digest: digest, continuation: continuation))
                defer { waiting.isDraining = true }
                return !waiting.isDraining
            }
            if mustStart { thread.async { self.drain() } }
        }
        return try result.get()
    }

    func settle(_ place: PackPlace) {
        waiting.withLock { waiting in
            let rest = (waiting.unsettled[place.pack] ?? 0) - 1
            waiting.unsettled[place.pack] = rest > 0 ? rest : nil
        }
    }

    /// Whether no more records come to the pack, and no row for one that is there.
    func isFinished(_ pack: Int64) -> Bool {
        waiting.withLock { $0.growing != pack && $0.unsettled[pack] == nil }
    }

    private func drain() {
        var previous = 0
        while true {
            Siblings.pause(after: previous, waiting: waiting.withLock { $0.jobs.count })
            let jobs = takeJobs()
            if jobs.isEmpty { return }
            previous = jobs.count
            var answers: [Digest: Result<PackPlace, IOFailure>] = [:]
            var records: [(digest: Digest, record: [UInt8])] = []
            // The same content twice at the same time is one record.
            for job in jobs
            where answers.updateValue(.failure(IOFailure(code: EIO, call: "")), forKey: job.digest) == nil {
                records.append((job.digest, job.record))
            }
            for (digest, answer) in write(records) { answers[digest] = answer }
            for job in jobs { finish(job, answers[job.digest] ?? .failure(IOFailure(code: EIO, call: "pack"))) }
        }
    }

    private func takeJobs() -> [Job] {
        waiting.withLock { waiting in
            var count = 0
            var bytes = 0
            while count < waiting.jobs.count, bytes < Self.largestBatch {
                bytes += waiting.jobs[count].record.count
                count += 1
            }
            let jobs = Array(waiting.jobs.prefix(count))
            waiting.jobs.removeFirst(count)
            if jobs.isEmpty { waiting.isDraining = false }
            return jobs
        }
    }

    private func finish(_ job: Job, _ answer: Result<PackPlace, IOFailure>) {
        if case .success(let place) = answer {
            waiting.withLock { $0.unsettled[place.pack, default: 0] += 1 }
        }
        job.continuation.resume(returning: answer)
    }

    /// All together; each alone when that fails, so that a record that still fits is not lost to a large neighbour.
    private func write(
        _ records: [(digest: Digest, record: [UInt8])]
    ) -> [(Digest, Result<PackPlace, IOFailure>)] {
        do {
            let places = try current.withLock { current in try append(records.map(\.record), to: &current) }
            return zip(records, places).map { ($0.digest, .success($1)) }
        } catch {
            if records.count > 1 { return records.flatMap { write([$0]) } }
            let failure = error as? IOFailure ?? IOFailure(code: EIO, call: "pack")
            return records.map { ($0.digest, .failure(failure)) }
        }
    }

    private func append(_ records: [[UInt8]], to current: inout Current) throws -> [PackPlace] {
        if current.file == nil || current.end >= disk.packSize { try beginPack(&current) }
        guard let file = current.file else { preconditionFailure("a pack was just begun") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(records.reduce(0) { $0 + $1.count })
        var places: [PackPlace] = []
        for record in records {
            places.append(PackPlace(pack: current.number, offset: current.end + Int64(bytes.count)))
            bytes += record
        }
        let end = current.end + Int64(bytes.count)
        do {
            try bytes.withUnsafeBytes { try disk.writeAll($0, to: file, at: current.end) }
        } catch {
            // What was written of it is no record: nothing names it, and the next batch stands in its place.
            current.size = current.end
            do { try file.truncate(to: current.end) } catch { current.file = nil }
            throw error
        }
        if end > current.size { current.size = grow(file, from: end) }
        do {
            try disk.syncAll(file)
        } catch {
            // After a failed sync nobody knows what the file holds behind its end: it takes no more records.
            current.file = nil
            throw error
        }
        current.end = end
        return places
    }

    /// - Returns: where the file ends. A disk that has little room has it for records.
    private func grow(_ file: OpenFile, from end: Int64) -> Int64 {
        guard folder.room() ?? 0 > 16 * Self.spare.count else { return end }
        do {
            try Self.spare.withUnsafeBytes { try disk.writeAll($0, to: file, at: end) }
            return end + Int64(Self.spare.count)
        } catch {
            // Zeros that stay there do no harm.
            try? file.truncate(to: end)
            return end
        }
    }

    private func beginPack(_ current: inout Current) throws {
        // Without the zeros behind its records, which nobody waits for: they do no harm.
        try? current.file?.truncate(to: current.end)
        current.file = nil
        current.number += 1
        let number = current.number
        waiting.withLock { $0.growing = number }
        let file = try OpenFile(folder.pack(number), O_RDWR | O_CREAT | O_EXCL)
        do {
            try PackRecord.packHeader.withUnsafeBytes { try disk.writeAll($0, to: file, at: 0) }
            try disk.syncAll(file)
            try BlobFolder.syncFolder(folder.packs)
        } catch {
            unlink(folder.pack(number))
            throw error
        }
        current.file = file
        current.end = Int64(PackRecord.packHeader.count)
        current.size = current.end
    }
}
