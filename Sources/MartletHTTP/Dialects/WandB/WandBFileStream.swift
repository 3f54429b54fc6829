import Foundation
import HTTPTypes
import Hummingbird
import MartletCore

/// `POST /files/<entity>/<project>/<run>/file_stream`: lines of history, of what the machine reports and of what was
/// printed, and the summary, with the number of the first line of each.
///
/// A client that gets no answer sends the same lines again, for days. So lines that are stored are passed over, and
/// what is refused for good is told with a status that is not repeated.
extension WandBDialect {
    func fileStream(_ request: Request, _ context: Context) async throws -> Response {
        let asked = WandBContext(dialect: self, principal: context.principal, request: request)
        let (entity, project) = (try decodedParameter("entity", context), try decodedParameter("project", context))
        let name = try decodedParameter("run", context)
        guard let run = try await asked.run(name, inProject: project, of: entity) else {
            throw MartletError(.notFound, "run \(entity)/\(project)/\(name) not found")
        }
        let body = try await body(request)
        // Several programs that write at once say who they are, and count lines of their own.
        let writer = request.headers[.wandBWriter] ?? ""
        guard writer.utf8.count <= 128, !writer.contains(":") else {
            throw MartletError(.invalidArgument, "the id of a writer has at most 128 characters, none of them a colon")
        }
        let message = try WandBStreamMessage(body, from: writer)
        let isResumed = try await store(message, in: run)
        var json = JSONWriter()
        json.beginObject()
        json.key("exitcode")
        json.null()
        json.key("limits")
        json.beginObject()
        json.endObject()
        // Who was asked to stop has ended: what goes on is another program.
        json.field("stopped", run.tag(.stop) == "1" && !isResumed)
        json.endObject()
        return .json(json.bytes)
    }

    private func body(_ request: Request) async throws(MartletError) -> StreamBody {
        let body = try await collectBody(request, upTo: Self.longestStream)
        var bytes = Array(body.readableBytesView)
        if request.headers[.contentEncoding]?.lowercased() == "gzip" {
            guard let plain = Gzip.decompress(bytes, upTo: Self.longestStream) else {
                throw MartletError(.invalidArgument, "the body is no gzip, or unpacked larger than 64 MiB")
            }
            bytes = plain
        }
        return try StreamBody(bytes)
    }

    /// Several processes may write to one run: who finds that another was faster looks again where the streams stand.
    /// - Returns: whether the run had ended and goes on with it.
    private func store(_ message: WandBStreamMessage, in run: WandBRun) async throws(MartletError) -> Bool {
        var attempts = 0
        while true {
            let state = try await services.runStreams.state(
                of: run.run.id,
                writer: message.writer,
                as: run.project.principal
            )
            var (chunk, nested, machine) = try message.chunk(after: state, now: services.environment.now())
            let isResumed = message.goesOn && run.run.status != .running && chunk.isNew(after: state)
            if isResumed {
                // It is resumed. What only comes again, late, says nothing.
                chunk.batch.changes.status = .running
                for tag in [WandBTag.stop, .preempting] where run.tag(tag) != nil {
                    chunk.batch.tags.append(Tag(key: tag.key, value: ""))
                }
            }
            // Who was asked to stop and did not end well was stopped.
            if chunk.batch.changes.status == .failed, run.tag(.stop) == "1" { chunk.batch.changes.status = .killed }
            if message.isPreempting { chunk.batch.tags.append(Tag(key: WandBTag.preempting.key, value: "1")) }
            chunk.documents[.nestedKeys] = Self.list(nested, besides: run.keys(.nestedKeys))
            chunk.documents[.machineKeys] = Self.list(machine, besides: run.keys(.machineKeys))
            do {
                try await services.runStreams.append(chunk, to: run.run.id, as: run.project.principal)
                return isResumed
            } catch  where error.code == .conflict && attempts < 20 {
                attempts += 1
            }
        }
    }

    /// Keys that are to be remembered as objects' or the machine's, so that rows give them back as such; `nil` for none.
    private static func list(_ keys: Set<String>, besides known: Set<String>) -> String? {
        guard !keys.isSubset(of: known) else { return nil }
        var json = JSONWriter()
        json.value(.array(keys.sorted().map { .string($0) }))
        return json.text
    }

    private static let longestStream = 64 << 20
}

extension WandBRun {
    /// The names in a document that lists some.
    func keys(_ kind: RunDocument) -> Set<String> {
        guard let text = documents[kind], case .array(let keys)? = try? JSONText.lenient(text) else { return [] }
        return Set(keys.compactMap { key in if case .string(let key) = key { key } else { nil } })
    }
}

/// One request of a stream, read and not yet stored.
struct WandBStreamMessage {
    typealias Lines = StreamBody.File

    let writer: String
    private var history: Lines?
    private var events: Lines?
    private var console: Lines?
    private var summary: String?
    private var changes = RunChanges()
    let isPreempting: Bool

    /// Whether the program runs, which is not told by one of several: the first of them says when all have ended.
    var goesOn: Bool { writer.isEmpty && changes.status == nil && (history ?? console ?? events) != nil }

    /// - Throws: `invalidArgument`.
    init(_ body: StreamBody, from writer: String) throws(MartletError) {
        self.writer = writer
        history = body.files["wandb-history.jsonl"]
        events = body.files["wandb-events.jsonl"]
        console = body.files["output.log"]
        // Files of newer clients are theirs to upload as well.
        if let lines = body.files["wandb-summary.json"]?.lines, lines.count > 0 {
            summary = try lines.text(lines.count - 1)
        }
        isPreempting = body.isPreempting
        guard body.isComplete else { return }
        changes.status = body.exitCode == 0 ? .finished : .failed
    }

