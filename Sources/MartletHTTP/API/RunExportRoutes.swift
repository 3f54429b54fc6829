import HTTPTypes
import Hummingbird
import MartletCore
import NIOCore

/// `POST /api/v1/runs/export`: all runs that match as a download, streamed page by page.
struct RunExportRoutes: NativeRoutes {
    let services: Services
    let largestBody: Int
    private static let pageSize = 500

    func add(to router: Router<MartletRequestContext>) {
        router.post("/api/v1/runs/export", use: export)
    }

    private func export(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        let now = services.environment.now()
        var query = try RunQuery.request(
            fields,
            experiments: experimentIDs(fields),
            now: now,
            by: context.principal
        )
        query.limit = Self.pageSize
        query.offset = 0
        query.wantsTotal = false
        let format = try fields.choice("format", of: ExportFormat.self) ?? .csv
        var columns = RunColumns(total: 0, params: [], tags: [], metrics: [], summary: [])
        if format == .csv {
            columns = try await services.runs.columns(of: query, limit: 10_000, as: context.principal)
            // By name, so that runs that only logged a value have it as well.
            query.fields.summary = query.fields.summary ?? columns.summary.map(\.key).sorted()
        }
        let first = try await services.runs.search(query, as: context.principal)
        let pages = RunPages(services: services, query: query, first: first, principal: context.principal)
        let body: ResponseBody
        switch format {
        case .csv:
            let table = RunTable(columns: columns, fields: query.fields)
            body = ResponseBody { writer in
                try await writer.write(ByteBuffer(string: table.header))
                try await pages.forEach { page in
                    var text = ""
                    for run in page { text += table.line(run) }
                    try await writer.write(ByteBuffer(string: text))
                }
                try await writer.finish(nil)
            }
        case .json:
            body = ResponseBody { writer in
                try await writer.write(ByteBuffer(string: "{\"runs\":["))
                var isFirst = true
                try await pages.forEach { page in
                    for run in page {
                        var json = JSONWriter(reserving: 2_048)
                        json.run(run, now: now)
                        if !isFirst { try await writer.write(ByteBuffer(string: ",")) }
                        isFirst = false
                        try await writer.write(ByteBuffer(bytes: json.bytes))
                    }
                }
                try await writer.write(ByteBuffer(string: "]}"))
                try await writer.finish(nil)
            }
        }
        return Response(status: .ok, headers: format.headers(fileName: "runs"), body: body)
    }
}

/// The runs of a search, page after page.
private struct RunPages: Sendable {
    let services: Services
    let query: SearchRuns
    let first: Page<Run>
    let principal: Principal

    func forEach(_ body: ([Run]) async throws -> Void) async throws {
        var query = query
        var page = first
        while true {
            try await body(page.items)
            guard page.hasMore else { return }
            query.offset += page.items.count
            page = try await services.runs.search(query, as: principal)
        }
    }
}

/// Runs as lines of comma-separated values: own fields, then a column for each parameter, metric, tag and summary.
struct RunTable: Sendable {
    private let params: [String]
    private let metrics: [String]
    private let tags: [String]
    private let summary: [String]

    init(columns: RunColumns, fields: RunFields) {
        params = fields.params ?? columns.params.map(\.key).sorted()
        metrics = fields.metrics ?? columns.metrics.map(\.key).sorted()
        tags = fields.tags ?? columns.tags.map(\.key).sorted()
        summary = fields.summary ?? columns.summary.map(\.key).sorted()
    }

    var header: String {
        let own = [
            "id", "experiment", "name", "status", "user", "startedAt", "endedAt", "purpose", "hypothesis", "notes",
            "conclusion",
        ]
        let names =
            own + params.map { "params.\($0)" } + metrics.map { "metrics.\($0)" } + tags.map { "tags.\($0)" }
            + summary.map { "summary.\($0)" }
        return names.map(CSV.field).joined(separator: ",") + "\n"
    }

    func line(_ run: Run) -> String {
        var cells = [
            run.id.rawValue, run.experimentID.description, run.name, run.status.rawValue, run.user,
            run.startedAt.map { String($0) } ?? "", run.endedAt.map { String($0) } ?? "",
            run.purpose, run.hypothesis, run.notes, run.conclusion,
        ]
        let ownParams = Dictionary(run.params.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        let ownMetrics = Dictionary(run.metrics.map { ($0.key, $0.last) }, uniquingKeysWith: { _, last in last })
        let ownTags = Dictionary(run.tags.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        cells += params.map { ownParams[$0] ?? "" }
        cells += metrics.map { ownMetrics[$0].map(CSV.number) ?? "" }
        cells += tags.map { ownTags[$0] ?? "" }
        let ownSummary = Dictionary(run.summary.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        cells += summary.map { key in
            switch ownSummary[key] {
            case .number(let number): CSV.number(number)
            case .text(let text): text
            case nil: ""
            }
        }
        return cells.map(CSV.field).joined(separator: ",") + "\n"
    }
}
