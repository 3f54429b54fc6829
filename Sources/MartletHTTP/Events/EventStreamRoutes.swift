import HTTPTypes
import Hummingbird
import MartletCore
import NIOCore
import ServiceLifecycle

/// `GET /api/v1/events`: tells a viewer what changed, as server-sent events. Never data.
struct EventStreamRoutes: NativeRoutes {
    let events: EventBus
    let access: AccessControl
    let metrics: ServerMetrics
    /// Open streams.
    let most: Int
    let clock: any Clock<Duration> & Sendable

    static let mostTopics = 200
    static let heartbeat = Duration.seconds(15)
    /// At most four frames a second: what comes in between is merged.
    static let pause = Duration.milliseconds(250)

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/events", use: stream)
    }

    private func stream(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let topics = try await visible(topics(query), as: context.principal)
        guard metrics.current.eventStreams < most else {
            throw MartletError(.unavailable, "\(most) event streams are open; close some, or raise the limit")
        }
        let last = request.headers[.lastEventID] ?? query.first("lastEventID")
        let body = ResponseBody { writer in
            metrics.eventStreamOpened()
            defer { metrics.eventStreamClosed() }
            // Hummingbird notices a viewer that left only by this; a write fails much later.
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await send(topics: topics, after: last, to: &writer)
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no"],
            body: body
        )
    }

    private func topics(_ query: QueryItems) throws(MartletError) -> Set<String> {
        let topics = Set(query.all("topics").flatMap { $0.split(separator: ",") }.map(String.init))
        guard !topics.isEmpty else {
            throw MartletError(.invalidArgument, "name what to watch: ?topics=experiments,run:<id>:metrics")
        }
        guard topics.count <= Self.mostTopics else {
            throw MartletError(
                .invalidArgument,
                "\(topics.count) topics in one stream; ask for at most \(Self.mostTopics)"
            )
        }
        guard topics.allSatisfy({ $0.utf8.count <= 200 && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } }) else {
            throw MartletError(.invalidArgument, "a topic is at most 200 characters of ASCII without spaces")
        }
        return topics
    }

    /// The topics without those of experiments and runs that the viewer may not see, of which nothing is ever told.
    private func visible(
        _ topics: Set<String>,
        as principal: Principal
    ) async throws(MartletError) -> Set<String> {
        try access.requireSome(.viewer, as: principal, to: "watch")
        var visible: Set<String> = []
        for topic in topics {
            let names = topic.split(separator: ":")
            do {
                switch (names.first, names.dropFirst().first) {
                case ("experiment", let id?):
                    guard let id = Experiment.ID(String(id)) else { continue }
                    try await access.require(.viewer, in: id, as: principal, to: "watch")
                case ("run", let id?):
                    try await access.require(.viewer, of: Run.ID(String(id)), as: principal, to: "watch")
                default: break
                }
                visible.insert(topic)
            } catch  where error.code == .notFound || error.code == .permissionDenied {
                continue
            }
        }
        return visible
    }

    /// What a viewer is told first: where it stands, and what it missed.
    private static func opening(_ beginning: EventBus.Beginning) -> [ByteBuffer] {
        let hello = ServerSentEvent.hello(
            revision: beginning.revision,
            isUpToDate: beginning.missed?.isEmpty == true
        )
        guard let missed = beginning.missed else {
            return [hello, ServerSentEvent.reset(revision: beginning.revision)]
        }
        return missed.isEmpty ? [hello] : [hello, ServerSentEvent.change(missed, revision: beginning.revision)]
    }

    /// Writes until the viewer leaves (throws) or the server shuts down (returns).
    private func send(
        topics: Set<String>,
        after last: String?,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        // An id that is no number was never given out: it is as unknown as one from before a restart.
        let beginning = events.subscribe(to: topics, after: last.map { UInt64($0) ?? .max })
        let subscription = beginning.subscription
        defer { events.unsubscribe(subscription) }
        let frames = Self.opening(beginning)
        for frame in frames { try await writer.write(frame) }
        try await withGracefulShutdownHandler {
            try await clock.sleep(for: Self.pause * frames.count)
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    while true {
                        try await clock.sleep(for: Self.heartbeat)
                        events.wake(subscription)
                    }
                }
                while let changes = await events.next(subscription) {
                    try Task.checkCancellation()
                    guard let revision = changes.last?.revision else {
                        try await writer.write(ServerSentEvent.heartbeat)
                        continue
                    }
                    try await writer.write(ServerSentEvent.change(changes, revision: revision))
                    try await clock.sleep(for: Self.pause)
                }
            }
        } onGracefulShutdown: {
            events.shutDown()
        }
    }
}
