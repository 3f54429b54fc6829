/// Reads the bodies of MLflow's `runs/log-batch` and `runs/log-metric` straight into columns.
///
/// It knows the shape that clients send and gives up (`nil`) on everything else: escapes in keys, `null`, unknown
/// fields of points, illegal keys, too many points, malformed text. The caller then parses the body as a tree,
/// which finds either the same batch or the words for what is wrong. What is returned is always valid.
package struct LogBatchScanner {
    /// What a body says, with the points in the columns.
    package struct Scanned: Sendable, Equatable {
        package var runID: String
        /// Params and tags stand in it as they were sent, unchecked.
        package var batch: LogBatch
    }

    private var cursor: JSONCursor
    private let mostPoints: Int
    private var batch = LogBatch()
    /// Where the name of each key first stands, for comparison by bytes.
    private var keyRanges: [Range<Int>] = []
    private var keyHashes: [UInt64] = []
    /// Index of a key + 1 by hash, 0 for none; open addressing, at most half full.
    private var slots = [UInt32](repeating: 0, count: 128)

    private init(_ bytes: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>, mostPoints: Int) {
        cursor = JSONCursor(base: base, end: bytes.count)
        self.mostPoints = mostPoints
        let estimate = min(bytes.count / 64 + 4, mostPoints)
        batch.keyIndexes.reserveCapacity(estimate)
        batch.steps.reserveCapacity(estimate)
        batch.times.reserveCapacity(estimate)
        batch.values.reserveCapacity(estimate)
    }

    /// A body of `runs/log-batch`. O(bytes).
    package static func batch(in bytes: UnsafeBufferPointer<UInt8>, mostPoints: Int) -> Scanned? {
        guard let base = bytes.baseAddress else { return nil }
        var scanner = LogBatchScanner(bytes, base: base, mostPoints: mostPoints)
        // Whatever goes wrong, the tree parser says it better.
        return try? scanner.wholeBatch()
    }

    /// A body of `runs/log-metric`. O(bytes).
    package static func point(in bytes: UnsafeBufferPointer<UInt8>) -> Scanned? {
        guard let base = bytes.baseAddress else { return nil }
        var scanner = LogBatchScanner(bytes, base: base, mostPoints: 1)
        return try? scanner.wholePoint()
    }

    // MARK: log-batch

    private mutating func wholeBatch() throws(JSONFailure) -> Scanned? {
        var runID: String?
        var seen: UInt8 = 0
        try cursor.expect(UInt8(ascii: "{"))
        repeat {
            guard let key = try cursor.plainString() else { return nil }
            try cursor.expect(UInt8(ascii: ":"))
            guard let field = topField(key), seen & field.bit == 0 else { return nil }
            seen |= field.bit
            switch field {
            case .runID, .runUUID:
                guard let text = try identifier(), runID == nil || runID == text else { return nil }
                runID = text
            case .metrics:
                guard try points() else { return nil }
            case .params:
                guard let pairs = try pairs() else { return nil }
                batch.params = pairs.map { Param(key: $0.key, value: $0.value) }
            case .tags:
                guard let pairs = try pairs() else { return nil }
                batch.tags = pairs.map { Tag(key: $0.key, value: $0.value) }
            }
        } while try cursor.hasNext(before: UInt8(ascii: "}"))
        cursor.skipSpace()
        guard cursor.index == cursor.end, seen & TopField.runID.bit != 0, let runID else { return nil }
        return Scanned(runID: runID, batch: batch)
    }

    private enum TopField: UInt8 {
        case runID, runUUID, metrics, params, tags
        var bit: UInt8 { 1 << rawValue }
    }

    private func topField(_ key: Range<Int>) -> TopField? {
        if cursor.matches("metrics", at: key.lowerBound, length: key.count) { return .metrics }
        if cursor.matches("run_id", at: key.lowerBound, length: key.count) { return .runID }
        if cursor.matches("params", at: key.lowerBound, length: key.count) { return .params }
        if cursor.matches("tags", at: key.lowerBound, length: key.count) { return .tags }
        if cursor.matches("run_uuid", at: key.lowerBound, length: key.count) { return .runUUID }
        return nil
    }

    private mutating func identifier() throws(JSONFailure) -> String? {
        guard let range = try cursor.plainString(), !range.isEmpty else { return nil }
        return try cursor.text(range)
    }

    private mutating func points() throws(JSONFailure) -> Bool {
        try cursor.expect(UInt8(ascii: "["))
        if try cursor.peek() == UInt8(ascii: "]") {
            cursor.index += 1
            return true
        }
        repeat {
            guard batch.values.count < mostPoints, try point() else { return false }
        } while try cursor.hasNext(before: UInt8(ascii: "]"))
        return true
    }

    @inline(__always)
    private mutating func point() throws(JSONFailure) -> Bool {
        var seen: UInt8 = 0
        var key: UInt32 = 0
        var value = 0.0
        var time: Int64 = 0
        var step: Int64 = 0
        try cursor.expect(UInt8(ascii: "{"))
        repeat {
            guard let name = try cursor.plainString() else { return false }
            try cursor.expect(UInt8(ascii: ":"))
            let bit: UInt8
            if cursor.matches("key", at: name.lowerBound, length: name.count) {
                guard let index = try metricKey() else { return false }
                key = index
                bit = 1
            } else if cursor.matches("value", at: name.lowerBound, length: name.count) {
                guard let real = try real() else { return false }
                value = real
                bit = 2
            } else if cursor.matches("timestamp", at: name.lowerBound, length: name.count) {
                guard let integer = try integer() else { return false }
                time = integer
                bit = 4
            } else if cursor.matches("step", at: name.lowerBound, length: name.count) {
                guard let integer = try integer() else { return false }
                step = integer
                bit = 8
            } else {
                return false
            }
            guard seen & bit == 0 else { return false }
            seen |= bit
        } while try cursor.hasNext(before: UInt8(ascii: "}"))
        guard seen & 7 == 7, time >= 0 else { return false }
        append(key, value, time, step)
        return true
    }

    @inline(__always)
    private mutating func append(_ key: UInt32, _ value: Double, _ time: Int64, _ step: Int64) {
        batch.keyIndexes.append(key)
        batch.values.append(value)
        batch.times.append(time)
        batch.steps.append(step)
    }

    /// Objects of the two string fields `key` and `value`.
    private mutating func pairs() throws(JSONFailure) -> [(key: String, value: String)]? {
        guard try cursor.peek() == UInt8(ascii: "[") else { return nil }
        var pairs: [(key: String, value: String)] = []
        for element in try cursor.elements(depth: 2) {
            guard case .object(let members) = element, members.count == 2,
                case .string(let key)? = element["key"], case .string(let value)? = element["value"]
            else { return nil }
            pairs.append((key, value))
        }
        return pairs
    }

    // MARK: log-metric

    private mutating func wholePoint() throws(JSONFailure) -> Scanned? {
        var runID: String?
        var seen: UInt8 = 0
        var key: UInt32 = 0
        var value = 0.0
        var time: Int64 = 0
        var step: Int64 = 0
        try cursor.expect(UInt8(ascii: "{"))
        repeat {
            guard let name = try cursor.plainString() else { return nil }
            try cursor.expect(UInt8(ascii: ":"))
            guard let field = pointField(name), seen & field.bit == 0 else { return nil }
            seen |= field.bit
            switch field {
            case .runID, .runUUID:
                guard let text = try identifier(), runID == nil || runID == text else { return nil }
                runID = text
            case .key:
                guard let index = try metricKey() else { return nil }
                key = index
            case .value:
                guard let real = try real() else { return nil }
                value = real
            case .timestamp:
                guard let integer = try integer() else { return nil }
                time = integer
            case .step:
                guard let integer = try integer() else { return nil }
                step = integer
            }
        } while try cursor.hasNext(before: UInt8(ascii: "}"))
        cursor.skipSpace()
        guard cursor.index == cursor.end, seen & 7 == 7, time >= 0, let runID else { return nil }
        append(key, value, time, step)
        return Scanned(runID: runID, batch: batch)
    }

    private enum PointField: UInt8 {
        case key, value, timestamp, step, runID, runUUID
        var bit: UInt8 { 1 << rawValue }
    }

    private func pointField(_ name: Range<Int>) -> PointField? {
        if cursor.matches("key", at: name.lowerBound, length: name.count) { return .key }
        if cursor.matches("value", at: name.lowerBound, length: name.count) { return .value }
        if cursor.matches("timestamp", at: name.lowerBound, length: name.count) { return .timestamp }
        if cursor.matches("step", at: name.lowerBound, length: name.count) { return .step }
        if cursor.matches("run_id", at: name.lowerBound, length: name.count) { return .runID }
        if cursor.matches("run_uuid", at: name.lowerBound, length: name.count) { return .runUUID }
        return nil
    }

    // MARK: values

    @inline(__always)
    private mutating func real() throws(JSONFailure) -> Double? {
        if try cursor.peek() == UInt8(ascii: "\"") { return try quotedReal() }
        switch try cursor.number() {
        case .integer(let value): return Double(value)
        case .real(let value): return value
        }
    }

    @inline(never)
    private mutating func quotedReal() throws(JSONFailure) -> Double? {
        guard let range = try cursor.plainString() else { return nil }
        let text = try cursor.text(range)
        switch text {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: return JSONNumberText.real(text)
        }
    }

    @inline(__always)
    private mutating func integer() throws(JSONFailure) -> Int64? {
        if try cursor.peek() == UInt8(ascii: "\"") {
            guard let range = try cursor.plainString() else { return nil }
            return JSONNumberText.integer(try cursor.text(range))
        }
        guard case .integer(let value) = try cursor.number() else { return nil }
        return value
    }

    // MARK: keys

    /// The index of a legal metric key, known or new.
    @inline(__always)
    private mutating func metricKey() throws(JSONFailure) -> UInt32? {
        guard let range = try cursor.plainString() else { return nil }
        let hash = hash(of: range)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count &- 1)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) &- 1
            if keyHashes[index] == hash, isSame(keyRanges[index], range) { return UInt32(index) }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        return try newKey(range, hash: hash, slot: slot)
    }

    @inline(never)
    private mutating func newKey(_ range: Range<Int>, hash: UInt64, slot: Int) throws(JSONFailure) -> UInt32? {
        let name = try cursor.text(range)
        guard Rules.isWellFormed(name), !name.hasPrefix("..") else { return nil }
        // Two spellings of one text are one key to `String`; the tree parser merges them.
        if name.utf8.contains(where: { $0 >= 0x80 }), batch.keys.contains(name) { return nil }
        batch.keys.append(name)
        keyRanges.append(range)
        keyHashes.append(hash)
        slots[slot] = UInt32(batch.keys.count)
        if batch.keys.count * 2 > slots.count { growSlots() }
        return UInt32(batch.keys.count - 1)
    }

    private mutating func growSlots() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for (index, hash) in keyHashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }

    @inline(__always)
    private func hash(of range: Range<Int>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var place = range.lowerBound
        while place &+ 8 <= range.upperBound {
            let word = UnsafeRawPointer(cursor.base + place).loadUnaligned(as: UInt64.self)
            hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 32
            place &+= 8
        }
        while place < range.upperBound {
            hash = (hash ^ UInt64(cursor.base[place])) &* 0x100_0000_01b3
            place &+= 1
        }
        return hash ^ hash >> 29
    }

    @inline(__always)
    private func isSame(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for offset in 0..<left.count
        where cursor.base[left.lowerBound &+ offset] != cursor.base[right.lowerBound &+ offset] { return false }
        return true
    }
}
