import Foundation
import MartletCore
import Synchronization

/// Those who were answered together come again together: most of them a moment after the first.
///
/// A writer that would begin as soon as one of them is there would do every other work for one alone, at the price of a
/// whole one. So it waits that moment where the last work was for several.
enum Siblings {
    /// Microseconds; the kernel adds some 50.
    private static let moment: UInt32 = 20

    /// - Parameters:
    ///   - previous: how many the last work was for.
    ///   - waiting: how many are there now.
    static func pause(after previous: Int, waiting: Int) {
        if previous > 2, waiting < previous { usleep(moment) }
    }
}

/// A connection that the writer of an engine drives.
protocol WriteConnection: SQLConnection {
    /// Whether a statement that writes ran since `forgetWrites`.
    var hasWritten: Bool { get }
    /// Whether the open transaction can only be rolled back.
    var hasFailed: Bool { get }
    func forgetWrites()
    func begin() throws
    /// Durable once it returns; when it throws, nothing of the transaction is stored.
    func commit() throws
    /// Does nothing outside of a transaction.
    func rollBack()
    /// Whether the same work may well succeed when it is tried again.
    func isTransient(_ error: any Error) -> Bool
}

/// One write that waits: what it does, and who hears of it.
struct WriteJob: Sendable {
    let run: @Sendable (any SQLConnection) throws -> Void
    let finish: @Sendable ((any Error)?) -> Void
}

/// The writes that wait for the one writer of an engine, which commits them together (group commit).
final class WriteQueue: Sendable {
    private struct State {
        var jobs: [WriteJob] = []
        var isDraining = false
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.jobs.count } }

    /// Queues a write and waits until it is committed.
    /// - Parameters:
    ///   - refusal: what a client may know of a failure.
    ///   - start: starts the writer, which calls `drain`.
    func submit<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result,
        refusal: @escaping @Sendable (any Error) -> MartletError,
        start: () -> Void
    ) async throws(MartletError) -> Result {
        let outcome: Swift.Result<Result, MartletError> = await withCheckedContinuation { continuation in
            let box = WriteBox<Result>()
            let job = WriteJob(
                run: { box.value = try body($0) },
                finish: { error in
                    if let error {
                        continuation.resume(returning: .failure(refusal(error)))
                    } else if let value = box.value {
                        continuation.resume(returning: .success(value))
                    } else {
                        preconditionFailure("a committed write has no result")
                    }
                }
            )
            let mustStart = state.withLock { state -> Bool in
                state.jobs.append(job)
                defer { state.isDraining = true }
                return !state.isDraining
            }
            if mustStart { start() }
        }
        return try outcome.get()
    }

    /// Commits what waits until nothing does. On the writer's own thread.
    func drain(on connection: some WriteConnection) {
        var previous = 0
        while true {
            Siblings.pause(after: previous, waiting: count)
            let jobs = takeAll()
            if jobs.isEmpty { return }
            previous = jobs.count
            _ = Self.commit(jobs, on: connection, isLastTry: false)
        }
    }

    /// Fails what waits: there is no connection to write with.
    func refuseAll(_ error: any Error) {
        while true {
            let jobs = takeAll()
            if jobs.isEmpty { return }
            for job in jobs { job.finish(error) }
        }
    }

    /// All that waits; when nothing does, the drain has ended.
    private func takeAll() -> [WriteJob] {
        state.withLock { state in
            let jobs = state.jobs
            state.jobs = []
            if jobs.isEmpty { state.isDraining = false }
            return jobs
        }
    }

    /// One transaction for all; each alone when one of them fails after it wrote.
    /// - Returns: why no transaction could be begun, where that is so: the next would wait for the same.
    private static func commit(
        _ jobs: [WriteJob],
        on connection: some WriteConnection,
        isLastTry: Bool
    ) -> (any Error)? {
        do {
            try connection.begin()
        } catch {
            connection.rollBack()
            for job in jobs { job.finish(error) }
            return error
        }
        var refusals: [(WriteJob, any Error)] = []
        var accepted: [WriteJob] = []
        do {
            for job in jobs {
                connection.forgetWrites()
                do {
                    try job.run(connection)
                    accepted.append(job)
                } catch  where !connection.hasWritten && !connection.hasFailed {
                    refusals.append((job, error))
                }
            }
            if accepted.isEmpty { connection.rollBack() } else { try connection.commit() }
        } catch {
            connection.rollBack()
            if jobs.count == 1, isLastTry || !connection.isTransient(error) {
                jobs[0].finish(error)
                return nil
            }
            return commitEach(jobs, on: connection)
        }
        for job in accepted { job.finish(nil) }
        for (job, error) in refusals { job.finish(error) }
        return nil
    }

    private static func commitEach(_ jobs: [WriteJob], on connection: some WriteConnection) -> (any Error)? {
        var outage: (any Error)?
        for job in jobs {
            if let outage {
                job.finish(outage)
            } else {
                outage = commit([job], on: connection, isLastTry: jobs.count == 1)
            }
        }
        return outage
    }
}

/// Carries a result from the writer to the caller. Written before and read after `finish`, by one thread.
private final class WriteBox<Value>: @unchecked Sendable {
    var value: Value?
}
