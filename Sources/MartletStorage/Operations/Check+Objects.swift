import MartletCore

extension Check {
    /// Objects that are asked for at a time.
    private static let width = 16

    /// Asks the S3 store for every object that a row names, and looks for those that none does.
    func checkObjects(_ report: inout CheckReport) async throws {
        let (count, owner) = try await database.read { (try BlobRows.countInStore($0), try BlobRows.storeID($0)) }
        guard let store = scope.store else {
            report.elsewhere = count
            return
        }
        if owner.isEmpty { return }
        // Else every object would be missing, or garbage.
        try await store.requireOwner(owner)
        var last = Digest("")
        while true {
            let after = last
            let page = try await database.read { try BlobRows.inStore(after: after, limit: 500, $0) }
            guard let end = page.last else { break }
            last = end.blob.digest
            let checked = try await page.concurrentMap(Self.width) { object in
                CheckedBlob(object, problem: try await problem(of: object, in: store))
            }
            try await settle(checked, &report)
        }
        try await countStrayObjects(of: store, &report)
    }

    /// - Returns: `nil` when all is well, also with a blob that was collected, or moved, since its row was read.
    private func problem(of object: StoredObject, in store: S3Client) async throws -> String? {
        guard let problem = try await answer(of: store, to: object) else { return nil }
        let row = try await database.read { try BlobRows.row(object.blob.digest, $0) }
        return row?.place == .object(object.id) ? problem : nil
    }

    private func answer(of store: S3Client, to object: StoredObject) async throws -> String? {
        guard let size = try await store.size(of: object.key) else {
            return "is missing in the S3 store (\(object.key))"
        }
        if size != object.blob.size {
            return "has \(size) bytes in the S3 store and not \(object.blob.size) (\(object.key))"
        }
        guard scope.readsObjects else { return nil }
        do {
            let reader = ObjectReader(store, key: object.key, blob: object.blob, range: 0..<size)
            try await reader.open()
            while try await reader.next() != nil {}
            return nil
        } catch let failure as S3Failure where failure.isWrong || failure.isNotFound {
            return "is not what was stored in the S3 store (\(object.key))"
        }
    }

    /// They are left to the server's collector.
    private func countStrayObjects(of store: S3Client, _ report: inout CheckReport) async throws {
        progress("looking for objects that nothing names")
        let start = S3BlobStore.key("")
        var next: String?
        repeat {
            try Task.checkCancellation()
            let page = try await store.list(start, next: next)
            next = page.next
            let ids = page.objects.map { String($0.key.dropFirst(start.count)) }
            let strays = Set(try await database.read { try BlobRows.unnamed(among: ids, $0) })
            for (object, id) in zip(page.objects, ids) where strays.contains(id) {
                report.strayObjects += 1
                report.strayObjectBytes += object.size
            }
        } while next != nil
    }
}
