import HTTPTypes
import Hummingbird
import MartletCore
import NIOCore

/// `GET /api/v1/runs/{id}/history`: every point of a series, streamed page by page; memory stays flat.
struct HistoryRoutes: NativeRoutes {
    let services: Services
    private static let pageSize = 20_000

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/runs/{id}/history", use: history)
    }

    private func history(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let key = try query.required("key")
        let format = try query.choice("format", of: ExportFormat.self) ?? .json
        let source = HistorySource(services: services, run: try runID(context), key: key, principal: context.principal)
        // The first page is read before the head is sent, so that an unknown run is still an error.
        let first = try await source.page(after: nil, limit: Self.pageSize)
        let body: ResponseBody
        switch format {
        case .csv:
            body = ResponseBody { writer in
                try await writer.write(ByteBuffer(string: "step,time,value\n"))
                try await source.forEachPage(first: first) { page in
                    try await writer.write(ByteBuffer(bytes: Self.csv(page)))
                }
                try await writer.finish(nil)
            }
        case .json:
            body = ResponseBody { writer in try await Self.writeJSON(source, first: first, to: &writer) }
        }
        return Response(
            status: .ok,
            headers: format.headers(fileName: "\(key)-\(source.run.rawValue.prefix(8))"),
            body: body
        )
    }

    private static func csv(_ page: PointColumns) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(page.count * 40)
        for index in 0..<page.count {
            text.append(contentsOf: "\(page.steps[index]),\(page.times[index]),".utf8)
            text.append(contentsOf: CSV.number(page.values[index]).utf8)
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }

    /// Columns one after another, each read anew rather than held in memory.
    private static func writeJSON(
        _ source: HistorySource,
        first: PointColumns,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var counts: [Int] = []
        for (column, opening) in ["{\"steps\":[", "],\"times\":[", "],\"values\":["].enumerated() {
            try await writer.write(ByteBuffer(string: opening))
            var count = 0
            var page: PointColumns? = first
            var isFirst = true
            while let current = page {
                // Later columns end where the first did, however many points have come since.
                let wanted = min(current.count, (counts.first ?? .max) - count)
                try await writer.write(ByteBuffer(bytes: json(current, wanted, column: column, isFirst: isFirst)))
                count += wanted
                isFirst = false
                page = count == counts.first ? nil : try await source.page(following: current, limit: pageSize)
            }
            counts.append(count)
            guard count == counts[0] else {
                throw MartletError(.conflict, "the series changed while it was read; ask again")
            }
        }
        try await writer.write(ByteBuffer(string: "]}"))
        try await writer.finish(nil)
    }

    private static func json(_ page: PointColumns, _ count: Int, column: Int, isFirst: Bool) -> ArraySlice<UInt8> {
        guard count > 0 else { return [] }
        var json = JSONWriter(reserving: count * 12 + 2)
        json.beginArray()
        for index in 0..<count {
            switch column {
            case 0: json.integer(page.steps[index])
            case 1: json.integer(page.times[index])
            default: json.double(page.values[index])
            }
        }
        // The bracket that opened the page's array makes room for the comma between pages.
        var bytes = json.bytes
        bytes[0] = UInt8(ascii: ",")
        return isFirst ? bytes[1...] : bytes[...]
    }
}

/// Pages of one series.
struct HistorySource: Sendable {
    let services: Services
    let run: Run.ID
    let key: String
    let principal: Principal

    func page(after cursor: HistoryCursor?, limit: Int) async throws(MartletError) -> PointColumns {
        try await services.runs.history(of: run, key: key, after: cursor, limit: limit, as: principal)
    }

    /// The page behind `page`; `nil` when it was the last.
    func page(following page: PointColumns, limit: Int) async throws(MartletError) -> PointColumns? {
        guard let step = page.steps.last, let time = page.times.last, let value = page.values.last,
            page.count >= limit
        else { return nil }
        return try await self.page(
            after: HistoryCursor(time: time, step: step, valueKey: PointOrder.sortKey(of: value)),
            limit: limit
        )
    }

    func forEachPage(first: PointColumns, _ body: (PointColumns) async throws -> Void) async throws {
        var page: PointColumns? = first
        let limit = 20_000
        while let current = page {
            try await body(current)
            page = try await self.page(following: current, limit: limit)
        }
    }
}
