package import HTTPTypes

extension HTTPField.Name {
    package static let requestID = known("X-Request-ID")
    static let frameOptions = known("X-Frame-Options")
    static let referrerPolicy = known("Referrer-Policy")
    static let accelBuffering = known("X-Accel-Buffering")
    static let lastEventID = known("Last-Event-ID")
    static let crossSiteCode = known("X-CSRF-Token")
    static let mlflowWorkspace = known("X-MLFLOW-WORKSPACE")
    static let wandBWriter = known("X-Wandb-Async-Client-Id")
    static let forwardedFor = known("X-Forwarded-For")
    static let forwardedScheme = known("X-Forwarded-Proto")
    /// A second `Host`: the first is the request's authority.
    static let secondHost = known("Host")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("not a header name: \(name)") }
        return name
    }
}
