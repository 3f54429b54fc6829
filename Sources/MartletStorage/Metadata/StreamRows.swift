import MartletCore

/// The rows of streams; `run` is `run.number`.
enum StreamRows {
    enum Stream: String {
        case history
        case events
        case console

        func name(_ writer: String) -> String { writer.isEmpty ? rawValue : "\(rawValue):\(writer)" }
    }

    /// The chunk with the steps that its points and objects have in the run.
    static func placed(_ chunk: StreamChunk, in run: Int64, on connection: any SQLConnection) throws -> StreamChunk {
        guard let count = chunk.pointsAfterLast, let last = try lines(of: run, on: connection)?.last else {
            return chunk
        }
        guard last < lastStep else {
            throw MartletError(.invalidArgument, "the run has step \(last): no step is left behind it")
        }
        var chunk = chunk
        for index in 0..<count { chunk.batch.steps[index] += last + 1 }
        for index in chunk.objects.indices { chunk.objects[index].step += last + 1 }
        return chunk
    }

    /// Behind it no lines are numbered.
    private static let lastStep = Int64.max / 2

    /// How many lines the history of a run has, and the last step of them; `nil` for none.
    private static func lines(
        of run: Int64,
        on connection: any SQLConnection
    ) throws -> (count: Int64, last: Int64)? {
        try connection.first(
            """
            SELECT s.count, s.last_step FROM metric_summary s JOIN metric_key k ON k.id = s.key
            WHERE s.run = $1 AND k.name = $2
            """,
            [.integer(run), .text(StreamChunk.lineMark)]
        ) { ($0.integer(0), $0.integer(1)) }
    }

    /// - Throws: `conflict` unless the stream stands at the first of the lines.
    static func move(
        _ stream: Stream,
        of run: Int64,
        _ writer: String,
        through lines: Range<Int64>?,
        on connection: any SQLConnection
    ) throws {
        guard let lines, !lines.isEmpty else { return }
        let values: [SQLValue] = [.integer(run), .text(stream.name(writer))]
        let stored =
            try connection.first("SELECT lines FROM run_stream WHERE run = $1 AND name = $2", values) { $0.integer(0) }
        guard stored ?? 0 == lines.lowerBound else {
            throw MartletError(
                .conflict,
                "the \(stream.rawValue) stands at line \(stored ?? 0), not \(lines.lowerBound)"
            )
        }
        try set(stream.name(writer), of: run, to: lines.upperBound, on: connection)
    }

    static func set(_ name: String, of run: Int64, to lines: Int64, on connection: any SQLConnection) throws {
        try connection.send(
            """
            INSERT INTO run_stream (run, name, lines) VALUES ($1, $2, $3)
            ON CONFLICT (run, name) DO UPDATE SET lines = excluded.lines
            """,
            [.integer(run), .text(name), .integer(lines)]
        )
    }

    static func put(_ object: LoggedObject, of run: Int64, on connection: any SQLConnection) throws {
        try connection.send(
            """
            INSERT INTO logged_object (run, key, step, time, body) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (run, key, step) DO UPDATE SET time = excluded.time, body = excluded.body
            """,
            [
                .integer(run), .text(object.key), .integer(object.step), .integer(object.time), .text(object.json),
            ]
        )
    }

    /// - Parameter areLast: whether they come after all others, whatever their numbers.
    static func put(
        _ lines: [ConsoleLine],
        areLast: Bool,
        of run: Int64,
        on connection: any SQLConnection
    ) throws {
        guard areLast else {
            for line in lines { try put(line, of: run, on: connection) }
            return
        }
        let last = try connection.first("SELECT max(number) FROM console_line WHERE run = $1", [.integer(run)]) {
            $0.optionalInteger(0)
        }
        var number = if let last, let last { last + 1 } else { Int64(0) }
        for var line in lines {
            line.number = number
            number += 1
            try put(line, of: run, on: connection)
        }
    }

