import Synchronization

/// Prepared documents by their texts. The least recently used ones go when there are too many, or too many bytes.
final class DocumentCache: Sendable {
    /// A text by its bytes: `String` counts texts as equal that only look equal.
    private struct Key: Hashable {
        let text: String

        static func == (left: Key, right: Key) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private struct Entry {
        var document: PreparedDocument
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var bytes = 0
        var clock: UInt64 = 0
    }

    private let mostDocuments: Int
    private let mostBytes: Int
    private let state = Mutex(State())

    init(_ limits: GraphQLLimits) {
        mostDocuments = limits.cachedDocuments
        mostBytes = limits.cachedBytes
    }

    var count: Int { state.withLock { $0.entries.count } }
    var bytes: Int { state.withLock { $0.bytes } }

    /// O(text).
    func document(_ text: String) -> PreparedDocument? {
        state.withLock { state in
            state.clock += 1
            let key = Key(text: text)
            guard let index = state.entries.index(forKey: key) else { return nil }
            state.entries.values[index].lastUse = state.clock
            return state.entries.values[index].document
        }
    }

    /// Keeps a document, unless it alone would take an eighth of the room. O(documents) once the cache is full.
    func keep(_ document: PreparedDocument) {
        let size = document.text.utf8.count
        guard size <= mostBytes / 8, mostDocuments > 0 else { return }
        state.withLock { state in
            state.clock += 1
            let entry = Entry(document: document, lastUse: state.clock)
            if state.entries.updateValue(entry, forKey: Key(text: document.text)) == nil { state.bytes += size }
            while state.entries.count > mostDocuments || state.bytes > mostBytes {
                guard let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
                state.entries[oldest.key] = nil
                state.bytes -= oldest.key.text.utf8.count
            }
        }
    }
}
