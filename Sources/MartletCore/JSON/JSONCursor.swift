/// A place in a JSON text, and the steps from it. Every read is inside the text, whatever the text is.
///
/// The bytes must outlive the cursor.
struct JSONCursor {
    let base: UnsafePointer<UInt8>
    let end: Int
    var index = 0
    /// Values that may still be read: a bound on the memory that a small text of many empty values takes.
    var remaining = 1_000_000
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
        var bytes: [UInt8] = []
        let start = index
        index += 1
        while index < end {
            let byte = base[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw JSONFailure(.badUTF8, at: start)
                }
                return text
            case UInt8(ascii: "\\"): try escape(into: &bytes)
            case 0..<0x20: throw JSONFailure(.controlCharacter, at: index - 1)
            default: bytes.append(byte)
            }
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

    private mutating func escape(into bytes: inout [UInt8]) throws(JSONFailure) {
        guard index < end else { throw JSONFailure(.unexpectedEnd, at: end) }
        let byte = base[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0c)
        case UInt8(ascii: "n"): bytes.append(0x0a)
        case UInt8(ascii: "r"): bytes.append(0x0d)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"): try unicodeEscape(into: &bytes)
        default: throw JSONFailure(.badEscape, at: index - 2)
        }
    }

    private mutating func unicodeEscape(into bytes: inout [UInt8]) throws(JSONFailure) {
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
        bytes.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
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
