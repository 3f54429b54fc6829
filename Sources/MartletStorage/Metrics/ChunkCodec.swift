import MartletCore

/// The bytes of a chunk: the points of one series, ascending by (time, step, value), distinct.
///
/// Confined to one caller at a time. See "Chunk" in docs/metric-chunks.md.
struct ChunkCodec {
    /// Points in a full chunk.
    static let fullCount = 4_096
    /// What a reader accepts.
    static let mostPoints = 65_535
    private static let version: UInt8 = 1

    let compressor: Compressor

    init(compressor: Compressor = Compressor()) { self.compressor = compressor }

    /// Appends the chunk of a range of sorted points to `sink`.
    func encode(_ points: PointBuffer, _ range: Range<Int>, to sink: ByteSink) {
        let start = sink.count
        let packer = range.count >= 32 ? compressor : nil
        sink.append(Self.version)
        sink.append(varint: UInt64(range.count))
        IntegerColumn.encode(slice(points.times, range), to: sink, with: packer)
        IntegerColumn.encode(slice(points.steps, range), to: sink, with: packer)
        ValueColumn.encode(slice(points.values, range), to: sink, with: packer)
        Checksum.seal(sink, from: start)
    }

    /// Adds the points of a chunk to the end of `points`.
    /// - Throws: when the bytes are damaged; `points` is then as it was.
    func decode(_ bytes: UnsafeRawBufferPointer, into points: PointBuffer) throws(CorruptBytes) {
        var source = ByteSource(try Checksum.open(bytes))
        guard try source.byte() == Self.version else { throw CorruptBytes(what: "a chunk of an unknown version") }
        let count = try source.count(upTo: Self.mostPoints, what: "the points of a chunk")
        points.reserve(count)
        try IntegerColumn.decode(from: &source, into: room(points.times, points, count), with: compressor)
        try IntegerColumn.decode(from: &source, into: room(points.steps, points, count), with: compressor)
        try ValueColumn.decode(from: &source, into: room(points.values, points, count), with: compressor)
        guard source.remaining == 0 else { throw CorruptBytes(what: "a chunk is too long") }
        points.advance(by: count)
    }

    /// Reads steps and values of a chunk of `steps.count` points, and passes over its times.
    /// - Throws: when the bytes are damaged, or hold another number of points.
    func decode(
        _ bytes: UnsafeRawBufferPointer,
        steps: UnsafeMutableBufferPointer<Int64>,
        values: UnsafeMutableBufferPointer<Double>
    ) throws(CorruptBytes) {
        var source = ByteSource(try Checksum.open(bytes))
        guard try source.byte() == Self.version else { throw CorruptBytes(what: "a chunk of an unknown version") }
        guard try source.count(upTo: Self.mostPoints, what: "the points of a chunk") == steps.count else {
            throw CorruptBytes(what: "a chunk has another number of points than its row says")
        }
        try IntegerColumn.skip(&source, count: steps.count)
        try IntegerColumn.decode(from: &source, into: steps, with: compressor)
        try ValueColumn.decode(from: &source, into: values, with: compressor)
        guard source.remaining == 0 else { throw CorruptBytes(what: "a chunk is too long") }
    }

    private func slice<Element>(
        _ column: UnsafeMutablePointer<Element>,
        _ range: Range<Int>
    ) -> UnsafeBufferPointer<Element> {
        UnsafeBufferPointer(start: column + range.lowerBound, count: range.count)
    }

    private func room<Element>(
        _ column: UnsafeMutablePointer<Element>,
        _ points: PointBuffer,
        _ count: Int
    ) -> UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: column + points.count, count: count)
    }
}
