import Logging
import MartletCore
import ServiceLifecycle

/// Deletes versions of artifacts whose time is over, once an hour; several servers may do so at once.
struct VersionUpkeep: Service {
    private static let pause = Duration.seconds(3_600)

    let versions: ArtifactVersionService
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    let count = try await versions.deleteExpired()
                    if count > 0 {
                        logger.info("versions whose time was over were deleted", metadata: ["count": "\(count)"])
                    }
                } catch {
                    logger.error("versions could not be deleted", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
