import Foundation
import Logging
package import MartletCore

extension LocalBlobStore {
    private static let batch = 200

    /// Removes blobs that no tree, no upload and no composed blob names, and packs that are mostly dead.
    ///
    /// Runs beside uploads and reads. What was stored within `grace` is kept, so that content whose name is not
    /// committed yet survives; it must be longer than two minutes. Uploads that were begun and never completed
    /// go after `uploadAge`. What an S3 store has is left to it. O(blobs).
    /// - Throws: `storageFull` when there is no room to rewrite a pack; nothing is lost then. `unavailable` while a
    ///   backup or a check of another process needs the files to stay.
    @discardableResult
    package func collectGarbage(
        olderThan grace: Duration,
        uploadsOlderThan uploadAge: Duration
    ) async throws(MartletError) -> GarbageReport {
        let sweep = BlobSweep(database: database, leases: leases, now: environment.now(), grace: grace)
        var report = GarbageReport()
        do {
            let hold = try closeGate()
            defer { withExtendedLifetime(hold) {} }
            try await sweep.forgetUploads(openFor: uploadAge, &report)
            try await sweep.removeDead(objects: false, &report) { try await self.removeFiles(of: $0) }
            try await tidyFolder(changedBefore: sweep.time, &report)
        } catch {
            throw logger.refusal(of: error)
        }
        return report
    }

    /// Keeps backups and checks of other processes away for as long as the value lives.
    /// - Throws: `unavailable` while one is under way.
    func closeGate() throws -> FileHold {
        if let hold = try CollectionGate.collect(folder.path) { return hold }
        throw MartletError(.unavailable, "a backup or a check of the files is under way; try again after it")
    }

    /// Removes the files of blobs whose rows are gone, under the leases of their digests.
    func removeFiles(of dead: [DeadBlob]) async throws {
        let files = dead.filter { $0.place == .file }.map { folder.object($0.digest) }
        try await lanes.next().run { for file in files { unlink(file) } }
    }

    /// Removes files without a row, and rewrites packs that are mostly dead.
    func tidyFolder(changedBefore time: Int64, _ report: inout GarbageReport) async throws {
        try await removeStrayFiles(changedBefore: time, &report)
        try await tidyPacks(&report)
    }

    /// Files of uploads that stopped between the file's name and its row.
    private func removeStrayFiles(changedBefore time: Int64, _ report: inout GarbageReport) async throws {
        let folder = folder
        for prefix in try await lanes.next().run({ try BlobFolder.names(in: folder.objects) }) {
            try Task.checkCancellation()
            let old = try await lanes.next().run {
                try BlobFolder.names(in: "\(folder.objects)/\(prefix)").map { Digest(prefix + $0) }.filter { digest in
                    BlobFolder.changeTime(of: folder.object(digest)).map { $0 < time } ?? false
                }
            }
            let strays = try await strays(among: old)
            let leased = await leases.beginCollecting(strays)
            do {
                let files = try await self.strays(among: leased).map { folder.object($0) }
                try await lanes.next().run { for file in files { unlink(file) } }
                report.strayFiles += files.count
                await leases.endCollecting(leased)
            } catch {
                await leases.endCollecting(leased)
                throw error
            }
        }
    }

    private func strays(among digests: [Digest]) async throws -> [Digest] {
        if digests.isEmpty { return [] }
        return try await database.read { connection in
            try digests.filter { try BlobRows.row($0, connection)?.place != .file }
        }
    }
}

// MARK: - Packs

extension LocalBlobStore {
    /// Removes packs without live records, and moves the live records of mostly dead packs to the growing one.
    private func tidyPacks(_ report: inout GarbageReport) async throws {
        for pack in try folder.packNumbers() where packer.isFinished(pack) {
            try Task.checkCancellation()
            let records = try await database.read { try BlobRows.records(of: pack, $0) }
            let live = records.reduce(Int64(0)) { $0 + $1.blob.size + Int64(PackRecord.headerSize) }
            let size = try shelf.file(pack).size()
            guard records.isEmpty || live < size / 2 else { continue }
            if try await moveRecords(records) {
                shelf.forget(pack)
                unlink(folder.pack(pack))
                report.packs += 1
            }
        }
    }

    /// - Returns: false when a record is damaged: its pack stays, for whoever can repair it.
    private func moveRecords(_ records: [LiveRecord]) async throws -> Bool {
        var rest = records[...]
        while !rest.isEmpty {
            let group = rest.prefix(Self.batch)
            rest = rest.dropFirst(group.count)
            let moved = try await copies(of: Array(group))
            guard moved.count == group.count else {
                for (_, place) in moved { packer.settle(place) }
                return false
            }
            defer { for (_, place) in moved { packer.settle(place) } }
            try await database.write { connection in
                for (record, place) in moved { try BlobRows.move(record, to: place, connection) }
            }
        }
        return true
    }

    /// Appends the records again, together. A damaged one is left out and told to the log.
    private func copies(of records: [LiveRecord]) async throws -> [(LiveRecord, PackPlace)] {
        try await withThrowingTaskGroup(of: (LiveRecord, PackPlace)?.self) { group in
            for record in records {
                group.addTask {
                    do {
                        let content = [UInt8](try self.shelf.content(of: record.blob, at: record.place))
                        let bytes = PackRecord.encode(content, hash: ContentHash(of: content))
                        return (record, try await self.packer.append(bytes, digest: record.blob.digest))
                    } catch let error as MartletError {
                        self.logger.critical("a pack has a damaged record", metadata: ["cause": "\(error)"])
                        return nil
                    }
                }
            }
            var copies: [(LiveRecord, PackPlace)] = []
            do {
                for try await copy in group { if let copy { copies.append(copy) } }
            } catch {
                for (_, place) in copies { packer.settle(place) }
                throw error
            }
            return copies
        }
    }
}
