import MartletCore

/// The rows of `summary_value`: what the users' summary of a run says and its metrics do not.
///
/// A client repeats in the summary the latest value of all it logs. Searches find these by the metrics; only what was
/// written over, or was never logged as one, has a row.
enum SummaryRows {
    /// Bytes of a summary over which it is looked through when the run ends, not each time that it comes.
    static let longSummary = 65_536
    /// Bytes of a key or a text over which there is no row: nobody looks for such.
    private static let longestText = 1_000
    /// Values of a run that are looked at, the first in the summary.
    private static let mostValues = 10_000
    /// Values from which on all metrics of the run are read, and not those of their names.
    private static let manyValues = 256
    /// Keys up to which each is asked for by its own.
    private static let fewKeys = 16

    /// With neither of both, what was written over a logged number is no value: NaN, nothing, a list.
    private struct Value: Equatable {
        var number: Double?
        var text: String?

        var isNone: Bool { number == nil && text == nil }
    }

    /// Of the row `x`.
    static let hasValue = "(x.number IS NOT NULL OR x.text IS NOT NULL)"

    /// After what came of a stream is stored, in the same transaction.
    static func note(_ chunk: StreamChunk, to head: RunHead, on connection: any SQLConnection) throws {
        let hasEnded = chunk.batch.changes.endedAt != nil
        guard hasEnded || chunk.documents[.summary] != nil else { return }
        // What is being logged may be a step before or behind the summary: the metric says it.
        let logged = hasEnded ? [] : Set(chunk.batch.keys)
        let longest = hasEnded || logged.isEmpty ? Int.max : longSummary
        try refresh(head.number, experiment: head.experiment, besides: logged, upTo: longest, on: connection)
    }

    /// Makes the rows of a run what its summary says now. O(bytes of the summary), and O(metrics of the run) for many.
    /// - Parameters:
    ///   - keys: values that get no row.
    ///   - longest: bytes of the summary over which the rows stay as they are.
    static func refresh(
        _ run: Int64,
        experiment: Int64,
        besides keys: Set<String> = [],
        upTo longest: Int = .max,
        on connection: any SQLConnection
    ) throws {
        guard var wanted = try values(of: run, upTo: longest, on: connection) else { return }
        for key in keys { wanted[key] = nil }
        var hidden: Set<String> = []
        for (key, last) in try logged(wanted.keys.sorted(), of: run, on: connection) where !last.isNaN {
            if wanted[key]?.number == last { wanted[key] = nil } else { hidden.insert(key) }
        }
        wanted = wanted.filter { !$0.value.isNone || hidden.contains($0.key) }
        try store(wanted, of: run, experiment: experiment, on: connection)
    }

    /// Whether the rows of a run say what its summary does, but for what is logged as well: that comes by another way, a
    /// moment before or behind.
    static func areRight(_ run: Int64, on connection: any SQLConnection) throws -> Bool {
        guard var wanted = try values(of: run, upTo: .max, on: connection) else { return true }
        var known = try rows(of: run, on: connection)
        let logged = try connection.rows(
            "SELECT k.name FROM metric_summary s JOIN metric_key k ON k.id = s.key WHERE s.run = $1",
            [.integer(run)]
        ) { $0.text(0) }
        for key in logged { (wanted[key], known[key]) = (nil, nil) }
        return wanted.filter { !$0.value.isNone } == known
    }

    /// What the summary of a run says; `nil` without one that can be read, or for a longer one.
    private static func values(
        of run: Int64,
        upTo longest: Int,
        on connection: any SQLConnection
    ) throws -> [String: Value]? {
        let document = try connection.first(
            "SELECT body FROM run_document WHERE run = $1 AND kind = $2",
            [.integer(run), .text(RunDocument.summary.rawValue)]
        ) { $0.text(0) }
        guard let document, document.utf8.count <= longest,
            let json = try? JSONParser.parse(Array(document.utf8), takesBareNaN: true)
        else { return nil }
        var found: [String: Value] = [:]
        collect(json, path: "", depth: 0, into: &found)
        return found
    }

    private static func rows(of run: Int64, on connection: any SQLConnection) throws -> [String: Value] {
        var rows: [String: Value] = [:]
        try connection.query("SELECT key, number, text FROM summary_value WHERE run = $1", [.integer(run)]) { row in
            rows[row.text(0)] = Value(number: row.optionalReal(1), text: row.optionalText(2))
        }
        return rows
    }

    /// The latest numbers of metrics: of these keys or, where they are many, of all.
    private static func logged(
        _ keys: [String],
        of run: Int64,
        on connection: any SQLConnection
    ) throws -> [(key: String, last: Double)] {
        if keys.count < manyValues {
            return try MetricReader.summaries(run: run, keys: keys, on: connection).map { ($0.key, $0.last) }
        }
        return try connection.rows(
            """
            SELECT k.name, s.last_value FROM metric_summary s JOIN metric_key k ON k.id = s.key
            WHERE s.run = $1 AND s.last_nan = 0
            """,
            [.integer(run)]
        ) { ($0.text(0), $0.real(1)) }
    }

