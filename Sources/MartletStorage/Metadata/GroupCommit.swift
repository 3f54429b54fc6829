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
    /// The same, and begins the next transaction with questions that are on their way together with this one's end.
    /// - Returns: whether it is begun; the answers are then to be read. False where nothing is gained by it.
    func commit(thenAsking questions: () -> [SQLQuestion]) throws -> Bool
    /// Hears the answers to what `commit(thenAsking:)` asked.
    func hearAnswers() throws
    /// Does nothing outside of a transaction.
    func rollBack()
    /// Whether the same work may well succeed when it is tried again.
    func isTransient(_ error: any Error) -> Bool
}

extension WriteConnection {
    func commit(thenAsking questions: () -> [SQLQuestion]) throws -> Bool {
        try commit()
        return false
    }

    func hearAnswers() throws {}
}

/// One write that waits: what it asks first, what it does, and who hears of it.
struct WriteJob: Sendable {
    let questions: @Sendable () -> [SQLQuestion]
    let run: @Sendable (any SQLConnection) throws -> Void
    let finish: @Sendable ((any Error)?) -> Void
}

/// Writes that share a transaction. A class, because the next group is filled while one is committed.
private final class WriteGroup {
    var jobs: [WriteJob]
    /// Whether its transaction is begun and the questions of its first write are asked.
    var isBegun = false

    init(_ jobs: [WriteJob]) { self.jobs = jobs }
}

/// What became of the writes of a group before its end.
private struct WriteOutcome {
    var accepted: [WriteJob] = []
    /// Those that failed before they wrote.
    var refusals: [(WriteJob, any Error)] = []
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
    ///   - questions: see `SQLDatabase.write`.
    ///   - refusal: what a client may know of a failure.
    ///   - start: starts the writer, which calls `drain`.
    func submit<Result: Sendable>(
        asking questions: @escaping @Sendable () -> [SQLQuestion],
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result,
        refusal: @escaping @Sendable (any Error) -> MartletError,
        start: () -> Void
    ) async throws(MartletError) -> Result {
        let outcome: Swift.Result<Result, MartletError> = await withCheckedContinuation { continuation in
            let box = WriteBox<Result>()
            let job = WriteJob(
                questions: questions,
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
        var (group, previous) = (WriteGroup([]), 0)
        while true {
            if group.jobs.isEmpty {
                Siblings.pause(after: previous, waiting: count)
                group.jobs = takeAll(endingDrain: true)
            }
            if group.jobs.isEmpty { return }
            let next = WriteGroup([])
            _ = commit(group, then: next, isLastTry: false, on: connection)
            (group, previous) = (next, group.jobs.count)
        }
    }

    /// Fails what waits: there is no connection to write with.
    func refuseAll(_ error: any Error) {
        while true {
            let jobs = takeAll(endingDrain: true)
            if jobs.isEmpty { return }
            for job in jobs { job.finish(error) }
        }
    }

    /// All that waits; when nothing does, the drain has ended.
    private func takeAll(endingDrain: Bool) -> [WriteJob] {
        state.withLock { state in
            let jobs = state.jobs
            state.jobs = []
            if jobs.isEmpty, endingDrain { state.isDraining = false }
            return jobs
        }
    }

    /// One transaction for all; each alone when one of them fails after it wrote.
    /// - Parameter next: gets those who wait when this transaction ends, where the connection asks their questions then.
    /// - Returns: why no transaction could be begun, where that is so: the next would wait for the same.
    private func commit(
        _ group: WriteGroup,
        then next: WriteGroup?,
        isLastTry: Bool,
        on connection: some WriteConnection
    ) -> (any Error)? {
        do {
            if !group.isBegun { try connection.begin() }
        } catch {
            connection.rollBack()
            for job in group.jobs { job.finish(error) }
            return error
        }
        var outcome = WriteOutcome()
        do {
            outcome = try run(group, on: connection)
            if outcome.accepted.isEmpty {
                connection.rollBack()
            } else if let next {
                next.isBegun = try connection.commit(thenAsking: { self.firstQuestions(of: next) })
            } else {
                try connection.commit()
            }
        } catch {
            connection.rollBack()
            if group.jobs.count == 1, isLastTry || !connection.isTransient(error) {
                group.jobs[0].finish(error)
                return nil
            }
            return commitEach(group.jobs, on: connection)
        }
        for job in outcome.accepted { job.finish(nil) }
        for (job, error) in outcome.refusals { job.finish(error) }
        return nil
    }

    /// Those who wait are the next group; only its first can ask before the others have written.
    private func firstQuestions(of next: WriteGroup) -> [SQLQuestion] {
        next.jobs = takeAll(endingDrain: false)
        return next.jobs.first?.questions() ?? []
    }

    private func run(_ group: WriteGroup, on connection: some WriteConnection) throws -> WriteOutcome {
        if group.isBegun { try connection.hearAnswers() }
        var outcome = WriteOutcome()
        for (place, job) in group.jobs.enumerated() {
            connection.forgetWrites()
            do {
                if place > 0 || !group.isBegun { try connection.ask(job.questions()) }
                try job.run(connection)
                outcome.accepted.append(job)
            } catch  where !connection.hasWritten && !connection.hasFailed {
                outcome.refusals.append((job, error))
            }
        }
        return outcome
    }

    private func commitEach(_ jobs: [WriteJob], on connection: some WriteConnection) -> (any Error)? {
        var outage: (any Error)?
        for job in jobs {
            if let outage {
                job.finish(outage)
            } else {
                outage = commit(WriteGroup([job]), then: nil, isLastTry: jobs.count == 1, on: connection)
            }
        }
        return outage
    }
}

/// Carries a result from the writer to the caller. Written before and read after `finish`, by one thread.
private final class WriteBox<Value>: @unchecked Sendable {
    var value: Value?
}
