/// Why a request was refused, in terms that every dialect can translate to its own codes.
public struct MartletError: Error, Sendable, Equatable {
    /// The kinds of refusal. The number is the HTTP status of the native API.
    public enum Code: String, Sendable, Codable, CaseIterable {
        case invalidArgument
        case unauthenticated
        case permissionDenied
        case notFound
        case alreadyExists
        case failedPrecondition
        case conflict
        case tooLarge
        case unprocessable
        case rateLimited
        case cancelled
        case `internal`
        case unimplemented
        case unavailable
        case storageFull
        case quotaExceeded

        /// The HTTP status of the native API.
        public var status: Int {
            switch self {
            case .invalidArgument, .failedPrecondition: 400
            case .unauthenticated: 401
            case .permissionDenied: 403
            case .notFound: 404
            case .alreadyExists, .conflict: 409
            // No client tries these again.
            case .tooLarge, .quotaExceeded: 413
            case .unprocessable: 422
            case .rateLimited: 429
            case .cancelled: 499
            case .internal: 500
            case .unimplemented: 501
            case .unavailable: 503
            case .storageFull: 507
            }
        }
    }

    public var code: Code
    /// What is wrong, which one, and what to do. Never SQL, a server path or a secret.
    public var message: String
    /// For a `conflict` of parameters: which ones. Empty otherwise.
    public var paramConflicts: [ParamConflict]
    /// Seconds after which the same request may succeed; `nil` where nobody knows.
    public var retryAfter: Int?

    public init(
        _ code: Code,
        _ message: String,
        paramConflicts: [ParamConflict] = [],
        retryAfter: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.paramConflicts = paramConflicts
        self.retryAfter = retryAfter
    }
}

/// A parameter that was to be written with another value than it has.
public struct ParamConflict: Sendable, Equatable {
    public var key: String
    public var storedValue: String
    public var newValue: String

    public init(key: String, storedValue: String, newValue: String) {
        self.key = key
        self.storedValue = storedValue
        self.newValue = newValue
    }
}

extension MartletError: CustomStringConvertible {
    public var description: String { "\(code.rawValue): \(message)" }
}
