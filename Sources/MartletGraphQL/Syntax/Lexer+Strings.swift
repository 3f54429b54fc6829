extension Lexer {
    /// A string of either kind; `index` stands on its first quote.
    mutating func string() throws(GraphQLError) -> Token {
        let quote = UInt8(ascii: "\"")
        if byte(index + 1) == quote, byte(index + 2) == quote { return try blockString() }
        let start = index
        var content: [UInt8] = []
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case quote:
                index += 1
                return Token(kind: .string, start: start, end: index, value: String(decoding: content, as: UTF8.self))
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0x0a, 0x0d: throw syntax("Unterminated string.", at: index)
            default:
                content.append(byte)
                index += 1
            }
        }
        throw syntax("Unterminated string.", at: index)
    }

    private mutating func escape(into content: inout [UInt8]) throws(GraphQLError) {
        let start = index
        switch byte(index + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(bytes[index + 1])
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            let isVariable = byte(index + 2) == UInt8(ascii: "{")
            guard let scalar = isVariable ? variableEscape() : fixedEscape() else {
                throw syntax("Invalid Unicode escape sequence: \"\(sequence(from: start, 6))\".", at: start)
            }
            content.append(contentsOf: Array(String(Character(scalar)).utf8))
            return
        default: throw syntax("Invalid character escape sequence: \"\(sequence(from: start, 2))\".", at: start)
        }
        index += 2
    }

    /// `\u{…}`, of at most eight digits; consumed only when it is a scalar.
    private mutating func variableEscape() -> Unicode.Scalar? {
        var place = index + 3
        var code: UInt32 = 0
        while place < index + 11, let digit = Self.hexadecimal(byte(place)) {
            code = code << 4 | UInt32(digit)
            place += 1
        }
        guard place > index + 3, byte(place) == UInt8(ascii: "}"), let scalar = Unicode.Scalar(code) else { return nil }
        index = place + 1
        return scalar
    }

    /// `\uXXXX`, or two of them that form a surrogate pair; consumed only when it is a scalar.
    private mutating func fixedEscape() -> Unicode.Scalar? {
        guard let high = fourDigits(at: index + 2) else { return nil }
        if let scalar = Unicode.Scalar(high) {
            index += 6
            return scalar
        }
        guard 0xd800..<0xdc00 ~= high, byte(index + 6) == UInt8(ascii: "\\"), byte(index + 7) == UInt8(ascii: "u"),
            let low = fourDigits(at: index + 8), 0xdc00..<0xe000 ~= low
        else { return nil }
        index += 12
        return Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
    }

    private func fourDigits(at place: Int) -> UInt32? {
        var code: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = Self.hexadecimal(byte(place + offset)) else { return nil }
            code = code << 4 | UInt32(digit)
        }
        return code
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    private func sequence(from start: Int, _ length: Int) -> String {
        String(decoding: bytes[start..<min(start + length, bytes.count)], as: UTF8.self)
    }

    // MARK: block strings

    /// `index` stands on the first of three quotes.
    private mutating func blockString() throws(GraphQLError) -> Token {
        let start = index
        let quote = UInt8(ascii: "\"")
        var lines: [[UInt8]] = [[]]
        index += 3
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case quote where self.byte(index + 1) == quote && self.byte(index + 2) == quote:
                index += 3
                let value = Self.dedented(lines).joined(separator: [0x0a])
                let text = String(decoding: Array(value), as: UTF8.self)
                return Token(kind: .blockString, start: start, end: index, value: text)
            case UInt8(ascii: "\\") where sequence(from: index, 4) == "\\\"\"\"":
                lines[lines.count - 1].append(contentsOf: [quote, quote, quote])
                index += 4
            case 0x0a, 0x0d:
                index += byte == 0x0d && self.byte(index + 1) == 0x0a ? 2 : 1
                lines.append([])
            default:
                lines[lines.count - 1].append(byte)
                index += 1
            }
        }
        throw syntax("Unterminated string.", at: index)
    }

    /// Lines without their common indentation and without blank lines at both ends (specification, section 2.9.4,
    /// `BlockStringValue`).
    private static func dedented(_ lines: [[UInt8]]) -> ArraySlice<[UInt8]> {
        func indentation(_ line: [UInt8]) -> Int { line.prefix { $0 == 0x20 || $0 == 0x09 }.count }
        func isBlank(_ line: [UInt8]) -> Bool { indentation(line) == line.count }
        let common = lines.dropFirst().filter { !isBlank($0) }.map(indentation).min() ?? 0
        guard let first = lines.firstIndex(where: { !isBlank($0) }), let last = lines.lastIndex(where: { !isBlank($0) })
        else { return [] }
        let cut = lines.enumerated().map { $0 == 0 ? $1 : Array($1.dropFirst(common)) }
        return cut[first...last]
    }
}
