import Dispatch
import Foundation
import MartletCore
import Synchronization

/// A stretch of a file, piece by piece; while one piece is on its way out, the next is being read.
final class FileReader: Sendable {
    /// Small enough to stay in the processor's cache between the read and the send.
    static let pieceSize: Int64 = 256 << 10

    private let file: OpenFile
    private let queue: DispatchQueue
    private let end: Int64
    private let state: Mutex<State>

    private struct State {
        var position: Int64
        var isReading = false
        var ready: Result<[UInt8], IOFailure>?
        var waiter: CheckedContinuation<Result<[UInt8]?, IOFailure>, Never>?
    }

    /// - Parameter range: lies inside the file.
    init(_ file: OpenFile, range: Range<Int64>, queue: DispatchQueue) {
        self.file = file
        self.queue = queue
        end = range.upperBound
        state = Mutex(State(position: range.lowerBound))
    }

    /// The next piece; `nil` at the end. Asked by one task at a time.
    func next() async throws(IOFailure) -> [UInt8]? {
        let result = await withCheckedContinuation { continuation in
            let (answer, mustRead) = state.withLock { state -> (Result<[UInt8]?, IOFailure>?, Bool) in
                if let ready = state.ready {
                    state.ready = nil
                    return (ready.map { $0 }, startReading(&state))
                }
                if !state.isReading, state.position >= end { return (.success(nil), false) }
                state.waiter = continuation
                return (nil, startReading(&state))
            }
            if mustRead { queue.async { self.readPiece() } }
            if let answer { continuation.resume(returning: answer) }
        }
        return try result.get()
    }

    private func startReading(_ state: inout State) -> Bool {
        guard !state.isReading, state.position < end else { return false }
        state.isReading = true
        return true
    }

    private func readPiece() {
        let position = state.withLock { $0.position }
        let count = min(Self.pieceSize, end - position)
        let result: Result<[UInt8], IOFailure>
        do {
            result = .success(try file.bytes(Int(count), at: position))
        } catch {
            result = .failure(error)
        }
        let (waiter, mustRead) = state.withLock { state in
            state.isReading = false
            if case .failure = result { state.position = end } else { state.position += count }
            guard let waiter = state.waiter else {
                state.ready = result
                return (nil as CheckedContinuation<Result<[UInt8]?, IOFailure>, Never>?, false)
            }
            state.waiter = nil
            return (waiter, startReading(&state))
        }
        waiter?.resume(returning: result.map { $0 })
        if mustRead { queue.async { self.readPiece() } }
    }
}
