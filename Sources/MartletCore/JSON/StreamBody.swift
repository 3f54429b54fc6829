/// Texts in one piece of memory. What they hold may be no UTF-8: whoever makes something of them looks.
package struct TextLines: Sendable {
    fileprivate var bytes: [UInt8] = []
    fileprivate var ends: [Int] = []

    package var count: Int { ends.count }

    package func withBytes<Result>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { all in
            body(UnsafeBufferPointer(rebasing: all[(index == 0 ? 0 : ends[index - 1])..<ends[index]]))
        }
    }

    /// - Throws: `invalidArgument` for what is no UTF-8.
    package func text(_ index: Int) throws(MartletError) -> String {
        guard let text = withBytes(index, { String(validating: $0, as: UTF8.self) }) else {
            throw MartletError(.invalidArgument, "line \(index) is no UTF-8")
        }
        return text
    }
}

/// The body of a request that streams lines of files:
/// `{"files": {<name>: {"offset": n, "content": [<line>, …]}}, "complete": true, "exitcode": 0}`.
///
/// Lines, of which there are thousands, are unescaped straight into one piece of memory.
package struct StreamBody: Sendable {
    package struct File: Sendable {
        /// The number of the first line.
        package var offset: Int64 = -1
        package var lines = TextLines()
        fileprivate var hasContent = false
    }

    /// Lines in one file.
    private static let mostLines = 1_000_000
    /// Clients send five. Each takes memory for as much as the rest of the body while it is read.
    private static let mostFiles = 64

    package private(set) var files: [String: File] = [:]
    package private(set) var isComplete = false
    package private(set) var exitCode: Int64 = 0
    /// Whether the program says that its machine will be taken from it.
    package private(set) var isPreempting = false

    /// - Throws: `invalidArgument` that says what is wrong with which file. O(bytes).
    package init(_ bytes: [UInt8]) throws(MartletError) {
        let failure: MartletError? = bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, !bytes.isEmpty else { return nil }
            var cursor = JSONCursor(base: base, end: bytes.count)
            do throws(JSONFailure) {
                guard try cursor.peek() == UInt8(ascii: "{") else {
                    _ = try cursor.value(depth: 0)
                    return MartletError(.invalidArgument, "the body is no JSON object")
                }
                try read(&cursor)
                cursor.skipSpace()
                guard cursor.index == cursor.end else { throw JSONFailure(.trailingBytes, at: cursor.index) }
                return nil
            } catch {
                return error.asMartletError
            }
        }
        if let failure { throw failure }
        for (name, file) in files where file.offset < 0 || file.offset >= 1 << 40 || !file.hasContent {
            throw MartletError(
                .invalidArgument,
                "\(name.prefix(100)) must be {\"offset\": n, \"content\": [lines]}, and each line a text"
            )
        }
    }

    private mutating func read(_ cursor: inout JSONCursor) throws(JSONFailure) {
        try Self.forEachMember(&cursor) { key, cursor throws(JSONFailure) in
            switch key {
            case "files" where try cursor.peek() == UInt8(ascii: "{"):
                try Self.forEachMember(&cursor) { name, cursor throws(JSONFailure) in
                    guard files.count < Self.mostFiles else { throw JSONFailure(.tooMany, at: cursor.index) }
                    files[name] = try Self.file(&cursor)
                }
            case "complete": isComplete = try cursor.value(depth: 1) == .bool(true)
            case "preempting": isPreempting = try cursor.value(depth: 1) == .bool(true)
            case "exitcode": if case .integer(let code) = try cursor.value(depth: 1) { exitCode = code }
            default: _ = try cursor.value(depth: 1)
            }
        }
    }

    private static func file(_ cursor: inout JSONCursor) throws(JSONFailure) -> File {
        var file = File()
        guard try cursor.peek() == UInt8(ascii: "{") else {
            _ = try cursor.value(depth: 2)
            return file
        }
        try forEachMember(&cursor) { key, cursor throws(JSONFailure) in
            switch key {
            case "offset": if case .integer(let offset) = try cursor.value(depth: 3) { file.offset = offset }
            case "content" where try cursor.peek() == UInt8(ascii: "["):
                file.hasContent = try read(&file.lines, &cursor)
            default: _ = try cursor.value(depth: 3)
            }
        }
        return file
    }

    private static func forEachMember(
        _ cursor: inout JSONCursor,
        _ body: (String, inout JSONCursor) throws(JSONFailure) -> Void
    ) throws(JSONFailure) {
        try cursor.expect(UInt8(ascii: "{"))
        if try cursor.peek() == UInt8(ascii: "}") {
            cursor.index += 1
            return
        }
        repeat {
            let key = try cursor.string()
            try cursor.expect(UInt8(ascii: ":"))
            try body(key, &cursor)
        } while try cursor.hasNext(before: UInt8(ascii: "}"))
    }

    /// - Returns: whether every element is a text.
    private static func read(_ lines: inout TextLines, _ cursor: inout JSONCursor) throws(JSONFailure) -> Bool {
        try cursor.expect(UInt8(ascii: "["))
        if try cursor.peek() == UInt8(ascii: "]") {
            cursor.index += 1
            return true
        }
        var failure: JSONFailure?
        var areTexts = true
        var ends: [Int] = []
        // Text without its escapes is never longer than with them.
        let bytes = [UInt8](unsafeUninitializedCapacity: cursor.end - cursor.index) { memory, count in
            do throws(JSONFailure) {
                repeat {
                    guard ends.count < mostLines else { throw JSONFailure(.tooMany, at: cursor.index) }
                    guard try cursor.peek() == UInt8(ascii: "\"") else {
                        _ = try cursor.value(depth: 4)
                        areTexts = false
                        continue
                    }
                    count += try cursor.unescape(to: memory.baseAddress.unsafelyUnwrapped + count)
                    ends.append(count)
                } while try cursor.hasNext(before: UInt8(ascii: "]"))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        // Without the room that was not needed.
        lines.bytes = Array(bytes[...])
        lines.ends = ends
        return areTexts
    }
}
