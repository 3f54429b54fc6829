package import MartletCore
package import NIOCore

/// How the server listens, whom it answers and what it puts up with.
package struct HTTPConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// 0 for any free port.
    package var port = 5_000
    /// Where a proxy puts the server: empty, or `/` and names without a `/` at the end.
    package var basePath = ""
    /// Whether any `Host` is answered: somebody decided to listen to a network without login.
    package var isOpen = false
    /// Names, lower case and without port, under which browsers may reach the server beside loopback.
    package var publicHosts: [String] = []
    /// A folder to serve the web interface from, for its development; `nil` for the embedded files.
    package var uiDirectory: String?
    /// Bytes of a body that is read as a whole. Artifacts are streamed and have no limit.
    package var largestBody = 16 << 20
    /// Bytes of all header fields of one request.
    package var largestHeader = 64 << 10
    package var mostConnections = 4_096
    /// Open event streams.
    package var mostEventStreams = 1_000
    package var patience = ConnectionPatience()
    /// Who asks where nobody has to log in.
    package var principal = Principal.local
    /// Of this program.
    package var version = "0.1.0"

    package init() {}

    /// A base path in the one form that `basePath` has: `martlet/` and `/martlet` are the same.
    package static func normalizedBasePath(_ text: String) -> String {
        let names = text.split(separator: "/")
        return names.isEmpty ? "" : "/" + names.joined(separator: "/")
    }
}

/// How long a connection may keep the server waiting. All times are counted in ticks of `tick`.
package struct ConnectionPatience: Sendable {
    /// How often each connection is looked at.
    package var tick = TimeAmount.seconds(5)
    /// Ticks until the whole head of the first request must have come.
    package var firstHead = 4
    /// Ticks between two requests, the head of the second included.
    package var idle = 24
    /// Ticks of a window in which a peer must send, or take, `bytesPerWindow` while it is its turn.
    package var window = 6
    /// 1 KiB a second.
    package var bytesPerWindow = 30 << 10
    /// Ticks that a refused peer may go on sending before the connection is cut.
    package var closing = 2

    package init() {}

    /// Patience in seconds, looked at often enough for the shortest of them.
    ///
    /// - Parameter slow: how long a peer may bring or take less than 1 KiB a second.
    package init(head: Int, slow: Int, idle: Int) {
        let milliseconds = min(5_000, max(250, min(head, slow, idle) * 250))
        func ticks(_ seconds: Int) -> Int { (seconds * 1_000 + milliseconds - 1) / milliseconds }
        tick = .milliseconds(Int64(milliseconds))
        firstHead = ticks(head)
        self.idle = ticks(idle)
        window = ticks(slow)
        bytesPerWindow = slow << 10
        closing = ticks(10)
    }
}
