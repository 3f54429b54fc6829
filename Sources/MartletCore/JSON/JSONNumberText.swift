/// Numbers that were sent as strings, as protobuf's JSON allows for 64-bit integers and doubles.
package enum JSONNumberText {
    /// A decimal integer: sign and digits, nothing else.
    package static func integer(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ $0 &- 48 <= 9 || $0 == UInt8(ascii: "-") }) else { return nil }
        return Int64(text)
    }

    /// A decimal number with JSON's letters only (no hexadecimal, no `nan`), finite.
    package static func real(_ text: String) -> Double? {
        let isDecimal = text.utf8.allSatisfy { byte in
            byte &- 48 <= 9 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
                || byte | 0x20 == UInt8(ascii: "e")
        }
        guard isDecimal, let value = Double(text), value.isFinite else { return nil }
        return value
    }
}
