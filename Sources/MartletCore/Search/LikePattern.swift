/// Patterns with `%` (any text) and `_` (any one character), without an escape character.
///
/// A character is a Unicode scalar, as in SQLite and PostgreSQL. Case is ignored by comparing the simple lower-case
/// forms of scalars. Time is O(text × pattern) at worst and linear for patterns with one `%`-free piece at each end;
/// nothing recurses.
package enum LikePattern {
    package static func matches(_ text: some StringProtocol, pattern: some StringProtocol, ignoresCase: Bool) -> Bool {
        var (text, pattern) = (String(text), String(pattern))
        return text.withUTF8 { text in
            pattern.withUTF8 { matches(text, pattern: $0, ignoresCase: ignoresCase) }
        }
    }

    /// The same over UTF-8 bytes, without copies; bytes that are not UTF-8 count as one character each.
    package static func matches(
        _ text: UnsafeBufferPointer<UInt8>,
        pattern: UnsafeBufferPointer<UInt8>,
        ignoresCase: Bool
    ) -> Bool {
        var (textIndex, patternIndex) = (0, 0)
        // Where to go on when the piece behind the last `%` does not match here: a later start of the same piece.
        var (retryText, retryPattern) = (-1, -1)
        while textIndex < text.count {
            if patternIndex < pattern.count {
                let byte = pattern[patternIndex]
                if byte == percent {
                    retryPattern = patternIndex + 1
                    retryText = textIndex
                    patternIndex = retryPattern
                    if patternIndex == pattern.count { return true }
                    continue
                }
                if let (textEnd, patternEnd) = step(text, textIndex, pattern, patternIndex, ignoresCase) {
                    (textIndex, patternIndex) = (textEnd, patternEnd)
                    continue
                }
            }
            guard retryPattern >= 0 else { return false }
            retryText = nextStart(text, after: retryText, first: pattern[retryPattern], ignoresCase)
            guard retryText < text.count else { return isEmpty(pattern, from: retryPattern) }
            (textIndex, patternIndex) = (retryText, retryPattern)
        }
        return isEmpty(pattern, from: patternIndex)
    }

    private static let percent = UInt8(ascii: "%")
    private static let underscore = UInt8(ascii: "_")

    /// The ends of one character of the text and of the pattern, when they match.
    @inline(__always)
    private static func step(
        _ text: UnsafeBufferPointer<UInt8>,
        _ textIndex: Int,
        _ pattern: UnsafeBufferPointer<UInt8>,
        _ patternIndex: Int,
        _ ignoresCase: Bool
    ) -> (Int, Int)? {
        let (left, right) = (text[textIndex], pattern[patternIndex])
        if left < 0x80, right < 0x80 {
            if right == underscore || left == right || (ignoresCase && lower(left) == lower(right)) {
                return (textIndex + 1, patternIndex + 1)
            }
            return nil
        }
        let (leftScalar, leftEnd) = scalar(text, textIndex)
        if right == underscore { return (leftEnd, patternIndex + 1) }
        let (rightScalar, rightEnd) = scalar(pattern, patternIndex)
        if leftScalar == rightScalar || (ignoresCase && folded(leftScalar) == folded(rightScalar)) {
            return (leftEnd, rightEnd)
        }
        return nil
    }

    /// The next place at which a piece that begins with `first` can begin; the end of the text when there is none.
    @inline(__always)
    private static func nextStart(
        _ text: UnsafeBufferPointer<UInt8>,
        after index: Int,
        first: UInt8,
        _ ignoresCase: Bool
    ) -> Int {
        var index = index + 1
        while index < text.count, text[index] & 0xC0 == 0x80 { index += 1 }
        guard first < 0x80, first != underscore, first != percent else { return index }
        let wanted = lower(first)
        while index < text.count {
            let byte = text[index]
            if byte == first || (ignoresCase && (byte >= 0x80 || lower(byte) == wanted)), byte & 0xC0 != 0x80 {
                return index
            }
            index += 1
        }
        return index
    }

    private static func isEmpty(_ pattern: UnsafeBufferPointer<UInt8>, from index: Int) -> Bool {
        var index = index
        while index < pattern.count, pattern[index] == percent { index += 1 }
        return index >= pattern.count
    }

    @inline(__always)
    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte | 0x20 : byte }

    private static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> (UInt32, Int) {
        let first = UInt32(bytes[index])
        let length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        guard length > 1, index + length <= bytes.count else { return (first, index + 1) }
        var value = first & (0xFF >> UInt32(length + 1))
        for offset in 1..<length {
            guard bytes[index + offset] & 0xC0 == 0x80 else { return (first, index + 1) }
            value = value << 6 | UInt32(bytes[index + offset] & 0x3F)
        }
        return (value, index + length)
    }

    private static func folded(_ value: UInt32) -> UInt32 {
        if value < 0x80 { return value >= 65 && value <= 90 ? value | 0x20 : value }
        guard let scalar = Unicode.Scalar(value) else { return value }
        let mapping = scalar.properties.lowercaseMapping.unicodeScalars
        guard let first = mapping.first, mapping.count == 1 else { return value }
        return first.value
    }
}