    private static func put(_ line: ConsoleLine, of run: Int64, on connection: any SQLConnection) throws {
        try connection.send(
            """
            INSERT INTO console_line (run, number, time, is_error, label, body) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (run, number) DO UPDATE
            SET time = excluded.time, is_error = excluded.is_error, label = excluded.label, body = excluded.body
            """,
            [
                .integer(run), .integer(line.number), .integer(line.time), .flag(line.isError), .text(line.label),
                .text(line.text),
            ]
        )
    }

    /// - Parameter isPart: whether it is one of several writers' share: members that it has not are kept.
    static func put(
        _ kind: RunDocument,
        _ body: String,
        isPart: Bool,
        of run: Int64,
        on connection: any SQLConnection
    ) throws {
        var body = body
        if isPart || kind.isList {
            let known = try connection.first(
                "SELECT body FROM run_document WHERE run = $1 AND kind = $2",
                [.integer(run), .text(kind.rawValue)]
            ) { $0.text(0) }
            if let known { body = kind.isList ? united(known, body) : merged(known, body) }
        }
        try connection.send(
            """
            INSERT INTO run_document (run, kind, body) VALUES ($1, $2, $3)
            ON CONFLICT (run, kind) DO UPDATE SET body = excluded.body
            """,
            [.integer(run), .text(kind.rawValue), .text(body)]
        )
    }

    /// The elements of both lists.
    private static func united(_ old: String, _ new: String) -> String {
        guard case .array(let known)? = try? JSONParser.parse(Array(old.utf8)),
            case .array(let elements)? = try? JSONParser.parse(Array(new.utf8))
        else { return new }
        let texts = Set(known.compactMap { if case .string(let text) = $0 { text } else { nil } })
        let fresh = elements.filter { if case .string(let text) = $0 { !texts.contains(text) } else { false } }
        var json = JSONWriter()
        json.value(.array(known + fresh))
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// The members of both objects, the latter's where both have one. What is no object is replaced.
    private static func merged(_ old: String, _ new: String) -> String {
        guard case .object(let known)? = try? JSONParser.parse(Array(old.utf8), takesBareNaN: true),
            case .object(let members)? = try? JSONParser.parse(Array(new.utf8), takesBareNaN: true)
        else { return new }
        let fresh = Set(members.map(\.key))
        var json = JSONWriter()
        json.value(.object(known.filter { !fresh.contains($0.key) } + members))
        return String(decoding: json.bytes, as: UTF8.self)
    }

    static func objects(
        of run: Int64,
        keys: [String]?,
        steps: ClosedRange<Int64>,
        on connection: any SQLConnection
    ) throws -> [LoggedObject] {
        let wanted = keys.map { Set($0) }
        var objects: [LoggedObject] = []
        try connection.query(
            """
            SELECT key, step, time, body FROM logged_object WHERE run = $1 AND step >= $2 AND step <= $3
            ORDER BY key, step
            """,
            [.integer(run), .integer(steps.lowerBound), .integer(steps.upperBound)]
        ) { row in
            guard wanted?.contains(row.text(0)) ?? true else { return }
            objects.append(
                LoggedObject(key: row.text(0), step: row.integer(1), time: row.integer(2), json: row.text(3))
            )
        }
        return objects
    }

    /// What a run's history loses when it is taken back: its points are gone already.
    static func truncate(_ run: Int64, from step: Int64, on connection: any SQLConnection) throws {
        try connection.execute(
            "DELETE FROM logged_object WHERE run = $1 AND step >= $2",
            [.integer(run), .integer(step)]
        )
        let isStreamed = try connection.first(
            "SELECT 1 FROM run_stream WHERE run = $1 AND name = $2",
            [.integer(run), .text(Stream.history.rawValue)]
        ) { _ in true }
        guard isStreamed == true else { return }
        let lines = try lines(of: run, on: connection)?.count ?? 0
        try set(Stream.history.rawValue, of: run, to: lines, on: connection)
    }
}
