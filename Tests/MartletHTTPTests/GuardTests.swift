import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import Testing

@testable import MartletHTTP

@Suite("Who may reach the server")
struct GuardTests {
    private func request(
        _ method: HTTPRequest.Method,
        host: String,
        origin: String? = nil,
        path: String = "/"
    ) -> Request {
        var head = HTTPRequest(method: method, scheme: "http", authority: host, path: path)
        head.headerFields[.origin] = origin
        return Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    }

    private func allows(_ request: Request, _ change: (inout HTTPConfiguration) -> Void = { _ in }) -> Bool {
        var configuration = HTTPConfiguration()
        change(&configuration)
        do {
            try RequestGuard(configuration).check(request)
            return true
        } catch {
            return false
        }
    }

    @Test("loopback names are answered", arguments: ["localhost:5000", "127.0.0.1:5000", "[::1]:5000", "LOCALHOST"])
    func loopback(_ host: String) {
        #expect(allows(request(.get, host: host)))
    }

    @Test(
        "other names are not: they may be re-pointed here",
        arguments: [
            "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:5000", "0.0.0.0:5000", "",
            "[::1].evil.example", "localhost:80@evil.example", "[::1", "127.0.0.evil",
        ]
    )
    func rebinding(_ host: String) {
        #expect(!allows(request(.get, host: host)))
    }

    @Test("a public name is answered when it is configured")
    func publicHost() {
        #expect(allows(request(.get, host: "ml.example.org:443")) { $0.publicHosts = ["ml.example.org"] })
        #expect(allows(request(.get, host: "[2001:db8::1]:443")) { $0.publicHosts = ["2001:db8::1"] })
        #expect(allows(request(.get, host: "any.example")) { $0.isOpen = true })
    }

    @Test("a request with two names is refused")
    func severalHosts() {
        var head = request(.get, host: "localhost").head
        head.headerFields[.secondHost] = "evil.example"
        #expect(!allows(Request(head: head, body: RequestBody(buffer: ByteBuffer()))))
    }

    @Test("a page elsewhere may not post", arguments: ["http://evil.example", "http://localhost:3000", "null"])
    func foreignOrigin(_ origin: String) {
        #expect(!allows(request(.post, host: "localhost:5000", origin: origin)))
        #expect(allows(request(.get, host: "localhost:5000", origin: origin)))
    }

    @Test("the server's own pages may post")
    func ownOrigin() {
        #expect(allows(request(.post, host: "localhost:5000", origin: "http://localhost:5000")))
    }

    @Test("who asks first is answered for a page of the place that is asked, and for no other")
    func preflight() {
        var configuration = HTTPConfiguration()
        configuration.publicHosts = ["ml.example.org"]
        let own = RequestGuard(configuration)
        func answer(_ origin: String?, asks: Bool = true, _ method: HTTPRequest.Method = .options) -> Response? {
            var head = request(method, host: "localhost:5000", origin: origin).head
            if asks { head.headerFields[.accessControlRequestMethod] = "PUT" }
            return own.preflight(Request(head: head, body: RequestBody(buffer: ByteBuffer())))
        }
        #expect(answer("http://localhost:5000")?.headers[.accessControlAllowOrigin] == "http://localhost:5000")
        #expect(answer("http://localhost:5000")?.headers[.accessControlAllowMethods] == "PUT")
        for origin in ["http://evil.example", "https://ml.example.org", "http://localhost:3000", "null", "", nil] {
            #expect(answer(origin) == nil)
        }
        #expect(answer("http://localhost:5000", asks: false) == nil)
        #expect(answer("http://localhost:5000", .put) == nil)
    }

    @Test(
        "the base path is taken off, once",
        arguments: [("/m/api?x=1", "/api?x=1"), ("/m", "/"), ("/m/", "/"), ("/mx", "/mx"), ("/api", "/api")]
    )
    func basePath(_ path: String, _ rest: String) {
        var configuration = HTTPConfiguration()
        configuration.basePath = HTTPConfiguration.normalizedBasePath("m/")
        let request = RequestGuard(configuration).withoutBasePath(request(.get, host: "localhost", path: path))
        #expect(request.head.path == rest)
    }

