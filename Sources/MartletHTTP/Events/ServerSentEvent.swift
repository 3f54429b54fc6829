import MartletCore
import NIOCore

/// Frames of a `text/event-stream` (WHATWG HTML, section 9.2).
enum ServerSentEvent {
    /// - Parameter isUpToDate: whether nothing that was missed follows; only then the revision becomes the id that a
    ///   viewer comes back with.
    static func hello(revision: UInt64, isUpToDate: Bool) -> ByteBuffer {
        let id = isUpToDate ? "id: \(revision)\n" : ""
        // A viewer whose stream breaks comes back after a second.
        return frame("retry: 1000\n\(id)event: hello\ndata: {\"revision\":\(revision)}\n\n")
    }

    /// The viewer's id is unknown: it must read everything again.
    static func reset(revision: UInt64) -> ByteBuffer {
        frame("id: \(revision)\nevent: reset\ndata: {\"revision\":\(revision)}\n\n")
    }

    /// What changed, and the latest revision of it.
    static func change(_ events: [Event], revision: UInt64) -> ByteBuffer {
        var json = JSONWriter(reserving: 64 + 64 * events.count)
        json.beginObject()
        json.key("topics")
        json.beginArray()
        for event in events { json.string(event.topic) }
        json.endArray()
        json.key("revision")
        json.integer(Int64(clamping: revision))
        json.endObject()
        var buffer = ByteBuffer(string: "id: \(revision)\nevent: change\ndata: ")
        buffer.writeBytes(json.bytes)
        buffer.writeString("\n\n")
        return buffer
    }

    /// Keeps proxies from closing a stream that has nothing to say.
    static let heartbeat = frame(": \n\n")

    private static func frame(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }
}
