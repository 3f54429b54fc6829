import Foundation
import MartletCore

/// The place for artifacts that a user chose for an experiment (`server/handlers.py`,
/// `_validate_storage_location_uri`, and `utils/uri.py`, `resolve_uri_if_local`, 3.17).
enum MLflowArtifactLocation {
    private static let longest = 2_048
    /// Schemes of whose paths `urllib.parse` cuts off parameters behind a semicolon.
    private static let schemesWithParameters: Set<String> = ["", "http", "https", "ftp", "sftp"]

    /// The location as it is kept: a relative path counts from the folder in which the server was started, so that
    /// it is one place for all clients.
    /// - Throws: `invalidArgument` with MLflow's messages.
    static func checked(_ location: String) throws(MartletError) -> String {
        let scheme = MLflowSourceURI.scheme(of: location)
        guard !location.contains("#"), !location.contains(";") || !schemesWithParameters.contains(scheme) else {
            throw MLflowErrors.invalid("'artifact_location' URL can't include fragments or params.")
        }
        try checkQuery(of: location, scheme)
        guard scheme != "runs" else {
            throw MLflowErrors.invalid("Artifact location cannot be a runs:/ URI. Given: '\(location)'")
        }
        if let path = MLflowArtifactURI.servedPath(of: location) { _ = try ArtifactPath(path) }
        guard !location.utf8.contains(0) else { throw MLflowErrors.invalid("artifact_location contains U+0000") }
        let resolved = resolved(location, scheme)
        guard resolved.unicodeScalars.count <= longest else {
            throw MLflowErrors.invalid(
                "Invalid artifact path length. The length of the artifact path cannot be greater than \(longest) "
                    + "characters. To configure this limit, please set the MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH "
                    + "environment variable."
            )
        }
        return resolved
    }

    /// A query is for the object store that the location names; it must not lead to another folder.
    private static func checkQuery(of location: String, _ scheme: String) throws(MartletError) {
        guard let mark = location.firstIndex(of: "?") else { return }
        guard scheme != "mlflow-artifacts" else {
            throw MLflowErrors.invalid("'artifact_location' on this server can't include a query.")
        }
        let query = MLflowSourceURI.decoded(String(location[mark...]))
        guard !query.contains("..") else { throw MLflowErrors.invalid("Invalid query string") }
    }

    private static func resolved(_ location: String, _ scheme: String) -> String {
        let path = scheme == "file" ? location.dropFirst("file:".count) : location[...]
        guard scheme.isEmpty || scheme == "file", !path.hasPrefix("/") else { return location }
        let names = path.split(separator: "/").filter { $0 != "." }
        let folder = FileManager.default.currentDirectoryPath
        return (scheme.isEmpty ? "" : "file://") + ([folder] + names.map(String.init)).joined(separator: "/")
    }
}
