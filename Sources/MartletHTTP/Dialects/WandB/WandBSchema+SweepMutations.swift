import MartletCore
import MartletGraphQL

extension WandBSchema {
    static func addSweepMutations(to schema: inout Builder) {
        schema.mutation { mutation in
            mutation.mutation(
                "upsertSweep",
                input: [
                    "id: ID", "config: String", "description: String", "entityName: String", "projectName: String",
                    "controller: JSONString", "launchScheduler: JSONString", "templateVariableValues: JSONString",
                    "scheduler: JSONString", "state: String", "priorRunsFilters: JSONString", "displayName: String",
                ],
                payload: ["sweep": "Sweep", "configValidationWarnings": "[String!]", "inserted": "Boolean"],
                upsertSweep
            )
            mutation.mutation(
                "createAgent",
                input: ["host: String!", "projectName: String", "entityName: String", "sweep: String!"],
                payload: ["agent": "Agent"]
            ) { call, input in
                let name = try input.requiredString("sweep")
                let sweep = try await call.context.sweep(name, input)
                let agent = try await call.context.services.sweeps.register(
                    host: try input.requiredString("host"),
                    on: sweep.sweep.id,
                    as: sweep.project.principal
                )
                return .record(["agent": .object(WandBAgent(agent: agent, sweep: sweep))])
            }
            mutation.mutation(
                "agentHeartbeat",
                input: ["id: ID!", "metrics: JSONString", "runState: JSONString"],
                payload: ["agent": "Agent", "commands": "JSONString"],
                heartbeat
            )
        }
    }

    // MARK: sweeps

    private static func upsertSweep(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let context = call.context
        let known = try await context.knownSweep(input)
        let made: WandBSweep
        if let known {
            let changes = SweepChanges(
                state: try WandBSweep.state(of: try input.string("state") ?? ""),
                displayName: try input.string("displayName"),
                description: try input.string("description"),
                configuration: try input.string("config"),
                controller: try input.string("controller"),
                scheduler: try input.string("scheduler")
            )
            let sweep = try await context.services.sweeps.update(
                known.sweep.id,
                changes,
                as: known.project.principal
            )
            made = try context.sweep(sweep, of: known.project)
        } else {
            made = try await newSweep(context, input)
        }
        return .record([
            "sweep": .object(made),
            "configValidationWarnings": .list(made.plan.outline.warnings.map { .string($0) }),
            "inserted": .bool(known == nil),
        ])
    }

    private static func newSweep(_ context: WandBContext, _ input: GraphQLArguments) async throws -> WandBSweep {
        let configuration = try input.requiredString("config")
        // Nothing is made for a configuration that cannot be used.
        try context.services.sweeps.check(configuration)
        let project = try await context.madeProject(
            try input.string("projectName"),
            of: try input.string("entityName")
        ).project
        var create = CreateSweep(
            experimentID: project.experiment.id,
            displayName: try input.string("displayName") ?? "",
            description: try input.string("description") ?? "",
            configuration: configuration,
            controller: try input.string("controller")
        )
        if let filters = try input.string("priorRunsFilters"), !filters.isEmpty {
            var search = SearchRuns(
                experiments: [project.experiment.id],
                filter: try WandBFilter.filter(filters, of: project.entity, now: context.now),
                fields: WandBRun.fields
            )
            search.limit = 10_000
            let found = try await context.services.runs.search(search, as: project.principal)
            create.priorRuns = try await context.runs(found.items, of: project).map(\.name)
        }
        let sweep = try await context.services.sweeps.create(create, as: project.principal)
        return try context.sweep(sweep, of: project)
    }

    // MARK: agents

    private static func heartbeat(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let context = call.context
        let text = try input.requiredID("id")
        let id = WandBAgent.id(text)
        var live: [String] = []
        if let states = try input.string("runState"), !states.isEmpty {
            guard case .object(let members) = try JSONText.lenient(states) else {
                throw MartletError(.invalidArgument, "runState is no JSON object")
            }
            live = members.filter { $0.value == .bool(true) }.map(\.key)
        }
        let commands = try await context.services.sweeps.heartbeat(of: id, live: live, as: context.principal)
        return .record([
            "agent": .record(["id": .string(WandBID.text("Agent", id.rawValue))], as: nil),
            "commands": .string(self.text(of: commands)),
        ])
    }

    /// The list as agents read it: `[{"type": "run", "run_id": …, "program": …, "args": {…}}]`.
    private static func text(of commands: [SweepCommand]) -> String {
        var json = JSONWriter()
        json.beginArray()
        for command in commands {
            json.beginObject()
            switch command {
            case .run(let name, let program, let parameters):
                json.field("type", "run")
                json.field("run_id", name)
                json.key("program")
                if let program { json.string(program) } else { json.null() }
                json.key("args")
                json.json(SweepParameters.wrapped(parameters).utf8)
            case .stop(let name):
                json.field("type", "stop")
                json.field("run_id", name)
            case .exit: json.field("type", "exit")
            }
            json.endObject()
        }
        json.endArray()
        return json.text
    }
}

extension WandBContext {
    /// The sweep that an upsert is about; `nil` where it is a new one.
    /// - Throws: `notFound` for an id that no sweep has.
    fileprivate func knownSweep(_ input: GraphQLArguments) async throws -> WandBSweep? {
        guard let text = try input.id("id"), !text.isEmpty else { return nil }
        if let id = WandBID.id(text, of: "Sweep") {
            return try await sweep(try await services.sweeps.sweep(Sweep.ID(id), as: principal))
        }
        return try await sweep(text, input)
    }

    /// The sweep of a name in the project that `entityName` and `projectName` mean.
    /// - Throws: `notFound`.
    fileprivate func sweep(_ name: String, _ input: GraphQLArguments) async throws -> WandBSweep {
        let projectName = try input.string("projectName")
        guard let project = try await project(projectName, of: try input.string("entityName")),
            let sweep = try await sweep(name, of: project)
        else {
            let place = "\(projectName ?? "uncategorized")/\(name.prefix(100))"
            throw MartletError(.notFound, "sweep \(place) not found")
        }
        return sweep
    }
}
