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
        let filter = try WandBMatch<WandBMembership>(try call.arguments.string("filters"))
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
        let found = try await call.context.memberships(members).filter { filter.accepts($0) }
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
        let filter = try WandBMatch<WandBCollection>(try call.arguments.string("filters"))
        let order = try call.arguments.string("order") ?? ""
        var found = try await call.context.services.versions.collections(
            in: project.experiment.id,
            type: type,
            limit: mostSorted,
            as: project.principal
        ).map { WandBCollection(collection: $0, project: project) }
        found.removeAll { !filter.accepts($0) }
        return try GraphQLConnection(page, of: try ordered(found, order)) { $0.output }
    }
}

extension WandBCollection: WandBFilterable {
    static let title = "a collection"
    static let fields: [String: @Sendable (WandBCollection) -> JSONValue?] = [
        "name": { .string($0.collection.name) }, "type": { .string($0.collection.type) },
        "description": { .string($0.collection.description) }, "state": { _ in .string("READY") },
        "tag": { .texts($0.collection.tags) }, "tags": { .texts($0.collection.tags) },
        "created_at": { .time($0.collection.createdAt) }, "createdAt": { .time($0.collection.createdAt) },
        "updated_at": { .time($0.collection.updatedAt) }, "updatedAt": { .time($0.collection.updatedAt) },
    ]
}

extension WandBMembership: WandBFilterable {
    static let title = "an artifact"
    static let fields: [String: @Sendable (WandBMembership) -> JSONValue?] = [
        "state": { .string($0.member.version.state.rawValue.uppercased()) },
        "digest": { .string($0.member.version.digest) }, "size": { .integer($0.member.version.size) },
        "version_index": { .integer($0.member.number) }, "versionIndex": { .integer($0.member.number) },
        "tag": { .texts($0.member.version.tags) }, "tags": { .texts($0.member.version.tags) },
        "alias": { .texts($0.member.aliases) }, "aliases": { .texts($0.member.aliases) },
        "name": { .string("\($0.member.collection.name):v\($0.member.number)") },
        "description": { .string($0.member.version.description) },
        "created_at": { .time($0.member.createdAt) }, "createdAt": { .time($0.member.createdAt) },
        "updated_at": { .time($0.member.version.updatedAt) }, "updatedAt": { .time($0.member.version.updatedAt) },
        "id": { .string(WandBID.text("Artifact", $0.member.version.id.rawValue)) },
        "version": { .string("v\($0.member.number)") }, "metadata": { $0.metadata },
    ]

    /// `metadata.x.y`.
    static func field(_ name: String) -> (@Sendable (WandBMembership) -> JSONValue?)? {
        let path = name.split(separator: ".").map(String.init)
        guard path.count > 1, path[0] == "metadata" else { return nil }
        return { membership in path.dropFirst().reduce(membership.metadata) { $0?[$1] } }
    }

    /// `nil` without any.
    private var metadata: JSONValue? {
        guard let json = try? JSONText.lenient(member.version.metadata), json != .object([]) else { return nil }
        return json
    }
}

extension JSONValue {
    static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
    static func time(_ milliseconds: Int64) -> JSONValue { .string(WandBTime.text(milliseconds: milliseconds)) }
}
