import MartletCore

/// One level of the pyramid of a chunk: what charts need of each 64 or 512 points. See "Cells" in docs/metric-chunks.md.
struct Cells {
    /// Points per cell are 2 to this power.
    static let fineShift = 6
    static let coarseShift = 9
    /// Chunks of fewer points have no cells: reading their points is as quick.
    static let leastPoints = 1_024
    private static let version: UInt8 = 1
    private static let hasSteps: UInt8 = 1
    private static let hasNonFinite: UInt8 = 2

    private(set) var shift = Cells.fineShift
    /// Points of all cells.
    private(set) var points = 0
    private(set) var firstTimes: [Int64] = []
    private(set) var lastTimes: [Int64] = []
    /// Empty when steps do not ascend inside the chunk: then an axis of steps needs the points.
    private(set) var firstSteps: [Int64] = []
    private(set) var lastSteps: [Int64] = []
    /// Empty when every value is finite.
    private(set) var nanCounts: [Int64] = []
    private(set) var infinityCounts: [Int64] = []
    /// Over the finite values of each cell; NaN where there are none.
    private(set) var minima: [Double] = []
    private(set) var maxima: [Double] = []
    private(set) var lasts: [Double] = []
    /// To 36 bits of mantissa: a relative error of 1.5e-11.
    private(set) var means: [Double] = []

    var count: Int { minima.count }

    func size(of cell: Int) -> Int { cell == count - 1 ? points - (cell << shift) : 1 << shift }

    func finiteCount(of cell: Int) -> Int {
        nanCounts.isEmpty ? size(of: cell) : size(of: cell) - Int(nanCounts[cell] + infinityCounts[cell])
    }

