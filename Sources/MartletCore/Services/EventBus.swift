import Synchronization

/// Something changed: read it again. Never data.
public struct Event: Sendable, Equatable {
    /// What changed; see `Topic`.
    public var topic: String
    /// Grows with every event of this server; ids of another server start are unknown to it.
    public var revision: UInt64

    public init(topic: String, revision: UInt64) {
        self.topic = topic
        self.revision = revision
    }
}

/// The names of topics.
public enum Topic {
    /// An experiment was made, changed or deleted.
    public static let experiments = "experiments"
    /// A run of the experiment was made, changed or deleted.
    public static func runs(of id: Experiment.ID) -> String { "experiment:\(id):runs" }
    /// A sweep of the experiment was made or changed, or a run of one was chosen.
    public static func sweeps(of id: Experiment.ID) -> String { "experiment:\(id):sweeps" }
    /// Name, status, notes, parameters, tags of one run.
    public static func run(_ id: Run.ID) -> String { "run:\(id)" }
    /// Points of one run.
    public static func metrics(of id: Run.ID) -> String { "run:\(id):metrics" }
    /// Lines that one run printed.
    public static func console(of id: Run.ID) -> String { "run:\(id):console" }
    /// Collections of artifacts of an experiment, their versions and aliases.
    public static func collections(of id: Experiment.ID) -> String { "experiment:\(id):artifacts" }
    /// Views that were saved for an experiment, reports among them.
    public static func views(of id: Experiment.ID) -> String { "experiment:\(id):views" }
    /// Alerts of all runs of an experiment.
    public static func alerts(in id: Experiment.ID) -> String { "experiment:\(id):alerts" }
    /// Alerts of one run.
    public static func alerts(of id: Run.ID) -> String { "run:\(id):alerts" }
    /// Files of one run.
    public static func artifacts(of id: Run.ID) -> String { "run:\(id):artifacts" }
}

/// Carries topics to the other servers of an installation.
package protocol EventRelay: Sendable {
    /// Takes them and never waits.
    func relay(_ topics: [String])
}

