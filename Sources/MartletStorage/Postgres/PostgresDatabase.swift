import Dispatch
package import Logging
package import MartletCore
import Synchronization

/// PostgreSQL 15 or later, for one or more servers: snapshot reads on several connections beside one writer.
///
/// Writes that wait at the same time share one transaction (group commit). A lost connection is made anew: reads are
/// repeated, writes as well once it is certain that they were not stored.
///
/// A class, because it owns connections and their threads; all its state is behind mutexes or confined to a thread.
package final class PostgresDatabase: SQLDatabase {
    package var dialect: SQLDialect { .postgres }
    private let logger: Logger
    private let queue = WriteQueue()
    private let writerThread = DispatchQueue(label: "martlet.postgres.writer")
    private let writer: Confined<PostgresWriter>
    private let readers: PostgresReaders

    /// Searches have very different costs for different values: they are planned for the values that they have. And for
    /// disks without heads: for others PostgreSQL reads a whole part of an index before the first of a few rows.
    static let readerSettings = [
        "SET jit = off", "SET plan_cache_mode = force_custom_plan", "SET random_page_cost = 1.1",
    ]
    /// What is acknowledged is on the disk, whatever the installation's own habit is; stronger habits stay. Every
    /// connection begins with these, also one that takes the place of another.
    ///
    /// A writer looks up what it knows the keys of. PostgreSQL would walk tables that it takes for small, such as those
    /// that it has no statistics of yet, and plan each statement anew.
    static let writerSettings = [
        "SET jit = off", "SET lock_timeout = '10s'", "SET enable_seqscan = off",
        "SET plan_cache_mode = force_generic_plan",
        """
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
        """,
    ]
    /// Keeps another server that starts at the same time from migrating the same schema; it waits as long as it takes.
    private static let migrationLock = """
        SELECT pg_advisory_xact_lock(hashtextextended('martlet migration ' || current_schema(), 0))
        """

    /// Opens the database at an address such as `postgres://user@host/name` and brings it to the newest schema.
    /// - Throws: `failedPrecondition` when the data is from a newer build or the server is too old; `unavailable`
    ///   when it cannot be reached.
    package init(address: String, readers count: Int, now: Int64, logger: Logger) async throws(MartletError) {
        self.logger = logger
        writer = Confined(PostgresWriter(lane: PostgresLane(address: address, settings: Self.writerSettings)))
        readers = PostgresReaders(count: count, address: address, settings: Self.readerSettings)
        let writer = writer
        let outcome: Result<Void, MartletError> = await withCheckedContinuation { continuation in
            writerThread.async {
                do {
                    try Self.prepare(writer.value, now: now)
                    continuation.resume(returning: .success(()))
                } catch let error as PostgresError where error.isLost {
                    continuation.resume(returning: .failure(error.refusalAtStart))
                } catch {
                    continuation.resume(returning: .failure(Self.refusal(error, logger)))
                }
            }
        }
        try outcome.get()
    }

    private static func prepare(_ writer: PostgresWriter, now: Int64) throws {
        let connection = try writer.connected()
        let version = try connection.first("SELECT current_setting('server_version_num')") { $0.text(0) } ?? ""
        guard let number = Int(version), number >= 150_000 else {
            throw MartletError(.failedPrecondition, "PostgreSQL 15 or later is needed; this one is \(version)")
        }
        // Another server may be busy with a long migration, or this one be about to be.
        connection.patience = -1
        defer { connection.patience = PostgresConnection.usualPatience }
        do {
            try writer.begin()
            try writer.execute("SET LOCAL lock_timeout = 0")
            try writer.execute(migrationLock)
            try Migrator.migrate(writer, now: now)
            try writer.removeOldMarks()
            try writer.commit()
        } catch {
            writer.rollBack()
            throw error
        }
    }

    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result {
        let logger = logger
        let outcome: Swift.Result<Result, MartletError> = await withCheckedContinuation { continuation in
            readers.add { lane in
                do {
                    continuation.resume(returning: .success(try lane.read(body)))
                } catch {
                    continuation.resume(returning: .failure(Self.refusal(error, logger)))
                }
            }
        }
        return try outcome.get()
    }

    package func write<Result: Sendable>(
        asking questions: @escaping @Sendable () -> [SQLQuestion],
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result {
        let logger = logger
        return try await queue.submit(
            asking: questions,
            body,
            refusal: { Self.refusal($0, logger) },
            start: startDraining
        )
    }

    private func startDraining() {
        writerThread.async { self.queue.drain(on: self.writer.value) }
    }

    /// Ends the connections, once what they do is done. Nothing may be used afterwards.
    package func close() async {
        await withCheckedContinuation { continuation in
            writerThread.async {
                self.writer.value.disconnect()
                continuation.resume()
            }
        }
        await readers.disconnect()
    }

    /// Jobs that wait for the writer, for `/metrics`.
    package var waitingWrites: Int { queue.count }

    private static func refusal(_ error: any Error, _ logger: Logger) -> MartletError {
        if let error = error as? MartletError { return error }
        if error is CancellationError { return MartletError(.cancelled, "the request was cancelled") }
        logger.error("the database failed", metadata: ["cause": "\(error)"])
        return (error as? PostgresError)?.refusal
            ?? MartletError(.internal, "the database failed; the server's log has the cause")
    }
}

/// Something that only one thread touches: a serial queue's.
struct Confined<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// Connections that read, each with a thread of its own.
final class PostgresReaders: Sendable {
    typealias Job = @Sendable (PostgresLane) -> Void

    private struct State {
        var waiting: [Job] = []
        var idle: [Int]
    }

    private let lanes: [(thread: DispatchQueue, lane: Confined<PostgresLane>)]
    private let state: Mutex<State>

    init(count: Int, address: String, settings: [String]) {
        lanes = (0..<count).map { number in
            (
                DispatchQueue(label: "martlet.postgres.reader.\(number)"),
                Confined(PostgresLane(address: address, settings: settings))
            )
        }
        state = Mutex(State(idle: Array((0..<count).reversed())))
    }

    /// Runs the job on the next connection that is free.
    func add(_ job: @escaping Job) {
        let number = state.withLock { state -> Int? in
            state.waiting.append(job)
            return state.idle.popLast()
        }
        guard let number else { return }
        let (thread, lane) = lanes[number]
        thread.async { self.drain(number, lane.value) }
    }

    func disconnect() async {
        for (thread, lane) in lanes {
            await withCheckedContinuation { continuation in
                thread.async {
                    lane.value.disconnect()
                    continuation.resume()
                }
            }
        }
    }

    private func drain(_ number: Int, _ lane: PostgresLane) {
        while let job = next(number) { job(lane) }
    }

    private func next(_ number: Int) -> Job? {
        state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.idle.append(number)
            return nil
        }
    }
}
