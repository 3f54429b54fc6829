import MartletCore

/// The bytes of a composed blob: each part is opened when its turn comes. Asked by one task at a time.
actor PartsReader {
    private var parts: ArraySlice<PartRow>
    private let range: Range<Int64>
    private let store: any BlobStore
    private var current: BlobContent?

    init(_ parts: [PartRow], range: Range<Int64>, store: any BlobStore) {
        self.parts = parts[...]
        self.range = range
        self.store = store
    }

    func next() async throws -> [UInt8]? {
        while true {
            if let current, let piece = try await current.next() { return piece }
            guard try await openNext() else { return nil }
        }
    }

    /// - Returns: false behind the last part.
    @discardableResult
    func openNext() async throws -> Bool {
        guard let part = parts.popFirst() else { return false }
        let start = max(range.lowerBound, part.offset) - part.offset
        let end = min(range.upperBound, part.offset + part.size) - part.offset
        // All of a part is asked for as such: then its digest is checked.
        current = try await store.read(part.digest, range: end - start == part.size ? nil : start..<end)
        return true
    }
}

extension BlobContent {
    /// The first part is opened at once, so that a refusal comes before the first byte.
    /// - Parameter parts: those that share bytes with the range, in order.
    static func joining(
        _ parts: [PartRow],
        range: Range<Int64>,
        from store: any BlobStore
    ) async throws -> BlobContent {
        let reader = PartsReader(parts, range: range, store: store)
        try await reader.openNext()
        return BlobContent(length: Int64(range.count)) { try await reader.next() }
    }
}
