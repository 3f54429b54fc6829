import HTTPTypes

/// What a download is written as.
enum ExportFormat: String, CaseIterable {
    case csv
    case json

    func headers(fileName: String) -> HTTPFields {
        [
            .contentType: self == .csv ? "text/csv; charset=utf-8" : "application/json",
            .contentDisposition: ContentDisposition.attachment("\(fileName).\(rawValue)"),
            .cacheControl: "no-store",
        ]
    }
}

/// Comma-separated values (RFC 4180).
enum CSV {
    /// The field, quoted where it must be.
    static func field(_ text: String) -> String {
        let needsQuotes = text.utf8.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 10 || byte == 13
        }
        guard needsQuotes else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// The shortest text that reads back as the same number; `NaN`, `Infinity`, `-Infinity` for the others.
    static func number(_ value: Double) -> String {
        if value.isFinite { return value.description }
        return value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
    }
}

/// `Content-Disposition` (RFC 6266).
enum ContentDisposition {
    static func attachment(_ name: String) -> String { value("attachment", name) }
    static func inline(_ name: String) -> String { value("inline", name) }

    /// The name twice: in ASCII for old clients, and percent-encoded in UTF-8.
    private static func value(_ kind: String, _ name: String) -> String {
        var plain = ""
        for scalar in name.unicodeScalars {
            let isSafe = scalar.isASCII && scalar.value >= 0x20 && scalar.value != 0x7f
            plain.unicodeScalars.append(
                isSafe && scalar != "\"" && scalar != "\\" && scalar != "/" && scalar != "%" ? scalar : "_"
            )
        }
        var encoded = ""
        for byte in name.utf8 {
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            if isPlain || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return "\(kind); filename=\"\(plain)\"; filename*=UTF-8''\(encoded)"
    }
}
