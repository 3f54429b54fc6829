/// A column of 64-bit integers in few bytes. See "Integer column" in docs/metric-chunks.md.
enum IntegerColumn {
    private static let progression: UInt8 = 0
    private static let offsets: UInt8 = 1
    private static let deltas: UInt8 = 2
    private static let curvature: UInt8 = 3
    private static let compressed: UInt8 = 0x80

    /// Appends the column in the form whose residuals are shortest. `compressor` is `nil` where speed counts more.
    static func encode(_ values: UnsafeBufferPointer<Int64>, to sink: ByteSink, with compressor: Compressor?) {
        guard let first = values.first else { return }
        let shape = Shape(values)
        if shape.isProgression {
            sink.append(progression)
            sink.append(signed: first)
            sink.append(signed: shape.delta)
            return
        }
        let mark = sink.count
        sink.append(shape.kind)
        switch shape.kind {
        case offsets: sink.append(signed: shape.least)
        case deltas:
            sink.append(signed: first)
            sink.append(signed: shape.leastDelta)
        default: sink.append(signed: first)
        }
        let start = sink.count
        writeResiduals(of: values, shape: shape, to: sink)
        if let compressor, sink.count - start >= 48 { compress(from: start, tag: mark, sink, compressor) }
    }

    /// Reads `target.count` integers.
    static func decode(
        from source: inout ByteSource,
        into target: UnsafeMutableBufferPointer<Int64>,
        with compressor: Compressor
    ) throws(CorruptBytes) {
        guard !target.isEmpty else { return }
        let tag = try source.byte()
        let head = try source.signed()
        switch tag & ~compressed {
        case progression:
            let delta = try source.signed()
            for index in target.indices { target[index] = head &+ delta &* Int64(index) }
            return
        case deltas:
            let base = try source.signed()
            try withResiduals(tag, &source, target.count, compressor) { residuals throws(CorruptBytes) in
                try readDeltas(&residuals, first: head, base: base, into: target)
            }
        case offsets:
            try withResiduals(tag, &source, target.count, compressor) { residuals throws(CorruptBytes) in
                for index in target.indices {
                    target[index] = head &+ Int64(bitPattern: try residuals.varint())
                }
            }
        case curvature:
            try withResiduals(tag, &source, target.count, compressor) { residuals throws(CorruptBytes) in
                try readCurvature(&residuals, first: head, into: target)
            }
        default: throw CorruptBytes(what: "an integer column of kind \(tag)")
        }
    }

    /// Passes over a column.
    static func skip(_ source: inout ByteSource, count: Int) throws(CorruptBytes) {
        guard count > 0 else { return }
        let tag = try source.byte()
        _ = try source.signed()
        let kind = tag & ~compressed
        guard kind <= curvature else { throw CorruptBytes(what: "an integer column of kind \(tag)") }
        if kind == progression || kind == deltas { _ = try source.signed() }
        if tag & compressed != 0 {
            _ = try source.count(upTo: count * 10, what: "the size of an integer column")
            _ = try source.take(try source.count(upTo: count * 10, what: "the size of an integer column"))
        } else if kind != progression {
            for _ in (kind == offsets ? 0 : 1)..<count { _ = try source.varint() }
        }
    }

    /// The least and the greatest of evenly spaced integers; `nil` for a column of others.
    static func progressionBounds(_ source: inout ByteSource, count: Int) throws(CorruptBytes) -> ClosedRange<Int64>? {
        guard try source.byte() == progression else { return nil }
        let first = try source.signed()
        let (way, overflows) = try source.signed().multipliedReportingOverflow(by: Int64(count - 1))
        let (last, leaves) = first.addingReportingOverflow(way)
        return overflows || leaves ? nil : min(first, last)...max(first, last)
    }

    private static func readDeltas(
        _ source: inout ByteSource,
        first: Int64,
        base: Int64,
        into target: UnsafeMutableBufferPointer<Int64>
    ) throws(CorruptBytes) {
        var value = first
        target[0] = value
        for index in 1..<max(target.count, 1) {
            value = value &+ base &+ Int64(bitPattern: try source.varint())
            target[index] = value
        }
    }

    private static func readCurvature(
        _ source: inout ByteSource,
        first: Int64,
        into target: UnsafeMutableBufferPointer<Int64>
    ) throws(CorruptBytes) {
        var value = first
        var delta: Int64 = 0
        target[0] = value
        for index in 1..<max(target.count, 1) {
            delta = delta &+ (try source.signed())
            value = value &+ delta
            target[index] = value
        }
    }

