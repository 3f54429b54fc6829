import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("The bytes of chunks, log rows and cells")
struct ChunkCodecTests {
    static let kinds = ["single", "double", "integer", "decimal", "constant", "smooth", "special", "wild"]

    static func points(_ kind: String, _ count: Int) -> PointBuffer {
        var numbers = SeededNumbers(seed: UInt64(count) &+ 17)
        let points = PointBuffer()
        for index in 0..<count {
            let value: Double
            switch kind {
            case "single": value = Double(Float.random(in: 0...2, using: &numbers))
            case "double": value = Double.random(in: 0...2, using: &numbers)
            case "integer": value = Double(Int.random(in: 80...100, using: &numbers))
            case "decimal": value = Double(Int.random(in: -9_999...9_999, using: &numbers)) / 10_000
            case "constant": value = 0.1
            case "smooth": value = 1e-3 / Double(index + 1_000)
            case "special":
                value =
                    [Double.nan, .infinity, -.infinity, -0.0, 0, 1, .leastNonzeroMagnitude].randomElement(
                        using: &numbers
                    ) ?? 0
            default: value = Double(bitPattern: numbers.next() & ~(1 << 51))
            }
            let isWild = kind == "wild"
            points.append(
                step: isWild ? Int64(bitPattern: numbers.next()) : Int64(index),
                time: Int64(index * 100 + index % 7),
                value: value.isNaN ? .nan : value
            )
        }
        return points
    }

    static func isSame(_ left: PointBuffer, _ right: PointBuffer) -> Bool {
        let (a, b) = (left.columns(0..<left.count), right.columns(0..<right.count))
        return a.steps == b.steps && a.times == b.times
            && a.values.map(\.bitPattern) == b.values.map(\.bitPattern)
    }

    @Test("a chunk comes back bit by bit", arguments: kinds, [1, 2, 7, 31, 100, 4_096])
    func chunk(kind: String, count: Int) throws {
        let points = Self.points(kind, count)
        let sink = ByteSink()
        ChunkCodec().encode(points, 0..<count, to: sink)
        let again = PointBuffer()
        try ChunkCodec().decode(sink.written, into: again)
        #expect(Self.isSame(points, again))
    }

    @Test("a log row comes back bit by bit", arguments: kinds)
    func logRow(kind: String) throws {
        let points = Self.points(kind, 300)
        let row = PointLog.encode(
            [PointLog.Piece(key: 4, range: 0..<1), PointLog.Piece(key: 900, range: 1..<300)],
            of: points
        )
        let again = PointBuffer()
        var keys: [Int64] = []
        try row.withUnsafeBytes { bytes in
            try PointLog.forEachSeries(in: bytes) { key, series in
                keys.append(key)
                try series.read(into: again, with: Compressor())
            }
        }
        #expect(keys == [4, 900])
        #expect(Self.isSame(points, again))
    }

    @Test("float32-like, double, integer and constant chunks are as short as they should be")
    func size() {
        for (kind, most) in [("single", 3.9), ("double", 7.7), ("integer", 1.2), ("constant", 0.6), ("decimal", 2.7)] {
            let sink = ByteSink()
            ChunkCodec().encode(Self.points(kind, 4_096), 0..<4_096, to: sink)
            #expect(Double(sink.count) / 4_096 < most, "\(kind)")
        }
    }

    /// Bytes with a few changed and the checksum made right again, so that what is behind it is reached.
    private static func damaged(_ bytes: [UInt8], _ numbers: inout SeededNumbers) -> [UInt8] {
        var bytes = Array(bytes.dropLast(4))
        for _ in 0..<Int.random(in: 1...4, using: &numbers) {
            let place = Int.random(in: 0..<bytes.count, using: &numbers)
            bytes[Bool.random(using: &numbers) ? place : place % 24] = UInt8.random(in: 0...255, using: &numbers)
        }
        if Int.random(in: 0..<4, using: &numbers) == 0 {
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &numbers))
        }
        let sum = bytes.withUnsafeBytes { Checksum.of($0) }
        return bytes + (0..<4).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) }
    }

    @Test("damaged bytes are refused or read as something, and never trap", arguments: kinds)
    func damage(kind: String) {
        var numbers = SeededNumbers(seed: 99)
        let points = Self.points(kind, 1_100)
        let sink = ByteSink()
        ChunkCodec().encode(points, 0..<1_100, to: sink)
        let chunk = sink.bytes
        sink.removeAll()
        Cells(points, 0..<1_100, shift: Cells.fineShift, stepsAscend: true).encode(to: sink, with: Compressor())
        let cells = sink.bytes
        let row = PointLog.encode([PointLog.Piece(key: 4, range: 0..<1_100)], of: points)
        let codec = ChunkCodec()
        for _ in 0..<1_000 {
            let target = PointBuffer()
            Self.damaged(chunk, &numbers).withUnsafeBytes { bytes in
                _ = try? codec.decode(bytes, into: target)
            }
            #expect(target.count <= ChunkCodec.mostPoints)
            Self.damaged(cells, &numbers).withUnsafeBytes { bytes in
                _ = try? Cells(bytes, with: codec.compressor)
            }
            Self.damaged(row, &numbers).withUnsafeBytes { bytes in
                _ = try? PointLog.forEachSeries(in: bytes) { _, series in
                    if series.count < 100_000 { try series.read(into: PointBuffer(), with: codec.compressor) }
                }
            }
        }
    }

    @Test("a flipped bit fails the checksum")
    func checksum() {
        let sink = ByteSink()
        ChunkCodec().encode(Self.points("single", 500), 0..<500, to: sink)
        var bytes = sink.bytes
        bytes[bytes.count / 2] ^= 4
        bytes.withUnsafeBytes { bytes in
            #expect(throws: CorruptBytes.self) { try ChunkCodec().decode(bytes, into: PointBuffer()) }
        }
    }

    @Test("the checksum is XXH64")
    func xxHash() {
        #expect([UInt8]().withUnsafeBytes { Checksum.xxHash64($0) } == 0xEF46_DB37_51D8_E999)
        #expect(Array("abc".utf8).withUnsafeBytes { Checksum.xxHash64($0) } == 0x44BC_2CF5_AD77_0999)
    }
}
