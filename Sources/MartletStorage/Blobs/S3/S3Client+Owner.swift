import MartletCore
import NIOCore

/// An object says whose store it is: two databases that share a prefix would collect each other's objects.
extension S3Client {
    private static let marker = "martlet-store"

    /// Whether the store is that database's, by the name that `BlobRows.storeID` gives; false when it is nobody's.
    /// - Throws: `failedPrecondition` when it is another's.
    func isOwned(by id: String) async throws -> Bool {
        guard let found = try await content(of: Self.marker) else { return false }
        guard found == Array(id.utf8) else {
            throw MartletError(
                .failedPrecondition,
                "\(address) belongs to another Martlet; choose another prefix with --blobs"
            )
        }
        return true
    }

    /// - Throws: `failedPrecondition` unless the store is that database's.
    func requireOwner(_ id: String) async throws {
        guard try await isOwned(by: id) else {
            throw MartletError(
                .failedPrecondition,
                "\(address) does not hold the files of this database; name the store that does with --blobs, or "
                    + "copy all of it there first, '\(Self.marker)' included"
            )
        }
    }

    func setOwner(_ id: String) async throws {
        let content = Array(id.utf8)
        try await put(Self.marker, ByteBuffer(bytes: content), ContentHash(of: content))
    }

    /// - Throws: `failedPrecondition` when the prefix is anybody's, or has objects of blobs.
    func requireUnused() async throws {
        let objects = try await list(S3BlobStore.key(""), next: nil).objects
        guard try await content(of: Self.marker) == nil, objects.isEmpty else {
            throw MartletError(
                .failedPrecondition,
                "\(address) is in use; name a prefix where nothing is with --blobs"
            )
        }
    }

    /// Makes the store nobody's again.
    func removeOwner() async throws { try await delete(Self.marker) }
}
