import MartletCore
import MartletGraphQL

/// A type of artifacts in a project: `dataset`, `model`, …
struct WandBArtifactType: Sendable {
    let name: String
    let project: WandBProject
}

/// What is asked of collections, and of projects about them.
extension WandBSchema {
    private typealias CollectionBuilder = GraphQLObjectBuilder<WandBContext, WandBCollection>

    static func addArtifactCollections(to schema: inout Builder) {
        schema.objects(["ArtifactSequence", "ArtifactPortfolio"], WandBCollection.self) { collection in
            collection.field("id", "ID!") { .string($0.id) }
            collection.field("name", "String!") { .string($0.collection.name) }
            collection.field("state", "String!") { _ in "READY" }
            collection.field("description", "String") { collection in
                collection.collection.description.isEmpty ? .null : .string(collection.collection.description)
            }
            collection.field("createdAt", "DateTime!") {
                .string(WandBTime.text(milliseconds: $0.collection.createdAt))
            }
            collection.field("updatedAt", "DateTime!") {
                .string(WandBTime.text(milliseconds: $0.collection.updatedAt))
            }
            collection.field("project", "Project!") { .object($0.project) }
            for name in ["defaultArtifactType", "type"] {
                collection.field(name, "ArtifactType!") { collection in
                    .object(WandBArtifactType(name: collection.collection.type, project: collection.project))
                }
            }
            collection.field("versionCount", "Int") { .int($0.collection.versionCount) }
            addContent(to: &collection)
        }
        addTypes(to: &schema)
        addProjectFields(to: &schema)
    }

    private static func addContent(to collection: inout CollectionBuilder) {
        collection.connection("tags", of: "Tag") { collection, call in
            let page = try call.arguments.page(defaultSize: 1_000, mostSize: 1_000)
            return try GraphQLConnection(page, of: collection.collection.tags) { tag($0) }
        }
        collection.connection("aliases", of: "ArtifactAlias") { collection, call in
            let page = try call.arguments.page(defaultSize: 1_000, mostSize: 10_000)
            let aliases = try await call.context.services.versions.aliases(
                of: collection.collection,
                as: collection.project.principal
            )
            return try GraphQLConnection(page, of: aliases) { collection.alias($0.alias) }
        }
        collection.field("latestArtifact", "Artifact") { collection, call in
            let members = try await call.context.services.versions.members(
                of: collection.collection,
                limit: 1,
                as: collection.project.principal
            )
            return .object(try await call.context.memberships(members).first?.artifact)
        }
        collection.field(
            "artifactMembership",
            "ArtifactCollectionMembership",
            arguments: ["aliasName: String!"]
        ) { collection, call in
            let alias = try call.arguments.requiredString("aliasName")
            return .object(try await call.context.membership(alias, of: collection))
        }
        collection.connection(
            "artifacts",
            of: "VersionedArtifact",
            arguments: ["order: String", "filters: JSONString"],
            artifacts
        )
        collection.connection("artifactMemberships", of: "ArtifactCollectionMembership") { collection, call in
            let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
            let (members, hasMore) = try await members(of: collection, page, call)
            return GraphQLConnection(
                edges: members.map { GraphQLEdge(node: .object($0), cursor: String($0.member.number)) },
                hasNextPage: hasMore,
                totalCount: Int(collection.collection.versionCount)
            )
        }
    }

    /// Most versions of which all are looked through for an order or a filter.
    private static let mostSorted = 20_000

