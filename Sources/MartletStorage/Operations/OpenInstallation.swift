package import Logging
package import MartletCore

/// An installation that this process alone uses, for work that changes it.
package struct OpenInstallation: Sendable {
    package let database: any SQLDatabase
    private let installation: Installation
    private let environment: Environment
    private let logger: Logger
    private let closing: @Sendable () async throws(MartletError) -> Void

    /// - Throws: `failedPrecondition` while a server uses the data folder, or when there is none.
    package init(
        _ installation: Installation,
        environment: Environment,
        logger: Logger
    ) async throws(MartletError) {
        try installation.check()
        self.installation = installation
        self.environment = environment
        self.logger = logger
        do {
            guard let address = installation.database else {
                let database = try SQLiteDatabase(folder: installation.folder, now: environment.now(), logger: logger)
                self.database = database
                closing = { () async throws(MartletError) in try await database.close() }
                return
            }
            let lock = try FolderLock(folder: installation.folder)
            let database = try await PostgresDatabase(
                address: address,
                readers: 2,
                now: environment.now(),
                logger: logger
            )
            self.database = database
            closing = { () async throws(MartletError) in
                await database.close()
                lock.release()
            }
        } catch {
            throw installation.explained(error)
        }
    }

    /// Collects what nothing names and is older than a day, and uploads that were left a week ago.
    /// - Parameter store: has the objects of the installation, which stay without it.
    package func collectGarbage(in store: S3Client?) async throws(MartletError) -> GarbageReport {
        let disk = try await LocalBlobStore(
            folder: installation.blobs,
            database: database,
            environment: environment,
            logger: logger
        )
        var blobs: any CollectedBlobStore = disk
        if let store { blobs = try await S3BlobStore(disk: disk, client: store, logger: logger) }
        return try await blobs.collectGarbage(olderThan: .seconds(86_400), uploadsOlderThan: .seconds(7 * 86_400))
    }

    /// Lets go of the folder. Nothing may be used afterwards.
    package func close() async throws(MartletError) { try await closing() }
}