    /// What is not stored yet, the keys of objects that became points, and those of what the machine reported.
    /// - Throws: `invalidArgument` for a line that cannot be read.
    func chunk(
        after state: StreamState,
        now: Int64
    ) throws(MartletError) -> (StreamChunk, nested: Set<String>, machine: Set<String>) {
        var chunk = StreamChunk(writer: writer)
        var nested: Set<String> = []
        var machine: Set<String> = []
        if let history {
            // Several writers know nothing of each other's steps: the server numbers their lines as they come.
            let first = writer.isEmpty ? nil : max(state.historyLines, history.offset)
            let reader = try Self.read(history, after: state.historyLines, prefix: "", now, numberedFrom: first)
            chunk.pointsAfterLast = writer.isEmpty ? nil : reader.batch.pointCount
            chunk.batch = reader.batch
            chunk.objects = reader.objects
            chunk.history = Self.range(history, after: state.historyLines)
            nested = reader.nested
        }
        if let events {
            let reader = try Self.read(events, after: state.eventLines, prefix: WandBHistory.machinePrefix, now)
            chunk.batch.append(contentsOf: reader.batch)
            machine = Set(reader.batch.keys)
            chunk.events = Self.range(events, after: state.eventLines)
        }
        if let console {
            for index in 0..<console.lines.count {
                let text = try console.lines.text(index)
                chunk.console.append(ConsoleLine(wandB: text, number: console.offset + Int64(index)))
            }
            if !writer.isEmpty {
                chunk.console.removeAll { $0.number < state.consoleLines }
                chunk.printed = Self.range(console, after: state.consoleLines)
            }
        }
        if let summary, !summary.isEmpty { chunk.documents[.summary] = try Self.readable(summary) }
        chunk.batch.changes = changes
        if changes.status != nil { chunk.batch.changes.endedAt = now }
        return (chunk, nested, machine)
    }

    private static func readable(_ summary: String) throws(MartletError) -> String {
        switch try? JSONText.lenient(summary) {
        case .object?: return summary
        case nil: return try JSONParser.readable(summary)
        default: throw MartletError(.invalidArgument, "the summary is no JSON object")
        }
    }

    private static func read(
        _ file: Lines,
        after stored: Int64,
        prefix: String,
        _ now: Int64,
        numberedFrom first: Int64? = nil
    ) throws(MartletError) -> HistoryReader {
        var reader = HistoryReader(prefix: prefix, now: now, takesSteps: first == nil)
        for index in 0..<file.lines.count {
            let number = file.offset + Int64(index)
            if number < stored { continue }
            do {
                try reader.add(file.lines, index, number: number - (first ?? 0))
            } catch {
                throw MartletError(error.code, "line \(number): \(error.message)")
            }
        }
        return reader
    }

    /// The lines that are new; lines that were left out before them will not come any more.
    private static func range(_ lines: Lines, after stored: Int64) -> Range<Int64>? {
        let end = lines.offset + Int64(lines.lines.count)
        return end > stored ? stored..<end : nil
    }
}

extension StreamChunk {
    /// Whether it has a line that its run had not.
    fileprivate func isNew(after state: StreamState) -> Bool {
        history != nil || events != nil || console.contains { $0.number >= state.consoleLines }
    }
}

extension ConsoleLine {
    /// A line as JSON (`{"ts", "content", "level", "label"}`), or as text: `[ERROR ]<time> <text>`.
    init(wandB line: String, number: Int64) {
        if line.hasPrefix("{"), case .object? = try? JSONText.lenient(line), let json = try? JSONText.lenient(line),
            case .string(let content)? = json["content"]
        {
            var label = ""
            if case .string(let text)? = json["label"] { label = text }
            var time: Int64?
            if case .string(let text)? = json["ts"] { time = WandBTime.microseconds(text) }
            let isError = json["level"] == .string("error")
            self.init(number: number, time: time, isError: isError, label: Self.plain(label), text: Self.plain(content))
            return
        }
        // The sync of a client before 0.22 sends the end of a line with it.
        let whole = line.last == "\n" || line.last == "\r\n" ? line.dropLast() : line[...]
        let isError = whole.hasPrefix("ERROR ")
        let rest = isError ? whole.dropFirst(6) : whole
        let space = rest.firstIndex(of: " ") ?? rest.endIndex
        if let time = WandBTime.microseconds(String(rest[..<space])) {
            let text = String(rest[space...].dropFirst())
            self.init(number: number, time: time, isError: isError, label: "", text: Self.plain(text))
        } else {
            self.init(number: number, time: nil, isError: isError, label: "", text: Self.plain(String(rest)))
        }
    }

    /// No database of ours keeps U+0000.
    private static func plain(_ text: String) -> String {
        text.utf8.contains(0) ? text.replacing("\0", with: "\u{fffd}") : text
    }
}

extension LogBatch {
    /// Adds the points of another batch.
    fileprivate mutating func append(contentsOf other: LogBatch) {
        var places: [UInt32] = []
        for key in other.keys {
            places.append(UInt32(keys.firstIndex(of: key) ?? keys.count))
            if Int(places[places.count - 1]) == keys.count { keys.append(key) }
        }
        keyIndexes += other.keyIndexes.map { places[Int($0)] }
        steps += other.steps
        times += other.times
        values += other.values
    }
}