    private static let valuesOfKey = BatchedQuery(from: 2) {
        "SELECT run, key, number, text FROM summary_value WHERE key = $1 AND run IN \($0)"
    }
    private static let valuesByRun = BatchedQuery {
        "SELECT run, key, number, text FROM summary_value WHERE run IN \($0) ORDER BY run, key"
    }

    /// Adds what was written, and of keys that are named also what was only logged.
    /// - Parameters:
    ///   - keys: `nil` for all.
    ///   - places: of the runs' numbers in `runs`.
    static func add(
        _ keys: [String]?,
        to runs: inout [Run],
        _ numbers: [Int64],
        _ places: [Int64: Int],
        on connection: any SQLConnection
    ) throws {
        var hidden: [Int: Set<String>] = [:]
        func add(_ row: any SQLRow) {
            guard let place = places[row.integer(0)] else { return }
            if let number = row.optionalReal(2) {
                runs[place].summary.append(SummaryValue(key: row.text(1), value: .number(number)))
            } else if let text = row.optionalText(3) {
                runs[place].summary.append(SummaryValue(key: row.text(1), value: .text(text)))
            } else {
                hidden[place, default: []].insert(row.text(1))
            }
        }
        let wanted = keys.map(Set.init)
        if let wanted, wanted.count <= fewKeys {
            for key in wanted {
                try valuesOfKey.forEachRow(of: numbers, after: [.text(key)], on: connection) { add($0) }
            }
        } else {
            try valuesByRun.forEachRow(of: numbers, on: connection) { row in
                if wanted?.contains(row.text(1)) ?? true { add(row) }
            }
        }
        guard let keys else { return }
        for (number, metrics) in try MetricReader.summaries(runs: numbers, keys: keys, on: connection) {
            guard let place = places[number] else { continue }
            let written = Set(runs[place].summary.map(\.key)).union(hidden[place] ?? [])
            for metric in metrics where !written.contains(metric.key) && !metric.last.isNaN {
                runs[place].summary.append(SummaryValue(key: metric.key, value: .number(metric.last)))
            }
            runs[place].summary.sort { $0.key < $1.key }
        }
    }

    private static func store(
        _ wanted: [String: Value],
        of run: Int64,
        experiment: Int64,
        on connection: any SQLConnection
    ) throws {
        let known = try rows(of: run, on: connection)
        for key in known.keys.sorted() where wanted[key] == nil {
            try connection.send(
                "DELETE FROM summary_value WHERE run = $1 AND key = $2",
                [.integer(run), .text(key)]
            )
        }
        let rows = wanted.filter { known[$0.key] != $0.value }.sorted { $0.key < $1.key }.map { key, value in
            [.integer(run), .text(key), .integer(experiment), .real(value.number), .text(value.text)] as [SQLValue]
        }
        try upsert.send(rows, on: connection)
    }

    private static let upsert = BatchedInsert(
        "INSERT INTO summary_value (run, key, experiment, number, text)",
        row: Array(repeating: "?", count: 5),
        "ON CONFLICT (run, key) DO UPDATE SET number = excluded.number, text = excluded.text"
    )

    /// Numbers, texts and flags by their paths, whose parts are joined by dots; no value for NaN, nothing, lists and media.
    /// What the client keeps for itself is left out.
    private static func collect(_ json: JSONValue, path: String, depth: Int, into values: inout [String: Value]) {
        switch json {
        case .object(let members):
            // An image, a table, a histogram: described by what it is, not summed up.
            if depth > 0, json["_type"] != nil { return put(Value(), at: path, into: &values) }
            for member in members where !(depth == 0 && member.key == "_wandb") {
                guard values.count < mostValues else { return }
                // Before the path is made: what somebody sends may have long names and many members.
                guard path.utf8.count + member.key.utf8.count < longestText else { continue }
                let inner = depth == 0 ? member.key : "\(path).\(member.key)"
                collect(member.value, path: inner, depth: depth + 1, into: &values)
            }
        case .integer(let value): put(Value(number: Double(value)), at: path, into: &values)
        case .number(let value): put(Value(number: value.isNaN ? nil : value), at: path, into: &values)
        // As params spell it.
        case .bool(let value): put(Value(text: value ? "True" : "False"), at: path, into: &values)
        case .string(let text): put(Value(text: text), at: path, into: &values)
        case .null, .array: put(Value(), at: path, into: &values)
        }
    }

    private static func put(_ value: Value, at path: String, into values: inout [String: Value]) {
        for text in [path, value.text ?? ""] where text.utf8.count > longestText || text.utf8.contains(0) { return }
        values[path] = value
    }
}
