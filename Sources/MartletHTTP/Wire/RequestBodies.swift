import HTTPTypes
package import Hummingbird
package import MartletCore
package import NIOCore

/// The whole body of a request.
///
/// - Throws: `tooLarge` over `limit` bytes, before they are read where the client announced them;
///   `cancelled` when the client vanished or sent less than it promised.
package func collectBody(_ request: Request, upTo limit: Int) async throws(MartletError) -> ByteBuffer {
    let promised = request.headers[.contentLength].flatMap { Int($0) }
    if let promised, promised > limit { throw bodyTooLarge(limit) }
    var whole = ByteBuffer()
    do {
        var iterator = request.body.makeAsyncIterator()
        // The first piece is most often the whole: it is taken over without a copy.
        if let first = try await iterator.next() { whole = first }
        while whole.readableBytes <= limit, var piece = try await iterator.next() {
            if let promised { whole.reserveCapacity(minimumWritableBytes: max(0, promised - whole.readableBytes)) }
            whole.writeBuffer(&piece)
        }
    } catch {
        throw bodyBroken
    }
    if whole.readableBytes > limit { throw bodyTooLarge(limit) }
    if let promised, whole.readableBytes != promised { throw bodyBroken }
    return whole
}

private func bodyTooLarge(_ limit: Int) -> MartletError {
    MartletError(.tooLarge, "the body is larger than \(limit) bytes; send less at once")
}

private var bodyBroken: MartletError {
    MartletError(.cancelled, "the body ended before all that was announced had come; send the request again")
}

/// The body of a request in the pieces in which it arrives, for a `BlobStore`. Memory does not grow with the body.
///
/// Iterated once. Throws `cancelled` when the client vanishes or sends less than it promised.
package struct BodyPieces: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    let body: RequestBody
    /// What the client announced as `Content-Length`; `nil` for a chunked body.
    package let length: Int64?

    package init(_ request: Request) {
        body = request.body
        length = request.headers[.contentLength].flatMap { Int64($0) }
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(base: body.makeAsyncIterator(), missing: length)
    }

    package struct Iterator: AsyncIteratorProtocol {
        var base: RequestBody.AsyncIterator
        /// Bytes that are still to come; `nil` when the client did not say.
        var missing: Int64?

        package mutating func next() async throws -> [UInt8]? {
            let piece: ByteBuffer?
            do {
                piece = try await base.next()
            } catch {
                throw bodyBroken
            }
            guard let piece else {
                if let missing, missing != 0 { throw bodyBroken }
                return nil
            }
            missing = missing.map { $0 - Int64(piece.readableBytes) }
            return Array(piece.readableBytesView)
        }
    }
}