    @Test("a foreign name is answered with 403 and what to do")
    func message() async throws {
        let server = try await TestServer()
        let response = try await server.send(.post, "/api/v1/runs", "{}", headers: [.origin: "http://evil.example"])
        #expect(response.status == .forbidden)
        #expect(response.text.contains("may not change things"))
    }
}

@Suite("Slow peers")
struct ConnectionWatchTests {
    private var patience: ConnectionPatience {
        var patience = ConnectionPatience()
        patience.firstHead = 2
        patience.idle = 3
        patience.window = 2
        patience.bytesPerWindow = 100
        patience.closing = 1
        return patience
    }

    @Test("times in seconds become ticks that are short enough for the shortest", arguments: [(20, 4), (1, 4), (2, 4)])
    func seconds(_ head: Int, _ ticks: Int) {
        let patience = ConnectionPatience(head: head, slow: 30, idle: 120)
        #expect(patience.firstHead == ticks)
        #expect(patience.tick.nanoseconds * Int64(patience.idle) == 120_000_000_000)
        #expect(patience.bytesPerWindow == 30 << 10)
    }

    @Test("a head that does not come is cut")
    func head() {
        var watch = ConnectionWatch(patience: patience)
        #expect(watch.tick(bufferedBytes: 0) == .fine)
        #expect(watch.tick(bufferedBytes: 0) == .cut)
    }

    @Test("a body that trickles is cut, one that flows is not")
    func body() {
        var watch = ConnectionWatch(patience: patience)
        watch.headReceived()
        for _ in 0..<10 {
            watch.readWanted()
            watch.bodyReceived(60)
            #expect(watch.tick(bufferedBytes: 0) == .fine)
        }
        watch.bodyReceived(1)
        #expect(watch.tick(bufferedBytes: 0) == .fine)
        #expect(watch.tick(bufferedBytes: 0) == .cut)
    }

    @Test("time that the server takes is not the peer's")
    func server() {
        var watch = ConnectionWatch(patience: patience)
        watch.headReceived()
        watch.readCompleted()
        for _ in 0..<20 { #expect(watch.tick(bufferedBytes: 0) == .fine) }
    }

    @Test("an answer that nobody reads is cut")
    func answer() {
        var watch = ConnectionWatch(patience: patience)
        watch.headReceived()
        watch.requestEnded()
        watch.bodyWritten(10_000)
        for buffered in [9_000, 8_500, 8_000, 8_000] { #expect(watch.tick(bufferedBytes: buffered) == .fine) }
        #expect(watch.tick(bufferedBytes: 8_000) == .cut)
    }

    @Test("what the kernel holds for a peer is not taken, what left the kernel is")
    func kernel() {
        var watch = ConnectionWatch(patience: patience)
        watch.headReceived()
        watch.requestEnded()
        watch.bodyWritten(10_000)
        for taken in stride(from: 0, through: 600, by: 60) {
            #expect(watch.tick(bufferedBytes: 8_000, takenBytes: taken) == .fine)
        }
        #expect(watch.tick(bufferedBytes: 8_000, takenBytes: 601) == .fine)
        #expect(watch.tick(bufferedBytes: 8_000, takenBytes: 601) == .cut)
    }

    @Test("the end of an answer that is still being read is not idleness")
    func tail() {
        var watch = ConnectionWatch(patience: patience)
        watch.headReceived()
        watch.requestEnded()
        watch.bodyWritten(10_000)
        watch.answerEnded()
        for taken in 1...9 { #expect(watch.tick(bufferedBytes: 10_000 - taken * 1_000) == .fine) }
        #expect(watch.tick(bufferedBytes: 0) == .fine)
        #expect(watch.tick(bufferedBytes: 0) == .fine)
        #expect(watch.tick(bufferedBytes: 0) == .cut)
    }

    @Test("an idle connection is closed after its time")
    func idle() {
        var watch = ConnectionWatch(patience: patience)
        watch.headReceived()
        watch.requestEnded()
        watch.answerEnded()
        #expect(watch.tick(bufferedBytes: 0) == .fine)
        #expect(watch.tick(bufferedBytes: 0) == .fine)
        #expect(watch.tick(bufferedBytes: 0) == .cut)
    }
}
