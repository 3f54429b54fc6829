import MartletCore
import Testing

@Suite("The event bus")
struct EventBusTests {
    let bus = EventBus(capacity: 4, firstRevision: 100)

    @Test("a viewer gets only its topics, each once, with the latest revision")
    func mergesTopics() async {
        let viewer = bus.subscribe(to: ["a", "b"])
        bus.publish(["a", "c", "a", "b"])
        #expect(
            await bus.next(viewer) == [Event(topic: "a", revision: 103), Event(topic: "b", revision: 104)]
        )
    }

    @Test("a viewer that waits is woken by the next event")
    func wakes() async {
        let viewer = bus.subscribe(to: ["a"])
        async let events = bus.next(viewer)
        bus.publish(["a"])
        #expect(await events == [Event(topic: "a", revision: 101)])
    }

    @Test("a viewer that comes back gets what it missed")
    func resumes() {
        bus.publish(["a", "b", "a"])
        #expect(
            bus.missed(since: 101, topics: ["a", "b"])
                == [Event(topic: "b", revision: 102), Event(topic: "a", revision: 103)]
        )
        #expect(bus.missed(since: 103, topics: ["a"]) == [])
    }

    @Test("a revision that fell out of memory, or was never given out, is unknown")
    func forgets() {
        bus.publish(["a", "a", "a", "a", "a", "a"])
        #expect(bus.missed(since: 101, topics: ["a"]) == nil)
        #expect(bus.missed(since: 102, topics: ["a"])?.count == 1)
        #expect(bus.missed(since: 999, topics: ["a"]) == nil)
        #expect(bus.missed(since: 7, topics: ["a"]) == nil)
    }

    @Test("shutting down ends waiting and later viewers")
    func shutsDown() async {
        let viewer = bus.subscribe(to: ["a"])
        async let events = bus.next(viewer)
        bus.shutDown()
        #expect(await events == nil)
        let late = bus.subscribe(to: ["a"])
        #expect(await bus.next(late) == nil)
    }

    @Test("a cancelled wait ends without events")
    func cancels() async {
        let viewer = bus.subscribe(to: ["a"])
        let events = await withTaskGroup(of: [Event]?.self) { group in
            group.addTask { await bus.next(viewer) }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(events == [])
    }
}
