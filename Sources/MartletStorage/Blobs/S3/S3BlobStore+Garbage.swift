package import MartletCore

extension S3BlobStore: CollectedBlobStore {
    /// Removes what nothing names, in the store and on the disk, and uploads that a stop interrupted. O(blobs), and one
    /// list request for a thousand objects.
    @discardableResult
    package func collectGarbage(
        olderThan grace: Duration,
        uploadsOlderThan uploadAge: Duration
    ) async throws(MartletError) -> GarbageReport {
        let sweep = BlobSweep(
            database: catalog.database,
            leases: disk.leases,
            now: catalog.environment.now(),
            grace: grace
        )
        var report = GarbageReport()
        do {
            let hold = try disk.closeGate()
            defer { withExtendedLifetime(hold) {} }
            // Nothing is removed from a store before it is certain that it is ours.
            try await claim()
            try await sweep.forgetUploads(openFor: uploadAge, &report)
            try await sweep.removeDead(objects: true, &report) { dead in
                try await self.disk.removeFiles(of: dead)
                try await self.client.delete(dead.compactMap(\.place.objectKey))
            }
            try await disk.tidyFolder(changedBefore: sweep.time, &report)
            // What another server has in flight is known to that one only, and the store may give an object the time
            // at which its upload began: old enough is what nobody can still be sending.
            let oldest = min(sweep.time, sweep.now - uploadAge.wholeMilliseconds)
            try await removeStrayObjects(changedBefore: oldest, &report)
            try await abortUploads(begunBefore: oldest)
        } catch {
            throw logger.refusal(of: error)
        }
        return report
    }

    /// Objects of uploads that stopped before their row, and of rows whose removal did not reach the store.
    private func removeStrayObjects(changedBefore time: Int64, _ report: inout GarbageReport) async throws {
        var next: String?
        repeat {
            try Task.checkCancellation()
            let page = try await client.list(Self.key(""), next: next)
            next = page.next
            // The order counts: what is no longer in flight has its row by now.
            let old = page.objects.filter { $0.changedAt < time }
                .map { String($0.key.dropFirst(Self.key("").count)) }
                .filter { !inFlight.contains($0) }
            let strays = try await catalog.database.read { try BlobRows.unnamed(among: old, $0) }
            try await client.delete(strays.map(Self.key))
            report.strayFiles += strays.count
        } while next != nil
    }

    private func abortUploads(begunBefore time: Int64) async throws {
        for upload in try await client.uploads(Self.key(""), begunBefore: time) {
            try Task.checkCancellation()
            if inFlight.contains(String(upload.key.dropFirst(Self.key("").count))) { continue }
            try await client.abort(upload)
        }
    }
}

extension BlobPlace {
    fileprivate var objectKey: String? {
        if case .object(let id) = self { S3BlobStore.key(id) } else { nil }
    }
}

// MARK: - Whose store it is

extension S3BlobStore {
    /// Sees that the store is this database's, and makes an unused one so.
    /// - Throws: `failedPrecondition` when it is another's, or lacks what this database has in a store.
    func claim() async throws {
        let fresh = catalog.environment.newID()
        let (own, hasObjects) = try await catalog.database.write { connection in
            (
                try BlobRows.storeID(orElse: fresh, connection),
                try connection.first("SELECT 1 FROM blob WHERE kind = 3 LIMIT 1") { _ in true } ?? false
            )
        }
        if hasObjects { return try await client.requireOwner(own) }
        if try await !client.isOwned(by: own) { try await client.setOwner(own) }
    }
}
