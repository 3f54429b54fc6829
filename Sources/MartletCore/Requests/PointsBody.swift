import Foundation

/// A head of JSON and columns of points, as importers send them: read without looking at each number.
///
/// All integers are little-endian:
///
///     "MPT1" | u32 bytes of the head | the head, UTF-8 | u32 keys | for each key: u32 bytes, UTF-8
///     | u32 points | u32 × points places of keys | i64 × points steps | i64 × points times (ms)
///     | f64 × points values
package enum PointsBody {
    package static let contentType = "application/x-martlet-points"
    private static let magic: [UInt8] = Array("MPT1".utf8)

    /// The params, tags and changes of the batch are not written.
    package static func encode(head: [UInt8], points: LogBatch) -> [UInt8] {
        var bytes: [UInt8] = []
        let keys = points.keys.reduce(0) { $0 + $1.utf8.count + 4 }
        bytes.reserveCapacity(16 + head.count + keys + points.pointCount * 28)
        bytes.append(contentsOf: magic)
        append(UInt32(head.count), to: &bytes)
        bytes.append(contentsOf: head)
        append(UInt32(points.keys.count), to: &bytes)
        for key in points.keys {
            append(UInt32(key.utf8.count), to: &bytes)
            bytes.append(contentsOf: key.utf8)
        }
        append(UInt32(points.pointCount), to: &bytes)
        points.keyIndexes.withUnsafeBytes { bytes.append(contentsOf: $0) }
        points.steps.withUnsafeBytes { bytes.append(contentsOf: $0) }
        points.times.withUnsafeBytes { bytes.append(contentsOf: $0) }
        points.values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        return bytes
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// - Throws: `invalidArgument` for anything but a whole body: cut short, too long, a key that is not there.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer
    ) throws(MartletError) -> (head: [UInt8], points: LogBatch) {
        var reader = Reader(bytes: bytes)
        guard try reader.take(4).elementsEqual(magic) else {
            throw MartletError(.invalidArgument, "the body does not begin with MPT1: it is no body of points")
        }
        let head = [UInt8](try reader.take(try reader.number()))
        var batch = LogBatch()
        let keys = try reader.number()
        for _ in 0..<keys {
            guard let key = String(validating: try reader.take(try reader.number()), as: UTF8.self) else {
                throw MartletError(.invalidArgument, "a key in the body is not UTF-8")
            }
            batch.keys.append(key)
        }
        guard Set(batch.keys).count == keys else {
            throw MartletError(.invalidArgument, "a key stands twice in the body")
        }
        let count = try reader.number()
        batch.keyIndexes = try reader.column(count)
        batch.steps = try reader.column(count)
        batch.times = try reader.column(count)
        batch.values = try reader.column(count)
        guard reader.isAtEnd else { throw MartletError(.invalidArgument, "bytes follow the points in the body") }
        if let wrong = batch.keyIndexes.first(where: { $0 >= keys }) {
            throw MartletError(.invalidArgument, "a point names key \(wrong) of \(keys)")
        }
        return (head, batch)
    }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ count: Int) throws(MartletError) -> UnsafeRawBufferPointer {
            guard count <= bytes.count - index else {
                throw MartletError(.invalidArgument, "the body of points is cut short at byte \(bytes.count)")
            }
            defer { index += count }
            return UnsafeRawBufferPointer(rebasing: bytes[index..<index + count])
        }

        mutating func number() throws(MartletError) -> Int {
            Int(UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self)))
        }

        mutating func column<Number: BitwiseCopyable & Numeric>(_ count: Int) throws(MartletError) -> [Number] {
            let raw = try take(count * MemoryLayout<Number>.size)
            return [Number](unsafeUninitializedCapacity: count) { numbers, filled in
                UnsafeMutableRawBufferPointer(numbers).copyMemory(from: raw)
                filled = count
            }
        }
    }
}
