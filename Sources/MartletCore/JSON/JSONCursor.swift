/// A place in a JSON text, and the steps from it. Every read is inside the text, whatever the text is.
///
/// The bytes must outlive the cursor.
struct JSONCursor {
    let base: UnsafePointer<UInt8>
    let end: Int
    var index = 0
    /// Values that may still be read.
    var remaining = JSONParser.mostValues
    /// Whether `NaN`, `Infinity` and `-Infinity` are numbers, as some clients write them.
    var takesBareNaN = false

    init(base: UnsafePointer<UInt8>, end: Int) {
        self.base = base
        self.end = end
    }

    @inline(__always)
    mutating func skipSpace() {
        while index < end {
            let byte = base[index]
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
            index &+= 1
        }
    }

    /// The next byte that is no whitespace, not consumed.
    @inline(__always)
    mutating func peek() throws(JSONFailure) -> UInt8 {
        if index < end, base[index] > 0x20 { return base[index] }
        skipSpace()
        guard index < end else { throw JSONFailure(.unexpectedEnd, at: index) }
        return base[index]
    }

    @inline(__always)
    mutating func expect(_ byte: UInt8) throws(JSONFailure) {
        guard try peek() == byte else { throw JSONFailure(.unexpectedByte, at: index) }
        index &+= 1
    }

    /// Consumes a comma (true) or the closing byte (false).
    @inline(__always)
    mutating func hasNext(before closing: UInt8) throws(JSONFailure) -> Bool {
        let byte = try peek()
        index &+= 1
        if byte == UInt8(ascii: ",") { return true }
        if byte == closing { return false }
        throw JSONFailure(.unexpectedByte, at: index - 1)
    }

    mutating func word(_ word: StaticString) throws(JSONFailure) {
        let length = word.utf8CodeUnitCount
        guard index + length <= end, matches(word, at: index, length: length) else {
            throw JSONFailure(.badToken, at: index)
        }
        index += length
    }

    /// Whether `length` bytes from `start`, all inside the text, are the word.
    @inline(__always)
    func matches(_ word: StaticString, at start: Int, length: Int) -> Bool {
        guard length == word.utf8CodeUnitCount else { return false }
        let letters = word.utf8Start
        for offset in 0..<length where base[start &+ offset] != letters[offset] { return false }
        return true
    }

    /// Consumes the bytes where they stand here.
    @inline(__always)
    mutating func skip(_ bytes: [UInt8]) -> Bool {
        guard index &+ bytes.count <= end else { return false }
        let isHere = bytes.withUnsafeBufferPointer { bytes in
            for place in bytes.indices where base[index &+ place] != bytes[place] { return false }
            return true
        }
        if isHere { index &+= bytes.count }
        return isHere
    }

    // MARK: strings

    /// The bytes of a string without escapes and control characters, its quotes consumed;
    /// `nil` (and nothing consumed) when it needs `string()`. The bytes may be no UTF-8.
    @inline(__always)
    mutating func plainString() throws(JSONFailure) -> Range<Int>? {
        guard try peek() == UInt8(ascii: "\"") else { throw JSONFailure(.unexpectedByte, at: index) }
        let start = index &+ 1
        var place = start
        while place < end {
            let byte = base[place]
            if byte == UInt8(ascii: "\"") {
                index = place &+ 1
                return Range(uncheckedBounds: (start, place))
            }
            if byte == UInt8(ascii: "\\") || byte < 0x20 { return nil }
            place &+= 1
        }
        throw JSONFailure(.unexpectedEnd, at: end)
    }

