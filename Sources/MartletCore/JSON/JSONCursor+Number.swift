extension JSONCursor {
    enum Number {
        case integer(Int64)
        case real(Double)
    }

    /// A number by RFC 8259, correctly rounded. Integers that do not fit 64 bits become `real`.
    @inline(__always)
    mutating func number() throws(JSONFailure) -> Number {
        _ = try peek()
        let start = index
        let isNegative = base[index] == UInt8(ascii: "-")
        if isNegative { index &+= 1 }
        let firstDigit = index
        var mantissa: UInt64 = 0
        digits(into: &mantissa)
        let whole = index &- firstDigit
        guard whole > 0, whole == 1 || base[firstDigit] != UInt8(ascii: "0") else { return try bareNaN(from: start) }
        var significant = whole
        var exponent = 0
        var isInteger = true
        if index < end, base[index] == UInt8(ascii: ".") {
            isInteger = false
            index &+= 1
            let first = index
            digits(into: &mantissa)
            guard index > first else { throw JSONFailure(.badNumber, at: start) }
            exponent = first &- index
            significant &+= index &- first
        }
        if index < end, base[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            exponent &+= try writtenExponent(from: start)
        }
        if isInteger, whole <= 18 {
            let value = Int64(truncatingIfNeeded: mantissa)
            return .integer(isNegative ? 0 &- value : value)
        }
        if significant > 19 { significant &-= leadingZeros(from: firstDigit) }
        if !isInteger, significant <= 19, let value = DecimalRounding.scaled(mantissa, by: exponent) {
            return .real(isNegative ? -value : value)
        }
        return try unusual(from: start, isInteger: isInteger)
    }

    @inline(__always)
    private mutating func digits(into mantissa: inout UInt64) {
        while index < end {
            let digit = base[index] &- 48
            guard digit <= 9 else { return }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            index &+= 1
        }
    }

    /// Zeros that stand before the first other digit: they take no room in the mantissa.
    @inline(never)
    private func leadingZeros(from start: Int) -> Int {
        var zeros = 0
        var place = start
        while place < index, base[place] == UInt8(ascii: "0") || base[place] == UInt8(ascii: ".") {
            if base[place] == UInt8(ascii: "0") { zeros += 1 }
            place += 1
        }
        return zeros
    }

    private mutating func writtenExponent(from start: Int) throws(JSONFailure) -> Int {
        index += 1
        var isNegative = false
        if index < end, base[index] == UInt8(ascii: "-") || base[index] == UInt8(ascii: "+") {
            isNegative = base[index] == UInt8(ascii: "-")
            index += 1
        }
        let first = index
        var exponent = 0
        while index < end, base[index] &- 48 <= 9 {
            exponent = min(exponent * 10 + Int(base[index] &- 48), 100_000)
            index += 1
        }
        guard index > first else { throw JSONFailure(.badNumber, at: start) }
        return isNegative ? -exponent : exponent
    }

    /// Numbers with many digits or a great exponent, through the standard library.
    @inline(never)
    private func unusual(from start: Int, isInteger: Bool) throws(JSONFailure) -> Number {
        let text = try text(start..<index)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text) else { throw JSONFailure(.badNumber, at: start) }
        guard value.isFinite || takesBareNaN else { throw JSONFailure(.hugeNumber, at: start) }
        return .real(value)
    }

    @inline(never)
    private mutating func bareNaN(from start: Int) throws(JSONFailure) -> Number {
        let words: [(StaticString, Double)] = [("NaN", .nan), ("Infinity", .infinity), ("-Infinity", -.infinity)]
        for (word, value) in words where takesBareNaN && start + word.utf8CodeUnitCount <= end {
            guard matches(word, at: start, length: word.utf8CodeUnitCount) else { continue }
            index = start + word.utf8CodeUnitCount
            return .real(value)
        }
        throw numberFailure(from: start)
    }

    @inline(never)
    private func numberFailure(from start: Int) -> JSONFailure {
        let rest = UnsafeBufferPointer(start: base + start, count: min(end - start, 9))
        let text = String(decoding: rest, as: UTF8.self)
        if text.hasPrefix("NaN") || text.hasPrefix("Infinity") || text.hasPrefix("-Infinity") {
            return JSONFailure(.bareNaN, at: start)
        }
        let byte = base[start]
        if byte == UInt8(ascii: "-") || byte &- 48 <= 9 { return JSONFailure(.badNumber, at: start) }
        return JSONFailure(.unexpectedByte, at: start)
    }
}