/// Tells viewers what changed. Keeps the latest `capacity` events for viewers that come back.
///
/// Publishing is O(subscribers of the topic) and never waits: a viewer that is slow gets its missed topics
/// merged, one event each.
package final class EventBus: Sendable {
    // A class, because subscribers hold it by identity; all its state is behind the mutex.
    package struct Subscription: Sendable, Hashable {
        let id: UInt64
    }

    private struct Subscriber {
        var topics: Set<String>
        var pending: [String: UInt64] = [:]
        var waiter: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    private struct State {
        var revision: UInt64
        var ring: [Event] = []
        var ringStart = 0
        var nextSubscriber: UInt64 = 0
        var subscribers: [UInt64: Subscriber] = [:]
        var byTopic: [String: Set<UInt64>] = [:]
        var isShutDown = false
    }

    private let state: Mutex<State>
    private let capacity: Int
    private let relay: (any EventRelay)?

    /// - Parameters:
    ///   - firstRevision: far from any id that this or another server gave out, so that those are unknown here.
    ///   - relay: `nil` for an installation of one server.
    package init(capacity: Int, firstRevision: UInt64, relay: (any EventRelay)? = nil) {
        self.capacity = capacity
        self.relay = relay
        state = Mutex(State(revision: firstRevision))
    }

    /// Tells the viewers of all servers.
    package func publish(_ topics: some Sequence<String>) {
        relay?.relay(Array(topics))
        deliver(topics)
    }

    /// Events of other servers may have been lost: every viewer must look again, also who comes back later.
    package func deliverEverything() {
        let topics = state.withLock { state in
            state.ring.removeAll()
            state.ringStart = 0
            return Array(state.byTopic.keys)
        }
        deliver(topics)
    }

    /// Tells the viewers of this server.
    package func deliver(_ topics: some Sequence<String>) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            var woken: [CheckedContinuation<Void, Never>] = []
            for topic in topics {
                state.revision += 1
                Self.remember(Event(topic: topic, revision: state.revision), in: &state, capacity: capacity)
                for id in state.byTopic[topic] ?? [] {
                    state.subscribers[id]?.pending[topic] = state.revision
                    if let waiter = state.subscribers[id]?.waiter {
                        state.subscribers[id]?.waiter = nil
                        woken.append(waiter)
                    }
                }
            }
            return woken
        }
        for waiter in waiters { waiter.resume() }
    }

    private static func remember(_ event: Event, in state: inout State, capacity: Int) {
        if state.ring.count < capacity {
            state.ring.append(event)
        } else {
            state.ring[state.ringStart] = event
            state.ringStart = (state.ringStart + 1) % capacity
        }
    }

    /// The latest revision: what a new viewer starts from.
    package var revision: UInt64 { state.withLock { $0.revision } }

    /// Where a viewer begins.
    package struct Beginning: Sendable {
        package var subscription: Subscription
        /// The latest revision when the subscription began: nothing up to it is delivered later.
        package var revision: UInt64
        /// What the viewer missed, one event a topic, ascending; `nil` when that is not known any more (or never
        /// was): the viewer must read everything again.
        package var missed: [Event]?
    }

    /// Registers a viewer and says what it missed, in one step, so that no event falls between.
    ///
    /// - Parameter last: the last revision that the viewer saw; `nil` for a new viewer, which missed nothing.
    package func subscribe(to topics: Set<String>, after last: UInt64?) -> Beginning {
        state.withLock { state in
            Beginning(
                subscription: Self.subscribe(to: topics, in: &state),
                revision: state.revision,
                missed: last.map { Self.missed(since: $0, topics: topics, in: state) } ?? []
            )
        }
    }

    package func subscribe(to topics: Set<String>) -> Subscription {
        state.withLock { Self.subscribe(to: topics, in: &$0) }
    }

    private static func subscribe(to topics: Set<String>, in state: inout State) -> Subscription {
        state.nextSubscriber += 1
        let id = state.nextSubscriber
        state.subscribers[id] = Subscriber(topics: topics, isClosed: state.isShutDown)
        for topic in topics { state.byTopic[topic, default: []].insert(id) }
        return Subscription(id: id)
    }

    /// What a viewer missed since `revision`, one event a topic, ascending; `nil` when that is not known any
    /// more (or never was): the viewer must read everything again.
    package func missed(since revision: UInt64, topics: Set<String>) -> [Event]? {
        state.withLock { Self.missed(since: revision, topics: topics, in: $0) }
    }

    private static func missed(since revision: UInt64, topics: Set<String>, in state: State) -> [Event]? {
        guard revision <= state.revision else { return nil }
        if revision == state.revision { return [] }
        let oldest = state.ring.isEmpty ? nil : state.ring[state.ringStart].revision
        guard let oldest, oldest <= revision + 1 else { return nil }
        var latest: [String: UInt64] = [:]
        for event in state.ring where event.revision > revision && topics.contains(event.topic) {
            latest[event.topic] = Swift.max(latest[event.topic] ?? 0, event.revision)
        }
        return latest.map { Event(topic: $0.key, revision: $0.value) }.sorted { $0.revision < $1.revision }
    }

    package func unsubscribe(_ subscription: Subscription) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let subscriber = state.subscribers.removeValue(forKey: subscription.id) else { return nil }
            for topic in subscriber.topics {
                state.byTopic[topic]?.remove(subscription.id)
                if state.byTopic[topic]?.isEmpty == true { state.byTopic[topic] = nil }
            }
            return subscriber.waiter
        }
        waiter?.resume()
    }

    /// What changed since the last call, one event a topic; waits until something did.
    /// Empty when the caller was cancelled; `nil` when the server shuts down.
    package func next(_ subscription: Subscription) async -> [Event]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let resumeNow = state.withLock { state -> Bool in
                    guard let subscriber = state.subscribers[subscription.id], !Task.isCancelled else { return true }
                    if subscriber.isClosed || !subscriber.pending.isEmpty { return true }
                    state.subscribers[subscription.id]?.waiter = continuation
                    return false
                }
                if resumeNow { continuation.resume() }
            }
        } onCancel: {
            wake(subscription)
        }
        return state.withLock { state in
            guard let subscriber = state.subscribers[subscription.id], !subscriber.isClosed else { return nil }
            state.subscribers[subscription.id]?.pending = [:]
            return subscriber.pending.map { Event(topic: $0.key, revision: $0.value) }
                .sorted { $0.revision < $1.revision }
        }
    }

    /// Ends a wait early, with what is there.
    package func wake(_ subscription: Subscription) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            let waiter = state.subscribers[subscription.id]?.waiter
            state.subscribers[subscription.id]?.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Ends every stream, now and later.
    package func shutDown() {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.isShutDown = true
            var woken: [CheckedContinuation<Void, Never>] = []
            for id in state.subscribers.keys {
                state.subscribers[id]?.isClosed = true
                if let waiter = state.subscribers[id]?.waiter { woken.append(waiter) }
                state.subscribers[id]?.waiter = nil
            }
            return woken
        }
        for waiter in waiters { waiter.resume() }
    }
}
