import Foundation
import Logging
import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("Events between servers", .enabled(if: !TestEngine.isSQLite, "needs PostgreSQL"), .timeLimit(.minutes(1)))
struct PostgresEventRelayTests {
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// One server of an installation.
    private struct Server {
        let relay: PostgresEventRelay
        let bus: EventBus

        /// - Parameter name: what PostgreSQL knows its connection by.
        init(named name: String = "martlet") throws {
            guard case .postgres(let address) = TestEngine.current else { throw CancellationError() }
            relay = PostgresEventRelay(address: "\(address)?application_name=\(name)", logger: logger)
            bus = EventBus(capacity: 100_000, firstRevision: .random(in: 1 << 40..<1 << 52), relay: relay)
            relay.start(delivering: bus)
        }
    }

    /// Waits until the second hears the first: it may not listen yet.
    private func introduce(_ first: Server, to second: Server) async throws {
        let viewer = second.bus.subscribe(to: ["hello"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    first.bus.publish(["hello"])
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            _ = await second.bus.next(viewer)
            group.cancelAll()
        }
        second.bus.unsubscribe(viewer)
    }

    @Test("what one server publishes, viewers of another hear; nobody hears itself twice")
    func carried() async throws {
        let (first, second) = (try Server(), try Server())
        try await introduce(first, to: second)
        let topic = "run:\(UUID().uuidString)"
        let (here, there) = (first.bus.subscribe(to: [topic]), second.bus.subscribe(to: [topic, "end"]))
        let before = first.bus.revision
        first.bus.publish([topic, topic])
        #expect(await second.bus.next(there)?.map(\.topic) == [topic])
        let own = try #require(await first.bus.next(here))
        #expect(own.map(\.topic) == [topic])
        // An echo would have come with what the other server says after it, and be the newer event of its topic.
        let end = first.bus.subscribe(to: ["end \(topic)"])
        second.bus.publish(["end \(topic)"])
        #expect(await first.bus.next(end)?.count == 1)
        #expect(first.bus.missed(since: before, topics: [topic])?.map(\.revision) == own.map(\.revision))
        await first.relay.stop()
        await second.relay.stop()
    }

    @Test("many topics, and long ones, arrive whole")
    func many() async throws {
        let (first, second) = (try Server(), try Server())
        try await introduce(first, to: second)
        let topics = (0..<500).map { "run:\(UUID().uuidString):\($0)" }
        let viewer = second.bus.subscribe(to: Set(topics))
        first.bus.publish(topics)
        var heard: Set<String> = []
        while heard.count < topics.count {
            for event in try #require(await second.bus.next(viewer)) { heard.insert(event.topic) }
        }
        #expect(heard == Set(topics))
        await first.relay.stop()
        await second.relay.stop()
    }

    @Test("after a lost connection every viewer looks again")
    func lost() async throws {
        let name = "lost\(UUID().uuidString.prefix(8))"
        let server = try Server(named: name)
        let viewer = server.bus.subscribe(to: ["quiet"])
        let database = try await openTestDatabase(in: "")
        // As soon as it listens, its connection is cut.
        var cut: Int64 = 0
        while cut == 0 {
            cut = try await database.write { connection in
                try connection.first(
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE query LIKE 'LISTEN%' AND state = 'idle' AND application_name = $1
                    """,
                    [.text(name)]
                ) { $0.integer(0) } ?? 0
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(await server.bus.next(viewer)?.map(\.topic) == ["quiet"])
        await server.relay.stop()
    }
}
