import MartletCore

/// A request to an S3 store that did not succeed.
struct S3Failure: StorageFailure {
    enum Cause: Sendable, Equatable {
        /// No answer, or one that broke off. In the words of the transport.
        case transport(String)
        /// An answer that refuses. The code is the store's own word, empty where it gave none.
        case status(Int, code: String)
        /// An answer that cannot be right.
        case wrong(String)
    }

    /// Method and key: `PUT objects/0123`. Without query and headers, which sign.
    var request: String
    var cause: Cause

    var description: String {
        switch cause {
        case .transport(let reason): "\(request): \(reason)"
        case .status(let status, let code): "\(request): \(status) \(code)"
        case .wrong(let what): "\(request): wrong answer: \(what)"
        }
    }

    var isNotFound: Bool {
        if case .status(404, let code) = cause { code != "NoSuchBucket" } else { false }
    }

    /// Whether the store gave an answer that cannot be right.
    var isWrong: Bool {
        if case .wrong = cause { true } else { false }
    }

    /// Whether the same request may succeed soon.
    var isPassing: Bool {
        switch cause {
        case .transport: true
        case .wrong: false
        case .status(let status, let code):
            status != 501 && !Self.meansFull(status, code)
                && (status >= 500 || status == 429 || status == 408 || Self.damagedOnTheWay.contains(code))
        }
    }

    /// A body that came otherwise than it was sent, and an upload that the store lost patience with.
    private static let damagedOnTheWay: Set<String> = [
        "BadDigest", "IncompleteBody", "RequestTimeout", "XAmzContentSHA256Mismatch", "OperationAborted",
    ]

    private static func meansFull(_ status: Int, _ code: String) -> Bool {
        status == 507 || code == "QuotaExceeded" || code == "InsufficientStorage" || code == "XMinioStorageFull"
            || code == "NoSpaceLeft"
    }

    var refusal: MartletError {
        switch cause {
        case .transport:
            return MartletError(
                .unavailable,
                "the server's S3 store does not answer; nothing was stored; try again later"
            )
        case .wrong:
            return MartletError(
                .internal,
                "the server's S3 store gave an answer that is wrong; the server's log has the cause"
            )
        case .status(let status, let code): return Self.refusal(status, code)
        }
    }

    private static func refusal(_ status: Int, _ code: String) -> MartletError {
        let name = code.isEmpty ? String(status) : code
        switch status {
        case _ where meansFull(status, code):
            return MartletError(.storageFull, "the server's S3 store is full (\(name)): nothing of this was stored")
        case 401, 403:
            return MartletError(
                .failedPrecondition,
                code == "RequestTimeTooSkewed"
                    ? "the S3 store refuses this server because its clock is wrong; correct the clock"
                    : "the S3 store refuses this server (\(name)); its operator must check the credentials "
                        + "and what they may do with the bucket"
            )
        case 404 where code == "NoSuchBucket":
            return MartletError(.failedPrecondition, "the bucket of the server's S3 store does not exist; make it")
        case 404: return MartletError(.notFound, "the S3 store has no such object")
        case 300...399:
            return MartletError(
                .failedPrecondition,
                "the S3 store sends to another address (\(name)): the endpoint, the region or the style is wrong"
            )
        case 408, 429, 500...,
            _ where damagedOnTheWay.contains(code):
            return MartletError(.unavailable, "the server's S3 store cannot do it now (\(name)); try again later")
        default:
            return MartletError(.internal, "the S3 store refused a request (\(name)); the server's log has the cause")
        }
    }
}
