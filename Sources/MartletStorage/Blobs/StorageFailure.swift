import Logging
import MartletCore

/// What went wrong below a port, in terms of the disk or of the other side of a wire.
protocol StorageFailure: Error, CustomStringConvertible {
    /// What a client may know of it.
    var refusal: MartletError { get }
}

extension IOFailure: StorageFailure {}

extension Logger {
    /// What a caller may know of a failure; the rest goes to the log.
    func refusal(of error: any Error) -> MartletError {
        switch error {
        case let error as MartletError: return error
        case is CancellationError: return MartletError(.cancelled, "the request was cancelled")
        case let failure as any StorageFailure:
            self.error("the blob store failed", metadata: ["cause": "\(failure)"])
            return failure.refusal
        default:
            self.error("the blob store failed", metadata: ["cause": "\(error)"])
            return MartletError(.internal, "the blob store failed; the server's log has the cause")
        }
    }
}
