import Foundation

extension ArtifactPath {
    /// The names of a path, or why it is refused. Percent-escapes are undone again and again before the check
    /// (as MLflow's `validate_path_is_safe`, `utils/uri.py` 3.18), because some proxy may undo them later.
    static func checkedNames(of text: String) throws(MartletError) -> [String] {
        guard text.utf8.count <= longest else {
            throw MartletError(.invalidArgument, "Invalid path: longer than \(longest) bytes")
        }
        var decoded = text
        for _ in 0..<8 {
            guard let next = decoded.removingPercentEncoding, next != decoded else { break }
            decoded = next
        }
        // Full-width dots and slashes are '.', '/' and '\\' to whoever normalises the name later.
        for form in [text, decoded, decoded.precomposedStringWithCompatibilityMapping] {
            guard isHarmless(form) else {
                throw MartletError(.invalidArgument, "Invalid path: '\(text.prefix(200))' is not inside the folder")
            }
        }
        var names = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if names.last == "" { names.removeLast() }
        guard names.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 1_024 }) else {
            throw MartletError(.invalidArgument, "Invalid path: '\(text.prefix(200))' has an empty or too long name")
        }
        return names
    }

    private static func isHarmless(_ path: String) -> Bool {
        guard !path.hasPrefix("/"), !path.hasPrefix("~/") else { return false }
        for scalar in path.unicodeScalars where scalar.value < 0x20 || scalar.value == 0x7f || scalar == "\\" {
            return false
        }
        let bytes = Array(path.utf8.prefix(2))
        if bytes.count == 2, bytes[1] == UInt8(ascii: ":"), (bytes[0] | 0x20) >= 97, (bytes[0] | 0x20) <= 122 {
            return false
        }
        return !path.split(separator: "/").contains { $0 == ".." || $0 == "." }
    }
}
