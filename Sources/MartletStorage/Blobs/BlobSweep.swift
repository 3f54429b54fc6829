import MartletCore

/// What a collection removed.
package struct GarbageReport: Sendable, Equatable {
    package var uploads = 0
    package var blobs = 0
    /// Bytes of the blobs; those in packs come free when their pack is rewritten.
    package var bytes: Int64 = 0
    /// Files, and objects of an S3 store, that no row named.
    package var strayFiles = 0
    package var packs = 0
}

/// The part of a collection that is the same wherever the bytes are: rows of dead uploads and dead blobs.
struct BlobSweep: Sendable {
    private static let batch = 200

    let database: any SQLDatabase
    let leases: BlobLeases
    /// Milliseconds since 1970-01-01 UTC.
    let now: Int64
    let grace: Duration

    /// What was stored before is old enough to go.
    var time: Int64 { now - grace.wholeMilliseconds }

    /// Forgets completed uploads after the grace period, and those still open after `age`.
    func forgetUploads(openFor age: Duration, _ report: inout GarbageReport) async throws {
        let (time, openBefore) = (time, now - age.wholeMilliseconds)
        while true {
            let count = try await database.write {
                try BlobRows.removeUploads(completedBefore: time, openBefore: openBefore, limit: Self.batch, $0)
            }
            report.uploads += count
            if count < Self.batch { return }
        }
    }

    /// Removes the rows of blobs that nothing names, then their bytes.
    /// - Parameter objects: whether those in an S3 store are among them.
    /// - Parameter removingBytes: gets blobs whose rows are gone; holds the leases of their digests meanwhile.
    func removeDead(
        objects: Bool,
        _ report: inout GarbageReport,
        removingBytes: @Sendable ([DeadBlob]) async throws -> Void
    ) async throws {
        // A composed blob that goes frees its parts, which the next round finds.
        while try await removeOnce(objects, &report, removingBytes) > 0 { try Task.checkCancellation() }
    }

    /// - Returns: composed blobs that went.
    private func removeOnce(
        _ objects: Bool,
        _ report: inout GarbageReport,
        _ removeBytes: @Sendable ([DeadBlob]) async throws -> Void
    ) async throws -> Int {
        var last = Digest("")
        var composed = 0
        while true {
            let (after, time) = (last, time)
            let dead = try await database.read {
                try BlobRows.dead(after: after, storedBefore: time, objects: objects, limit: Self.batch, $0)
            }
            guard let end = dead.last else { return composed }
            last = end.digest
            let removed = try await remove(dead, removeBytes)
            report.blobs += removed.count
            report.bytes += removed.reduce(0) { $0 + $1.size }
            composed += removed.count { $0.place == .parts }
        }
    }

    /// Rows first, then bytes, under the leases of the digests: no upload can name a file that is about to go.
    private func remove(
        _ dead: [DeadBlob],
        _ removeBytes: @Sendable ([DeadBlob]) async throws -> Void
    ) async throws -> [DeadBlob] {
        let leased = await leases.beginCollecting(dead.map(\.digest))
        let free = Set(leased)
        let (candidates, time) = (dead.filter { free.contains($0.digest) }, time)
        do {
            let removed = try await database.write { connection in
                try candidates.filter { try BlobRows.remove($0, storedBefore: time, connection) }
            }
            try await removeBytes(removed)
            await leases.endCollecting(leased)
            return removed
        } catch {
            await leases.endCollecting(leased)
            throw error
        }
    }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
