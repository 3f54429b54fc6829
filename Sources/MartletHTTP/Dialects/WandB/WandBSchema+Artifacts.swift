import HTTPTypes
import MartletCore
import MartletGraphQL

/// What is asked of artifacts.
extension WandBSchema {
    static func addArtifacts(to schema: inout Builder) {
        schema.record("Tag", ["id": "ID!", "name": "String!", "tagCategoryName": "String"])
        schema.record("ArtifactAlias", ["id": "ID!", "alias": "String!", "artifactCollection": "ArtifactCollection"])
        schema.record("ArtifactManifest", ["id": "ID!", "file": "File", "digest": "String"])
        schema.record("ClientIDMapping", ["serverID": "ID!"])
        schema.interface("ArtifactCollection", of: ["ArtifactSequence", "ArtifactPortfolio"])
        schema.union("ArtifactCreator", of: ["Run", "User"])
        schema.connection("VersionedArtifact", node: "Artifact", edgeFields: ["version": "String"])
        addArtifact(to: &schema)
        addMemberships(to: &schema)
        addArtifactQueries(to: &schema)
        schema.object("Run", WandBRun.self) { run in
            run.connection("outputArtifacts", of: "Artifact") { try await artifacts(.output, $0, $1) }
            run.connection("inputArtifacts", of: "Artifact") { try await artifacts(.input, $0, $1) }
        }
    }

    private static func addArtifactQueries(to schema: inout Builder) {
        schema.query { query in
            query.field("artifact", "Artifact", arguments: ["id: ID!"]) { call in
                let id = try call.arguments.requiredID("id")
                return try await orNull { () async throws(MartletError) in
                    .object(try await call.context.artifact(id: id))
                }
            }
            query.field("artifactCollection", "ArtifactCollection", arguments: ["id: ID!"]) { call in
                let id = try call.arguments.requiredID("id")
                return try await orNull { () async throws(MartletError) in
                    try await call.context.collection(id: id).output
                }
            }
            query.field("clientIDMapping", "ClientIDMapping", arguments: ["clientID: ID!"]) { call in
                let context = call.context
                let name = try call.arguments.requiredID("clientID")
                let id = try await context.services.versions.version(foreignID: name, as: context.principal)
                guard let id else { return .null }
                return .record(["serverID": .string(WandBID.text("Artifact", id.rawValue))])
            }
        }
    }

    /// What is not there is null.
    static func orNull(
        _ value: () async throws(MartletError) -> GraphQLOutput
    ) async throws(MartletError) -> GraphQLOutput {
        do {
            return try await value()
        } catch {
            guard error.code == .notFound else { throw error }
            return .null
        }
    }

    // MARK: artifacts

