/// Dates and lengths of time as people write them in a filter.
enum SearchTime {
    /// `90s`, `5m`, `1.5h`, `7d`, `2w`, `250ms` in milliseconds; a leading `-` negates. `nil` for anything else.
    static func duration(_ text: String) -> Double? {
        let units: [(String, Double)] = [
            ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
        ]
        for (unit, milliseconds) in units where text.hasSuffix(unit) {
            if let number = SearchNumber.double(String(text.dropLast(unit.count))) { return number * milliseconds }
        }
        return nil
    }

    /// `2026-11-05`, `2026-11-05T14:30`, `2026-11-05 14:30:15Z` in milliseconds since 1970-01-01 UTC; `nil` for
    /// anything else. UTC throughout.
    static func date(_ text: String) -> Int64? {
        var bytes = [UInt8](text.utf8)
        if bytes.last == UInt8(ascii: "Z") { bytes.removeLast() }
        guard [10, 16, 19].contains(bytes.count) else { return nil }
        let separators: [Int: [UInt8]] = [
            4: Array("-".utf8), 7: Array("-".utf8), 10: Array("T ".utf8), 13: Array(":".utf8), 16: Array(":".utf8),
        ]
        for (index, byte) in bytes.enumerated() {
            let isLegal = separators[index]?.contains(byte) ?? (48...57).contains(byte)
            if !isLegal { return nil }
        }
        func number(_ start: Int, _ count: Int) -> Int64 {
            guard start + count <= bytes.count else { return 0 }
            return bytes[start..<start + count].reduce(0) { $0 * 10 + Int64($1 - 48) }
        }
        let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2))
        let (hour, minute, second) = (number(11, 2), number(14, 2), number(17, 2))
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60 else { return nil }
        return (days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000
    }

    /// Days from 1970-01-01 in the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Numbers as MLflow's lexer knows them.
enum SearchNumber {
    /// Digits with an optional sign, dot and exponent; no hexadecimal, no words.
    static func double(_ text: String) -> Double? {
        guard isNumber(text) else { return nil }
        return Double(text.hasSuffix(".") ? String(text.dropLast()) : text)
    }

    static func integer(_ text: String) -> Int64? { isNumber(text) ? Int64(text) : nil }

    private static func isNumber(_ text: String) -> Bool {
        var digits = 0
        var dots = 0
        var exponents = 0
        var previous: UInt8 = 0
        for byte in text.utf8 {
            switch byte {
            case 48...57: digits += 1
            case UInt8(ascii: "."):
                dots += 1
                if dots > 1 || exponents > 0 { return false }
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                exponents += 1
                if exponents > 1 || digits == 0 { return false }
                digits = 0
            case UInt8(ascii: "-"):
                if previous != 0, previous != UInt8(ascii: "e"), previous != UInt8(ascii: "E") { return false }
            default: return false
            }
            previous = byte
        }
        return digits > 0
    }
}
