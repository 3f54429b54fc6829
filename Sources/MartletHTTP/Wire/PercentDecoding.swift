import MartletCore

/// Percent-decoding, done once and in one place: Hummingbird 2.28 decodes neither paths nor query keys.
enum PercentDecoding {
    /// The text with `%XX` undone once, and `+` as a space where a query says so.
    ///
    /// An escape that is not two hexadecimal digits stays as it is, as browsers do.
    /// - Throws: `invalidArgument` when the result is not UTF-8 or holds U+0000.
    static func decode(
        _ text: some StringProtocol,
        plusIsSpace: Bool,
        what: String
    ) throws(MartletError) -> String {
        var plain = true
        for byte in text.utf8 where byte == percent || byte == plus || byte == 0 {
            plain = false
            break
        }
        if plain { return String(text) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == percent, let value = hexPair(rest) {
                rest.removeFirst(2)
                bytes.append(value)
            } else {
                bytes.append(byte == plus && plusIsSpace ? UInt8(ascii: " ") : byte)
            }
        }
        if bytes.contains(0) {
            throw MartletError(.invalidArgument, "Invalid \(what): it contains U+0000; remove it")
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw MartletError(.invalidArgument, "Invalid \(what): it is not UTF-8 once percent-decoded")
        }
        return decoded
    }

    private static let percent = UInt8(ascii: "%")
    private static let plus = UInt8(ascii: "+")

    private static func hexPair(_ rest: some Collection<UInt8>) -> UInt8? {
        var digits = rest.makeIterator()
        guard let first = digits.next(), let second = digits.next(),
            let high = hexValue(first), let low = hexValue(second)
        else { return nil }
        return high << 4 | low
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
