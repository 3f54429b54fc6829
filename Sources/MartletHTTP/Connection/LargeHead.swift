import HTTPTypes
import MartletCore
import NIOCore

/// The answer to a request whose head is over the limits: 431, where the framework would send a bare 400.
///
/// Of such a request neither method nor path is known, so the answer is the native one for every dialect.
struct LargeHead {
    /// The decoder gives up at this many fields.
    static let mostFields = 200

    /// How far a connection is with it.
    enum State {
        case none
        /// It came; requests before it are being answered.
        case waiting
        case refused
    }

    let head: HTTPResponse
    let body: ByteBuffer

    /// - Parameter limit: bytes of a head.
    init(limit: Int) {
        let error = MartletError(
            .tooLarge,
            "the head of the request is too large: at most \(limit) bytes and \(Self.mostFields) fields are read"
        )
        let id = RequestIdentifier.fresh()
        let bytes = ErrorRendering.nativeJSON(error, requestID: id)
        body = ByteBuffer(bytes: bytes)
        head = HTTPResponse(
            status: .requestHeaderFieldsTooLarge,
            headerFields: [
                .contentType: "application/json", .contentLength: "\(bytes.count)", .connection: "close",
                .requestID: id, .xContentTypeOptions: "nosniff",
            ]
        )
    }
}
