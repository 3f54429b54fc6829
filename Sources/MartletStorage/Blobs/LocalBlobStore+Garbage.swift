import Foundation
import Logging
package import MartletCore

/// What a collection removed.
package struct GarbageReport: Sendable, Equatable {
    package var uploads = 0
    package var blobs = 0
    /// Bytes of the blobs; those in packs come free when their pack is rewritten.
    package var bytes: Int64 = 0
    /// Files that no row named.
    package var strayFiles = 0
    package var packs = 0
}

extension LocalBlobStore {
    private static let batch = 200

    /// Removes blobs that no tree, no upload and no composed blob names, and packs that are mostly dead.
    ///
    /// Runs beside uploads and reads. What was stored within `grace` is kept, so that content whose name is not
    /// committed yet survives; it must be longer than two minutes. Uploads that were begun and never completed
    /// go after `uploadAge`. O(blobs).
    /// - Throws: `storageFull` when there is no room to rewrite a pack; nothing is lost then. `unavailable` while a
    ///   backup or a check of another process needs the files to stay.
    @discardableResult
    package func collectGarbage(
        olderThan grace: Duration,
        uploadsOlderThan uploadAge: Duration
    ) async throws(MartletError) -> GarbageReport {
        let now = environment.now()
        let time = now - grace.wholeMilliseconds
        var report = GarbageReport()
        do {
            let hold = try CollectionGate.collect(folder.path)
            guard let hold else {
                throw MartletError(.unavailable, "a backup or a check of the files is under way; try again after it")
            }
            defer { withExtendedLifetime(hold) {} }
            try await forgetUploads(before: time, openBefore: now - uploadAge.wholeMilliseconds, &report)
            // A composed blob that goes frees its parts, which the next round finds.
            while try await removeDead(storedBefore: time, &report) > 0 { try Task.checkCancellation() }
            try await removeStrayFiles(changedBefore: time, &report)
            try await tidyPacks(&report)
        } catch {
            throw refusal(error)
        }
        return report
    }

    private func forgetUploads(before time: Int64, openBefore: Int64, _ report: inout GarbageReport) async throws {
        while true {
            let count = try await database.write {
                try BlobRows.removeUploads(completedBefore: time, openBefore: openBefore, limit: Self.batch, $0)
            }
            report.uploads += count
            if count < Self.batch { return }
        }
    }

    /// - Returns: composed blobs that went.
    private func removeDead(storedBefore time: Int64, _ report: inout GarbageReport) async throws -> Int {
        var last = Digest("")
        var composed = 0
        while true {
            let after = last
            let dead = try await database.read {
                try BlobRows.dead(after: after, storedBefore: time, limit: Self.batch, $0)
            }
            guard let end = dead.last else { return composed }
            last = end.digest
            let removed = try await remove(dead, storedBefore: time)
            report.blobs += removed.count
            report.bytes += removed.reduce(0) { $0 + $1.size }
            composed += removed.count { $0.isComposed }
        }
    }

    /// Rows first, then files, under the leases of the digests: no upload can name a file that is about to go.
    private func remove(_ dead: [DeadBlob], storedBefore time: Int64) async throws -> [DeadBlob] {
        let leased = await leases.beginCollecting(dead.map(\.digest))
        let free = Set(leased)
        let candidates = dead.filter { free.contains($0.digest) }
        do {
            let removed = try await database.write { connection in
                try candidates.filter { try BlobRows.remove($0, storedBefore: time, connection) }
            }
            let files = removed.filter(\.isFile).map { folder.object($0.digest) }
            try await lanes.next().run { for file in files { unlink(file) } }
            await leases.endCollecting(leased)
            return removed
        } catch {
            await leases.endCollecting(leased)
            throw error
        }
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

extension Duration {
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
