import Hummingbird
import MartletCore

/// One run: `/api/v1/runs` and `/api/v1/runs/{id}`.
struct RunRoutes: NativeRoutes {
    let services: Services
    let largestBody: Int

    func add(to router: Router<MartletRequestContext>) {
        router.post("/api/v1/runs", use: create)
        router.post("/api/v1/runs/bulk", use: bulk)
        router.get("/api/v1/runs/{id}", use: read)
        router.get("/api/v1/runs/{id}/metrics", use: metrics)
        router.patch("/api/v1/runs/{id}", use: update)
        router.delete("/api/v1/runs/{id}") { _, context in
            try await services.runs.move([runID(context)], to: .deleted, as: context.principal)
            return noContent
        }
        router.post("/api/v1/runs/{id}/restore") { _, context in
            try await services.runs.move([runID(context)], to: .active, as: context.principal)
            return noContent
        }
        router.post("/api/v1/runs/{id}/log", use: log)
        router.post("/api/v1/runs/{id}/heartbeat") { _, context in
            try await services.runs.heartbeat(runID(context), as: context.principal)
            return noContent
        }
        router.post("/api/v1/runs/{id}/tags", use: tags)
        router.post("/api/v1/runs/{id}/truncate", use: truncate)
    }

    private func create(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        let experiment = try fields.requiredString("experimentID")
        guard let experiment = Experiment.ID(experiment) else {
            throw fields.wrong("experimentID", "a decimal number as a string")
        }
        let run = try await services.runs.create(
            CreateRun(
                experimentID: experiment,
                name: try fields.string("name"),
                user: try fields.string("user") ?? "",
                startedAt: try fields.integer("startedAt") ?? services.environment.now(),
                purpose: try fields.string("purpose") ?? "",
                hypothesis: try fields.string("hypothesis") ?? "",
                notes: try fields.string("notes") ?? "",
                tags: try fields.tags("tags")
            ),
            as: context.principal
        )
        var json = JSONWriter(reserving: 1_024)
        json.run(run, now: services.environment.now())
        return answer(json, to: request, context, status: .created)
    }

    /// `?metrics=500` for the first of very many, by name.
    private func read(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try runID(context)
        guard let most = try request.queryItems.number("metrics", in: 0...1_000_000) else {
            let run = try await services.runs.run(id, fields: .all, as: context.principal)
            return answer(run, to: request, context)
        }
        var fields = RunFields.all
        fields.metrics = []
        var run = try await services.runs.run(id, fields: fields, as: context.principal)
        let keys = try await services.runs.metricKeys(of: id, matching: nil, as: context.principal)
        run.metrics = try await services.runs.summaries(of: id, keys: Array(keys.prefix(most)), as: context.principal)
        var json = JSONWriter(reserving: 1_024 + 192 * run.metrics.count)
        let name = try await services.runStreams.foreignIDs(of: [id], as: context.principal)[id]
        json.run(
            run,
            now: services.environment.now(),
            metricCount: keys.count,
            foreignID: name == id.rawValue ? nil : name
        )
        return answer(json, to: request, context)
    }

    /// `?match=loss|acc&limit=1000&offset=0`, by name; with `form=keys` only the names.
    private func metrics(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try runID(context)
        let query = try request.queryItems
        let areKeys: Bool
        switch query.first("form") {
        case nil, "summaries": areKeys = false
        case "keys": areKeys = true
        case .some: throw MartletError(.invalidArgument, "form is summaries or keys")
        }
        let limit = try query.number("limit", in: 1...1_000_000) ?? 1_000
        let offset = try query.number("offset", in: 0...1_000_000_000) ?? 0
        let keys = try await services.runs.metricKeys(of: id, matching: query.first("match"), as: context.principal)
        let some = Array(keys.dropFirst(offset).prefix(limit))
        let hasMore = offset + some.count < keys.count
        var json = JSONWriter(reserving: (areKeys ? 32 : 192) * some.count + 64)
        if areKeys {
            json.page("keys", Page(items: some, hasMore: hasMore, total: keys.count)) { $0.string($1) }
        } else {
            let found = try await services.runs.summaries(of: id, keys: some, as: context.principal)
            json.page("metrics", Page(items: found, hasMore: hasMore, total: keys.count)) { $0.summary($1) }
        }
        return answer(json, to: request, context)
    }

    private func update(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try runID(context)
        let fields = try await body(request, upTo: largestBody)
        let changes = RunChanges(
            name: try fields.string("name"),
            status: try fields.choice("status", of: RunStatus.self),
            endedAt: try fields.integer("endedAt"),
            user: try fields.string("user"),
            purpose: try fields.string("purpose"),
            hypothesis: try fields.string("hypothesis"),
            notes: try fields.string("notes"),
            conclusion: try fields.string("conclusion")
        )
        _ = try await services.runs.update(id, changes, as: context.principal)
        let run = try await services.runs.run(id, fields: .all, as: context.principal)
        return answer(run, to: request, context)
    }

    private func log(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try runID(context)
        let fields = try await body(request, upTo: largestBody)
        let now = services.environment.now()
        var batch = LogBatch(
            params: (try fields.texts("params") ?? []).map { Param(key: $0.key, value: $0.value) },
            tags: try fields.tags("tags")
        )
        for point in try fields.objects("metrics") ?? [] {
            guard let value = try point.number("value") else { throw point.missing("value") }
            batch.append(
                key: try point.requiredString("key"),
                step: try point.integer("step") ?? 0,
                time: try point.integer("time") ?? now,
                value: value
            )
        }
        try await services.runs.log(batch, to: id, as: context.principal)
        return noContent
    }

    private func truncate(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try runID(context)
        let fields = try await body(request, upTo: largestBody)
        guard let step = try fields.integer("fromStep") else { throw fields.missing("fromStep") }
        let removed = try await services.runs.truncateMetrics(of: id, from: step, as: context.principal)
        var json = JSONWriter()
        json.beginObject()
        json.field("removed", Int64(removed))
        json.endObject()
        return answer(json, to: request, context)
    }

    private func tags(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try runID(context)
        let fields = try await body(request, upTo: largestBody)
        try await services.runs.tag(
            [id],
            set: try fields.tags("set"),
            delete: try fields.strings("delete") ?? [],
            as: context.principal
        )
        return noContent
    }

    private func bulk(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        guard let ids = try fields.strings("ids") else { throw fields.missing("ids") }
        guard ids.count <= 10_000 else { throw fields.wrong("ids", "at most 10000 ids") }
        let runs = try runIDs(ids)
        let tags = try fields.tags("set")
        let keys = try fields.strings("delete") ?? []
        let action = try fields.requiredString("action")
        guard ["delete", "restore", "tag"].contains(action) else {
            throw fields.wrong("action", "one of delete, restore, tag")
        }
        switch action {
        case "delete": try await services.runs.move(runs, to: .deleted, as: context.principal)
        case "restore": try await services.runs.move(runs, to: .active, as: context.principal)
        default: try await services.runs.tag(runs, set: tags, delete: keys, as: context.principal)
        }
        var json = JSONWriter()
        json.beginObject()
        json.field("changed", Int64(runs.count))
        json.endObject()
        return answer(json, to: request, context)
    }

    private func answer(_ run: Run, to request: Request, _ context: MartletRequestContext) -> Response {
        var json = JSONWriter(reserving: 4_096)
        json.run(run, now: services.environment.now())
        return answer(json, to: request, context)
    }
}
