import Hummingbird
import MartletCore

/// What runs printed and logged beside metrics: `/api/v1/runs/<id>/console`, `/objects` and `/documents`.
struct RunStreamRoutes: NativeRoutes {
    private static let mostLines = 10_000
    private static let mostObjects = 1_000

    let services: Services

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/runs/{id}/console", use: console)
        router.get("/api/v1/runs/{id}/objects", use: keys)
        router.get("/api/v1/runs/{id}/objects/values", use: values)
        router.get("/api/v1/runs/{id}/documents", use: documents)
        router.get("/api/v1/find", use: find)
    }

    /// `?workspace=…&experiment=…&run=…`: the ids of what other clients call by names. A run may be left out.
    private func find(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        guard let name = query.first("experiment") else {
            throw MartletError(.invalidArgument, "name an experiment: ?workspace=…&experiment=…&run=…")
        }
        guard let experiment = try await services.experiments.experiment(named: name, as: context.principal) else {
            throw MartletError(.notFound, "there is no experiment '\(name.prefix(100))' in the workspace")
        }
        var json = JSONWriter()
        json.beginObject()
        json.field("experimentID", experiment.id.description)
        if let run = query.first("run") {
            let id = try await services.runStreams.run(foreignID: run, in: experiment.id, as: context.principal)
            guard let id else {
                throw MartletError(
                    .notFound,
                    "there is no run '\(run.prefix(100))' in experiment '\(name.prefix(100))'"
                )
            }
            json.field("runID", id.rawValue)
        }
        json.endObject()
        return answer(json, to: request, context)
    }

    /// `?from=0&limit=1000`: lines by number, and how many there are.
    private func console(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let id = try runID(context)
        let limit = try query.number("limit", in: 1...Self.mostLines) ?? 1_000
        let from = try query.number("from", in: 0...Int.max) ?? 0
        let state = try await services.runStreams.state(of: id, as: context.principal)
        let lines = try await services.runStreams.console(
            of: id,
            from: Int64(from),
            limit: limit,
            as: context.principal
        )
        var json = JSONWriter(reserving: 128 * lines.count + 64)
        json.beginObject()
        json.field("total", state.consoleLines)
        json.key("lines")
        json.beginArray()
        for line in lines {
            json.beginObject()
            json.field("number", line.number)
            json.optional("at", line.time.map { $0 / 1_000 })
            json.field("isError", line.isError)
            if !line.label.isEmpty { json.field("label", line.label) }
            json.field("text", line.text)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return answer(json, to: request, context)
    }

    /// Which objects the run logged: images, tables, texts.
    private func keys(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let keys = try await services.runStreams.objectKeys(of: runID(context), as: context.principal)
        var json = JSONWriter(reserving: 256 * keys.count + 32)
        json.list("objects", keys) { json, key in
            json.beginObject()
            json.field("key", key.key)
            json.field("count", key.count)
            json.field("lastStep", key.lastStep)
            json.key("last")
            json.object(key.lastJSON)
            json.endObject()
        }
        return answer(json, to: request, context)
    }

    /// `?key=…&from=0&limit=100`: the objects of one key, by step.
    private func values(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        guard let key = query.first("key"), !key.isEmpty else {
            throw MartletError(.invalidArgument, "name the objects: ?key=…")
        }
        let limit = try query.number("limit", in: 1...Self.mostObjects) ?? 100
        let from = Int64(try query.number("from", in: 0...Int.max) ?? 0)
        let table = try await services.runStreams.table(
            of: runID(context),
            keys: [key],
            steps: from ... .max,
            as: context.principal
        )
        var json = JSONWriter()
        json.beginObject()
        json.field("hasMore", table.objects.count > limit)
        json.key("values")
        json.beginArray()
        for object in table.objects.prefix(limit) {
            json.beginObject()
            json.field("step", object.step)
            json.field("time", object.time)
            json.key("value")
            json.object(object.json)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return answer(json, to: request, context)
    }

    /// `{"config": …, "summary": …}`, as the client keeps them; what it does not keep is left out.
    private func documents(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try runID(context)
        _ = try await services.runStreams.state(of: id, as: context.principal)
        let documents = try await services.runStreams.documents([.config, .summary], of: [id], as: context.principal)
        var json = JSONWriter()
        json.beginObject()
        for (kind, text) in (documents[id] ?? [:]).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            json.key(kind.rawValue)
            json.object(text)
        }
        json.endObject()
        return answer(json, to: request, context)
    }
}

extension JSONWriter {
    /// A JSON text that a client sent. NaN and infinities, which may stand bare in it, become strings.
    fileprivate mutating func object(_ text: String) {
        let bytes = Array(text.utf8)
        guard (try? JSONParser.parse(bytes)) == nil else { return json(bytes) }
        if let value = try? JSONParser.parse(bytes, takesBareNaN: true) { self.value(value) } else { null() }
    }
}
