import MartletCore

/// The bytes of one row of the point log: what one request logged to one run, by series.
///
/// Points of a series ascend by (time, step, value). See "Log row" in docs/metric-chunks.md.
enum PointLog {
    private static let version: UInt8 = 1
    private static let mostPoints = 16_777_216

    /// One series of a row: a key and a range of the points.
    struct Piece {
        var key: Int64
        var range: Range<Int>
    }

    /// The row of some pieces, which ascend by key.
    static func encode(_ pieces: [Piece], of points: PointBuffer) -> [UInt8] {
        let body = ByteSink(capacity: points.count * 12 + 64)
        let head = ByteSink(capacity: pieces.count * 8 + 64)
        head.append(version)
        head.append(varint: UInt64(pieces.count))
        var previousKey: Int64 = 0
        for piece in pieces {
            let start = body.count
            let (low, count) = (piece.range.lowerBound, piece.range.count)
            IntegerColumn.encode(UnsafeBufferPointer(start: points.times + low, count: count), to: body, with: nil)
            IntegerColumn.encode(UnsafeBufferPointer(start: points.steps + low, count: count), to: body, with: nil)
            ValueColumn.encodePlainly(UnsafeBufferPointer(start: points.values + low, count: count), to: body)
            head.append(varint: UInt64(piece.key &- previousKey))
            head.append(varint: UInt64(count))
            head.append(varint: UInt64(body.count - start))
            previousKey = piece.key
        }
        head.append(body.written)
        Checksum.seal(head)
        return head.bytes
    }

    /// Hands every series of a row to `body`: the key, how many points it has, and a way to read them.
    ///
    /// What is not read costs nothing but its entry in the directory.
    static func forEachSeries(
        in bytes: UnsafeRawBufferPointer,
        _ body: (Int64, Series) throws -> Void
    ) throws {
        var source = ByteSource(try Checksum.open(bytes))
        guard try source.byte() == version else { throw CorruptBytes(what: "a log row of an unknown version") }
        let number = try source.count(upTo: bytes.count, what: "the series of a log row")
        var directory = source
        for _ in 0..<number * 3 { _ = try source.varint() }
        var key: Int64 = 0
        for _ in 0..<number {
            key = key &+ Int64(bitPattern: try directory.varint())
            let count = try directory.count(upTo: mostPoints, what: "the points of a series")
            let content = try source.take(try directory.count(upTo: bytes.count, what: "the size of a series"))
            // A column of equal values is short however long it is, so the size proves nothing about the count.
            try body(key, Series(count: count, content: content))
        }
        guard source.remaining == 0 else { throw CorruptBytes(what: "a log row is too long") }
    }

    /// One series of a log row, not read yet.
    struct Series {
        let count: Int
        fileprivate let content: UnsafeRawBufferPointer

        /// The range of the steps where it can be told without reading them all: they are evenly spaced, as in the log of
        /// almost every program.
        func steps() throws(CorruptBytes) -> ClosedRange<Int64>? {
            guard count > 0 else { return nil }
            var source = ByteSource(content)
            try IntegerColumn.skip(&source, count: count)
            return try IntegerColumn.progressionBounds(&source, count: count)
        }

        /// Adds the points to the end of `points`.
        func read(into points: PointBuffer, with compressor: Compressor) throws(CorruptBytes) {
            points.reserve(count)
            var source = ByteSource(content)
            try IntegerColumn.decode(
                from: &source,
                into: UnsafeMutableBufferPointer(start: points.times + points.count, count: count),
                with: compressor
            )
            try IntegerColumn.decode(
                from: &source,
                into: UnsafeMutableBufferPointer(start: points.steps + points.count, count: count),
                with: compressor
            )
            try ValueColumn.decode(
                from: &source,
                into: UnsafeMutableBufferPointer(start: points.values + points.count, count: count),
                with: compressor
            )
            guard source.remaining == 0 else { throw CorruptBytes(what: "a series of a log row is too long") }
            points.advance(by: count)
        }
    }
}
