import MartletCore
import MartletGraphQL

/// A report or another view as W&B sees one.
struct WandBView: Sendable {
    let view: SavedView
    let project: WandBProject

    /// Opaque to clients; they put it into addresses.
    var id: String { WandBID.text("View", view.id.rawValue) }

    /// What W&B calls the kinds that have a name of ours.
    private static let types = ["runs": SavedView.Kind.report, "runs/draft": .reportDraft]

    var type: String { Self.types.first { $0.value == view.kind }?.key ?? view.kind.rawValue }

    static func kind(of type: String) -> SavedView.Kind { types[type] ?? SavedView.Kind(type) }
}

extension WandBSchema {
    static func addViews(to schema: inout Builder) {
        schema.object("View", WandBView.self) { view in
            view.field("id", "ID!") { .string($0.id) }
            view.field("name", \.view.name)
            view.field("displayName", \.view.displayName)
            view.field("description", \.view.description)
            view.field("type", "String") { .string($0.type) }
            view.field("project", "Project") { .object($0.project) }
            view.field("entityName", "String") { .string($0.project.entity) }
            view.field("createdAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.view.createdAt)) }
            view.field("updatedAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.view.updatedAt)) }
            view.field("user", "User") { .object(WandBUser(named: $0.view.author, in: $0.project.entity)) }
            // A listing has views without their content.
            view.field("spec", "JSONString!") { view, call in
                let whole = try await call.context.services.views.view(view.view.id, as: view.project.principal)
                return .string(whole.content)
            }
        }
        schema.object("Project", WandBProject.self) { project in
            project.connection(
                "allViews",
                of: "View",
                arguments: ["viewType: String", "viewName: String", "userName: String"],
                views
            )
        }
        schema.query { query in
            query.field("view", "View", arguments: ["id: ID!"]) { call in
                .object(try await call.context.view(try call.arguments.requiredID("id")))
            }
        }
        addViewMutations(to: &schema)
        addAlerts(to: &schema)
    }

    private static func addViewMutations(to schema: inout Builder) {
        schema.enumeration("ViewSource", ["WANDB_SDK", "WEBAPP"])
        schema.mutation { mutation in
            mutation.mutation(
                "upsertView",
                input: [
                    "id: ID", "entityName: String", "projectName: String", "type: String", "name: String",
                    "displayName: String", "description: String", "spec: String", "createdUsing: ViewSource",
                    "parentId: ID", "locked: Boolean", "previewUrl: String", "coverUrl: String",
                ],
                payload: ["view": "View", "inserted": "Boolean"],
                upsertView
            )
            mutation.mutation(
                "deleteView",
                input: ["id: ID!", "deleteDrafts: Boolean"],
                payload: ["success": "Boolean", "pendingDrafts": "Int"]
            ) { call, input in
                guard let view = try await call.context.view(try input.requiredID("id")) else {
                    throw MartletError(.notFound, "view not found")
                }
                try await call.context.services.views.delete(view.view.id, as: view.project.principal)
                return .record(["success": true, "pendingDrafts": 0])
            }
        }
    }

    private static func views(_ project: WandBProject, _ call: Call) async throws -> GraphQLConnection {
        let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
        let offset = try page.offset()
        let found = try await call.context.services.views.search(
            SearchSavedViews(
                experimentID: project.experiment.id,
                kind: try call.arguments.string("viewType").map { WandBView.kind(of: $0) },
                name: try call.arguments.string("viewName"),
                author: try call.arguments.string("userName"),
                limit: max(page.size, 1),
                offset: offset
            ),
            as: project.principal
        )
        let edges = found.items.enumerated().map { index, view in
            GraphQLEdge(node: .object(WandBView(view: view, project: project)), cursor: String(offset + index + 1))
        }
        return GraphQLConnection(edges: edges, hasNextPage: found.hasMore, hasPreviousPage: offset > 0)
    }

    /// Without an id it is the one of the name, or a new one.
    private static func upsertView(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let context = call.context
        let kind = try input.string("type").map { WandBView.kind(of: $0) }
        let changes = SavedViewChanges(
            kind: kind,
            displayName: try input.string("displayName"),
            description: try input.string("description"),
            content: try input.string("spec")
        )
        if let id = try input.id("id"), !id.isEmpty {
            guard let known = try await context.view(id) else {
                throw MartletError(.notFound, "view \(id.prefix(100)) not found")
            }
            let view = try await context.services.views.update(known.view.id, changes, as: known.project.principal)
            return .record(["view": .object(WandBView(view: view, project: known.project)), "inserted": false])
        }
        let project = try await context.madeProject(
            try input.string("projectName"),
            of: try input.string("entityName")
        ).project
        let name = try input.requiredString("name")
        let found = try await context.services.views.search(
            SearchSavedViews(experimentID: project.experiment.id, kind: kind ?? .report, name: name, limit: 1),
            as: project.principal
        )
        let view =
            if let known = found.items.first {
                try await context.services.views.update(known.id, changes, as: project.principal)
            } else {
                try await context.services.views.create(
                    SavedView(
                        id: SavedView.ID(0),
                        experimentID: project.experiment.id,
                        kind: kind ?? .report,
                        name: name,
                        displayName: changes.displayName ?? "",
                        description: changes.description ?? "",
                        content: changes.content ?? "{}",
                        author: "",
                        createdAt: 0,
                        updatedAt: 0
                    ),
                    as: project.principal
                )
            }
        return .record([
            "view": .object(WandBView(view: view, project: project)), "inserted": .bool(found.items.isEmpty),
        ])
    }

    // MARK: alerts

    private static func addAlerts(to schema: inout Builder) {
        schema.enumeration("AlertSeverity", ["INFO", "WARN", "ERROR"])
        schema.mutation { mutation in
            mutation.mutation(
                "notifyScriptableRunAlert",
                input: [
                    "entityName: String", "projectName: String", "runName: String!", "title: String!",
                    "text: String!", "severity: AlertSeverity", "waitDuration: Duration",
                ],
                payload: ["success": "Boolean!"]
            ) { call, input in
                let name = try input.requiredString("runName")
                let project = try await call.context.project(
                    try input.string("projectName"),
                    of: try input.string("entityName")
                )
                guard let project, let run = try await call.context.run(name, of: project) else {
                    throw MartletError(.notFound, "run \(name.prefix(100)) not found")
                }
                _ = try await call.context.services.views.alert(
                    try input.requiredString("title"),
                    try input.requiredString("text"),
                    severity: severity(try input.string("severity")),
                    // Clients send milliseconds.
                    quiet: Int64(try input.int("waitDuration") ?? 0),
                    of: run.run.id,
                    as: project.principal
                )
                return .record(["success": true])
            }
        }
    }

    private static func severity(_ text: String?) -> RunAlert.Severity {
        switch text {
        case "ERROR": .error
        case "WARN": .warning
        default: .info
        }
    }
}

extension WandBContext {
    /// `nil` for an unknown one.
    func view(_ text: String) async throws(MartletError) -> WandBView? {
        // Addresses have it without the padding, and a client may take it from there.
        let padded = text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let id = WandBID.id(padded, of: "View") else { return nil }
        do {
            let view = try await services.views.view(SavedView.ID(id), as: principal)
            let experiment = try await services.experiments.experiment(view.experimentID, as: principal)
            return WandBView(view: view, project: WandBProject(experiment: experiment, principal: principal))
        } catch  where error.code == .notFound {
            return nil
        }
    }
}
