import Hummingbird
import MartletCore

/// `/api/v1/sweeps`.
struct SweepRoutes: NativeRoutes {
    private static let mostRuns = 10_000

    let services: Services
    let largestBody: Int

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/sweeps", use: list)
        router.post("/api/v1/sweeps", use: create)
        router.get("/api/v1/sweeps/{id}", use: read)
        router.patch("/api/v1/sweeps/{id}", use: update)
        router.get("/api/v1/sweeps/{id}/runs", use: runs)
        router.get("/api/v1/sweeps/{id}/importance", use: importance)
    }

    /// `?experiment=…`: newest first.
    private func list(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let text = try query.required("experiment")
        guard let experiment = Experiment.ID(text) else {
            throw MartletError(.invalidArgument, "'experiment' must be a decimal number")
        }
        let page = try await services.sweeps.search(
            SearchSweeps(
                experiments: [experiment],
                limit: try query.number("limit", in: 1...1_000) ?? 100,
                offset: try query.number("offset", in: 0...1_000_000_000) ?? 0
            ),
            as: context.principal
        )
        var json = JSONWriter(reserving: 1_024 * page.items.count + 64)
        json.beginObject()
        json.key("sweeps")
        json.beginArray()
        for sweep in page.items {
            json.beginObject()
            json.fields(of: sweep, try services.sweeps.plan(of: sweep).outline)
            json.endObject()
        }
        json.endArray()
        json.field("total", Int64(page.total ?? 0))
        json.field("hasMore", page.hasMore)
        json.endObject()
        return answer(json, to: request, context)
    }

    private func create(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        guard let experiment = Experiment.ID(try fields.requiredString("experimentID")) else {
            throw fields.wrong("experimentID", "a decimal number as a string")
        }
        guard let configuration = try configuration(fields) else { throw fields.missing("configuration") }
        let sweep = try await services.sweeps.create(
            CreateSweep(
                experimentID: experiment,
                displayName: try fields.string("displayName") ?? "",
                description: try fields.string("description") ?? "",
                configuration: configuration
            ),
            as: context.principal
        )
        return try await answer(sweep, to: request, context, status: .created)
    }

    private func read(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let sweep = try await services.sweeps.sweep(sweepID(context), as: context.principal)
        return try await answer(sweep, to: request, context, status: .ok)
    }

    private func update(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try sweepID(context)
        let fields = try await body(request, upTo: largestBody)
        let changes = SweepChanges(
            state: try fields.choice("state", of: Sweep.State.self),
            displayName: try fields.string("displayName"),
            description: try fields.string("description"),
            configuration: try configuration(fields)
        )
        let sweep = try await services.sweeps.update(id, changes, as: context.principal)
        return try await answer(sweep, to: request, context, status: .ok)
    }

    /// In the order in which they were chosen.
    private func runs(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let query = try request.queryItems
        let limit = try query.number("limit", in: 1...Self.mostRuns) ?? 1_000
        let offset = try query.number("offset", in: 0...1_000_000_000) ?? 0
        let sweep = try await services.sweeps.sweep(sweepID(context), as: context.principal)
        let minimizes = try services.sweeps.plan(of: sweep).outline.minimizes
        let trials = try await services.sweeps.trials(of: sweep, as: context.principal)
        let page = trials.dropFirst(offset).prefix(limit)
        var json = JSONWriter(reserving: 256 * page.count + 64)
        json.beginObject()
        json.key("runs")
        json.beginArray()
        for trial in page { json.trial(trial, minimizes: minimizes) }
        json.endArray()
        json.field("total", Int64(trials.count))
        json.endObject()
        return answer(json, to: request, context)
    }

    private func importance(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let importance = try await services.sweeps.importance(of: sweepID(context), as: context.principal)
        var json = JSONWriter()
        json.beginObject()
        json.key("parameters")
        json.beginArray()
        for parameter in importance.parameters {
            json.beginObject()
            json.field("name", parameter.name)
            json.key("importance")
            json.double(parameter.importance)
            json.optional("correlation", parameter.correlation)
            json.optional("rankCorrelation", parameter.rankCorrelation)
            json.endObject()
        }
        json.endArray()
        json.optional("explained", importance.explained)
        json.field("runs", Int64(importance.runs))
        json.endObject()
        return answer(json, to: request, context)
    }

    // MARK: parts

    /// - Throws: `notFound` for what cannot be a sweep's id.
    private func sweepID(_ context: MartletRequestContext) throws(MartletError) -> Sweep.ID {
        let text = try decodedParameter("id", context)
        guard isRunID(text) else {
            throw MartletError(.notFound, "sweep '\(text.prefix(64))' does not exist: an id has 32 hexadecimal digits")
        }
        return Sweep.ID(text)
    }

    /// A text of YAML or JSON, or the object itself.
    private func configuration(_ fields: JSONFields) throws(MartletError) -> String? {
        switch fields.object["configuration"] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        case .object?:
            var json = JSONWriter()
            json.value(fields.object["configuration"] ?? .null)
            return String(decoding: json.bytes, as: UTF8.self)
        default: throw fields.wrong("configuration", "an object, or a text of YAML or JSON")
        }
    }

    private func answer(
        _ sweep: Sweep,
        to request: Request,
        _ context: MartletRequestContext,
        status: HTTPResponse.Status
    ) async throws -> Response {
        let plan = try services.sweeps.plan(of: sweep)
        let trials = try await services.sweeps.trials(of: sweep, as: context.principal)
        let agents = try await services.sweeps.agents(of: sweep, as: context.principal)
        var json = JSONWriter(reserving: 2_048)
        json.beginObject()
        json.fields(of: sweep, plan.outline)
        json.key("counts")
        json.beginObject()
        for state in SweepTrial.State.allCases {
            json.key(state.rawValue)
            json.integer(Int64(trials.count { $0.state == state }))
        }
        json.endObject()
        if let best = plan.best(of: trials) {
            json.key("best")
            json.beginObject()
            json.field("runID", best.trial.run.rawValue)
            json.key("value")
            json.double(best.value)
            json.endObject()
        }
        json.key("agents")
        json.beginArray()
        for agent in agents { json.agent(agent) }
        json.endArray()
        json.endObject()
        return answer(json, to: request, context, status: status)
    }
}