    mutating func string() throws(JSONFailure) -> String {
        if let range = try plainString() { return try text(range) }
        let start = index
        var failure: JSONFailure?
        let bytes = [UInt8](unsafeUninitializedCapacity: escapedLength()) { memory, count in
            do throws(JSONFailure) {
                count = try unescape(to: memory.baseAddress.unsafelyUnwrapped)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw JSONFailure(.badUTF8, at: start) }
        return text
    }

    /// Bytes from here to the quote that ends the string which begins here, or to the end of the text.
    private func escapedLength() -> Int {
        var place = index &+ 1
        while place < end, base[place] != UInt8(ascii: "\"") {
            place &+= base[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        return Swift.max(Swift.min(place, end) - index, 1)
    }

    /// Consumes the string that begins here, and writes its bytes, which may be no UTF-8. `out` has room for as many
    /// bytes as the string has with its escapes.
    /// - Returns: how many were written.
    mutating func unescape(to out: UnsafeMutablePointer<UInt8>) throws(JSONFailure) -> Int {
        var count = 0
        index &+= 1
        while index < end {
            let byte = base[index]
            index &+= 1
            if byte == UInt8(ascii: "\"") { return count }
            if byte == UInt8(ascii: "\\") {
                guard index < end else { throw JSONFailure(.unexpectedEnd, at: end) }
                // By far the most frequent.
                if base[index] == UInt8(ascii: "\"") {
                    out[count] = UInt8(ascii: "\"")
                    count &+= 1
                    index &+= 1
                } else {
                    count &+= try escape(to: out + count)
                }
                continue
            }
            guard byte >= 0x20 else { throw JSONFailure(.controlCharacter, at: index - 1) }
            out[count] = byte
            count &+= 1
        }
        throw JSONFailure(.unexpectedEnd, at: end)
    }

    /// The bytes of a range as text.
    func text(_ range: Range<Int>) throws(JSONFailure) -> String {
        let bytes = UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw JSONFailure(.badUTF8, at: range.lowerBound)
        }
        return text
    }

    /// What stands after a backslash. - Returns: how many bytes were written.
    private mutating func escape(to out: UnsafeMutablePointer<UInt8>) throws(JSONFailure) -> Int {
        let byte = base[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.pointee = byte
        case UInt8(ascii: "b"): out.pointee = 0x08
        case UInt8(ascii: "f"): out.pointee = 0x0c
        case UInt8(ascii: "n"): out.pointee = 0x0a
        case UInt8(ascii: "r"): out.pointee = 0x0d
        case UInt8(ascii: "t"): out.pointee = 0x09
        case UInt8(ascii: "u"): return try unicodeEscape(to: out)
        default: throw JSONFailure(.badEscape, at: index - 2)
        }
        return 1
    }

    private mutating func unicodeEscape(to out: UnsafeMutablePointer<UInt8>) throws(JSONFailure) -> Int {
        let start = index - 2
        var code = UInt32(try fourHexDigits())
        if (0xd800..<0xdc00).contains(code) {
            guard index + 2 <= end, base[index] == UInt8(ascii: "\\"), base[index + 1] == UInt8(ascii: "u") else {
                throw JSONFailure(.loneSurrogate, at: start)
            }
            index += 2
            let low = UInt32(try fourHexDigits())
            guard (0xdc00..<0xe000).contains(low) else { throw JSONFailure(.loneSurrogate, at: start) }
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw JSONFailure(.loneSurrogate, at: start) }
        var count = 0
        for byte in UTF8.encode(scalar).unsafelyUnwrapped {
            out[count] = byte
            count += 1
        }
        return count
    }

    private mutating func fourHexDigits() throws(JSONFailure) -> UInt16 {
        guard index + 4 <= end else { throw JSONFailure(.unexpectedEnd, at: end) }
        var code: UInt16 = 0
        for offset in 0..<4 {
            let byte = base[index + offset]
            switch byte {
            case 48...57: code = code << 4 | UInt16(byte - 48)
            case 65...70: code = code << 4 | UInt16(byte - 55)
            case 97...102: code = code << 4 | UInt16(byte - 87)
            default: throw JSONFailure(.badEscape, at: index + offset)
            }
        }
        index += 4
        return code
    }
}
