import Logging
package import MartletCore

extension S3BlobStore {
    package func read(_ digest: Digest, range: Range<Int64>?) async throws(MartletError) -> BlobContent {
        do {
            let found = try await find(digest, range)
            do {
                return try await open(found)
            } catch {
                // The blob may have been moved here, collected or stored anew since its row was read: it is right now.
                let again = try await find(digest, range)
                guard again.row.place != found.row.place else { throw lost(digest, error) }
                return try await open(again)
            }
        } catch {
            throw logger.refusal(of: error)
        }
    }

    private struct Found: Sendable {
        var row: BlobRow
        var range: Range<Int64>
        /// Of a composed blob, those that share bytes with the range.
        var parts: [PartRow]
    }

    private func find(_ digest: Digest, _ range: Range<Int64>?) async throws -> Found {
        try await catalog.database.read { connection in
            let row = try BlobCatalog.requireRow(digest, connection)
            let range = try BlobCatalog.checked(range, in: row.blob)
            let parts = row.place == .parts ? try BlobRows.parts(of: digest, in: range, connection) : []
            return Found(row: row, range: range, parts: parts)
        }
    }

    private func open(_ found: Found) async throws -> BlobContent {
        let blob = found.row.blob
        switch found.row.place {
        case .file, .pack: return try await disk.read(blob.digest, range: found.range)
        case .parts: return try await BlobContent.joining(found.parts, range: found.range, from: self)
        case .object(let id):
            let reader = ObjectReader(client, key: Self.key(id), blob: blob, range: found.range)
            try await reader.open()
            let logger = logger
            return BlobContent(length: Int64(found.range.count)) {
                do {
                    return try await reader.next()
                } catch {
                    throw logger.refusal(of: error)
                }
            }
        }
    }

    /// An object that a row names and the store does not have; any other failure stays what it is.
    private func lost(_ digest: Digest, _ error: any Error) -> any Error {
        guard let failure = error as? S3Failure, failure.isNotFound else { return error }
        logger.critical("the S3 store has lost an object", metadata: ["cause": "\(failure)"])
        return MartletError(
            .internal,
            "the content \(digest.rawValue.prefix(12))… is missing in the S3 store; its operator must restore it"
        )
    }
}