    private static func artifacts(_ collection: WandBCollection, _ call: Call) async throws -> GraphQLConnection {
        let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
        let filter = try WandBMatch(try call.arguments.string("filters"))
        let order = try call.arguments.string("order") ?? ""
        guard order.hasPrefix("+") || !filter.isTrivial else {
            let (members, hasMore) = try await members(of: collection, page, call)
            return GraphQLConnection(
                edges: members.map(\.edge),
                hasNextPage: hasMore,
                totalCount: Int(collection.collection.versionCount)
            )
        }
        var members = try await call.context.services.versions.members(
            of: collection.collection,
            limit: mostSorted,
            as: collection.project.principal
        )
        if order.hasPrefix("+") { members.reverse() }
        let found = try await call.context.memberships(members).filter { filter.accepts($0.values) }
        let range = try page.range(of: found.count)
        return GraphQLConnection(
            edges: range.map { index in
                var edge = found[index].edge
                edge.cursor = String(index + 1)
                return edge
            },
            hasNextPage: range.upperBound < found.count,
            hasPreviousPage: range.lowerBound > 0,
            totalCount: found.count
        )
    }

    /// A page of versions, the last first; cursors are their numbers.
    private static func members(
        of collection: WandBCollection,
        _ page: GraphQLPage,
        _ call: Call
    ) async throws -> (members: [WandBMembership], hasMore: Bool) {
        var before: Int64?
        if let after = page.after {
            guard let number = Int64(after), number >= 0 else {
                throw MartletError(.invalidArgument, "the cursor \"\(after.prefix(100))\" is none of this list")
            }
            before = number
        }
        var members = try await call.context.services.versions.members(
            of: collection.collection,
            before: before,
            limit: page.size + 1,
            as: collection.project.principal
        )
        let hasMore = members.count > page.size
        if hasMore { members.removeLast() }
        return (try await call.context.memberships(members), hasMore)
    }

    // MARK: types

    private static func addTypes(to schema: inout Builder) {
        schema.object("ArtifactType", WandBArtifactType.self) { type in
            type.field("id", "ID!") { type in
                .string(WandBID.text("ArtifactType", "\(type.project.experiment.id)/\(type.name)"))
            }
            type.field("name", \.name)
            type.field("description", "String") { _ in .null }
            type.field("createdAt", "DateTime!") {
                .string(WandBTime.text(milliseconds: $0.project.experiment.createdAt))
            }
            type.field("project", "Project") { .object($0.project) }
            type.field("artifactCollection", "ArtifactCollection", arguments: ["name: String!"]) { type, call in
                let name = try call.arguments.requiredString("name")
                let found = try await call.context.collection(name, of: type.project)
                return found.flatMap { $0.collection.type == type.name ? $0.output : nil } ?? .null
            }
            type.field("artifactSequence", "ArtifactSequence", arguments: ["name: String!"]) { type, call in
                let name = try call.arguments.requiredString("name")
                let found = try await call.context.collection(name, of: type.project)
                guard let found, found.collection.kind == .sequence, found.collection.type == type.name else {
                    return .null
                }
                return .object(found)
            }
            type.field("artifact", "Artifact", arguments: ["name: String!"]) { type, call in
                let name = try call.arguments.requiredString("name")
                return .object(try await call.context.membership(name, of: type.project)?.artifact)
            }
            for name in ["artifactCollections", "artifactSequences"] {
                type.connection(
                    name,
                    of: "ArtifactCollection",
                    arguments: ["filters: JSONString", "order: String"]
                ) { type, call in
                    try await collections(of: type.project, type: type.name, call)
                }
            }
        }
    }

    // MARK: projects

