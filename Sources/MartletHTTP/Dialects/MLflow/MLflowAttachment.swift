import HTTPTypes

/// What MLflow says of a file that it hands out (`utils/mime_type_utils.py` and `server/handlers.py`,
/// `_content_disposition_attachment`, 3.18).
enum MLflowAttachment {
    /// Replaces type and name of a file; names that need quotes keep those they have.
    static func describe(_ name: String, in headers: inout HTTPFields) {
        if isText(name) {
            headers[.contentType] = "text/plain"
        } else if let type = headers[.contentType] {
            headers[.contentType] = String(type.prefix { $0 != ";" })
        }
        if name.utf8.allSatisfy(isTokenByte) { headers[.contentDisposition] = "attachment; filename=\(name)" }
    }

    private static func isText(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return texts.contains(name) }
        return texts.contains(String(name[name.index(after: dot)...]))
    }

    private static let texts: Set<String> = [
        "txt", "log", "err", "cfg", "conf", "cnf", "cf", "ini", "properties", "prop", "hocon", "toml", "yaml", "yml",
        "xml", "json", "js", "py", "py3", "csv", "tsv", "md", "rst", "ipynb", "MLmodel", "MLproject",
    ]

    /// RFC 9110, section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 94...122, 124, 126, 33, 35...39, 42, 43, 45, 46: true
        default: false
        }
    }
}