/// Decimal to binary, correctly rounded, without a big-number library where 128 bits are enough.
enum DecimalRounding {
    /// `mantissa × 10^exponent`, rounded to the nearest, ties to even; `nil` outside of 10^±27 (but for zero).
    ///
    /// Two exact operations where both operands are exact (Clinger, "How to read floating point numbers
    /// accurately", 1990); else one multiplication or division by a power of five in 128 bits, whose remainder
    /// decides the rounding.
    @inline(__always)
    static func scaled(_ mantissa: UInt64, by exponent: Int) -> Double? {
        if mantissa <= 1 << 53, exponent >= -22, exponent <= 22 {
            let value = Double(mantissa)
            return exponent < 0 ? value / exactPowersOfTen[0 &- exponent] : value * exactPowersOfTen[exponent]
        }
        if mantissa == 0 { return 0 }
        guard exponent >= -27, exponent <= 27 else { return nil }
        return exponent < 0 ? divided(mantissa, exponent) : multiplied(mantissa, exponent)
    }

    private static func multiplied(_ mantissa: UInt64, _ exponent: Int) -> Double {
        let product = mantissa.multipliedFullWidth(by: powersOfFive[exponent])
        if product.high == 0 {
            let shift = product.low.leadingZeroBitCount
            return rounded(product.low << UInt64(shift), isInexact: false, exponent: exponent - shift)
        }
        let shift = product.high.leadingZeroBitCount
        let top = shift == 0 ? product.high : product.high << UInt64(shift) | product.low >> UInt64(64 - shift)
        return rounded(top, isInexact: product.low << UInt64(shift) != 0, exponent: exponent + 64 - shift)
    }

    private static func divided(_ mantissa: UInt64, _ exponent: Int) -> Double {
        let five = powersOfFive[0 - exponent]
        let divisorShift = five.leadingZeroBitCount
        let divisor = five << UInt64(divisorShift)
        let shift = mantissa.leadingZeroBitCount
        let dividend = mantissa << UInt64(shift)
        let scale = divisorShift - shift + exponent
        if dividend >= divisor {
            let (quotient, rest) = divisor.dividingFullWidth((high: dividend >> 1, low: dividend << 63))
            return rounded(quotient, isInexact: rest != 0, exponent: scale - 63)
        }
        let (quotient, rest) = divisor.dividingFullWidth((high: dividend, low: 0))
        return rounded(quotient, isInexact: rest != 0, exponent: scale - 64)
    }

    /// `bits × 2^exponent` (and a little more when inexact) with 53 bits; the top bit of `bits` is set.
    private static func rounded(_ bits: UInt64, isInexact: Bool, exponent: Int) -> Double {
        var mantissa = bits >> 11
        var exponent = exponent + 11
        let rest = bits & 0x7ff
        if rest > 0x400 || (rest == 0x400 && (isInexact || mantissa & 1 == 1)) { mantissa += 1 }
        if mantissa == 1 << 53 {
            mantissa >>= 1
            exponent += 1
        }
        return Double(bitPattern: UInt64(exponent + 52 + 1_023) << 52 | mantissa & ((1 << 52) - 1))
    }

    private static let exactPowersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// 5^0 … 5^27; 5^27 is the last below 2^63.
    private static let powersOfFive: [UInt64] = [
        1, 5, 25, 125, 625, 3_125, 15_625, 78_125, 390_625, 1_953_125, 9_765_625, 48_828_125, 244_140_625,
        1_220_703_125, 6_103_515_625, 30_517_578_125, 152_587_890_625, 762_939_453_125, 3_814_697_265_625,
        19_073_486_328_125, 95_367_431_640_625, 476_837_158_203_125, 2_384_185_791_015_625, 11_920_928_955_078_125,
        59_604_644_775_390_625, 298_023_223_876_953_125, 1_490_116_119_384_765_625, 7_450_580_596_923_828_125,
    ]
}
