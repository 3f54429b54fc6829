package import MartletCore

/// Bytes in pieces, then an end or a failure.
package struct Pieces: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    private let pieces: [[UInt8]]
    private let failure: MartletError?

    package init(_ bytes: [UInt8], pieceSize: Int, failure: MartletError? = nil) {
        pieces = stride(from: 0, to: bytes.count, by: pieceSize).map {
            [UInt8](bytes[$0..<Swift.min($0 + pieceSize, bytes.count)])
        }
        self.failure = failure
    }

    package func makeAsyncIterator() -> Iterator { Iterator(rest: pieces[...], failure: failure) }

    package struct Iterator: AsyncIteratorProtocol {
        var rest: ArraySlice<[UInt8]>
        let failure: MartletError?

        package mutating func next() async throws -> [UInt8]? {
            if let piece = rest.popFirst() { return piece }
            if let failure { throw failure }
            return nil
        }
    }
}

extension BlobContent {
    /// All that is left. For small contents.
    package func whole() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in self { bytes += piece }
        return bytes
    }
}

/// What every blob store does. Each function says whether the rule holds.
package struct BlobStoreConformance {
    private let store: any BlobStore

    package init(_ store: any BlobStore) { self.store = store }

    /// Bytes that do not repeat soon.
    package static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    package func roundTrip(of size: Int) async throws -> Bool {
        let bytes = Self.bytes(size)
        let blob = try await store.store(Pieces(bytes, pieceSize: 50_000), length: Int64(size), as: nil)
        let content = try await store.read(blob.digest, range: nil)
        let read = try await content.whole()
        return blob.size == Int64(size) && content.length == Int64(size) && read == bytes
    }

    package func range(_ range: Range<Int64>, ofSize size: Int) async throws -> Bool {
        let bytes = Self.bytes(size)
        let blob = try await store.store(Pieces(bytes, pieceSize: 50_000), length: nil, as: nil)
        let read = try await store.read(blob.digest, range: range).whole()
        return read == [UInt8](bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    /// Parts of both kinds, and a range that begins and ends inside parts.
    package func composition() async throws -> Bool {
        let contents = [Self.bytes(70_000, seed: 2), Self.bytes(10, seed: 3), Self.bytes(300_000, seed: 4)]
        var parts: [StoredBlob] = []
        for content in contents {
            parts.append(try await store.store(Pieces(content, pieceSize: 50_000), length: nil, as: nil))
        }
        let whole = Array(contents.joined())
        let blob = try await store.compose(parts)
        let all = try await store.read(blob.digest, range: nil).whole()
        let some = try await store.read(blob.digest, range: 69_990..<80_000).whole()
        return blob.size == Int64(whole.count) && all == whole && some == [UInt8](whole[69_990..<80_000])
    }

    package func refusal(of pieces: Pieces, length: Int64?) async -> MartletError.Code? {
        do {
            _ = try await store.store(pieces, length: length, as: nil)
            return nil
        } catch {
            return error.code
        }
    }
}
