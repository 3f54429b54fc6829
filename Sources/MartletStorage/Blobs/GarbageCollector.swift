package import Logging
package import MartletCore
import ServiceLifecycle

/// A blob store that can be rid of what nothing names.
package protocol CollectedBlobStore: Sendable {
    /// Removes blobs that no tree, no upload and no composed blob names, beside uploads and reads.
    ///
    /// - Parameters:
    ///   - grace: what was stored within it is kept, so that content whose name is not committed yet survives; longer
    ///     than two minutes.
    ///   - uploadAge: uploads that were begun before and never completed go.
    @discardableResult
    func collectGarbage(
        olderThan grace: Duration,
        uploadsOlderThan uploadAge: Duration
    ) async throws(MartletError) -> GarbageReport
}

/// Collects garbage of the blob store once a day, and first an hour after the start.
package struct GarbageCollector: Service {
    private let blobs: any CollectedBlobStore
    private let logger: Logger

    package init(blobs: any CollectedBlobStore, logger: Logger) {
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