    private static func withResiduals(
        _ tag: UInt8,
        _ source: inout ByteSource,
        _ count: Int,
        _ compressor: Compressor,
        _ body: (inout ByteSource) throws(CorruptBytes) -> Void
    ) throws(CorruptBytes) {
        guard tag & compressed != 0 else { return try body(&source) }
        let size = try source.count(upTo: count * 10, what: "the size of an integer column")
        let frame = try source.take(try source.count(upTo: count * 10, what: "the size of an integer column"))
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        defer { memory.deallocate() }
        try compressor.decompress(frame, into: memory)
        var residuals = ByteSource(UnsafeRawBufferPointer(memory))
        try body(&residuals)
        guard residuals.remaining == 0 else { throw CorruptBytes(what: "an integer column is too long") }
    }

    private static func writeResiduals(of values: UnsafeBufferPointer<Int64>, shape: Shape, to sink: ByteSink) {
        let out = sink.reserve(values.count * 10)
        var length = 0
        switch shape.kind {
        case offsets:
            for value in values {
                length &+= Varint.write(UInt64(bitPattern: value &- shape.least), to: out + length)
            }
        case deltas:
            for index in 1..<values.count {
                let delta = values[index] &- values[index - 1]
                length &+= Varint.write(UInt64(bitPattern: delta &- shape.leastDelta), to: out + length)
            }
        default:
            var previous: Int64 = 0
            for index in 1..<values.count {
                let delta = values[index] &- values[index - 1]
                length &+= Varint.write(Varint.zigzag(delta &- previous), to: out + length)
                previous = delta
            }
        }
        sink.advance(by: length)
    }

    /// Replaces the residuals after `start` by a frame of them when that is shorter.
    private static func compress(from start: Int, tag: Int, _ sink: ByteSink, _ compressor: Compressor) {
        let raw = [UInt8](sink.written[start...])
        raw.withUnsafeBytes { raw in
            let frame = ByteSink(capacity: raw.count + 64)
            guard compressor.compress(raw, into: frame, below: raw.count - 8) != nil else { return }
            sink.truncate(to: start)
            sink.append(varint: UInt64(raw.count))
            sink.append(varint: UInt64(frame.count))
            sink.append(frame.written)
            sink.mark(tag, with: compressed)
        }
    }

    /// What a column looks like: which form suits it.
    struct Shape {
        private(set) var isProgression = true
        private(set) var delta: Int64 = 0
        private(set) var least: Int64
        private(set) var leastDelta: Int64
        private(set) var kind: UInt8 = deltas
        /// Bits of all residuals in the chosen form, about.
        private(set) var bits = 0

        init(_ values: UnsafeBufferPointer<Int64>) {
            least = values[0]
            guard values.count > 1 else {
                leastDelta = 0
                return
            }
            delta = values[1] &- values[0]
            leastDelta = delta
            var previous = values[0]
            for index in 1..<values.count {
                let value = values[index]
                let step = value &- previous
                if step != delta { isProgression = false }
                if value < least { least = value }
                if step < leastDelta { leastDelta = step }
                previous = value
            }
            if !isProgression { choose(values) }
        }

        private mutating func choose(_ values: UnsafeBufferPointer<Int64>) {
            var (byOffset, byDelta, byCurvature) = (0, 0, 0)
            var previous = values[0]
            var previousDelta: Int64 = 0
            for index in 1..<values.count {
                let value = values[index]
                let step = value &- previous
                byOffset &+= 64 &- UInt64(bitPattern: value &- least).leadingZeroBitCount
                byDelta &+= 64 &- UInt64(bitPattern: step &- leastDelta).leadingZeroBitCount
                byCurvature &+= 64 &- Varint.zigzag(step &- previousDelta).leadingZeroBitCount
                previous = value
                previousDelta = step
            }
            bits = min(byOffset, byDelta, byCurvature)
            kind = bits == byDelta ? deltas : bits == byOffset ? offsets : curvature
        }
    }
}

extension ByteSink {
    /// Sets bits of a byte that was written before.
    func mark(_ position: Int, with bits: UInt8) {
        guard position < count else { return }
        let back = reserve(0) - (count - position)
        back.pointee |= bits
    }
}
