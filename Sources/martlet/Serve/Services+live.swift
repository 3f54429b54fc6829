import Foundation
import Logging
import MartletCore
import MartletStorage
import ServiceLifecycle

/// The services over one data folder, and what must run beside them.
struct LiveServices {
    var services: Services
    /// Upkeep: sealing, checkpoints, garbage. Each ends at graceful shutdown.
    var background: [any Service]
    /// Seals what is due, copies the WAL and lets go of the folder. After the last request.
    var close: @Sendable () async throws -> Void
    /// Writes that wait for the writer.
    var waitingWrites: @Sendable () -> Int
}

/// The one place where storage meets the rest.
func liveServices(
    data folder: String,
    environment: Environment,
    logger: Logger
) async throws(MartletError) -> LiveServices {
    try makeFolder(folder)
    let now = environment.now()
    let database = try SQLiteDatabase(folder: folder, now: now, logger: logger)
    let store = SQLMetadataStore(database: database, environment: environment)
    try await store.prepare()
    let blobs = try await LocalBlobStore(
        folder: folder + "/blobs",
        database: database,
        environment: environment,
        logger: logger
    )
    let events = EventBus(capacity: 10_000, firstRevision: UInt64(max(now, 0)) * 1_000)
    let sealer = SealerService(database: database, environment: environment, logger: logger)
    return LiveServices(
        services: Services(store: store, blobs: blobs, events: events, environment: environment),
        background: [
            sealer, Checkpointer(database: database, logger: logger), GarbageCollector(blobs: blobs, logger: logger),
        ],
        close: { try await database.close() },
        waitingWrites: { database.waitingWrites }
    )
}

/// - Throws: `unavailable` that names the folder, which storage, whose messages go to clients, does not.
private func makeFolder(_ path: String) throws(MartletError) {
    let advice = "choose another with --data"
    do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
        throw MartletError(.unavailable, "the data folder '\(path)' cannot be made; \(advice)")
    }
    guard FileManager.default.isWritableFile(atPath: path) else {
        throw MartletError(.unavailable, "the data folder '\(path)' may not be written; \(advice)")
    }
}