    private static func addArtifact(to schema: inout Builder) {
        schema.object("Artifact", WandBArtifact.self) { artifact in
            artifact.field("id", "ID!") { .string($0.id) }
            artifact.field("versionIndex", "Int") { .value($0.version.number) }
            artifact.field("state", "String!") { .string($0.version.state.rawValue.uppercased()) }
            artifact.field("digest", "String!") { .string($0.version.digest) }
            artifact.field("digestAlgorithm", "String") { _ in "MANIFEST_MD5" }
            artifact.field("commitHash", "String") { .string(String($0.version.id.rawValue.prefix(20))) }
            artifact.field("description", "String") { artifact in
                artifact.version.description.isEmpty ? .null : .string(artifact.version.description)
            }
            artifact.field("metadata", "JSONString") { .string($0.version.metadata) }
            artifact.field("ttlDurationSeconds", "Int64!") { .int($0.version.lifetime ?? -2) }
            artifact.field("ttlIsInherited", "Boolean!") { $0.version.lifetime == nil }
            artifact.field("tags", "[Tag!]!") { .list($0.version.tags.map(tag)) }
            artifact.field("labels", "JSONString") { _ in .null }
            artifact.field("historyStep", "Int64") { .value($0.version.step) }
            artifact.field("size", "Int64!") { .int($0.version.size) }
            artifact.field("fileCount", "Int64!") { .int($0.version.fileCount) }
            artifact.field("createdAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.version.createdAt)) }
            artifact.field("updatedAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.version.updatedAt)) }
            artifact.field("artifactType", "ArtifactType!") { artifact in
                .object(WandBArtifactType(name: artifact.version.type, project: artifact.project))
            }
            artifact.field("artifactSequence", "ArtifactSequence!") { artifact, call in
                .object(try await sequence(of: artifact, call))
            }
            artifact.field("currentManifest", "ArtifactManifest") { manifest(of: $0, $1) }
            addArtifactLinks(to: &artifact)
            artifact.connection("files", of: "File", arguments: ["names: [String!]"]) { artifact, call in
                try await files(of: artifact, call)
            }
        }
    }

    private static func addArtifactLinks(to artifact: inout GraphQLObjectBuilder<WandBContext, WandBArtifact>) {
        artifact.field("aliases", "[ArtifactAlias!]!") { artifact in
            .list(artifact.memberships.flatMap(\.aliases))
        }
        artifact.connection("artifactMemberships", of: "ArtifactCollectionMembership") { artifact, call in
            let page = try call.arguments.page(defaultSize: 1_000, mostSize: 1_000)
            return try GraphQLConnection(page, of: artifact.memberships) { .object($0) }
        }
        artifact.field("createdBy", "ArtifactCreator") { artifact, call in
            guard let id = artifact.version.runID, let run = try await call.context.run(id) else { return .null }
            return .object(run, as: "Run")
        }
        artifact.connection("usedBy", of: "Run") { artifact, call in
            let page = try call.arguments.page(defaultSize: 1_000, mostSize: 1_000)
            let ids = try await call.context.services.versions.runs(
                .input,
                of: artifact.version.id,
                as: artifact.project.principal
            )
            var runs: [WandBRun] = []
            for id in ids {
                if let run = try await call.context.run(id) { runs.append(run) }
            }
            return try GraphQLConnection(page, of: runs) { .object($0) }
        }
    }

    static func tag(_ name: String) -> GraphQLOutput {
        .record(["id": .string(WandBID.text("Tag", name)), "name": .string(name)])
    }

    private static func sequence(of artifact: WandBArtifact, _ call: Call) async throws -> WandBCollection {
        let id = artifact.version.collectionID
        if let own = artifact.memberships.first(where: { $0.collection.collection.id == id }) { return own.collection }
        let collection = try await call.context.services.versions.collection(id, as: artifact.project.principal)
        return WandBCollection(collection: collection, project: artifact.project)
    }

    static func manifest(of artifact: WandBArtifact, _ call: Call) -> GraphQLOutput {
        guard artifact.version.state == .committed else { return .null }
        let id = artifact.version.id.rawValue
        let url = GraphQLOutput.string(call.context.link(.get, ["wandb", "artifacts", id, "manifest"]))
        let file = GraphQLOutput.record([
            "id": .string(WandBID.text("File", "manifest/\(id)")),
            "name": "wandb_manifest.json", "displayName": "wandb_manifest.json", "directUrl": url, "url": url,
        ])
        return .record(["id": .string(WandBID.text("ArtifactManifest", id)), "file": file])
    }

    private static func artifacts(
        _ role: VersionRole,
        _ run: WandBRun,
        _ call: Call
    ) async throws -> GraphQLConnection {
        let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
        let context = call.context
        let versions = try await context.services.versions.versions(role, of: run.run.id, as: context.principal)
        return try GraphQLConnection(page, of: try await context.artifacts(versions)) { .object($0) }
    }

    // MARK: files

    static func files(of artifact: WandBArtifact, _ call: Call) async throws -> GraphQLConnection {
        let page = try call.arguments.page(defaultSize: 50, mostSize: 10_000)
        let (id, principal) = (artifact.version.id, artifact.project.principal)
        let versions = call.context.services.versions
        if let names = try call.arguments.strings("names"), !names.isEmpty {
            let found = try await versions.files(of: id, at: names, as: principal)
            return try GraphQLConnection(page, of: found) { file($0, of: id, call) }
        }
        let last = try page.after.map(cursor)
        // One more tells whether there is another page.
        var found = try await versions.files(of: id, after: last, limit: page.size + 1, as: principal)
        let hasMore = found.count > page.size
        if hasMore { found.removeLast() }
        return GraphQLConnection(
            edges: found.map { GraphQLEdge(node: file($0, of: id, call), cursor: cursor($0)) },
            hasNextPage: hasMore,
            totalCount: Int(artifact.version.fileCount)
        )
    }

    /// Names the last file of a page: `f` for what is stored, `r` for a reference, and its path.
    private static func cursor(_ file: VersionFile) -> String { (file.reference == nil ? "f" : "r") + file.path }

    private static func cursor(_ text: String) throws(MartletError) -> VersionFile {
        let path = String(text.dropFirst())
        guard text.hasPrefix("f") || text.hasPrefix("r"), !path.isEmpty else {
            throw MartletError(.invalidArgument, "the cursor \"\(text.prefix(100))\" is none of this list")
        }
        let reference = VersionFile.Reference(uri: "", digest: "", extra: "")
        return VersionFile(
            path: path,
            size: 0,
            digest: nil,
            md5: nil,
            reference: text.hasPrefix("r") ? reference : nil,
            modifiedAt: 0
        )
    }

    private static func file(_ file: VersionFile, of id: ArtifactVersion.ID, _ call: Call) -> GraphQLOutput {
        let names = ["wandb", "artifacts", id.rawValue, "content"] + file.path.split(separator: "/").map(String.init)
        let url = GraphQLOutput.string(file.reference?.uri ?? call.context.link(.get, names))
        let digest = file.reference?.digest ?? file.md5.flatMap { ContentDigest.base64(ofHexadecimal: $0) }
        return .record([
            "id": .string(WandBID.text("File", "version/\(id)/\(file.path)")),
            "name": .string(file.path), "displayName": .string(file.path), "url": url, "directUrl": url,
            "sizeBytes": .int(file.size), "digest": .value(digest), "md5": .value(digest),
            "storagePath": .string("wandb_artifacts/\(id)/\(file.md5 ?? "")"),
            "updatedAt": .string(WandBTime.text(milliseconds: file.modifiedAt)),
            "uploadHeaders": [],
        ])
    }

    // MARK: memberships

    private static func addMemberships(to schema: inout Builder) {
        schema.object("ArtifactCollectionMembership", WandBMembership.self) { membership in
            membership.field("id", "ID!") { .string($0.id) }
            membership.field("versionIndex", "Int") { .int($0.member.number) }
            membership.field("createdAt", "DateTime!") { .string(WandBTime.text(milliseconds: $0.member.createdAt)) }
            membership.field("aliases", "[ArtifactAlias!]!") { .list($0.aliases) }
            membership.field("artifactCollection", "ArtifactCollection") { $0.collection.output }
            membership.field("artifact", "Artifact") { .object($0.artifact) }
            membership.connection("files", of: "File", arguments: ["names: [String!]"]) { membership, call in
                try await files(of: membership.artifact, call)
            }
        }
    }
}
