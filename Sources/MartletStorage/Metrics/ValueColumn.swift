/// A column of floating point numbers, kept bit by bit. See "Value column" in docs/metric-chunks.md.
enum ValueColumn {
    private enum Tag {
        static let constant: UInt8 = 0
        static let integers: UInt8 = 1
        static let decimals: UInt8 = 2
        static let singlePlanes: UInt8 = 3
        static let doublePlanes: UInt8 = 4
        static let singleBits: UInt8 = 5
        static let doubleBits: UInt8 = 6
        static let plainSingles: UInt8 = 7
        static let plainDoubles: UInt8 = 8
    }

    /// Integers beyond this are not exact in a Double.
    private static let greatestInteger = 9_007_199_254_740_992.0
    private static let mostDecimals = 6

    // MARK: - Encoding

    /// Appends the column in a form that is quick to write: for the log, which lives a minute.
    static func encodePlainly(_ values: UnsafeBufferPointer<Double>, to sink: ByteSink) {
        guard let first = values.first else { return }
        var (isConstant, isSingle) = (true, true)
        for value in values {
            if value.bitPattern != first.bitPattern { isConstant = false }
            if Double(Float(value)).bitPattern != value.bitPattern { isSingle = false }
        }
        if isConstant, values.count > 1 {
            appendConstant(first, to: sink)
        } else if isSingle {
            sink.append(Tag.plainSingles)
            let out = UnsafeMutableRawPointer(sink.reserve(values.count * 4))
            for (index, value) in values.enumerated() {
                out.storeBytes(
                    of: Float(value).bitPattern.littleEndian,
                    toByteOffset: index * 4,
                    as: UInt32.self
                )
            }
            sink.advance(by: values.count * 4)
        } else {
            sink.append(Tag.plainDoubles)
            let out = UnsafeMutableRawPointer(sink.reserve(values.count * 8))
            for (index, value) in values.enumerated() {
                out.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: index * 8, as: UInt64.self)
            }
            sink.advance(by: values.count * 8)
        }
    }

    /// Appends the column in the shortest form that is found. `compressor` is `nil` for short columns.
    static func encode(_ values: UnsafeBufferPointer<Double>, to sink: ByteSink, with compressor: Compressor?) {
        guard let first = values.first else { return }
        if values.allSatisfy({ $0.bitPattern == first.bitPattern }) { return appendConstant(first, to: sink) }
        let words = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: values.count)
        defer { words.deallocate() }
        let start = sink.count
        if let places = decimals(of: values, into: words) {
            let integers = UnsafeBufferPointer(words).withMemoryRebound(to: Int64.self) { $0 }
            sink.append(places == 0 ? Tag.integers : Tag.decimals)
            if places > 0 { sink.append(UInt8(places)) }
            IntegerColumn.encode(integers, to: sink, with: compressor)
            if sink.count - start <= values.count * 3 { return }
        }
        let other = sink.count == start ? sink : ByteSink(capacity: values.count * 8 + 64)
        encodeBits(values, words, to: other, with: compressor)
        if other !== sink, other.count < sink.count - start {
            sink.truncate(to: start)
            sink.append(other.written)
        }
    }

    private static func appendConstant(_ value: Double, to sink: ByteSink) {
        sink.append(Tag.constant)
        sink.append(fixed: value.bitPattern)
    }

    /// Planes of bytes, or differences of the bit patterns where the series is smooth.
    private static func encodeBits(
        _ values: UnsafeBufferPointer<Double>,
        _ words: UnsafeMutableBufferPointer<UInt64>,
        to sink: ByteSink,
        with compressor: Compressor?
    ) {
        let isSingle = values.allSatisfy { Double(Float($0)).bitPattern == $0.bitPattern }
        for (index, value) in values.enumerated() {
            words[index] = isSingle ? UInt64(Float(value).bitPattern) : value.bitPattern
        }
        let width = isSingle ? 4 : 8
        let integers = UnsafeBufferPointer(words).withMemoryRebound(to: Int64.self) { $0 }
        let shape = IntegerColumn.Shape(integers)
        // A varint spends a bit in eight on its length: below this the differences win over the planes.
        if shape.isProgression || shape.bits < values.count * (isSingle ? 18 : 40) {
            sink.append(isSingle ? Tag.singleBits : Tag.doubleBits)
            IntegerColumn.encode(integers, to: sink, with: compressor)
        } else {
            sink.append(isSingle ? Tag.singlePlanes : Tag.doublePlanes)
            BytePlanes.encode(UnsafeBufferPointer(words), width: width, to: sink, with: compressor)
        }
    }

    /// How many decimal places all values have, with the values times that power of ten; `nil` when more than six.
    private static func decimals(
        of values: UnsafeBufferPointer<Double>,
        into words: UnsafeMutableBufferPointer<UInt64>
    ) -> Int? {
        var places = 0
        var power = 1.0
        var index = 0
        while index < values.count {
            let value = values[index]
            let scaled = (value * power).rounded()
            // Through the integer, so that −0 is seen to lose its sign.
            let isExact =
                abs(scaled) <= greatestInteger && (Double(Int64(scaled)) / power).bitPattern == value.bitPattern
            if isExact {
                words[index] = UInt64(bitPattern: Int64(scaled))
                index += 1
            } else {
                places += 1
                guard places <= mostDecimals, value.isFinite else { return nil }
                power *= 10
                index = 0
            }
        }
        return places
    }

    // MARK: - Decoding

    /// Reads `target.count` values.
    static func decode(
        from source: inout ByteSource,
        into target: UnsafeMutableBufferPointer<Double>,
        with compressor: Compressor
    ) throws(CorruptBytes) {
        guard !target.isEmpty else { return }
        let count = target.count
        switch try source.byte() {
        case Tag.constant:
            let bits = try source.fixed(UInt64.self)
            target.update(repeating: Double(bitPattern: bits))
        case Tag.integers: try decodeDecimals(0, &source, target, compressor)
        case Tag.decimals: try decodeDecimals(try source.byte(), &source, target, compressor)
        case Tag.singlePlanes:
            try decodeWords(&source, target, compressor, width: 4)
            narrow(target)
        case Tag.doublePlanes: try decodeWords(&source, target, compressor, width: 8)
        case Tag.singleBits:
            try IntegerColumn.decode(from: &source, into: integers(target), with: compressor)
            narrow(target)
        case Tag.doubleBits: try IntegerColumn.decode(from: &source, into: integers(target), with: compressor)
        case Tag.plainSingles:
            let bytes = try source.take(count * 4)
            for index in 0..<count {
                let bits = bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
                target[index] = Double(Float(bitPattern: UInt32(littleEndian: bits)))
            }
        case Tag.plainDoubles:
            let bytes = try source.take(count * 8)
            for index in 0..<count {
                let bits = bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
                target[index] = Double(bitPattern: UInt64(littleEndian: bits))
            }
        case let tag: throw CorruptBytes(what: "a value column of kind \(tag)")
        }
    }

    /// The same memory as integers: both are eight bytes.
    private static func integers(
        _ values: UnsafeMutableBufferPointer<Double>
    ) -> UnsafeMutableBufferPointer<Int64> {
        UnsafeMutableRawBufferPointer(values).bindMemory(to: Int64.self)
    }

    private static func decodeDecimals(
        _ places: UInt8,
        _ source: inout ByteSource,
        _ target: UnsafeMutableBufferPointer<Double>,
        _ compressor: Compressor
    ) throws(CorruptBytes) {
        guard places <= mostDecimals else { throw CorruptBytes(what: "\(places) decimal places") }
        let words = integers(target)
        try IntegerColumn.decode(from: &source, into: words, with: compressor)
        let values = UnsafeMutableRawBufferPointer(words).bindMemory(to: Double.self)
        var power = 1.0
        for _ in 0..<places { power *= 10 }
        for index in values.indices {
            values[index] = Double(Int64(bitPattern: values[index].bitPattern)) / power
        }
    }

    private static func decodeWords(
        _ source: inout ByteSource,
        _ target: UnsafeMutableBufferPointer<Double>,
        _ compressor: Compressor,
        width: Int
    ) throws(CorruptBytes) {
        guard let words = UnsafeMutableRawBufferPointer(target).bindMemory(to: UInt64.self).baseAddress else { return }
        try BytePlanes.decode(from: &source, count: target.count, width: width, with: compressor, into: words)
    }

    /// Bit patterns of 32-bit numbers become the numbers, in place.
    private static func narrow(_ target: UnsafeMutableBufferPointer<Double>) {
        for index in target.indices {
            target[index] = Double(Float(bitPattern: UInt32(truncatingIfNeeded: target[index].bitPattern)))
        }
    }
}
