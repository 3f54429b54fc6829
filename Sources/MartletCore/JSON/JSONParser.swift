/// Reads one JSON text (RFC 8259) strictly: no comments, no trailing commas, no bare NaN, valid UTF-8 only.
package enum JSONParser {
    /// Levels of arrays and objects that are followed.
    package static let deepest = 64
    /// Values in a text: a bound on the memory that a small text of many empty values takes.
    package static let mostValues = 1_000_000

    /// - Throws: `invalidArgument` that names the byte where the text goes wrong. O(bytes).
    /// - Parameter takesBareNaN: whether `NaN`, `Infinity` and `-Infinity` are numbers.
    package static func parse(_ bytes: [UInt8], takesBareNaN: Bool = false) throws(MartletError) -> JSONValue {
        switch bytes.withUnsafeBufferPointer({ result(of: $0, takesBareNaN: takesBareNaN) }) {
        case .success(let value): return value
        case .failure(let failure): throw failure.asMartletError
        }
    }

    /// As `parse`, for bytes that are held by somebody else.
    package static func result(
        of bytes: UnsafeBufferPointer<UInt8>,
        takesBareNaN: Bool = false
    ) -> Result<JSONValue, JSONFailure> {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return .failure(JSONFailure(.unexpectedEnd, at: 0)) }
        var cursor = JSONCursor(base: base, end: bytes.count)
        cursor.takesBareNaN = takesBareNaN
        do throws(JSONFailure) {
            let value = try cursor.value(depth: 0)
            cursor.skipSpace()
            guard cursor.index == cursor.end else { throw JSONFailure(.trailingBytes, at: cursor.index) }
            return .success(value)
        } catch {
            return .failure(error)
        }
    }
}

extension JSONCursor {
    /// Any value, whitespace before it skipped.
    mutating func value(depth: Int) throws(JSONFailure) -> JSONValue {
        remaining -= 1
        guard remaining >= 0 else { throw JSONFailure(.tooMany, at: index) }
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try members(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try elements(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default:
            switch try number() {
            case .integer(let value): return .integer(value)
            case .real(let value): return .number(value)
            }
        }
    }

    mutating func members(depth: Int) throws(JSONFailure) -> [JSONValue.Member] {
        guard depth <= JSONParser.deepest else { throw JSONFailure(.tooDeep, at: index) }
        index += 1
        var members: [JSONValue.Member] = []
        if try peek() == UInt8(ascii: "}") {
            index += 1
            return members
        }
        while true {
            let key = try string()
            try expect(UInt8(ascii: ":"))
            members.append(JSONValue.Member(key: key, value: try value(depth: depth)))
            if try !hasNext(before: UInt8(ascii: "}")) { return members }
        }
    }

    mutating func elements(depth: Int) throws(JSONFailure) -> [JSONValue] {
        guard depth <= JSONParser.deepest else { throw JSONFailure(.tooDeep, at: index) }
        index += 1
        var elements: [JSONValue] = []
        if try peek() == UInt8(ascii: "]") {
            index += 1
            return elements
        }
        while true {
            elements.append(try value(depth: depth))
            if try !hasNext(before: UInt8(ascii: "]")) { return elements }
        }
    }
}
