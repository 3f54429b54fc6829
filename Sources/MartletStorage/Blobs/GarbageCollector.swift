package import Logging
import ServiceLifecycle

/// Collects garbage of the blob store once a day, and first an hour after the start.
package struct GarbageCollector: Service {
    private let blobs: LocalBlobStore
    private let logger: Logger

    package init(blobs: LocalBlobStore, logger: Logger) {
        self.blobs = blobs
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = Duration.seconds(3_600)
            while !Task.isCancelled {
                do {
                    try await Task.sleep(for: pause)
                } catch {
                    return
                }
                // A backup that is under way is not waited for, but not for a day either.
                pause = await collect() ? .seconds(86_400) : .seconds(600)
            }
        }
    }

    /// - Returns: whether it was done.
    private func collect() async -> Bool {
        do {
            let report = try await blobs.collectGarbage(
                olderThan: .seconds(86_400),
                uploadsOlderThan: .seconds(7 * 86_400)
            )
            logger.info(
                "garbage collected",
                metadata: ["blobs": "\(report.blobs)", "bytes": "\(report.bytes)", "packs": "\(report.packs)"]
            )
            return true
        } catch {
            logger.warning("garbage could not be collected now; it is tried again", metadata: ["cause": "\(error)"])
            return false
        }
    }
}
