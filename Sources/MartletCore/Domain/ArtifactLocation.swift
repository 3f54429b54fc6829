/// Where the artifacts of an experiment are: a URI or a path.
public enum ArtifactLocation {
    /// A place below a location. A query stays behind the path (MLflow 3.18, `utils/uri.py`, `append_to_uri_path`).
    public static func appending(_ tail: String, to location: String) -> String {
        let mark = location.firstIndex(of: "?") ?? location.endIndex
        var path = location[..<mark]
        while path.hasSuffix("/"), !path.hasSuffix(":/") { path.removeLast() }
        return "\(path)\(path.hasSuffix("/") ? "" : "/")\(tail)\(location[mark...])"
    }
}
