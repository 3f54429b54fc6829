/// Whose turn it is on a connection, and for how long already. Time comes in ticks from outside.
package struct ConnectionWatch {
    package enum Verdict {
        case fine
        case cut
    }

    private let patience: ConnectionPatience
    /// Requests whose head has come and whose answer has not ended.
    private var openRequests = 0
    /// Whether a request is there in part: its head, and not its end.
    private(set) package var isReceiving = false
    private var hadRequest = false
    private var isClosing = false
    /// Whether the server waits for bytes; false while it is busy with those that it has.
    private var wantsToRead = false
    private var quietTicks = 0

    private var receivedBytes = 0
    private var receivingTicks = 0
    private var writtenBytes = 0
    private var writingTicks = 0
    /// Bytes that the peer had taken when the window of writing began; `nil` while nothing waits for it.
    private var takenAtStart: Int?

    package init(patience: ConnectionPatience) {
        self.patience = patience
    }

    package mutating func headReceived() {
        openRequests += 1
        hadRequest = true
        isReceiving = true
        receivedBytes = 0
        receivingTicks = 0
        quietTicks = 0
    }

    /// Whether every request has had its answer.
    package var isIdle: Bool { openRequests == 0 }

    package mutating func bodyReceived(_ count: Int) { receivedBytes &+= count }
    package mutating func requestEnded() { isReceiving = false }
    package mutating func readWanted() { wantsToRead = true }
    package mutating func readCompleted() { wantsToRead = false }
    package mutating func bodyWritten(_ count: Int) { writtenBytes &+= count }

    package mutating func answerEnded() {
        openRequests -= 1
        quietTicks = 0
    }

    package mutating func closing() {
        guard !isClosing else { return }
        isClosing = true
        quietTicks = 0
    }

    /// - Parameters:
    ///   - bufferedBytes: what waits to be taken by the peer.
    ///   - takenBytes: what it has taken since the connection began; `nil` where only the buffer is known.
    package mutating func tick(bufferedBytes: Int, takenBytes: Int? = nil) -> Verdict {
        if tickWriting(bufferedBytes, takenBytes ?? writtenBytes - bufferedBytes) == .cut { return .cut }
        if isReceiving, !isClosing { return tickReceiving() }
        // The end of a large answer may still be on its way; it has its own window above.
        guard bufferedBytes == 0, openRequests == 0 || isClosing else {
            quietTicks = 0
            return .fine
        }
        if isClosing { return tickQuiet(most: patience.closing) }
        return tickQuiet(most: hadRequest ? patience.idle : patience.firstHead)
    }

    private mutating func tickQuiet(most: Int) -> Verdict {
        quietTicks += 1
        return quietTicks >= most ? .cut : .fine
    }

    private mutating func tickReceiving() -> Verdict {
        guard wantsToRead else { return .fine }
        receivingTicks += 1
        guard receivingTicks >= patience.window else { return .fine }
        defer {
            receivingTicks = 0
            receivedBytes = 0
        }
        return receivedBytes < patience.bytesPerWindow ? .cut : .fine
    }

    private mutating func tickWriting(_ bufferedBytes: Int, _ taken: Int) -> Verdict {
        guard bufferedBytes > 0 else {
            takenAtStart = nil
            return .fine
        }
        guard let start = takenAtStart else {
            takenAtStart = taken
            writingTicks = 0
            return .fine
        }
        writingTicks += 1
        guard writingTicks >= patience.window else { return .fine }
        takenAtStart = taken
        writingTicks = 0
        return taken - start < patience.bytesPerWindow ? .cut : .fine
    }
}
