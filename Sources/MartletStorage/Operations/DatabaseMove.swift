import Dispatch
import Foundation
package import Logging
package import MartletCore

/// Moves the tables of an installation from SQLite to PostgreSQL; the files of blobs stay where they are.
///
/// The data folder is held meanwhile, so that nothing is written that would be left behind. It can be interrupted and
/// started again. See docs/postgresql.md.
package struct DatabaseMove: Sendable {
    private let folder: String
    private let address: String
    private let environment: Environment
    private let progress: @Sendable (String) -> Void

    package init(
        folder: String,
        address: String,
        environment: Environment,
        progress: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.address = address
        self.environment = environment
        self.progress = progress
    }

    /// - Returns: the tables, by name, each with the same rows on both sides.
    /// - Throws: `failedPrecondition` while a server uses the folder, for a database that is not empty, and when the
    ///   source was changed since an interrupted migration.
    package func run(logger: Logger) async throws(MartletError) -> [CopiedTable] {
        let installation = Installation(folder: folder, database: nil)
        try installation.check()
        // Brings the tables to the newest schema as well.
        let database: SQLiteDatabase
        do {
            database = try SQLiteDatabase(folder: folder, now: environment.now(), logger: logger)
        } catch {
            throw installation.explained(error)
        }
        let outcome: Result<[CopiedTable], any Error>
        do {
            outcome = .success(
                try await DispatchQueue(label: "martlet.migration").run {
                    let file = try SQLiteFile(installation.databaseFile, .readBeside)
                    return try PostgresLoad(address: address, environment: environment, progress: progress)
                        .run(from: file, source: try installation.identity(environment))
                }
            )
        } catch {
            outcome = .failure(error)
        }
        try await database.close()
        do {
            return try outcome.get()
        } catch {
            throw OperationFailure.refusal(error)
        }
    }
}
