import MartletCore
import MartletGraphQL

extension WandBSchema {
    static func addSweeps(to schema: inout Builder) {
        addSweepFields(to: &schema)
        addSweepLists(to: &schema)
        addAgentFields(to: &schema)
        schema.object("Project", WandBProject.self) { project in
            project.field("sweep", "Sweep", arguments: ["sweepName: String"]) { project, call in
                .object(try await call.context.sweep(try call.arguments.requiredString("sweepName"), of: project))
            }
            project.field("totalSweeps", "Int!") { project, call in
                let search = SearchSweeps(experiments: [project.experiment.id], limit: 1, offset: 0)
                let page = try await call.context.services.sweeps.search(search, as: project.principal)
                return .int(Int64(page.total ?? 0))
            }
            project.connection("sweeps", of: "Sweep", arguments: ["filters: JSONString", "order: String"], sweeps)
        }
        schema.object("Run", WandBRun.self) { run in
            run.field("exitcode", "Int") { run in
                switch run.state {
                case "finished": 0
                case "failed", "crashed", "killed": 1
                default: .null
                }
            }
            run.field("sweep", "Sweep") { run, call in
                guard let name = run.tag(.sweep) else { return .null }
                return .object(try await call.context.sweep(name, of: run.project))
            }
        }
        addSweepMutations(to: &schema)
    }

