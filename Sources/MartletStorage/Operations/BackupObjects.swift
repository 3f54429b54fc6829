import Dispatch
import Foundation
import MartletCore

/// Fetches the objects of an S3 store that the rows of a copied database name, where the backup does not have them.
///
/// They stand in the backup as the files of a data folder do, named by their SHA-256.
struct BackupObjects {
    let store: S3Client
    let folder: BackupFolder
    let progress: @Sendable (String) -> Void
    private let lanes = BlobLanes(count: 4)

    /// Objects that are on their way at a time; each takes some 4 MiB of memory at most.
    private static let width = 8

    /// What became of one object.
    private enum Outcome: Sendable {
        /// The backup had it.
        case present
        case fetched
        /// The store does not have it.
        case missing
        /// It is not what was stored.
        case altered
    }

    init(store: S3Client, folder: BackupFolder, progress: @escaping @Sendable (String) -> Void) {
        self.store = store
        self.folder = folder
        self.progress = progress
    }

    /// What is fetched is whole, of the right digest and on the disk when this returns.
    /// - Parameter copy: the file of the copied database.
    /// - Returns: objects that the store does not have.
    /// - Throws: `failedPrecondition` when the store is not that database's; what stopped the store or the disk.
    func fetchAll(
        named copy: String,
        to manifest: inout BackupManifest,
        _ report: inout BackupReport
    ) async throws -> [String] {
        let queue = DispatchQueue(label: "martlet.backup.objects")
        var (last, seen, missing) = (Digest(""), 0, [String]())
        while true {
            let after = last
            let (owner, page) = try await queue.run {
                try SQLiteFile(copy, .readAlone).snapshot { connection in
                    let page = try BlobRows.inStore(after: after, limit: 500, connection)
                    return try (page.isEmpty ? "" : BlobRows.storeID(connection), page)
                }
            }
            guard let end = page.last else { return missing }
            if seen == 0 { try await store.requireOwner(owner) }
            last = end.blob.digest
            for (object, outcome) in zip(page, try await page.concurrentMap(Self.width, fetch)) {
                seen += 1
                Self.add(object, outcome, to: &manifest, &report)
                if outcome == .missing { missing.append(object.key) }
            }
            progress("\(seen) objects looked at, \(report.copiedFiles) files copied (\(report.copiedBytes) bytes)")
        }
    }

    private static func add(
        _ object: StoredObject,
        _ outcome: Outcome,
        to manifest: inout BackupManifest,
        _ report: inout BackupReport
    ) {
        let (digest, size) = (object.blob.digest.rawValue, object.blob.size)
        let path = BackupFolder.path(of: object.blob.digest)
        switch outcome {
        case .missing, .altered:
            manifest.lost.append(path)
            let what = outcome == .missing ? "is missing in the S3 store" : "is not what was stored"
            report.lost.append("\(path): the object \(object.key) \(what)")
            return
        case .fetched:
            report.copiedFiles += 1
            report.copiedBytes += size
        case .present: break
        }
        manifest.files.append(.init(digest: digest, size: size, path: path))
    }

    private func fetch(_ object: StoredObject) async throws -> Outcome {
        let blobs = BlobFolder(existing: folder.path)
        if DurableFile.size(of: blobs.object(object.blob.digest)) == object.blob.size { return .present }
        do {
            try await download(object, into: blobs)
            return .fetched
        } catch let failure as S3Failure where failure.isNotFound {
            return .missing
        } catch let failure as S3Failure where failure.isWrong {
            return .altered
        }
    }

    private func download(_ object: StoredObject, into blobs: BlobFolder) async throws {
        let temporary = "\(folder.temporary)/\(object.blob.digest.rawValue)"
        do {
            let file = try await lanes.next().run { try OpenFile(temporary, O_RDWR | O_CREAT | O_TRUNC) }
            let writer = SlabWriter(file: file, disk: .live, lanes: lanes)
            do {
                // Checks the length and, before the last piece, the digest.
                let reader = ObjectReader(store, key: object.key, blob: object.blob, range: 0..<object.blob.size)
                try await reader.open()
                _ = try await writer.write([]) { try await reader.next() }
                try await writer.publish(temporary, as: object.blob.digest, in: blobs)
            } catch {
                await writer.abandon()
                unlink(temporary)
                throw error
            }
        } catch let failure as IOFailure {
            throw FileFailure(path: temporary, cause: failure)
        }
    }
}
