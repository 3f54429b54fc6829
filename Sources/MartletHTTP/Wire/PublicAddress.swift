import HTTPTypes
import Hummingbird

extension Request {
    /// Whether a proxy took this request over TLS.
    var isSecure: Bool { headers[.forwardedScheme]?.lowercased() == "https" }

    /// The whole address of a path, at the host that the client spoke to, which the request guard has checked.
    ///
    /// - Parameter path: percent-encoded, without the base path.
    func publicAddress(of path: String, basePath: String) -> String {
        "\(isSecure ? "https" : "http")://\(head.authority ?? "localhost")\(basePath)\(path)"
    }
}
