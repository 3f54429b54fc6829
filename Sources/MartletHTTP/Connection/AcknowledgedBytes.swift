import NIOCore

/// How much of what was written the peer has taken, as the kernel knows it (Linux, `struct tcp_info` of linux/tcp.h).
///
/// That a socket takes more bytes tells little of the peer: the kernel holds megabytes for it, and asks for more only
/// when a third of them has gone.
struct AcknowledgedBytes: Sendable {
    // Fields before `tcpi_bytes_acked`: 8 bytes of flags, 24 numbers of 32 bits, 2 of 64.
    private var before: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    private var pacing: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)
    private var acknowledged: UInt64 = 0

    /// Bytes since the connection began, in the tick of the event loop in which it is asked; `nil` where the system
    /// does not tell.
    static func of(_ channel: any Channel, _ receive: @escaping @Sendable (Int?) -> Void) {
        #if os(Linux)
        guard let socket = channel as? any SocketOptionProvider else { return receive(nil) }
        socket.unsafeGetSocketOption(level: .tcp, name: .tcp_info).whenComplete {
            (result: Result<AcknowledgedBytes, any Error>) in
            receive((try? result.get()).map { Int(clamping: $0.acknowledged) })
        }
        #else
        receive(nil)
        #endif
    }
}
