import MartletCore
import MartletGraphQL

extension WandBSchema {
    static func addRunHistory(to schema: inout Builder) {
        schema.record("ParquetHistory", ["parquetUrls": "[String!]!", "liveData": "[JSON]"])
        schema.record(
            "LogLine",
            ["number": "Int!", "timestamp": "DateTime", "level": "String", "label": "String", "line": "String!"]
        )
        schema.object("Run", WandBRun.self) { run in
            run.field("historyLineCount", "Int") { run, call in .int(try await state(of: run, call).historyLines) }
            run.field("eventsLineCount", "Int") { run, call in .int(try await state(of: run, call).eventLines) }
            run.field("logLineCount", "Int") { run, call in .int(try await state(of: run, call).consoleLines) }
            run.field("historyTail", "JSONString") { run, call in .string(try await tail(of: run, call)) }
            run.field("eventsTail", "JSONString") { run, call in
                .string(list(try await machineRows(of: run, call).suffix(1)))
            }
            run.field("systemMetrics", "JSONString") { run, call in
                .string(try await machineRows(of: run, call).last.map(text) ?? "{}")
            }
            run.field("historyKeys", "JSON") { run, call in .raw(try await keys(of: run, call)) }
            run.field(
                "history",
                "[JSONString!]",
                arguments: ["minStep: Int64", "maxStep: Int64", "samples: Int"],
                history
            )
            run.field("events", "[JSONString!]", arguments: ["samples: Int"]) { run, call in
                let rows = try await machineRows(of: run, call)
                return .list(
                    WandBHistory.thinned(rows, to: try call.arguments.int("samples")).map { .string(text($0)) }
                )
            }
            run.field("sampledHistory", "[JSON]", arguments: ["specs: [JSONString!]!"], sampledHistory)
            run.field("parquetHistory", "ParquetHistory", arguments: ["liveKeys: [String!]"]) { _, _ in
                // None is kept as Parquet, and so all of it is live: the client reads pages then.
                .record(["parquetUrls": [], "liveData": .list([.raw(Array(#"{"_step":0}"#.utf8))])])
            }
            run.connection("logLines", of: "LogLine", arguments: ["useImprovedPagination: Boolean"], logLines)
        }
    }

    private static func state(of run: WandBRun, _ call: Call) async throws -> StreamState {
        try await call.context.services.runStreams.state(of: run.run.id, as: run.project.principal)
    }

    private static func text(_ row: WandBHistory.Row) -> String { String(decoding: row.json, as: UTF8.self) }

    /// Rows as the text of a JSON list of texts.
    private static func list(_ rows: some Sequence<WandBHistory.Row>) -> String {
        var json = JSONWriter()
        json.beginArray()
        for row in rows { json.string(text(row)) }
        json.endArray()
        return json.text
    }

    private static func table(
        of run: WandBRun,
        _ call: Call,
        keys: [String]? = nil,
        steps: ClosedRange<Int64> = .min ... .max
    ) async throws -> WandBHistory {
        let table = try await call.context.services.runStreams.table(
            of: run.run.id,
            keys: keys,
            steps: steps,
            as: run.project.principal
        )
        return WandBHistory(table, nested: run.keys(.nestedKeys), machine: run.keys(.machineKeys))
    }

    /// Metrics that the program logged, not the machine.
    private static func logged(by run: WandBRun, _ call: Call) async throws -> [MetricSummary] {
        let fields = RunFields(params: [], metrics: nil, tags: [], inputs: false)
        let machine = run.keys(.machineKeys)
        return try await call.context.services.runs.run(run.run.id, fields: fields, as: run.project.principal).metrics
            .filter { !machine.contains($0.key) }
    }

    private static func tail(of run: WandBRun, _ call: Call) async throws -> String {
        let metrics = try await logged(by: run, call)
        guard let last = metrics.map(\.lastStep).max() else { return "[]" }
        let table = try await table(of: run, call, steps: last...last)
        return String(decoding: table.list(style: .insideText), as: UTF8.self)
    }

    private static func machineRows(of run: WandBRun, _ call: Call) async throws -> [WandBHistory.Row] {
        let keys = run.keys(.machineKeys)
        return keys.isEmpty ? [] : try await table(of: run, call, keys: keys.sorted()).machineRows()
    }

    /// `{"keys": {<key>: {"typeCounts": […], "monotonic", "previousValue"}}, "lastStep", "sets"}`.
    private static func keys(of run: WandBRun, _ call: Call) async throws -> [UInt8] {
        let metrics = try await logged(by: run, call)
        let objects = try await call.context.services.runStreams.objectKeys(of: run.run.id, as: run.project.principal)
        let steps = metrics.map(\.lastStep) + objects.map(\.lastStep)
        let lines = metrics.map(\.count).max() ?? 0
        var json = JSONWriter()
        json.beginObject()
        json.key("sets")
        json.beginArray()
        json.endArray()
        json.key("keys")
        json.beginObject()
        for metric in metrics where metric.key != "_step" {
            json.historyKey(metric.key, "number", metric.count) { $0.wandB(metric.last, .strict) }
        }
        for object in objects {
            let value = (try? JSONText.lenient(object.lastJSON)) ?? .null
            json.historyKey(object.key, type(of: value), object.count) { $0.value(value) }
        }
        if let last = steps.max() {
            json.historyKey("_step", "number", lines) { $0.integer(last) }
        }
        json.endObject()
        json.key("lastStep")
        json.integer(steps.max() ?? -1)
        json.endObject()
        return json.bytes
    }

    private static func type(of value: JSONValue) -> String {
        switch value {
        case .object:
            if case .string(let type)? = value["_type"] { type } else { "map" }
        case .string: "string"
        case .array: "list"
        case .bool: "boolean"
        case .null: "nil"
        case .integer, .number: "number"
        }
    }

    /// `minStep` is inside, `maxStep` is not.
    private static func history(_ run: WandBRun, _ call: Call) async throws -> GraphQLOutput {
        let least = try call.arguments.int("minStep").map { Int64($0) } ?? .min
        let end = try call.arguments.int("maxStep").map { Int64($0) }
        guard least < end ?? .max else { return [] }
        let table = try await table(of: run, call, steps: least...(end.map { $0 - 1 } ?? .max))
        return .raw(table.list(style: .insideText, most: try call.arguments.int("samples")))
    }

    /// One list for each of the specifications `{"keys", "samples", "minStep", "maxStep"}`, both steps inside.
    private static func sampledHistory(_ run: WandBRun, _ call: Call) async throws -> GraphQLOutput {
        var lists: [GraphQLOutput] = []
        for text in try call.arguments.requiredStrings("specs") {
            let spec = try JSONText.lenient(text)
            var keys: [String]?
            if case .array(let wanted)? = spec["keys"], !wanted.isEmpty {
                keys = wanted.compactMap { key in if case .string(let key) = key { key } else { nil } }
            }
            let least = integer(spec["minStep"]) ?? .min
            let samples = integer(spec["samples"]).map { Int(clamping: $0) } ?? 500
            var greatest = integer(spec["maxStep"]) ?? .max
            // Page by page, a client before 0.22 asks up to the step that its next page begins with.
            if least >= 0, greatest > least, greatest - least == Int64(samples) { greatest -= 1 }
            guard least <= greatest else {
                lists.append([])
                continue
            }
            let table = try await table(of: run, call, at: keys, steps: least...greatest)
            lists.append(.raw(table.list(keys: keys, style: .strict, most: samples)))
        }
        return .list(lists)
    }

    /// What rows of these keys need, and not much more.
    private static func table(
        of run: WandBRun,
        _ call: Call,
        at keys: [String]?,
        steps: ClosedRange<Int64>
    ) async throws -> WandBHistory {
        // Which steps there are, all that was logged says.
        guard let keys, Set(keys) != ["_step"] else { return try await table(of: run, call, steps: steps) }
        let read = keys + WandBHistory.roots(of: keys)
        let found = try await table(of: run, call, keys: read, steps: steps)
        // The name of an object says nothing of what it was taken apart into.
        let roots = keys.filter { found.mayBeTakenApart($0) }
        guard !roots.isEmpty else { return found }
        let objects = try await call.context.services.runStreams.objectKeys(of: run.run.id, as: run.project.principal)
        let all = try await logged(by: run, call).map(\.key) + objects.map(\.key)
        let members = all.filter { key in roots.contains { key.hasPrefix($0 + ".") } }
        return members.isEmpty ? found : try await table(of: run, call, keys: read + members, steps: steps)
    }

    private static func integer(_ value: JSONValue?) -> Int64? {
        switch value {
        case .integer(let value)?: value
        case .number(let value)?: Int64(exactly: value.rounded())
        default: nil
        }
    }

    private static func logLines(_ run: WandBRun, _ call: Call) async throws -> GraphQLConnection {
        let page = try call.arguments.page(defaultSize: 50, mostSize: 10_000)
        let total = try await state(of: run, call).consoleLines
        let start = page.isFromEnd ? max(0, total - Int64(page.size)) : Int64(try page.offset())
        let lines = try await call.context.services.runStreams.console(
            of: run.run.id,
            from: start,
            limit: page.size,
            as: run.project.principal
        )
        let edges = lines.map { line in
            GraphQLEdge(
                node: .record([
                    "number": .int(line.number),
                    "timestamp": .value(line.time.map { WandBTime.text(microseconds: $0) }),
                    "level": line.isError ? "error" : .null,
                    "label": line.label.isEmpty ? .null : .string(line.label),
                    "line": .string(line.text),
                ]),
                cursor: String(line.number + 1)
            )
        }
        let end = lines.last.map { $0.number + 1 } ?? start
        return GraphQLConnection(
            edges: edges,
            hasNextPage: end < total,
            hasPreviousPage: start > 0,
            totalCount: Int(total)
        )
    }
}

extension JSONWriter {
    fileprivate mutating func historyKey(
        _ name: String,
        _ type: String,
        _ count: Int64,
        _ last: (inout JSONWriter) -> Void
    ) {
        key(name)
        beginObject()
        key("typeCounts")
        beginArray()
        beginObject()
        field("type", type)
        field("count", count)
        endObject()
        endArray()
        field("monotonic", name.hasPrefix("_"))
        key("previousValue")
        last(&self)
        endObject()
    }
}
