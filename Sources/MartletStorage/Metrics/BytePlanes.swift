/// Numbers taken apart into planes of equal bytes: all first bytes, all second bytes, and so on.
///
/// The planes of sign and exponent pack well, those of noise are kept as they are, which makes them quick to read.
/// See "Planes" in docs/metric-chunks.md.
enum BytePlanes {
    private static let constant: UInt16 = 0
    private static let raw: UInt16 = 1
    private static let packed: UInt16 = 2

    /// Appends the low `width` bytes of each word.
    static func encode(
        _ words: UnsafeBufferPointer<UInt64>,
        width: Int,
        to sink: ByteSink,
        with compressor: Compressor?
    ) {
        let stride = (words.count + 7) & ~7
        let planes = UnsafeMutablePointer<UInt8>.allocate(capacity: stride * 8)
        defer { planes.deallocate() }
        split(words, into: planes, stride: stride)
        var modes: UInt16 = 0
        let head = sink.count
        sink.append(fixed: UInt16(0))
        for plane in 0..<width {
            let bytes = UnsafeRawBufferPointer(start: planes + plane * stride, count: words.count)
            modes |= encode(plane: bytes, to: sink, with: compressor) << UInt16(plane * 2)
        }
        sink.mark(head, with: UInt8(truncatingIfNeeded: modes))
        sink.mark(head + 1, with: UInt8(modes >> 8))
    }

    private static func encode(
        plane bytes: UnsafeRawBufferPointer,
        to sink: ByteSink,
        with compressor: Compressor?
    ) -> UInt16 {
        let first = bytes[0]
        if bytes.allSatisfy({ $0 == first }) {
            sink.append(first)
            return constant
        }
        guard let compressor, bytes.count >= 64 else {
            sink.append(bytes)
            return raw
        }
        // The size goes before the frame: two bytes hold that of every plane, which has at most 65,536 bytes.
        let head = sink.count
        sink.append(fixed: UInt16(0))
        guard let size = compressor.compress(bytes, into: sink, below: bytes.count - bytes.count / 16) else {
            sink.truncate(to: head)
            sink.append(bytes)
            return raw
        }
        sink.mark(head, with: UInt8(truncatingIfNeeded: size))
        sink.mark(head + 1, with: UInt8(truncatingIfNeeded: size >> 8))
        return packed
    }

    /// Reads `count` words of `width` bytes each and hands them on, in order, eight at a time at most.
    static func decode(
        from source: inout ByteSource,
        count: Int,
        width: Int,
        with compressor: Compressor,
        into words: UnsafeMutablePointer<UInt64>
    ) throws(CorruptBytes) {
        let modes = try source.fixed(UInt16.self)
        let stride = (count + 7) & ~7
        let planes = UnsafeMutablePointer<UInt8>.allocate(capacity: stride * 8)
        defer { planes.deallocate() }
        for plane in 0..<8 {
            let start = planes + plane * stride
            guard plane < width else {
                start.update(repeating: 0, count: stride)
                continue
            }
            (start + (stride - 8)).update(repeating: 0, count: 8)
            switch modes >> UInt16(plane * 2) & 3 {
            case constant: start.update(repeating: try source.byte(), count: count)
            case raw:
                guard let bytes = try source.take(count).baseAddress else { continue }
                UnsafeMutableRawPointer(start).copyMemory(from: bytes, byteCount: count)
            case packed:
                let frame = try source.take(Int(try source.fixed(UInt16.self)))
                try compressor.decompress(frame, into: UnsafeMutableRawBufferPointer(start: start, count: count))
            default: throw CorruptBytes(what: "a plane of an unknown kind")
            }
        }
        join(planes, stride: stride, count: count, into: words)
    }

    private static func split(
        _ words: UnsafeBufferPointer<UInt64>,
        into planes: UnsafeMutablePointer<UInt8>,
        stride: Int
    ) {
        let out = UnsafeMutableRawPointer(planes)
        var index = 0
        while index < words.count {
            var block = SIMD8<UInt64>()
            for lane in 0..<min(8, words.count - index) { block[lane] = words[index + lane] }
            block = transpose(block)
            for lane in 0..<8 {
                out.storeBytes(of: block[lane].littleEndian, toByteOffset: lane * stride + index, as: UInt64.self)
            }
            index += 8
        }
    }

    private static func join(
        _ planes: UnsafeMutablePointer<UInt8>,
        stride: Int,
        count: Int,
        into words: UnsafeMutablePointer<UInt64>
    ) {
        let from = UnsafeRawPointer(planes)
        var index = 0
        while index < count {
            var block = SIMD8<UInt64>()
            for lane in 0..<8 {
                block[lane] = UInt64(
                    littleEndian: from.loadUnaligned(fromByteOffset: lane * stride + index, as: UInt64.self)
                )
            }
            block = transpose(block)
            for lane in 0..<min(8, count - index) { words[index + lane] = block[lane] }
            index += 8
        }
    }

    /// Rows to columns of an 8 × 8 matrix of bytes: byte *j* of row *i* becomes byte *i* of row *j*.
    @inline(__always)
    private static func transpose(_ m: SIMD8<UInt64>) -> SIMD8<UInt64> {
        var m = m
        exchange(&m, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x00FF_00FF_00FF_00FF)
        exchange(&m, 0, 2, 1, 3, 4, 6, 5, 7, 16, 0x0000_FFFF_0000_FFFF)
        exchange(&m, 0, 4, 1, 5, 2, 6, 3, 7, 32, 0x0000_0000_FFFF_FFFF)
        return m
    }

    // swift-format-ignore
    @inline(__always)
    private static func exchange(
        _ m: inout SIMD8<UInt64>, _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ e: Int, _ f: Int, _ g: Int, _ h: Int,
        _ shift: UInt64, _ mask: UInt64
    ) {
        swap(&m, a, b, shift, mask)
        swap(&m, c, d, shift, mask)
        swap(&m, e, f, shift, mask)
        swap(&m, g, h, shift, mask)
    }

    @inline(__always)
    private static func swap(_ m: inout SIMD8<UInt64>, _ i: Int, _ j: Int, _ shift: UInt64, _ mask: UInt64) {
        let t = ((m[i] >> shift) ^ m[j]) & mask
        m[i] ^= t << shift
        m[j] ^= t
    }
}
