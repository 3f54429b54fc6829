import Foundation

extension ArtifactPath {
    /// The names of a path, or why it is refused. Percent-escapes are undone again and again before the check
    /// (as MLflow's `validate_path_is_safe`, `utils/uri.py` 3.18), because some proxy may undo them later.
    static func checkedNames(of text: String) throws(MartletError) -> [String] {
        guard text.utf8.count <= longest else {
            throw MartletError(.invalidArgument, "Invalid path: longer than \(longest) bytes")
        }
        guard forms(of: text).allSatisfy(isHarmless) else {
            throw MartletError(.invalidArgument, "Invalid path: '\(text.prefix(200))' is not inside the folder")
        }
        var names = text.utf8.split(separator: slash, omittingEmptySubsequences: false).map { String(Substring($0)) }
        if names.last == "" { names.removeLast() }
        guard names.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 1_024 }) else {
            throw MartletError(.invalidArgument, "Invalid path: '\(text.prefix(200))' has an empty or too long name")
        }
        return names
    }

    private static let slash = UInt8(ascii: "/")

    /// What the text may be to others: as it is, with its escapes undone, and normalised.
    private static func forms(of text: String) -> [String] {
        // Nothing of most paths is escaped, and ASCII is its own normal form.
        if text.utf8.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "%") }) { return [text] }
        var decoded = text
        for _ in 0..<8 {
            guard let next = decoded.removingPercentEncoding, next != decoded else { break }
            decoded = next
        }
        // Full-width dots and slashes are '.', '/' and '\\' to whoever normalises the name later.
        return [text, decoded, decoded.precomposedStringWithCompatibilityMapping]
    }

    private static func isHarmless(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { bytes in
            guard !bytes.starts(with: "/".utf8), !bytes.starts(with: "~/".utf8) else { return false }
            for byte in bytes where byte < 0x20 || byte == 0x7f || byte == UInt8(ascii: "\\") { return false }
            if bytes.count >= 2, bytes[1] == UInt8(ascii: ":"), (97...122).contains(bytes[0] | 0x20) { return false }
            return !bytes.split(separator: slash).contains { $0.elementsEqual("..".utf8) || $0.elementsEqual(".".utf8) }
        }
    }
}
