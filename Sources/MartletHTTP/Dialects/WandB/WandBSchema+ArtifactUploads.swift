import HTTPTypes
import MartletCore
import MartletGraphQL

/// How an artifact is made: announced, filled, committed.
extension WandBSchema {
    static func addArtifactUploads(to schema: inout Builder) {
        schema.record("UploadUrlPart", ["partNumber": "Int64!", "uploadUrl": "String!"])
        schema.record(
            "UploadMultipartUrls",
            ["uploadID": "String!", "uploadUrlParts": "[UploadUrlPart!]!"]
        )
        schema.mutation { mutation in
            mutation.mutation(
                "createArtifact",
                input: [
                    "entityName: String", "projectName: String!", "runName: String", "artifactTypeName: String!",
                    "artifactCollectionName: String", "artifactCollectionNames: [String!]", "digest: String!",
                    "digestAlgorithm: String", "description: String", "metadata: JSONString", "labels: JSONString",
                    "aliases: [ArtifactAliasInput!]", "tags: [TagInput!]", "clientID: ID", "sequenceClientID: ID",
                    "distributedID: String", "historyStep: Int64", "ttlDurationSeconds: Int64",
                    "enableDigestDeduplication: Boolean", "storageRegion: String",
                ],
                payload: ["artifact": "Artifact"],
                createArtifact
            )
            mutation.mutation(
                "createArtifactManifest",
                input: [
                    "artifactID: ID!", "baseArtifactID: ID", "name: String!", "digest: String!", "entityName: String",
                    "projectName: String", "runName: String", "type: String",
                ],
                payload: ["artifactManifest": "ArtifactManifest"],
                createManifest
            )
            mutation.mutation(
                "updateArtifactManifest",
                input: ["artifactManifestID: ID!", "digest: String", "baseArtifactID: ID"],
                payload: ["artifactManifest": "ArtifactManifest"],
                updateManifest
            )
            mutation.mutation(
                "createArtifactFiles",
                input: ["artifactFiles: [CreateArtifactFileSpecInput!]!", "storageLayout: String"],
                payload: ["files": "FileConnection"]
            ) { call, input in try await createFiles(call, try input.requiredObjects("artifactFiles")) }
            mutation.mutation(
                "completeMultipartUploadArtifact",
                input: [
                    "completeMultipartAction: String", "completedParts: [UploadPartsInput!]!", "artifactID: ID!",
                    "storagePath: String", "uploadID: String!",
                ],
                payload: ["digest": "String"],
                completeUpload
            )
            mutation.mutation(
                "commitArtifact",
                input: ["artifactID: ID!"],
                payload: ["artifact": "Artifact"]
            ) { call, input in
                let id = try call.context.artifactID(try input.requiredID("artifactID"))
                let version = try await call.context.commit(id)
                return .record(["artifact": .object(try await call.context.artifact(version))])
            }
        }
        schema.input("ArtifactAliasInput", ["alias: String!", "artifactCollectionName: String!"])
        schema.input("TagInput", ["tagName: String!", "tagCategoryName: String", "attributes: String"])
        schema.input("UploadPartsInput", ["partNumber: Int64!", "hexMD5: String!"])
        schema.input(
            "CreateArtifactFileSpecInput",
            [
                "artifactID: ID!", "name: String!", "md5: String!", "mimetype: String", "artifactManifestID: ID",
                "uploadPartsInput: [UploadPartsInput!]",
            ]
        )
    }

    /// The one by which artifacts are known.
    private static let algorithm = "MANIFEST_MD5"

    private static func createArtifact(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let context = call.context
        let (projectName, entity) = (try input.requiredString("projectName"), try input.string("entityName"))
        let runName = try input.string("runName") ?? ""
        let run = runName.isEmpty ? nil : try await context.run(runName, inProject: projectName, of: entity)
        guard runName.isEmpty || run != nil else {
            throw MartletError(.notFound, "run \(projectName.prefix(100))/\(runName.prefix(100)) not found")
        }
        let project =
            if let run { run.project } else { try await context.madeProject(projectName, of: entity).project }
        let names = try input.strings("artifactCollectionNames") ?? []
        guard let name = try input.string("artifactCollectionName") ?? names.first else {
            throw MartletError(.invalidArgument, "artifactCollectionName is missing")
        }
        var request = CreateArtifactVersion(
            experimentID: project.experiment.id,
            collection: name,
            type: try input.requiredString("artifactTypeName"),
            digest: try input.requiredString("digest")
        )
        guard !request.digest.isEmpty, (try input.string("digestAlgorithm") ?? algorithm) == algorithm else {
            throw MartletError(.invalidArgument, "an artifact needs a digest, by the algorithm \(algorithm)")
        }
        request.description = try input.string("description") ?? ""
        if let metadata = try input.string("metadata"), metadata != "null" { request.metadata = metadata }
        request.aliases = try input.aliases("aliases")
        request.tags = try input.tags("tags")
        request.step = try input.int("historyStep").map { Int64($0) }
        request.lifetime = try input.lifetime() ?? nil
        request.foreignID = try input.id("clientID")
        request.sharedID = try input.string("distributedID")
        request.takesKnown = try input.bool("enableDigestDeduplication") ?? false
        request.runID = run?.run.id
        let version = try await context.services.versions.create(request, as: project.principal)
        return .record(["artifact": .object(try await context.artifact(version))])
    }

