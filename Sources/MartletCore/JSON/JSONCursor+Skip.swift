extension JSONCursor {
    /// How much a value is.
    struct ValueSize {
        /// Levels of lists and objects; none of a number or a text.
        var depth = 0
        /// Values in it, itself among them.
        var values = 0

        /// Whether readers of whole values take it; see `value`.
        var isReadable: Bool { depth <= JSONParser.deepest && values <= JSONParser.mostValues }
    }

    /// Passes over any value, whitespace before it skipped, however deep and long it is. O(bytes).
    mutating func skipValue() throws(JSONFailure) -> ValueSize {
        var size = ValueSize()
        var closers: [UInt8] = []
        while true {
            size.values += 1
            let byte = try peek()
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                index += 1
                // '{' and '}', '[' and ']' are two apart.
                let closer = byte + 2
                size.depth = max(size.depth, closers.count + 1)
                guard try peek() == closer else {
                    closers.append(closer)
                    if closer == UInt8(ascii: "}") { try skipName() }
                    continue
                }
                index += 1
            } else {
                remaining += 1
                _ = try value(depth: 0)
            }
            while let closer = closers.last, try !hasNext(before: closer) { closers.removeLast() }
            guard let closer = closers.last else { return size }
            if closer == UInt8(ascii: "}") { try skipName() }
        }
    }

    private mutating func skipName() throws(JSONFailure) {
        _ = try string()
        try expect(UInt8(ascii: ":"))
    }
}

extension JSONParser {
    /// An object whose members can be read: those that are too deep or too many stand in it as texts of their JSON.
    /// - Throws: `invalidArgument` for what is no object.
    package static func readable(_ text: String) throws(MartletError) -> String {
        var text = text
        switch text.withUTF8({ readableObject($0) }) {
        case .success(let readable): return readable
        case .failure(let failure): throw failure.asMartletError
        }
    }

    private static func readableObject(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<String, JSONFailure> {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return .failure(JSONFailure(.unexpectedEnd, at: 0)) }
        var cursor = JSONCursor(base: base, end: bytes.count)
        cursor.takesBareNaN = true
        var json = JSONWriter(reserving: bytes.count)
        json.beginObject()
        // Of the object itself and of those that stand in it as they are.
        var values = 1
        do throws(JSONFailure) {
            try cursor.expect(UInt8(ascii: "{"))
            var hasMember = try cursor.peek() != UInt8(ascii: "}")
            while hasMember {
                json.key(try cursor.string())
                try cursor.expect(UInt8(ascii: ":"))
                _ = try cursor.peek()
                let start = cursor.index
                var size = try cursor.skipValue()
                size.depth += 1
                size.values += values
                let value = try cursor.text(start..<cursor.index)
                values = size.isReadable ? size.values : values + 1
                if size.isReadable { json.json(value.utf8) } else { json.string(value) }
                hasMember = try cursor.hasNext(before: UInt8(ascii: "}"))
            }
        } catch {
            return .failure(error)
        }
        json.endObject()
        return .success(String(decoding: json.bytes, as: UTF8.self))
    }
}
