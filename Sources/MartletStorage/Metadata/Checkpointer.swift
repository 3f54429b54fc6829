package import Logging
import ServiceLifecycle

/// Copies the WAL into the database on a schedule of its own, so that neither a commit nor a reader pays for it.
package struct Checkpointer: Service {
    private let database: SQLiteDatabase
    private let logger: Logger
    /// Bytes of the WAL after which it starts anew.
    static let longestLog = 64 << 20
    /// Pages written in a round that leave time to tidy up.
    private static let fewPages = 256
    /// Pages given back in a round: some 20 ms of the writer.
    private static let releasedPages = 2_048

    package init(database: SQLiteDatabase, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var (rounds, logged) = (0, 0)
            while !Task.isCancelled {
                do {
                    try await Task.sleep(for: .seconds(1))
                } catch {
                    return
                }
                rounds += 1
                await self.round(rounds, &logged)
            }
        }
    }

    /// - Parameter logged: pages in the WAL after the last round.
    private func round(_ number: Int, _ logged: inout Int) async {
        do {
            let pages = try await database.checkpoint().walPages
            // The next write starts the log anew; until it comes, there is nothing to ask for again.
            if pages != logged, pages * 4_096 > Self.longestLog { try await database.restartLog() }
            if abs(pages - logged) < Self.fewPages { try await database.releasePages(upTo: Self.releasedPages) }
            logged = pages
            // Statistics every ten minutes; SQLite skips tables that did not change much.
            if number % 600 == 0 { try await database.optimize() }
        } catch {
            logger.warning("the WAL could not be copied now; it is tried again", metadata: ["cause": "\(error)"])
        }
    }
}