    // MARK: manifests

    private static func createManifest(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let id = try call.context.artifactID(try input.requiredID("artifactID"))
        try await call.context.requireEditor(of: id)
        let kindName = try input.string("type") ?? "FULL"
        guard let kind = WandBManifest.Kind(rawValue: kindName) else {
            throw MartletError(.invalidArgument, "'\(kindName.prefix(50))' is no type of manifest")
        }
        let base = try input.id("baseArtifactID").map { text in try call.context.artifactID(text).rawValue } ?? ""
        let name =
            switch kind {
            case .full: "full"
            case .incremental: base.isEmpty ? "incremental" : "incremental.\(base)"
            case .patch: "patch.\(call.context.services.environment.newID())"
            }
        return try manifest(name, of: id, try input.string("digest"), call)
    }

    private static func updateManifest(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let text = try input.requiredID("artifactManifestID")
        let parts = (WandBID.id(text, of: "ArtifactManifest") ?? "").split(separator: "/").map(String.init)
        guard parts.count == 2 else {
            throw MartletError(.notFound, "artifact manifest \(text.prefix(100)) not found")
        }
        let id = ArtifactVersion.ID(parts[0])
        try await call.context.requireEditor(of: id)
        var name = parts[1]
        if let base = try input.id("baseArtifactID"), name.hasPrefix("incremental") {
            name = "incremental.\(try call.context.artifactID(base))"
        }
        return try manifest(name, of: id, try input.string("digest"), call)
    }

    /// - Parameter digest: the MD5 of the bytes that will come, in base64; empty where it is not known yet.
    private static func manifest(
        _ name: String,
        of id: ArtifactVersion.ID,
        _ digest: String?,
        _ call: Call
    ) throws(MartletError) -> GraphQLOutput {
        let md5 = if let digest, !digest.isEmpty { try WandBManifest.hexadecimal(digest, of: name) } else { "-" }
        let url = call.context.link(.put, ["wandb", "artifacts", id.rawValue, "drafts", name, md5])
        let file = GraphQLOutput.record([
            "id": .string(WandBID.text("File", "draft/\(id)/\(name)")), "name": "wandb_manifest.json",
            "displayName": "wandb_manifest.json", "uploadUrl": .string(url), "uploadHeaders": [],
        ])
        return .record([
            "artifactManifest": .record([
                "id": .string(WandBID.text("ArtifactManifest", "\(id)/\(name)")), "file": file,
            ])
        ])
    }

    // MARK: files

    /// Most files in one question.
    private static let mostFiles = 20_000

    private static func createFiles(_ call: Call, _ files: [GraphQLArguments]) async throws -> GraphQLOutput {
        let context = call.context
        guard files.count <= mostFiles else {
            throw MartletError(.invalidArgument, "\(files.count) files at once; ask for at most \(mostFiles)")
        }
        var entries: [(ArtifactVersion.ID, VersionEntry)] = []
        for file in files {
            let id = try context.artifactID(try file.requiredID("artifactID"))
            let path = try ArtifactPath(try file.requiredString("name"))
            let md5 = try WandBManifest.hexadecimal(try file.requiredString("md5"), of: path.description)
            let parts = try file.objects("uploadPartsInput") ?? []
            try checkParts(parts)
            var entry = VersionEntry(path: path.description, size: nil, md5: md5, source: nil, reference: nil)
            entry.partMD5s = try partMD5s(parts)
            entries.append((id, entry))
        }
        var known: [ArtifactVersion.ID: Set<String>] = [:]
        for (id, entries) in Dictionary(grouping: entries, by: \.0) {
            known[id] = try await context.services.versions.claim(entries.map(\.1), for: id, as: context.principal)
        }
        var edges: [GraphQLEdge] = []
        for (index, (id, entry)) in entries.enumerated() {
            let isKnown = known[id]?.contains(entry.path) ?? false
            let parts = try files[index].objects("uploadPartsInput") ?? []
            let node = try await upload(entry, of: id, parts, isKnown: isKnown, context)
            edges.append(GraphQLEdge(node: node, cursor: String(index + 1)))
        }
        return .record(["files": .object(GraphQLConnection(edges: edges, hasNextPage: false, totalCount: edges.count))])
    }

    /// In the order of the parts; empty where one is not said.
    private static func partMD5s(_ parts: [GraphQLArguments]) throws -> [String] {
        let numbered = try parts.map { (try $0.requiredInt("partNumber"), try $0.string("hexMD5")) }
        let md5s = numbered.sorted { $0.0 < $1.0 }.compactMap(\.1)
        return md5s.count == parts.count ? md5s : []
    }

    private static let mostParts = 100_000