    /// The cells of a range of sorted points.
    init(_ buffer: PointBuffer, _ range: Range<Int>, shift: Int, stepsAscend: Bool) {
        self.shift = shift
        points = range.count
        var isFinite = true
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + 1 << shift, range.upperBound)
            firstTimes.append(buffer.times[start])
            lastTimes.append(buffer.times[end - 1])
            if stepsAscend {
                firstSteps.append(buffer.steps[start])
                lastSteps.append(buffer.steps[end - 1])
            }
            if !addValues(UnsafeBufferPointer(start: buffer.values + start, count: end - start)) { isFinite = false }
            start = end
        }
        if isFinite {
            nanCounts = []
            infinityCounts = []
        }
    }

    /// Returns whether all are finite.
    private mutating func addValues(_ values: UnsafeBufferPointer<Double>) -> Bool {
        var (least, greatest, sum, last) = (Double.infinity, -Double.infinity, 0.0, Double.nan)
        var (finite, nans) = (0, 0)
        for value in values {
            guard value.isFinite else {
                if value.isNaN { nans += 1 }
                continue
            }
            if value < least { least = value }
            if value > greatest { greatest = value }
            sum += value
            last = value
            finite += 1
        }
        minima.append(finite > 0 ? least : .nan)
        maxima.append(finite > 0 ? greatest : .nan)
        lasts.append(last)
        means.append(finite > 0 ? Self.rounded(sum / Double(finite)) : .nan)
        nanCounts.append(Int64(nans))
        infinityCounts.append(Int64(values.count - finite - nans))
        return finite == values.count
    }

    /// The nearest number whose low 16 bits are zero, which packs into six bytes.
    private static func rounded(_ value: Double) -> Double {
        guard value.isFinite else { return value }
        let (bits, overflow) = value.bitPattern.addingReportingOverflow(0x8000)
        let near = Double(bitPattern: bits & ~0xFFFF)
        return overflow || !near.isFinite ? value : near
    }

    // MARK: - Bytes

    func encode(to sink: ByteSink, with compressor: Compressor?) {
        let start = sink.count
        sink.append(Self.version)
        sink.append(UInt8(shift))
        sink.append((firstSteps.isEmpty ? 0 : Self.hasSteps) | (nanCounts.isEmpty ? 0 : Self.hasNonFinite))
        sink.append(varint: UInt64(points))
        for (firsts, lasts) in [(firstTimes, lastTimes), (firstSteps, lastSteps)] where !firsts.isEmpty {
            let spans = zip(firsts, lasts).map { $1 &- $0 }
            firsts.withUnsafeBufferPointer { IntegerColumn.encode($0, to: sink, with: compressor) }
            spans.withUnsafeBufferPointer { IntegerColumn.encode($0, to: sink, with: compressor) }
        }
        for column in [nanCounts, infinityCounts] where !column.isEmpty {
            column.withUnsafeBufferPointer { IntegerColumn.encode($0, to: sink, with: nil) }
        }
        for column in [minima, maxima, lasts, means] {
            column.withUnsafeBufferPointer { ValueColumn.encode($0, to: sink, with: compressor) }
        }
        Checksum.seal(sink, from: start)
    }

    init(_ bytes: UnsafeRawBufferPointer, with compressor: Compressor) throws(CorruptBytes) {
        var source = ByteSource(try Checksum.open(bytes))
        guard try source.byte() == Self.version else { throw CorruptBytes(what: "cells of an unknown version") }
        shift = Int(try source.byte())
        guard shift == Self.fineShift || shift == Self.coarseShift else { throw CorruptBytes(what: "a cell's size") }
        let flags = try source.byte()
        points = try source.count(upTo: ChunkCodec.mostPoints, what: "the points of cells")
        let count = (points + (1 << shift) - 1) >> shift
        (firstTimes, lastTimes) = try Self.edges(&source, count, compressor)
        if flags & Self.hasSteps != 0 { (firstSteps, lastSteps) = try Self.edges(&source, count, compressor) }
        if flags & Self.hasNonFinite != 0 {
            nanCounts = try Self.integers(&source, count, compressor)
            infinityCounts = try Self.integers(&source, count, compressor)
        }
        minima = try Self.values(&source, count, compressor)
        maxima = try Self.values(&source, count, compressor)
        lasts = try Self.values(&source, count, compressor)
        means = try Self.values(&source, count, compressor)
        guard source.remaining == 0 else { throw CorruptBytes(what: "cells are too long") }
        for cell in 0..<nanCounts.count where !isPlausible(cell) { throw CorruptBytes(what: "a cell's counts") }
    }

    private func isPlausible(_ cell: Int) -> Bool {
        let (nans, infinities) = (nanCounts[cell], infinityCounts[cell])
        return nans >= 0 && infinities >= 0 && nans <= points && infinities <= points
            && nans + infinities <= size(of: cell)
    }

    private static func edges(
        _ source: inout ByteSource,
        _ count: Int,
        _ compressor: Compressor
    ) throws(CorruptBytes) -> ([Int64], [Int64]) {
        let firsts = try integers(&source, count, compressor)
        var lasts = try integers(&source, count, compressor)
        for index in 0..<count { lasts[index] = lasts[index] &+ firsts[index] }
        return (firsts, lasts)
    }

    private static func integers(
        _ source: inout ByteSource,
        _ count: Int,
        _ compressor: Compressor
    ) throws(CorruptBytes) -> [Int64] {
        var column = [Int64](repeating: 0, count: count)
        try column.withUnsafeMutableBufferPointer { target throws(CorruptBytes) in
            try IntegerColumn.decode(from: &source, into: target, with: compressor)
        }
        return column
    }

    private static func values(
        _ source: inout ByteSource,
        _ count: Int,
        _ compressor: Compressor
    ) throws(CorruptBytes) -> [Double] {
        var column = [Double](repeating: 0, count: count)
        try column.withUnsafeMutableBufferPointer { target throws(CorruptBytes) in
            try ValueColumn.decode(from: &source, into: target, with: compressor)
        }
        return column
    }
}
