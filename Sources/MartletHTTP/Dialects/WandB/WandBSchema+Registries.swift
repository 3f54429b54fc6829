import MartletCore
import MartletGraphQL

/// Registries: projects named `wandb-registry-…`, in whose portfolios an organization keeps its best versions.
///
/// Each entity is its own organization.
extension WandBSchema {
    /// Most projects, collections and versions that one search looks through.
    private static let mostSearched = 1_000

    static func addRegistries(to schema: inout Builder) {
        schema.enumeration("ArtifactCollectionType", ["PORTFOLIO", "SEQUENCE"])
        schema.input("ArtifactTypeInput", ["name: String!", "description: String"])
        schema.record("AdvancedRegistryFeatures", ["advancedSearch": "Boolean"])
        schema.query { query in
            query.field("organization", "Organization", arguments: ["name: String!"]) { call in
                let name = try call.arguments.requiredString("name")
                guard try await call.context.confined(to: name) != nil else { return .null }
                return organization(of: WandBEntity(name: name))
            }
        }
        schema.object("Project", WandBProject.self) { project in
            project.field("allowAllArtifactTypesInRegistry", "Boolean!") { $0.registryTypes.isEmpty }
        }
        addSearches(to: &schema)
        addRegistryMutations(to: &schema)
    }

    static func organization(of entity: WandBEntity) -> GraphQLOutput {
        .record([
            "id": .string(WandBID.text("Organization", entity.name)), "name": .string(entity.name),
            "orgEntity": .object(WandBEntity(name: entity.name, isOrganization: true)),
            "advancedRegistryFeatures": .record(["advancedSearch": false]),
        ])
    }

    // MARK: searches

    private static func addSearches(to schema: inout Builder) {
        schema.object("Entity", WandBEntity.self) { entity in
            entity.field("project", "Project", arguments: ["name: String!"]) { entity, call in
                let name = try call.arguments.requiredString("name")
                return .object(try await call.context.project(name, of: entity.name))
            }
            entity.connection(
                "projects",
                of: "Project",
                arguments: ["filters: JSONString", "order: String"]
            ) { entity, call in
                let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
                let found = try await registries(of: entity, try call.arguments.string("filters"), call)
                return try GraphQLConnection(page, of: ordered(found, try call.arguments.string("order"))) {
                    .object($0)
                }
            }
            entity.connection(
                "artifactCollections",
                of: "ArtifactCollection",
                arguments: [
                    "projectFilters: JSONString", "filters: JSONString", "order: String",
                    "collectionTypes: [ArtifactCollectionType!]",
                ]
            ) { entity, call in
                let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
                let found = try await portfolios(of: entity, try call.arguments.string("filters"), call)
                return try GraphQLConnection(page, of: ordered(found, try call.arguments.string("order"))) { $0.output }
            }
            entity.connection(
                "artifactMemberships",
                of: "ArtifactCollectionMembership",
                arguments: [
                    "projectFilters: JSONString", "collectionFilters: JSONString", "filters: JSONString",
                    "order: String",
                ]
            ) { entity, call in
                let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
                let filter = try WandBMatch<WandBMembership>(try call.arguments.string("filters"))
                let places = try await portfolios(of: entity, try call.arguments.string("collectionFilters"), call)
                var found: [WandBMembership] = []
                for place in places where found.count < mostSearched {
                    let members = try await call.context.services.versions.members(
                        of: place.collection,
                        limit: mostSearched,
                        as: place.project.principal
                    )
                    found += try await call.context.memberships(members).filter { filter.accepts($0) }
                }
                return try GraphQLConnection(page, of: ordered(found, try call.arguments.string("order"))) {
                    .object($0)
                }
            }
        }
    }

    /// Registries of an entity that a filter accepts, by name.
    private static func registries(
        of entity: WandBEntity,
        _ filter: String?,
        _ call: Call
    ) async throws -> [WandBProject] {
        guard let principal = try await call.context.confined(to: entity.name) else { return [] }
        let match = try WandBMatch<WandBProject>(filter)
        var search = SearchExperiments(filter: nil, order: [], view: .active, limit: mostSearched, offset: 0)
        search.ofRegistries = true
        let found = try await call.context.services.experiments.search(search, as: principal)
        return found.items.map { WandBProject(experiment: $0, principal: principal) }
            .filter { match.accepts($0) }
            .sorted { $0.experiment.name < $1.experiment.name }
    }

    private static func portfolios(
        of entity: WandBEntity,
        _ filter: String?,
        _ call: Call
    ) async throws -> [WandBCollection] {
        let match = try WandBMatch<WandBCollection>(filter)
        var found: [WandBCollection] = []
        for project in try await registries(of: entity, try call.arguments.string("projectFilters"), call) {
            let collections = try await call.context.services.versions.collections(
                in: project.experiment.id,
                limit: mostSearched,
                as: project.principal
            )
            found += collections.filter { $0.kind == .portfolio }
                .map { WandBCollection(collection: $0, project: project) }
                .filter { match.accepts($0) }
        }
        return found
    }

