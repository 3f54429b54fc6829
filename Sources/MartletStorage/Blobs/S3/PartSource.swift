import Crypto
import MartletCore
import NIOCore

/// Cuts what a client sends into parts of one size, the last of which is shorter.
struct PartSource<Source: AsyncSequence & Sendable> where Source.Element == [UInt8] {
    private var body: IncomingBody<Source>
    private let partSize: Int
    private var buffer = ByteBuffer()
    /// Whether the parts so far are all.
    private(set) var isAtEnd: Bool

    /// - Parameter head: what was read of the body before.
    init(_ head: (pieces: [[UInt8]], isWhole: Bool), _ body: IncomingBody<Source>, partSize: Int) {
        self.body = body
        self.partSize = partSize
        isAtEnd = head.isWhole
        for piece in head.pieces { buffer.writeBytes(piece) }
    }

    /// At most one part and one piece are in memory.
    mutating func next() async throws(MartletError) -> ByteBuffer? {
        // One byte more than a part says that it is not the last.
        while !isAtEnd, buffer.readableBytes <= partSize {
            if let piece = try await body.next() { buffer.writeBytes(piece) } else { isAtEnd = true }
        }
        guard buffer.readableBytes > partSize else {
            defer { buffer = ByteBuffer() }
            return buffer.readableBytes > 0 ? buffer : nil
        }
        let part = buffer.readSlice(length: partSize)
        // Not the slice's memory, which goes with the part.
        buffer = ByteBuffer(bytes: buffer.readableBytesView)
        return part
    }
}

/// The names of content that comes in parts.
struct RunningHash: Sendable {
    private var sha256 = SHA256()
    private var md5 = Insecure.MD5()
    private(set) var size: Int64 = 0

    mutating func update(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { buffer in
            sha256.update(bufferPointer: buffer)
            md5.update(bufferPointer: buffer)
        }
        size += Int64(bytes.readableBytes)
    }

    var blob: StoredBlob { hash.blob(size: size) }
    var hash: ContentHash { ContentHash(sha256: [UInt8](sha256.finalize()), md5: [UInt8](md5.finalize())) }
}