    private static func addSweepFields(to schema: inout Builder) {
        schema.object("Sweep", WandBSweep.self) { sweep in
            sweep.field("id", "ID!") { .string($0.id) }
            sweep.field("name") { $0.sweep.name }
            sweep.field("displayName", "String") { .value($0.sweep.displayName.isEmpty ? nil : $0.sweep.displayName) }
            sweep.field("method") { $0.plan.outline.method }
            sweep.field("state", \.state)
            sweep.field("description", "String") { .value($0.sweep.description.isEmpty ? nil : $0.sweep.description) }
            sweep.field("config") { $0.sweep.configuration }
            sweep.field("createdAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.sweep.createdAt)) }
            sweep.field("updatedAt", "DateTime") { .string(WandBTime.text(milliseconds: $0.sweep.updatedAt)) }
            sweep.field("heartbeatAt", "DateTime") { .string(WandBTime.text(milliseconds: $0.sweep.updatedAt)) }
            sweep.field("runCount", "Int!") { .int($0.sweep.runCount) }
            sweep.field("runCountExpected", "Int") { .value($0.plan.outline.expectedRuns) }
            sweep.field("earlyStopJobRunning", "Boolean") { _ in false }
            sweep.field("controller", "JSONString") { .value($0.sweep.controller) }
            sweep.field("scheduler", "JSONString") { .value($0.sweep.scheduler) }
            sweep.field("controllerRunName", "String") { _ in .null }
            sweep.field("project", "Project!") { .object($0.project) }
            sweep.field("user", "User") { sweep in
                .object(WandBUser(named: sweep.sweep.user, in: sweep.project.entity))
            }
            sweep.field("bestLoss", "Float") { sweep, call in
                guard sweep.plan.outline.metric != nil else { return .null }
                let principal = sweep.project.principal
                let trials = try await call.context.services.sweeps.trials(of: sweep.sweep, as: principal)
                return sweep.plan.best(of: trials).map { .double($0.value) } ?? .null
            }
        }
    }

    private static func addSweepLists(to schema: inout Builder) {
        schema.object("Sweep", WandBSweep.self) { sweep in
            sweep.connection("runs", of: "Run", arguments: ["order: String", "filters: JSONString"], runs)
            sweep.connection("priorRuns", of: "Run") { sweep, call in
                let principal = sweep.project.principal
                let trials = try await call.context.services.sweeps.trials(of: sweep.sweep, as: principal)
                return try await page(of: trials.filter { $0.agent == nil }, sweep, call)
            }
            sweep.connection("agents", of: "Agent") { sweep, call in
                let principal = sweep.project.principal
                let agents = try await call.context.services.sweeps.agents(of: sweep.sweep, as: principal)
                return try GraphQLConnection(try call.arguments.page(defaultSize: 1_000, mostSize: 1_000), of: agents) {
                    .object(WandBAgent(agent: $0, sweep: sweep))
                }
            }
            sweep.field("agent", "Agent", arguments: ["agentName: String!"]) { sweep, call in
                let id = WandBAgent.id(try call.arguments.requiredString("agentName"))
                let principal = sweep.project.principal
                let agents = try await call.context.services.sweeps.agents(of: sweep.sweep, as: principal)
                return .object(agents.first { $0.id == id }.map { WandBAgent(agent: $0, sweep: sweep) })
            }
        }
    }

    private static func addAgentFields(to schema: inout Builder) {
        schema.object("Agent", WandBAgent.self) { agent in
            agent.field("id", "ID!") { .string($0.id) }
            agent.field("name") { $0.agent.id.rawValue }
            agent.field("host") { $0.agent.host }
            agent.field("state", \.state)
            agent.field("totalRuns", "Int!") { .int($0.agent.runCount) }
            agent.field("createdAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.agent.createdAt)) }
            agent.field("heartbeatAt", "DateTime") { .string(WandBTime.text(milliseconds: $0.agent.heartbeatAt)) }
            agent.field("sweep", "Sweep") { .object($0.sweep) }
            agent.connection("runs", of: "Run", arguments: ["order: String"]) { agent, call in
                let principal = agent.sweep.project.principal
                let trials = try await call.context.services.sweeps.trials(of: agent.sweep.sweep, as: principal)
                let own = trials.filter { $0.agent == agent.agent.id }
                let isReversed = try call.arguments.string("order")?.hasPrefix("-") ?? false
                return try await page(of: isReversed ? own.reversed() : own, agent.sweep, call)
            }
        }
    }

    // MARK: lists

    /// Runs of trials, in their order.
    private static func page(
        of trials: [SweepTrial],
        _ sweep: WandBSweep,
        _ call: Call
    ) async throws -> GraphQLConnection {
        let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
        let range = try page.range(of: trials.count)
        let runs = try await call.context.runs(named: trials[range].map(\.name), of: sweep.project)
        let known = Dictionary(runs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return try GraphQLConnection(page, of: trials) { .object(known[$0.name]) }
    }

    private static func runs(_ sweep: WandBSweep, _ call: Call) async throws -> GraphQLConnection {
        let page = try call.arguments.page(defaultSize: 10_000, mostSize: 10_000)
        let offset = try page.offset()
        let context = call.context
        let own = Filter.comparison(
            .init(field: .tag(key: WandBTag.sweep.key), relation: .equal, value: .text(sweep.sweep.name))
        )
        let filter = try WandBFilter.filter(
            try call.arguments.string("filters"),
            of: sweep.project.entity,
            now: context.now
        )
        var search = SearchRuns(
            experiments: [sweep.project.experiment.id],
            filter: filter.map { .all([own, $0]) } ?? own,
            order: try WandBFilter.order(try call.arguments.string("order") ?? "+created_at"),
            limit: max(page.size, 1),
            offset: offset,
            fields: WandBRun.fields
        )
        search.wantsTotal = call.selection.contains("totalCount")
        let found = try await context.services.runs.search(search, as: sweep.project.principal)
        let runs = try await context.runs(found.items, of: sweep.project)
        let edges = runs.enumerated().map { index, run in
            GraphQLEdge(node: .object(run), cursor: String(offset + index + 1))
        }
        return GraphQLConnection(
            edges: edges,
            hasNextPage: found.hasMore,
            hasPreviousPage: offset > 0,
            totalCount: found.total
        )
    }

    /// Of a project; those that are older are not found by filters.
    private static let mostSweeps = 10_000

    private static func sweeps(_ project: WandBProject, _ call: Call) async throws -> GraphQLConnection {
        let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
        let filter = try WandBMatch<WandBSweep>(try call.arguments.string("filters"))
        let context = call.context
        guard filter.isTrivial else {
            let all = try await context.services.sweeps.search(
                SearchSweeps(experiments: [project.experiment.id], limit: mostSweeps, offset: 0),
                as: project.principal
            )
            let matches = try all.items.map { try context.sweep($0, of: project) }.filter { filter.accepts($0) }
            return try GraphQLConnection(page, of: matches) { .object($0) }
        }
        let offset = try page.offset()
        let found = try await context.services.sweeps.search(
            SearchSweeps(experiments: [project.experiment.id], limit: max(page.size, 1), offset: offset),
            as: project.principal
        )
        let edges = try found.items.enumerated().map { index, sweep in
            GraphQLEdge(node: .object(try context.sweep(sweep, of: project)), cursor: String(offset + index + 1))
        }
        return GraphQLConnection(
            edges: edges,
            hasNextPage: found.hasMore,
            hasPreviousPage: offset > 0,
            totalCount: found.total
        )
    }
}
