package import Hummingbird
import Logging
package import MartletCore
import NIOCore

/// What belongs to one request while it is answered.
package struct MartletRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Who asks.
    package var principal: Principal
    /// Given back as `X-Request-ID` and written to the log of failures.
    package var requestID: String
    private let channel: any Channel

    package init(source: Source) {
        coreContext = .init(source: source)
        principal = .unknown
        requestID = ""
        channel = source.channel
    }

    /// Names the request in each line by the id that the client knows, instead of Hummingbird's own.
    var requestLogger: Logger {
        var logger = logger
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "request"] = .string(requestID)
        return logger
    }

    /// Of the connection.
    var eventLoop: any EventLoop { channel.eventLoop }

    /// The peer's address of the network; empty where it has none.
    var peerAddress: String { channel.remoteAddress?.ipAddress ?? "" }

    /// Whether the peer is this machine: compressing for it would only cost.
    package var isFromThisMachine: Bool {
        guard let address = channel.remoteAddress else { return false }
        guard let ip = address.ipAddress else { return true }
        return ip.hasPrefix("127.") || ip == "::1"
    }
}
