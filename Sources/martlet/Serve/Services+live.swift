import Foundation
import Logging
import MartletCore
import MartletOpenID
import MartletStorage
import MartletSweepSearch
import ServiceLifecycle

/// The services over one data folder, and what must run beside them.
struct LiveServices {
    var services: Services
    /// Signs links; all servers of an installation have the same.
    var linkKey: [UInt8]
    /// Upkeep: sealing, checkpoints, garbage. Each ends at graceful shutdown.
    var background: [any Service]
    /// Seals what is due, copies the WAL and lets go of the folder. After the last request.
    var close: @Sendable () async throws -> Void
    /// Writes that wait for the writer.
    var waitingWrites: @Sendable () -> Int
}

extension LiveServices {
    /// Makes the account `admin` where there is none and a password for it is given.
    /// - Returns: the code that makes the first account, where one is needed.
    func prepareLogins(_ adminPassword: String?) async throws(MartletError) -> String? {
        guard let code = try await services.logins.prepare() else { return nil }
        guard let adminPassword else { return code }
        do {
            _ = try await services.accounts.createFirst(name: "admin", password: adminPassword, from: "")
            return nil
        } catch  where error.code == .alreadyExists {
            // Somebody of that name came through the identity provider, and is no admin.
            return code
        }
    }
}

/// A database of either engine, and what it needs beside the requests.
private struct LiveDatabase {
    var database: any SQLDatabase
    var upkeep: [any Service]
    /// Between the servers of an installation; `nil` where there is one.
    var relay: PostgresEventRelay?
    var close: @Sendable () async throws -> Void
    var waitingWrites: @Sendable () -> Int
}

/// A blob store, and what it needs beside the requests.
private struct LiveBlobs {
    var store: any BlobStore & CollectedBlobStore
    var upkeep: [any Service]
    var close: @Sendable () async throws -> Void
}

/// The one place where storage meets the rest.
/// - Parameter folder: the data folder, as an absolute path.
func liveServices(
    _ settings: ServerSettings,
    folder: String,
    environment: Environment,
    logger: Logger
) async throws(MartletError) -> LiveServices {
    try makeFolder(folder)
    let now = environment.now()
    let live = try await open(settings.database, folder, now: now, logger)
    let store = SQLMetadataStore(database: live.database, environment: environment)
    try await store.prepare()
    let blobs = try await openBlobs(folder, settings.blobs, database: live.database, environment, logger)
    let events = EventBus(
        capacity: 10_000,
        // Exact as a JavaScript number for 2^52 events to come.
        firstRevision: UInt64.random(in: 1 << 40..<1 << 52),
        relay: live.relay
    )
    live.relay?.start(delivering: events)
    let sealer = SealerService(
        database: live.database,
        backlog: store.backlog,
        environment: environment,
        logger: logger
    )
    var services = Services(
        store: store,
        blobs: blobs.store,
        searching: SweepConfigurations(),
        hashing: .live,
        policy: settings.login,
        events: events,
        environment: environment
    )
    if let identities = settings.identities {
        services.identities = try await identityService(identities, store, services.logins, environment, logger)
    }
    return LiveServices(
        services: services,
        linkKey: try await store.sharedSecret("links", fresh: SecretHashing.live.randomBytes(32)),
        background: [
            sealer, GarbageCollector(blobs: blobs.store, logger: logger),
            VersionUpkeep(versions: services.versions, logger: logger),
        ] + blobs.upkeep + live.upkeep,
        close: {
            try await blobs.close()
            try await live.close()
        },
        waitingWrites: live.waitingWrites
    )
}

private func identityService(
    _ settings: IdentitySettings,
    _ store: SQLMetadataStore,
    _ logins: LoginService,
    _ environment: Environment,
    _ logger: Logger
) async throws(MartletError) -> IdentityService {
    IdentityService(
        provider: OpenIDProvider(settings.provider, environment: environment, logger: logger),
        roles: settings.roles,
        key: try await store.sharedSecret("attempts", fresh: SecretHashing.live.randomBytes(32)),
        store: store,
        logins: logins,
        hashing: .live,
        environment: environment
    )
}

/// - Parameter bucket: where new files go; `nil` for the folder.
private func openBlobs(
    _ folder: String,
    _ bucket: S3Settings?,
    database: any SQLDatabase,
    _ environment: Environment,
    _ logger: Logger
) async throws(MartletError) -> LiveBlobs {
    let disk = try await LocalBlobStore(
        folder: folder + "/blobs",
        database: database,
        environment: environment,
        logger: logger
    )
    guard let bucket else { return LiveBlobs(store: disk, upkeep: [], close: {}) }
    let client = bucket.client(environment, logger)
    let close: @Sendable () async throws -> Void = { try await client.close() }
    do {
        let store = try await S3BlobStore(disk: disk, client: client, logger: logger)
        logger.info("new files go to S3", metadata: ["store": "\(bucket.address)"])
        let upkeep = bucket.movesFiles ? [BlobMover(store: store, logger: logger)] : []
        return LiveBlobs(store: store, upkeep: upkeep, close: close)
    } catch {
        // Its connections end in good order; what is told is why the store cannot be used.
        try? await close()
        throw error
    }
}

/// - Parameter address: of a PostgreSQL database; `nil` for SQLite in the folder.
private func open(
    _ address: String?,
    _ folder: String,
    now: Int64,
    _ logger: Logger
) async throws(MartletError) -> LiveDatabase {
    guard let address else {
        let database = try SQLiteDatabase(folder: folder, now: now, logger: logger)
        return LiveDatabase(
            database: database,
            upkeep: [Checkpointer(database: database, logger: logger)],
            close: { try await database.close() },
            waitingWrites: { database.waitingWrites }
        )
    }
    // The folder still holds the blobs, which one process writes at a time.
    let lock = try FolderLock(folder: folder)
    let database = try await PostgresDatabase(address: address, readers: 4, now: now, logger: logger)
    let relay = PostgresEventRelay(address: address, logger: logger)
    return LiveDatabase(
        database: database,
        upkeep: [],
        relay: relay,
        close: {
            await relay.stop()
            await database.close()
            lock.release()
        },
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
