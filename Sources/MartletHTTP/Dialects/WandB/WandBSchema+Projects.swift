import MartletCore
import MartletGraphQL

extension WandBSchema {
    static func addProjects(to schema: inout Builder) {
        schema.object("Project", WandBProject.self) { project in
            project.field("id", "ID!") { .string(WandBID.text("Project", $0.experiment.id.description)) }
            project.field("internalId", "String!") { .string($0.experiment.id.description) }
            project.field("name") { $0.experiment.name }
            project.field("entityName") { $0.entity }
            project.field("entity", "Entity!") { .object(WandBEntity(name: $0.entity)) }
            project.field("description") { $0.experiment.purpose }
            project.field("createdAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.experiment.createdAt)) }
            project.field("updatedAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.experiment.updatedAt)) }
            project.field("isBenchmark", "Boolean!") { _ in false }
            project.field("access", "String") { .string($0.access) }
            project.field("views", "JSONString") { _ in "{}" }
            project.field("readOnly", "Boolean") { project, _ in .bool(try !mayWrite(project)) }
            project.field("user", "User") { project, call in .object(try await WandBUser(call.context)) }
            project.field("run", "Run", arguments: ["name: String!", "desc: String"]) { project, call in
                .object(try await call.context.run(try call.arguments.requiredString("name"), of: project))
            }
            project.field("bucket", "Run", arguments: ["name: String!", "missingOk: Boolean"]) { project, call in
                .object(try await call.context.run(try call.arguments.requiredString("name"), of: project))
            }
            project.field("runCount", "Int!", arguments: ["filters: JSONString"]) { project, call in
                var search = try search(project, call)
                search.limit = 1
                search.wantsTotal = true
                let page = try await call.context.services.runs.search(search, as: project.principal)
                return .int(Int64(page.total ?? page.items.count))
            }
            project.connection("runs", of: "Run", arguments: ["filters: JSONString", "order: String"], runs)
        }
        schema.query { query in
            for name in ["project", "model"] {
                query.field(name, "Project", arguments: ["name: String", "entityName: String"]) { call in
                    let entity = try call.arguments.string("entityName")
                    return .object(try await call.context.project(try call.arguments.string("name"), of: entity))
                }
            }
            query.connection("models", of: "Project", arguments: ["entityName: String"], projects)
            query.connection("projects", of: "Project", arguments: ["entityName: String"], projects)
        }
        schema.mutation { mutation in
            mutation.mutation(
                "upsertModel",
                input: [
                    "id: String", "name: String!", "entityName: String", "description: String", "access: String",
                    "allowAllArtifactTypesInRegistry: Boolean", "artifactTypes: [ArtifactTypeInput!]",
                ],
                payload: ["project": "Project", "model": "Project", "inserted": "Boolean"]
            ) { call, input in
                let made = try await call.context.madeProject(
                    try input.requiredString("name"),
                    of: try input.string("entityName"),
                    description: try input.string("description") ?? ""
                )
                let project = GraphQLOutput.object(try await setRegistry(made.project, input, call.context))
                return .record(["project": project, "model": project, "inserted": .bool(made.isNew)])
            }
        }
    }

    private static func mayWrite(_ project: WandBProject) throws -> Bool {
        let workspace = project.principal.currentWorkspace
        let place = ExperimentPlace(experiment: project.experiment.id, workspace: workspace)
        return project.principal.role(in: place) >= .editor
    }

    private static func projects(_ call: Call) async throws -> GraphQLConnection {
        guard let principal = try await call.context.confined(to: try call.arguments.string("entityName")) else {
            return GraphQLConnection(edges: [], hasNextPage: false)
        }
        let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
        let offset = try page.offset()
        let found = try await call.context.services.experiments.search(
            SearchExperiments(filter: nil, order: [], view: .active, limit: max(page.size, 1), offset: offset),
            as: principal
        )
        let edges = found.items.enumerated().map { index, experiment in
            GraphQLEdge(
                node: .object(WandBProject(experiment: experiment, principal: principal)),
                cursor: String(offset + index + 1)
            )
        }
        return GraphQLConnection(edges: edges, hasNextPage: found.hasMore, hasPreviousPage: offset > 0)
    }

    private static func runs(_ project: WandBProject, _ call: Call) async throws -> GraphQLConnection {
        let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
        let offset = try page.offset()
        var search = try search(project, call)
        search.limit = max(page.size, 1)
        search.offset = offset
        search.order = try WandBFilter.order(try call.arguments.string("order"))
        let found = try await call.context.services.runs.search(search, as: project.principal)
        let runs = try await call.context.runs(found.items, of: project)
        let edges = runs.enumerated().map { index, run in
            GraphQLEdge(node: .object(run), cursor: String(offset + index + 1))
        }
        return GraphQLConnection(edges: edges, hasNextPage: found.hasMore, hasPreviousPage: offset > 0)
    }

    private static func search(_ project: WandBProject, _ call: Call) throws -> SearchRuns {
        let filter = try WandBFilter.filter(
            try call.arguments.string("filters"),
            of: project.entity,
            now: call.context.now
        )
        return SearchRuns(experiments: [project.experiment.id], filter: filter, fields: WandBRun.fields)
    }
}

extension GraphQLPage {
    /// How many elements come before the page. Cursors are positions.
    func offset() throws(MartletError) -> Int {
        guard let after else { return 0 }
        guard let offset = Int(after), offset >= 0, offset < 1 << 40 else {
            throw MartletError(.invalidArgument, "the cursor \"\(after.prefix(100))\" is none of this list")
        }
        return offset
    }
}
