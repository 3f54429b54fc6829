/// Why a text is not JSON, and where.
package struct JSONFailure: Error, Equatable {
    package enum Reason: String, Sendable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "unexpected character"
        case badToken = "unknown word"
        case bareNaN = "NaN and Infinity are no JSON numbers; send them as strings"
        case badNumber = "malformed number"
        case hugeNumber = "the number is too large for 64-bit floating point"
        case badEscape = "unknown escape"
        case controlCharacter = "control character in a string"
        case loneSurrogate = "half of a surrogate pair"
        case badUTF8 = "the string is not UTF-8"
        case tooDeep = "more than 64 levels deep"
        case tooMany = "more than 1000000 values"
        case trailingBytes = "something follows the end of the value"
    }

    package var reason: Reason
    /// Bytes from the start of the text.
    package var offset: Int

    package init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    package var asMartletError: MartletError {
        MartletError(.invalidArgument, "the body is not valid JSON: \(reason.rawValue) (at byte \(offset))")
    }
}
