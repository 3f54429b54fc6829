/// Media types by the ending of a file's name.
enum ContentType {
    /// Of a file that a client stored. What a browser could run is plain text.
    static func ofArtifact(named name: String) -> String {
        let ending = ending(of: name)
        if let safe = harmless[ending] { return safe }
        return text.contains(ending) ? "text/plain; charset=utf-8" : "application/octet-stream"
    }

    /// Of a stored file that is shown where scripts are blocked: pages and drawings as well.
    static func ofSandboxed(named name: String) -> String {
        switch ending(of: name) {
        case "html", "htm": "text/html; charset=utf-8"
        case "svg": "image/svg+xml"
        default: ofArtifact(named: name)
        }
    }

    /// Of a file of the web interface.
    static func ofPage(named name: String) -> String {
        switch ending(of: name) {
        case "html": "text/html; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        case "webmanifest": "application/manifest+json"
        case "woff2": "font/woff2"
        case let ending: harmless[ending] ?? "application/octet-stream"
        }
    }

    private static func ending(of name: String) -> String {
        guard let dot = name.lastIndex(of: ".") else { return name.lowercased() }
        return name[name.index(after: dot)...].lowercased()
    }

    private static let harmless = [
        "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
        "bmp": "image/bmp", "ico": "image/x-icon", "avif": "image/avif", "mp4": "video/mp4", "webm": "video/webm",
        "mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "flac": "audio/flac", "pdf": "application/pdf",
        "json": "application/json", "csv": "text/csv; charset=utf-8", "tsv": "text/tab-separated-values; charset=utf-8",
        "txt": "text/plain; charset=utf-8", "zip": "application/zip", "gz": "application/gzip",
    ]

    private static let text: Set<String> = [
        "html", "htm", "xhtml", "svg", "xml", "js", "mjs", "css", "md", "rst", "log", "py", "ipynb", "yaml", "yml",
        "toml", "ini", "cfg", "conf", "sh", "swift", "c", "h", "cpp", "rs", "go", "java", "r", "sql", "jsonl", "ndjson",
        "mlmodel", "mlproject", "requirements", "dockerfile", "makefile", "license", "readme", "diff", "patch", "tex",
        "proto", "bat", "env", "lock", "properties", "ts", "vtt", "srt",
    ]
}
