import AsyncHTTPClient
import Crypto
import MartletCore
import NIOCore
import NIOHTTP1

/// A stretch of an object, piece by piece. An answer that breaks off is continued by another request.
///
/// What a store sends is not believed: lengths are checked, and a whole object against its digest, before its last piece
/// is handed out.
///
/// Sendable without proof by the compiler: it is asked by one task at a time, as `BlobContent` is iterated once.
final class ObjectReader: @unchecked Sendable {
    private let client: S3Client
    private let key: String
    private let blob: StoredBlob
    private let range: Range<Int64>
    /// In the object, of the next byte.
    private var position: Int64
    private var pieces: HTTPClientResponse.Body.AsyncIterator?
    private var sha256 = SHA256()
    /// Received and not handed out yet.
    private var held: [UInt8]?
    /// Answers in a row that broke off without a byte.
    private var emptyAnswers = 0

    private static let mostEmptyAnswers = 3

    /// - Parameter range: lies inside the blob.
    init(_ client: S3Client, key: String, blob: StoredBlob, range: Range<Int64>) {
        self.client = client
        self.key = key
        self.blob = blob
        self.range = range
        position = range.lowerBound
    }

    private var isWhole: Bool { range == 0..<blob.size }

    /// Asks the store for what is left, so that a refusal comes before the first byte.
    func open() async throws {
        if position == range.upperBound { return }
        var request = S3Request(method: .GET, key: key)
        let isPart = !isWhole || position > 0
        if isPart { request.headers.append(("range", "bytes=\(position)-\(range.upperBound - 1)")) }
        let response = try await client.open(request)
        let expected = "bytes \(position)-\(range.upperBound - 1)/\(blob.size)"
        let length = response.headers.first(name: "content-length").flatMap(Int64.init)
        guard response.status.code == (isPart ? 206 : 200), length ?? rest == rest,
            !isPart || response.headers.first(name: "content-range") == expected
        else {
            throw wrong("\(response.status.code) with \(length ?? -1) bytes instead of \(expected)")
        }
        pieces = response.body.makeAsyncIterator()
    }

    /// The next piece; `nil` at the end.
    func next() async throws -> [UInt8]? {
        while let piece = try await receive() {
            defer { held = piece }
            if let held { return held }
        }
        defer { held = nil }
        return held
    }

    private var rest: Int64 { range.upperBound - position }

    private func receive() async throws -> [UInt8]? {
        while rest > 0 {
            if pieces == nil { try await open() }
            guard let piece = try await pieceOfAnswer() else { continue }
            guard Int64(piece.count) <= rest else { throw wrong("more bytes than it has") }
            position += Int64(piece.count)
            emptyAnswers = 0
            if isWhole { piece.withUnsafeBytes { sha256.update(bufferPointer: $0) } }
            return piece
        }
        pieces = nil
        if isWhole, ContentHash.hexadecimal([UInt8](sha256.finalize())) != blob.digest.rawValue {
            throw wrong("bytes of another digest than were stored")
        }
        return nil
    }

    /// - Returns: `nil` when the answer broke off and may be continued.
    private func pieceOfAnswer() async throws -> [UInt8]? {
        let request = S3Request(method: .GET, key: key)
        do {
            if let buffer = try await pieces?.next() { return [UInt8](buffer.readableBytesView) }
            throw S3Failure(request: request.name, cause: .transport("the answer ended too early"))
        } catch {
            pieces = nil
            emptyAnswers += 1
            let error = S3Client.translated(error, request)
            guard let failure = error as? S3Failure, failure.isPassing, emptyAnswers < Self.mostEmptyAnswers else {
                throw error
            }
            return nil
        }
    }

    private func wrong(_ what: String) -> S3Failure {
        S3Failure(request: "GET \(key)", cause: .wrong(what))
    }
}
