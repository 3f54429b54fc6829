import Hummingbird
import MartletCore

/// `/api/v1/experiments` and `/api/v1/storage`.
struct ExperimentRoutes: NativeRoutes {
    let services: Services
    let largestBody: Int

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/storage", use: storage)
        router.put("/api/v1/storage/quota") { request, context in
            try await setQuota(of: .installation, request, context)
        }
        router.put("/api/v1/experiments/{id}/quota") { request, context in
            try await setQuota(of: .experiment(experimentID(context)), request, context)
        }
        router.get("/api/v1/experiments", use: list)
        router.post("/api/v1/experiments", use: create)
        router.get("/api/v1/experiments/{id}", use: read)
        router.patch("/api/v1/experiments/{id}", use: update)
        router.delete("/api/v1/experiments/{id}") { request, context in
            try await services.experiments.move(experimentID(context), to: .deleted, as: context.principal)
            return noContent
        }
        router.post("/api/v1/experiments/{id}/restore") { request, context in
            try await services.experiments.move(experimentID(context), to: .active, as: context.principal)
            return noContent
        }
    }

    private func storage(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let usage = try await services.experiments.storageUsage(as: context.principal)
        var json = JSONWriter(reserving: 200 * usage.experiments.count + 64)
        json.beginObject()
        json.key("experiments")
        json.beginArray()
        for experiment in usage.experiments {
            json.beginObject()
            json.field("id", experiment.id.description)
            json.field("name", experiment.name)
            json.field("deleted", experiment.deleted)
            json.field("runs", experiment.runs)
            json.field("deletedRuns", experiment.deletedRuns)
            json.field("points", experiment.points)
            json.field("metricBytes", experiment.metricBytes)
            json.field("artifacts", experiment.artifacts)
            json.field("artifactBytes", experiment.artifactBytes)
            if let quota = experiment.quotaBytes { json.field("quotaBytes", quota) }
            json.endObject()
        }
        json.endArray()
        json.field("blobs", usage.blobs)
        json.field("blobBytes", usage.blobBytes)
        json.field("usedBytes", usage.usedBytes)
        if let quota = usage.quotaBytes { json.field("quotaBytes", quota) }
        json.endObject()
        return answer(json, to: request, context)
    }

    private func setQuota(
        of scope: StorageScope,
        _ request: Request,
        _ context: MartletRequestContext
    ) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        try await services.experiments.setQuota(fields.integer("bytes"), of: scope, as: context.principal)
        return noContent
    }

    private func list(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let listing = try await WorkspaceListing(for: context.principal, services)
        let page = try await services.experiments.search(
            SearchExperiments(
                filter: try SearchText.filter(
                    query.first("filter"),
                    of: .experiments,
                    now: services.environment.now()
                ),
                order: try SearchText.order(query.all("orderBy"), of: .experiments),
                view: try query.choice("view", of: LifecycleView.self) ?? .active,
                limit: try query.number("limit", in: 1...1_000) ?? 100,
                offset: try query.number("offset", in: 0...1_000_000_000) ?? 0
            ),
            as: listing.principal
        )
        let statistics = try await services.experiments.statistics(of: page.items, as: listing.principal)
        var json = JSONWriter(reserving: 512 * page.items.count + 64)
        json.beginObject()
        listing.write(to: &json)
        json.key("experiments")
        json.beginArray()
        for (experiment, statistics) in zip(page.items, statistics) {
            json.experiment(experiment, statistics: statistics)
        }
        json.endArray()
        json.field("hasMore", page.hasMore)
        json.endObject()
        return answer(json, to: request, context)
    }

    private func create(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        let tags = try fields.tags("tags")
        let experiment = try await services.experiments.create(
            CreateExperiment(
                name: try fields.requiredString("name"),
                artifactLocation: try fields.string("artifactLocation"),
                purpose: try fields.string("purpose") ?? "",
                goal: try goal(fields),
                tags: Dictionary(tags.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
            ),
            as: context.principal
        )
        var json = JSONWriter()
        json.experiment(experiment, statistics: nil)
        return answer(json, to: request, context, status: .created)
    }

    private func read(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let experiment = try await services.experiments.experiment(experimentID(context), as: context.principal)
        return try await answer(experiment, to: request, context)
    }

    private func update(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try experimentID(context)
        let fields = try await body(request, upTo: largestBody)
        var changes = ExperimentChanges(
            name: try fields.string("name"),
            purpose: try fields.string("purpose"),
            tags: try fields.tags("tags")
        )
        if fields.has("goal") { changes.goal = .some(try goal(fields)) }
        let experiment = try await services.experiments.update(id, changes, as: context.principal)
        return try await answer(experiment, to: request, context)
    }

    private func answer(
        _ experiment: Experiment,
        to request: Request,
        _ context: MartletRequestContext
    ) async throws -> Response {
        let statistics = try await services.experiments.statistics(of: [experiment], as: context.principal)
        var json = JSONWriter(reserving: 1_024)
        json.experiment(experiment, statistics: statistics.first)
        return answer(json, to: request, context)
    }

    private func goal(_ fields: JSONFields) throws(MartletError) -> Goal? {
        guard let goal = try fields.object("goal") else { return nil }
        let direction = try goal.requiredString("direction")
        guard let direction = Goal.Direction(rawValue: direction) else {
            throw goal.wrong("direction", "minimize or maximize")
        }
        return Goal(metric: try goal.requiredString("metric"), direction: direction, isInferred: false)
    }
}
