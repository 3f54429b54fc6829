import Dispatch
import Foundation
package import Logging
package import MartletCore
import Synchronization

/// Carries events between the servers of one database by `LISTEN` and `NOTIFY`, on a connection and a thread of its
/// own, after the commits that they tell of.
///
/// Topics are merged for 50 ms, so that the lock that PostgreSQL takes for a notification is taken at most 20 times a
/// second. Nothing is stored. When the connection was lost, whatever came meanwhile is unknown: every viewer looks
/// again.
///
/// A class, because it owns a thread, a pipe and a connection.
package final class PostgresEventRelay: EventRelay {
    private struct State {
        var waiting: Set<String> = []
        var isStopped = false
        var isStarted = false
    }

    private static let channel = "martlet_events"
    /// Milliseconds that topics are gathered.
    private static let pause: Int64 = 50
    /// Topics that are told apart; more are told as "everything".
    private static let mostTopics = 2_000
    private static let everything = "*"
    /// PostgreSQL's limit of a payload is 8,000 bytes.
    private static let longestPayload = 7_000

    private let address: String
    private let logger: Logger
    /// Told apart from other servers, so that nobody hears itself.
    private let name = String(UInt64.random(in: .min ... .max), radix: 36)
    private let thread = DispatchQueue(label: "martlet.postgres.events")
    private let state = Mutex(State())
    private let pipe = Pipe()

    package init(address: String, logger: Logger) {
        self.address = address
        self.logger = logger
    }

    package func relay(_ topics: [String]) {
        let isFirst = state.withLock { state in
            defer { state.waiting.formUnion(topics) }
            return state.waiting.isEmpty && !topics.isEmpty
        }
        if isFirst { wake() }
    }

    /// Begins to carry events, until `stop`.
    package func start(delivering bus: EventBus) {
        state.withLock { $0.isStarted = true }
        thread.async { self.run(bus) }
    }

    /// Ends the connection, once what waits is told.
    package func stop() async {
        let wasStarted = state.withLock { state in
            state.isStopped = true
            return state.isStarted
        }
        guard wasStarted else { return }
        wake()
        await withCheckedContinuation { continuation in thread.async { continuation.resume() } }
    }

    private func wake() {
        var byte: UInt8 = 0
        _ = write(pipe.fileHandleForWriting.fileDescriptor, &byte, 1)
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func run(_ bus: EventBus) {
        var isFirst = true
        while !isStopped {
            do {
                let connection = try PostgresConnection(
                    address,
                    // Notifications survive no crash anyway: nobody waits for a disk.
                    settings: ["SET synchronous_commit = off", "LISTEN \(Self.channel)"]
                )
                if !isFirst { bus.deliverEverything() }
                isFirst = false
                try carry(connection, bus)
            } catch {
                logger.warning("events of other servers are not heard now", metadata: ["cause": "\(error)"])
                for _ in 0..<10 where !isStopped { Thread.sleep(forTimeInterval: 0.1) }
            }
        }
    }

    private func carry(_ connection: PostgresConnection, _ bus: EventBus) throws {
        var sentAt = -Self.pause
        while true {
            let now = Self.milliseconds()
            let mayWait = state.withLock { $0.waiting.isEmpty } && !isStopped
            let patience = mayWait ? 30_000 : max(0, sentAt + Self.pause - now)
            hear(try connection.notifications(or: mayWait ? wakeDescriptor : -1, within: Int32(patience)), bus)
            clearPipe(mayWait)
            guard Self.milliseconds() >= sentAt + Self.pause || isStopped else { continue }
            let topics = state.withLock { state in
                defer { state.waiting = [] }
                return state.waiting
            }
            if !topics.isEmpty {
                try tell(topics, connection)
                sentAt = Self.milliseconds()
            }
            if isStopped { return }
        }
    }

    private var wakeDescriptor: Int32 { pipe.fileHandleForReading.fileDescriptor }

    private func clearPipe(_ mayHaveBytes: Bool) {
        guard mayHaveBytes else { return }
        var descriptor = pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, 0) > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 256)
        _ = read(wakeDescriptor, &bytes, bytes.count)
    }

    private func hear(_ payloads: [String], _ bus: EventBus) {
        for payload in payloads {
            var topics = payload.split(separator: "\n").map(String.init)
            guard !topics.isEmpty, topics.removeFirst() != name else { continue }
            if topics == [Self.everything] { bus.deliverEverything() } else { bus.deliver(topics) }
        }
    }

    private func tell(_ topics: Set<String>, _ connection: PostgresConnection) throws {
        let topics = topics.count > Self.mostTopics ? [Self.everything] : topics
        var payload = name
        for topic in topics {
            if payload.utf8.count + topic.utf8.count >= Self.longestPayload {
                try notify(payload, connection)
                payload = name
            }
            payload += "\n" + topic
        }
        try notify(payload, connection)
        try connection.synchronise()
    }

    private func notify(_ payload: String, _ connection: PostgresConnection) throws {
        try connection.send("SELECT pg_notify('\(Self.channel)', $1)", [.text(payload)])
    }

    private static func milliseconds() -> Int64 {
        Int64(DispatchTime.now().uptimeNanoseconds / 1_000_000)
    }
}
