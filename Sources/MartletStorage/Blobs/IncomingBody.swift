import MartletCore

/// The bytes that a client sends, with the length that it promised.
struct IncomingBody<Source: AsyncSequence & Sendable> where Source.Element == [UInt8] {
    private var iterator: Source.AsyncIterator
    private let length: Int64?
    private var received: Int64 = 0

    init(_ source: Source, length: Int64?) {
        iterator = source.makeAsyncIterator()
        self.length = length
    }

    /// - Throws: `invalidArgument` for another length than promised; `cancelled` when the source fails.
    mutating func next() async throws(MartletError) -> [UInt8]? {
        let piece: [UInt8]?
        do {
            piece = try await iterator.next()
        } catch let error as MartletError {
            throw error
        } catch {
            throw MartletError(.cancelled, "the upload broke off after \(received) bytes; nothing of it was stored")
        }
        received += Int64(piece?.count ?? 0)
        if let length, received > length || (piece == nil && received < length) {
            let sent = received > length ? "more" : "only \(received)"
            throw MartletError(.invalidArgument, "\(length) bytes were promised and \(sent) came; send the file again")
        }
        return piece
    }

    /// What comes first, until it is more than `limit` bytes or all.
    mutating func head(_ limit: Int) async throws(MartletError) -> (pieces: [[UInt8]], isWhole: Bool) {
        var pieces: [[UInt8]] = []
        var size = 0
        while size <= limit {
            guard let piece = try await next() else { return (pieces, true) }
            pieces.append(piece)
            size += piece.count
        }
        return (pieces, false)
    }
}
