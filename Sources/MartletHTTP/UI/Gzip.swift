import CZlib
import HTTPTypes
import Hummingbird

/// Compression of answers and bodies (RFC 1952).
enum Gzip {
    /// Whether a client takes gzip. A weight of zero means that it does not.
    static func isAccepted(by request: Request) -> Bool {
        guard let field = request.headers[.acceptEncoding] else { return false }
        return field.split(separator: ",").contains { coding in
            let parts = coding.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let name = parts.first, name == "gzip" || name == "*" else { return false }
            return !parts.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
        }
    }

    /// The bytes unpacked; `nil` for what is no gzip, and for more than `limit` bytes. Memory grows to what is unpacked.
    static func decompress(_ bytes: [UInt8], upTo limit: Int) -> [UInt8]? {
        var stream = z_stream()
        // 31: the largest window, with gzip's header.
        guard inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        return bytes.withUnsafeBufferPointer { input -> [UInt8]? in
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = uInt(input.count)
            while true {
                let size = piece.count
                let (state, filled) = piece.withUnsafeMutableBufferPointer { room in
                    stream.next_out = room.baseAddress
                    stream.avail_out = uInt(size)
                    return (inflate(&stream, Z_NO_FLUSH), size - Int(stream.avail_out))
                }
                guard state == Z_OK || state == Z_STREAM_END, output.count + filled <= limit else { return nil }
                output += piece[..<filled]
                if state == Z_STREAM_END { return output }
                if filled == 0, stream.avail_in == 0 { return nil }
            }
        }
    }

    /// The bytes compressed; `nil` when zlib fails for want of memory. O(bytes): about 10 ms a megabyte at level 1.
    /// - Parameter level: 1 (quick) to 9 (small).
    static func compress(_ bytes: [UInt8], level: Int32) -> [UInt8]? {
        var stream = z_stream()
        // 31: the largest window, with gzip's header.
        let begun = deflateInit2_(
            &stream,
            level,
            Z_DEFLATED,
            31,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard begun == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        return bytes.withUnsafeBufferPointer { input -> [UInt8]? in
            let capacity = Int(deflateBound(&stream, uLong(input.count)))
            var isWhole = false
            let output = [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = uInt(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(capacity)
                isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = capacity - Int(stream.avail_out)
            }
            return isWhole ? output : nil
        }
    }
}