    /// By one of their fields, as `order` says: its name, with `-` before it for the last first.
    static func ordered<Thing: WandBFilterable>(_ things: [Thing], _ order: String?) throws(MartletError) -> [Thing] {
        guard let order, !order.isEmpty else { return things }
        let name = String(order.drop { $0 == "+" || $0 == "-" })
        guard let field = Thing.fields[name] else {
            throw MartletError(.invalidArgument, "\(Thing.title) has no order '\(name.prefix(100))'")
        }
        let sorted = things.map { ($0, field($0)) }.sorted { left, right in
            switch (left.1, right.1) {
            case (.string(let left)?, .string(let right)?): left < right
            case (.integer(let left)?, .integer(let right)?): left < right
            default: false
            }
        }.map(\.0)
        return order.hasPrefix("-") ? sorted.reversed() : sorted
    }

    // MARK: changes

    private static func addRegistryMutations(to schema: inout Builder) {
        schema.mutation { mutation in
            mutation.mutation(
                "renameProject",
                input: ["entityName: String!", "oldProjectName: String!", "newProjectName: String!"],
                payload: ["project": "Project", "inserted": "Boolean"]
            ) { call, input in
                let name = try input.requiredString("oldProjectName")
                let known = try await call.context.project(name, of: try input.string("entityName"))
                guard let known else { throw MartletError(.notFound, "project \(name.prefix(100)) not found") }
                let changes = ExperimentChanges(name: try input.requiredString("newProjectName"))
                let changed = try await call.context.services.experiments.update(
                    known.experiment.id,
                    changes,
                    as: known.principal
                )
                let project = WandBProject(experiment: changed, principal: known.principal)
                return .record(["project": .object(project), "inserted": false])
            }
            mutation.mutation("deleteModel", input: ["id: String!"], payload: ["success": "Boolean"]) { call, input in
                let text = try input.requiredString("id")
                guard let id = WandBID.id(text, of: "Project").flatMap({ Experiment.ID($0) }) else {
                    throw MartletError(.notFound, "project \(text.prefix(100)) not found")
                }
                let (experiments, principal) = (call.context.services.experiments, call.context.principal)
                let known = try await experiments.experiment(id, as: principal)
                // Its name is free again: no client can restore it.
                let name = "\(known.name.prefix(100))-deleted-\(id)"
                if Experiment.isRegistryName(known.name) {
                    _ = try await experiments.update(id, ExperimentChanges(name: name), as: principal)
                }
                try await experiments.move(id, to: .deleted, as: principal)
                return .record(["success": true])
            }
        }
    }

    /// Keeps what a registry is for, who may see it, and which types it takes, where a client says so.
    static func setRegistry(
        _ project: WandBProject,
        _ input: GraphQLArguments,
        _ context: WandBContext
    ) async throws -> WandBProject {
        var tags: [Tag] = []
        if let access = try input.string("access") {
            tags.append(Tag(key: WandBProject.accessTag, value: access))
        }
        // Types that it takes already stay, and a client names the new ones.
        var types = project.registryTypes
        for type in try input.objects("artifactTypes") ?? [] {
            let name = try type.requiredString("name")
            if !types.contains(name) { types.append(name) }
        }
        if try input.bool("allowAllArtifactTypesInRegistry") == true { types = [] }
        if types != project.registryTypes {
            var json = JSONWriter()
            json.value(.array(types.map { .string($0) }))
            tags.append(Tag(key: WandBProject.typesTag, value: json.text))
        }
        var purpose = try input.string("description")
        if purpose == project.experiment.purpose { purpose = nil }
        guard !tags.isEmpty || purpose != nil else { return project }
        let changed = try await context.services.experiments.update(
            project.experiment.id,
            ExperimentChanges(purpose: purpose, tags: tags),
            as: project.principal
        )
        return WandBProject(experiment: changed, principal: project.principal)
    }
}

extension WandBProject {
    static let accessTag = "wandb.access"
    /// Types that a registry takes: a JSON list, empty for all.
    static let typesTag = "wandb.artifactTypes"

    var access: String { experiment.tags[Self.accessTag] ?? "PRIVATE" }

    var registryTypes: [String] {
        guard let text = experiment.tags[Self.typesTag],
            case .array(let types)? = try? JSONParser.parse(Array(text.utf8))
        else { return [] }
        return types.compactMap { if case .string(let type) = $0 { type } else { nil } }
    }
}

extension WandBProject: WandBFilterable {
    static let title = "a project"
    static let fields: [String: @Sendable (WandBProject) -> JSONValue?] = [
        "name": { .string($0.experiment.name) }, "description": { .string($0.experiment.purpose) },
        "created_at": { .time($0.experiment.createdAt) }, "createdAt": { .time($0.experiment.createdAt) },
        "updated_at": { .time($0.experiment.updatedAt) }, "updatedAt": { .time($0.experiment.updatedAt) },
    ]
}
