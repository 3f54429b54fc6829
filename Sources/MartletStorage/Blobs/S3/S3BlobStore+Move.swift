package import Logging
package import MartletCore
import ServiceLifecycle

/// What was moved from the disk to an S3 store.
package struct MoveReport: Sendable, Equatable {
    package var blobs = 0
    package var bytes: Int64 = 0
    /// Contents that the disk does not give back as they were stored. They stay.
    package var damaged = 0
}

extension S3BlobStore {
    /// Moves what is on the disk into the store, one content after another, beside uploads and reads.
    ///
    /// A row points at its object once the store has acknowledged it, whole and of the right digest. The files and packs
    /// that lose their rows go with the next collection of garbage.
    package func moveFromDisk() async throws(MartletError) -> MoveReport {
        var report = MoveReport()
        var last = Digest("")
        do {
            while true {
                let after = last
                let blobs = try await catalog.database.read { try BlobRows.onDisk(after: after, limit: 200, $0) }
                guard let end = blobs.last else { return report }
                last = end.digest
                for blob in blobs {
                    try Task.checkCancellation()
                    try await move(blob, &report)
                }
            }
        } catch {
            throw logger.refusal(of: error)
        }
    }

    private func move(_ blob: StoredBlob, _ report: inout MoveReport) async throws {
        do {
            let content = try await disk.read(blob.digest, range: nil)
            let size = try writer.partSize(for: blob.size)
            let source = PartSource(([], false), IncomingBody(content, length: blob.size), partSize: size)
            if try await move(source, blob) {
                report.blobs += 1
                report.bytes += blob.size
            }
        } catch let error as MartletError where error.code == .notFound {
            // Collected meanwhile.
        } catch let error as MartletError where error.code == .internal {
            logger.critical(
                "a file on the disk is damaged and was not moved",
                metadata: ["digest": "\(blob.digest.rawValue)", "cause": "\(error)"]
            )
            report.damaged += 1
        }
    }

    /// - Returns: false when the blob was collected meanwhile.
    private func move(_ source: PartSource<BlobContent>, _ blob: StoredBlob) async throws -> Bool {
        try await withObject { id in
            let (sent, isWritten) = try await writer.write(source, as: id) { $0.digest == blob.digest ? nil : $0 }
            guard isWritten else {
                throw MartletError(.internal, "it has the digest \(sent.digest.rawValue) by now")
            }
            let isThere = try await catalog.database.write { try BlobRows.move(blob.digest, toObject: id, $0) }
            if !isThere { await writer.discard(id) }
            return isThere
        }
    }
}

/// Moves what is on the disk into an S3 store: at the start, and every hour what is left.
package struct BlobMover: Service {
    private let store: S3BlobStore
    private let logger: Logger

    package init(store: S3BlobStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let pause = await move()
                do {
                    try await Task.sleep(for: pause)
                } catch {
                    return
                }
            }
        }
    }

    /// - Returns: when to go on.
    private func move() async -> Duration {
        do {
            let report = try await store.moveFromDisk()
            guard report != MoveReport() else { return .seconds(3_600) }
            logger.info(
                "files were moved to the S3 store",
                metadata: ["blobs": "\(report.blobs)", "bytes": "\(report.bytes)", "damaged": "\(report.damaged)"]
            )
            return .seconds(3_600)
        } catch {
            if !Task.isCancelled {
                logger.warning("files could not be moved now; it is tried again", metadata: ["cause": "\(error)"])
            }
            return .seconds(60)
        }
    }
}
