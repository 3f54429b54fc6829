/// Bytes that grow: what the codecs write to. Little-endian throughout.
///
/// A class because it owns raw memory that hot loops write through a bare pointer. Confined to its maker.
final class ByteSink {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 4_096) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// The bytes written so far; valid until the next write.
    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
    var bytes: [UInt8] { [UInt8](written) }

    func removeAll() { count = 0 }

    /// Forgets all but the first `count` bytes.
    func truncate(to count: Int) { self.count = min(count, self.count) }

    /// Room for `extra` bytes at the end, to be filled through the pointer and claimed with `advance(by:)`.
    @inline(__always)
    func reserve(_ extra: Int) -> UnsafeMutablePointer<UInt8> {
        if count + extra > capacity { grow(extra) }
        return base + count
    }

    @inline(__always)
    func advance(by extra: Int) { count += extra }

    @inline(__always)
    func append(_ byte: UInt8) {
        reserve(1).pointee = byte
        count += 1
    }

    func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress, source.count > 0 else { return }
        UnsafeMutableRawPointer(reserve(source.count)).copyMemory(from: start, byteCount: source.count)
        count += source.count
    }

    func append<Number: FixedWidthInteger>(fixed number: Number) {
        let size = MemoryLayout<Number>.size
        UnsafeMutableRawPointer(reserve(size)).storeBytes(of: number.littleEndian, as: Number.self)
        count += size
    }

    /// LEB128: seven bits a byte, the lowest first.
    @inline(__always)
    func append(varint value: UInt64) {
        let end = reserve(10)
        count += Varint.write(value, to: end)
    }

    @inline(__always)
    func append(signed value: Int64) { append(varint: Varint.zigzag(value)) }

    private func grow(_ extra: Int) {
        let wanted = max(capacity * 2, count + extra)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
        capacity = wanted
    }
}

/// Integers of 1 to 10 bytes.
enum Varint {
    /// Small magnitudes of either sign become small numbers.
    @inline(__always)
    static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

    @inline(__always)
    static func signed(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }

    /// Writes at most 10 bytes and returns how many.
    @inline(__always)
    static func write(_ value: UInt64, to out: UnsafeMutablePointer<UInt8>) -> Int {
        var rest = value
        var length = 0
        while rest >= 0x80 {
            out[length] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            length &+= 1
        }
        out[length] = UInt8(truncatingIfNeeded: rest)
        return length &+ 1
    }
}

/// Stored bytes that do not read as what they should be.
struct CorruptBytes: Error, Equatable, CustomStringConvertible {
    var what: String
    var description: String { "stored metrics are damaged: \(what)" }
}

/// Reads bytes in order; every read is checked against the end.
struct ByteSource {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }

    @inline(__always)
    mutating func byte() throws(CorruptBytes) -> UInt8 {
        guard position < bytes.count else { throw CorruptBytes(what: "they end early") }
        let byte = bytes[position]
        position &+= 1
        return byte
    }

    /// The next `count` bytes, not copied.
    mutating func take(_ count: Int) throws(CorruptBytes) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw CorruptBytes(what: "they end early") }
        let piece = UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
        position += count
        return piece
    }

    mutating func fixed<Number: FixedWidthInteger>(_ type: Number.Type) throws(CorruptBytes) -> Number {
        Number(littleEndian: try take(MemoryLayout<Number>.size).loadUnaligned(as: Number.self))
    }

    @inline(__always)
    mutating func varint() throws(CorruptBytes) -> UInt64 {
        guard position < bytes.count else { throw CorruptBytes(what: "they end early") }
        let first = bytes[position]
        if first < 0x80 {
            position &+= 1
            return UInt64(first)
        }
        return try longVarint()
    }

    @inline(__always)
    mutating func signed() throws(CorruptBytes) -> Int64 { Varint.signed(try varint()) }

    /// A count that is at most `limit`.
    mutating func count(upTo limit: Int, what: String) throws(CorruptBytes) -> Int {
        let number = try varint()
        guard number <= UInt64(limit) else { throw CorruptBytes(what: "\(what) is \(number), over \(limit)") }
        return Int(number)
    }

    private mutating func longVarint() throws(CorruptBytes) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 70 {
            let next = try byte()
            if shift == 63, next > 1 { break }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift += 7
        }
        throw CorruptBytes(what: "an integer is over 64 bits")
    }
}
