package import Logging
package import MartletCore
package import ServiceLifecycle

/// Copies the WAL into the database on a schedule of its own, so that neither a commit nor a reader pays for it.
package struct Checkpointer: Service {
    private let database: SQLiteDatabase
    private let logger: Logger
    /// Pages of 4 KiB after which the WAL file starts anew: 64 MiB.
    private let restartPages = 16_384

    package init(database: SQLiteDatabase, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            var rounds = 0
            while !Task.isCancelled {
                do {
                    try await Task.sleep(for: .seconds(1))
                } catch {
                    return
                }
                rounds += 1
                await self.round(rounds)
            }
        }
    }

    private func round(_ number: Int) async {
        do {
            let pages = try await database.checkpoint()
            if pages.walPages > restartPages { try await database.restartLog() }
            // Statistics every ten minutes; SQLite skips tables that did not change much.
            if number % 600 == 0 { try await database.optimize() }
        } catch {
            logger.warning("the WAL could not be copied now; it is tried again", metadata: ["cause": "\(error)"])
        }
    }
}
