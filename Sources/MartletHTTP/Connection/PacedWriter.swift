import HTTPTypes
import Hummingbird
import NIOCore

/// Keeps an answer that is made faster than its connection takes it from piling up in memory.
///
/// NIO's writer (2.101) learns that a connection is full only when the event loop has come to the bytes; where the
/// loop is busy, the maker of an answer runs megabytes ahead. So it waits for the loop once in a while.
private struct PacedWriter: ResponseBodyWriter {
    private var base: any ResponseBodyWriter
    private let loop: any EventLoop
    /// Bytes since the last wait.
    private var ahead = 0

    init(_ base: any ResponseBodyWriter, loop: any EventLoop) {
        self.base = base
        self.loop = loop
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        ahead += buffer.readableBytes
        try await base.write(buffer)
        guard ahead >= ResponseBody.stretch else { return }
        ahead = 0
        try await loop.submit {}.get()
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await base.finish(trailingHeaders)
    }
}

extension ResponseBody {
    /// Bytes that may wait for the event loop of a connection.
    fileprivate static let stretch = 256 << 10

    /// The same body, of which at most a few hundred KiB wait for a connection that is slow to take them.
    func paced(on loop: any EventLoop) -> ResponseBody {
        guard (contentLength ?? .max) > Self.stretch else { return self }
        let body = self
        return ResponseBody(contentLength: contentLength) { writer in
            try await body.write(PacedWriter(writer, loop: loop))
        }
    }
}