    private static func checkParts(_ parts: [GraphQLArguments]) throws {
        var numbers: Set<Int> = []
        for part in parts {
            let number = try part.requiredInt("partNumber")
            guard (1...mostParts).contains(number), numbers.insert(number).inserted else {
                throw MartletError(
                    .invalidArgument,
                    "part numbers are between 1 and \(mostParts), each once; there is \(number)"
                )
            }
        }
    }

    private static func upload(
        _ entry: VersionEntry,
        of id: ArtifactVersion.ID,
        _ parts: [GraphQLArguments],
        isKnown: Bool,
        _ context: WandBContext
    ) async throws -> GraphQLOutput {
        let md5 = entry.md5 ?? "-"
        var members: KeyValuePairs<String, GraphQLOutput> {
            [
                "id": .string(WandBID.text("File", "version/\(id)/\(entry.path)")), "name": .string(entry.path),
                "displayName": .string(entry.path), "storagePath": .string("wandb_artifacts/\(id)/\(md5)"),
                "uploadHeaders": [],
                "artifact": .record(["id": .string(WandBID.text("Artifact", id.rawValue))]),
            ]
        }
        var node = members.map { GraphQLOutput.Member(key: $0.key, value: $0.value) }
        if !isKnown {
            // Clients that send parts look for this link too: without it they take the content as known and send nothing.
            let names = entry.path.split(separator: "/").map(String.init)
            let url = context.link(.put, ["wandb", "artifacts", id.rawValue, "files", md5] + names)
            node.append(GraphQLOutput.Member(key: "uploadUrl", value: .string(url)))
        }
        if !isKnown, !parts.isEmpty {
            let urls = try await partURLs(parts, entry, of: id, context)
            node.append(GraphQLOutput.Member(key: "uploadMultipartUrls", value: urls))
        }
        return .record(type: nil, node)
    }

    private static func partURLs(
        _ parts: [GraphQLArguments],
        _ entry: VersionEntry,
        of id: ArtifactVersion.ID,
        _ context: WandBContext
    ) async throws -> GraphQLOutput {
        let path = try ArtifactPath(entry.path)
        let upload = try await context.services.artifacts.beginUpload(to: path, of: .version(id), as: context.principal)
        var urls: [GraphQLOutput] = []
        for part in parts {
            let number = try part.requiredInt("partNumber")
            let md5 = try part.string("hexMD5") ?? "-"
            let url = context.link(.put, ["wandb", "uploads", upload, String(number), md5])
            urls.append(.record(["partNumber": .int(Int64(number)), "uploadUrl": .string(url)]))
        }
        return .record(["uploadID": .string(upload), "uploadUrlParts": .list(urls)])
    }

    private static func completeUpload(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let id = try call.context.artifactID(try input.requiredID("artifactID"))
        let upload = try input.requiredString("uploadID")
        guard (try input.string("completeMultipartAction") ?? "Complete") == "Complete" else {
            try await call.context.services.artifacts.abortUpload(upload, as: call.context.principal)
            return .record(["digest": .null])
        }
        let sent = try input.requiredObjects("completedParts")
        try checkParts(sent)
        var md5s: [Int: String] = [:]
        for part in sent {
            let tag = try part.string("hexMD5") ?? ""
            md5s[try part.requiredInt("partNumber")] = tag.filter { $0 != "\"" }
        }
        guard let last = md5s.keys.max(), last == md5s.count else {
            throw MartletError(.invalidArgument, "an upload is completed with all of its parts, from 1 on")
        }
        try await call.context.services.artifacts.completeUpload(
            upload,
            parts: Array(1...last),
            md5s: md5s,
            of: .version(id),
            as: call.context.principal
        )
        return .record(["digest": .string(upload)])
    }
}

extension WandBContext {
    /// A link does what it allows for whoever holds it: only who may write gets one to write.
    /// - Throws: also `notFound`.
    func requireEditor(of version: ArtifactVersion.ID) async throws(MartletError) {
        try await services.access.require(.editor, of: version, as: principal, to: "make artifacts")
        _ = try await services.versions.version(version, as: principal)
    }
}

extension GraphQLArguments {
    /// The names in a list of `{alias, …}`, or of plain texts, as some clients send them.
    func aliases(_ name: String) throws -> [String] {
        if let texts = try? strings(name) { return texts }
        var aliases: [String] = []
        for alias in try objects(name) ?? [] {
            _ = try alias.requiredString("artifactCollectionName")
            aliases.append(try alias.requiredString("alias"))
        }
        return aliases
    }

    /// The names in a list of `{tagName}`, or of texts, as clients before 0.22 send them with a new artifact.
    func tags(_ name: String) throws -> [String] {
        if let texts = try? strings(name) { return texts }
        var tags: [String] = []
        for tag in try objects(name) ?? [] { tags.append(try tag.requiredString("tagName")) }
        return tags
    }

    /// `ttlDurationSeconds`: `nil` for unchanged, `.some(nil)` for ever, which -1 (inherited) and -2 (off) mean.
    func lifetime() throws -> Int64?? {
        guard let seconds = try int("ttlDurationSeconds") else { return .none }
        if seconds == -1 || seconds == -2 || seconds == 0 { return .some(nil) }
        return .some(Int64(seconds))
    }
}