    private static func addProjectFields(to schema: inout Builder) {
        schema.object("Project", WandBProject.self) { project in
            let arguments = ["name: String!", "enableTracking: Boolean"]
            project.field("artifact", "Artifact", arguments: arguments) { project, call in
                let name = try call.arguments.requiredString("name")
                return .object(try await call.context.membership(name, of: project)?.artifact)
            }
            project.field(
                "artifactCollectionMembership",
                "ArtifactCollectionMembership",
                arguments: ["name: String!"]
            ) { project, call in
                let name = try call.arguments.requiredString("name")
                return .object(try await call.context.membership(name, of: project))
            }
            project.field("artifactCollection", "ArtifactCollection", arguments: ["name: String!"]) { project, call in
                let name = try call.arguments.requiredString("name")
                return try await call.context.collection(name, of: project)?.output ?? .null
            }
            project.field("artifactType", "ArtifactType", arguments: ["name: String!"]) { project, call in
                let name = try call.arguments.requiredString("name")
                let types = try await types(of: project, call)
                return types.contains(name) ? .object(WandBArtifactType(name: name, project: project)) : .null
            }
            project.connection(
                "artifactTypes",
                of: "ArtifactType",
                arguments: ["includeAll: Boolean"]
            ) { project, call in
                let page = try call.arguments.page(defaultSize: 1_000, mostSize: 1_000)
                return try GraphQLConnection(page, of: try await types(of: project, call)) { name in
                    .object(WandBArtifactType(name: name, project: project))
                }
            }
            project.connection(
                "artifactCollections",
                of: "ArtifactCollection",
                arguments: ["filters: JSONString", "order: String"]
            ) { project, call in try await collections(of: project, type: nil, call) }
        }
    }

    private static func types(of project: WandBProject, _ call: Call) async throws -> [String] {
        let versions = call.context.services.versions
        let used = try await versions.collectionTypes(in: project.experiment.id, as: project.principal)
        return Set(used + project.registryTypes).sorted()
    }

    private static func collections(
        of project: WandBProject,
        type: String?,
        _ call: Call
    ) async throws -> GraphQLConnection {
        let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
        let filter = try WandBMatch(try call.arguments.string("filters"))
        let order = try call.arguments.string("order") ?? ""
        var found = try await call.context.services.versions.collections(
            in: project.experiment.id,
            type: type,
            limit: mostSorted,
            as: project.principal
        ).map { WandBCollection(collection: $0, project: project) }
        found.removeAll { !filter.accepts($0.values) }
        let key = order.drop { $0 == "+" || $0 == "-" }
        switch key {
        case "", "name": break
        case "createdAt", "created_at": found.sort { $0.collection.createdAt < $1.collection.createdAt }
        case "updatedAt", "updated_at": found.sort { $0.collection.updatedAt < $1.collection.updatedAt }
        default: throw MartletError(.invalidArgument, "collections cannot be ordered by '\(key.prefix(100))'")
        }
        if order.hasPrefix("-") { found.reverse() }
        return try GraphQLConnection(page, of: found) { $0.output }
    }
}

extension WandBCollection {
    /// What filters may ask for.
    var values: [String: JSONValue] {
        [
            "name": .string(collection.name), "type": .string(collection.type),
            "description": .string(collection.description),
            "tag": .array(collection.tags.map { .string($0) }), "tags": .array(collection.tags.map { .string($0) }),
            "created_at": .string(WandBTime.text(milliseconds: collection.createdAt)),
            "createdAt": .string(WandBTime.text(milliseconds: collection.createdAt)),
            "updated_at": .string(WandBTime.text(milliseconds: collection.updatedAt)),
            "updatedAt": .string(WandBTime.text(milliseconds: collection.updatedAt)),
        ]
    }
}

extension WandBMembership {
    /// What filters may ask for.
    var values: [String: JSONValue] {
        let version = member.version
        return [
            "state": .string(version.state.rawValue.uppercased()), "digest": .string(version.digest),
            "version_index": .integer(member.number), "versionIndex": .integer(member.number),
            "tag": .array(version.tags.map { .string($0) }), "tags": .array(version.tags.map { .string($0) }),
            "alias": .array(member.aliases.map { .string($0) }), "aliases": .array(member.aliases.map { .string($0) }),
            "name": .string("\(member.collection.name):v\(member.number)"), "size": .integer(version.size),
            "description": .string(version.description),
            "created_at": .string(WandBTime.text(milliseconds: member.createdAt)),
            "createdAt": .string(WandBTime.text(milliseconds: member.createdAt)),
            "updated_at": .string(WandBTime.text(milliseconds: version.updatedAt)),
            "updatedAt": .string(WandBTime.text(milliseconds: version.updatedAt)),
        ]
    }
}