extension JSONWriter {
    fileprivate mutating func fields(of sweep: Sweep, _ outline: SweepOutline) {
        field("id", sweep.id.rawValue)
        field("experimentID", sweep.experimentID.description)
        field("name", sweep.name)
        field("displayName", sweep.displayName)
        field("description", sweep.description)
        field("state", sweep.state.rawValue)
        field("method", outline.method)
        if let metric = outline.metric {
            key("metric")
            beginObject()
            field("name", metric)
            field("direction", outline.minimizes ? "minimize" : "maximize")
            endObject()
        }
        field("configuration", sweep.configuration)
        key("warnings")
        beginArray()
        for warning in outline.warnings { string(warning) }
        endArray()
        field("runCount", sweep.runCount)
        optional("expectedRunCount", outline.expectedRuns.map { Int64($0) })
        field("isExhausted", sweep.isExhausted)
        field("user", sweep.user)
        field("createdAt", sweep.createdAt)
        field("updatedAt", sweep.updatedAt)
    }

    fileprivate mutating func agent(_ agent: SweepAgent) {
        beginObject()
        field("id", agent.id.rawValue)
        field("host", agent.host)
        field("user", agent.user)
        field("state", agent.state.rawValue)
        field("runCount", agent.runCount)
        field("createdAt", agent.createdAt)
        field("heartbeatAt", agent.heartbeatAt)
        endObject()
    }

    fileprivate mutating func trial(_ trial: SweepTrial, minimizes: Bool) {
        beginObject()
        field("runID", trial.run.rawValue)
        field("name", trial.name)
        field("number", trial.number)
        field("state", trial.state.rawValue)
        field("isStopped", trial.isStopped)
        optional("agent", trial.agent?.rawValue)
        key("parameters")
        json(trial.parameters.utf8)
        if let metric = trial.metric {
            key("value")
            double(metric.last)
            optional("best", minimizes ? metric.min : metric.max)
        }
        field("createdAt", trial.createdAt)
        endObject()
    }
}
