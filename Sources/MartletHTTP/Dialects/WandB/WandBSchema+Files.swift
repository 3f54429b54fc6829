import HTTPTypes
import MartletCore
import MartletGraphQL

extension WandBSchema {
    static func addRunFiles(to schema: inout Builder) {
        schema.object("File", WandBFile.self) { file in
            file.field("id", "ID!") { .string(WandBID.text("File", "\($0.run)/\($0.path)")) }
            file.field("name") { $0.path.description }
            file.field("displayName") { $0.path.description }
            file.field("url", "String", arguments: ["upload: Boolean"]) { file, call in
                guard try call.arguments.bool("upload") == true else {
                    return .string(call.context.fileURL(file.path, of: file.run, for: .get))
                }
                return try await uploadURL(file, call)
            }
            file.field("directUrl", "String") { file, call in
                .string(call.context.fileURL(file.path, of: file.run, for: .get))
            }
            file.field("uploadUrl", "String") { file, call in try await uploadURL(file, call) }
            file.field("uploadHeaders", "[String!]") { _ in [] }
            file.field("uploadMultipartUrls", "UploadMultipartUrls") { _ in .null }
            file.field("storagePath", "String") { $0.path.description }
            file.field("artifact", "Artifact") { _ in .null }
            file.field("sizeBytes", "Int64!") { .int($0.entry?.size ?? 0) }
            file.field("mimetype", "String") { file in
                .string(String(ContentType.ofArtifact(named: file.path.description).prefix { $0 != ";" }))
            }
            file.field("updatedAt", "DateTime") { file in
                .value(file.entry.map { WandBTime.text(milliseconds: $0.modifiedAt) })
            }
            file.field("md5", "String") { file in
                .value(file.entry?.md5.flatMap { ContentDigest.base64(ofHexadecimal: $0) })
            }
            file.field("digest", "String") { file in
                .value(file.entry?.md5.flatMap { ContentDigest.base64(ofHexadecimal: $0) })
            }
        }
        schema.object("Run", WandBRun.self) { run in
            run.field("fileCount", "Int") { run, call in .int(Int64(try await files(of: run, call).count)) }
            run.connection("files", of: "File", arguments: ["names: [String]", "pattern: String"]) { run, call in
                let page = try call.arguments.page(defaultSize: 50, mostSize: 10_000)
                let names = try call.arguments.strings("names") ?? []
                var all = names.isEmpty ? try await files(of: run, call) : try await files(names, of: run, call)
                if let pattern = try call.arguments.string("pattern"), !pattern.isEmpty {
                    all.removeAll {
                        !LikePattern.matches($0.path.description, pattern: pattern, ignoresCase: false)
                    }
                }
                return try GraphQLConnection(page, of: all) { .object($0) }
            }
        }
        addFileMutations(to: &schema)
    }

    /// Null for who may not write.
    private static func uploadURL(_ file: WandBFile, _ call: Call) async throws(MartletError) -> GraphQLOutput {
        do {
            try await call.context.requireEditor(of: file.run)
        } catch {
            guard error.code == .permissionDenied else { throw error }
            return .null
        }
        return .string(call.context.fileURL(file.path, of: file.run, for: .put))
    }

    private static func addFileMutations(to schema: inout Builder) {
        schema.record("FileUpload", ["name": "String!", "uploadUrl": "String"])
        schema.mutation { mutation in
            mutation.mutation(
                "createRunFiles",
                input: ["entityName: String", "projectName: String!", "runName: String!", "files: [String!]!"],
                payload: ["runID": "ID!", "uploadHeaders": "[String!]!", "files": "[FileUpload!]!"]
            ) { call, input in
                let run = try await call.context.writableRun(input)
                try await call.context.requireEditor(of: run.run.id)
                var files: [GraphQLOutput] = []
                for name in try input.requiredStrings("files") {
                    // A name that cannot be stored gets no link, and the others theirs.
                    let path = try? WandBDialect.path(name)
                    let url = path.flatMap { path in
                        path.isRoot ? nil : call.context.fileURL(path, of: run.run.id, for: .put)
                    }
                    files.append(.record(["name": .string(name), "uploadUrl": .value(url)]))
                }
                return .record(["runID": .string(run.id), "uploadHeaders": [], "files": .list(files)])
            }
            mutation.mutation(
                "markRunFilesUploaded",
                input: ["entityName: String", "projectName: String", "runName: String", "files: [String!]"],
                payload: ["success": "Boolean"]
            ) { _, _ in
                // A file is there once its bytes are.
                .record(["success": true])
            }
            mutation.mutation(
                "deleteFiles",
                input: ["files: [ID!]!", "projectId: Int"],
                payload: ["success": "Boolean"]
            ) { call, input in
                for text in try input.requiredStrings("files") {
                    let (run, path) = try file(text)
                    try await call.context.services.artifacts.delete(path, of: .run(run), as: call.context.principal)
                }
                return .record(["success": true])
            }
        }
    }

    private static func file(_ id: String) throws(MartletError) -> (Run.ID, ArtifactPath) {
        guard let place = WandBID.id(id, of: "File"), let slash = place.firstIndex(of: "/") else {
            throw MartletError(.notFound, "there is no file '\(id.prefix(100))'")
        }
        return (Run.ID(String(place[..<slash])), try ArtifactPath(String(place[place.index(after: slash)...])))
    }

    /// All files of a run, by path. One question for each folder.
    private static func files(of run: WandBRun, _ call: Call) async throws(MartletError) -> [WandBFile] {
        var files: [WandBFile] = []
        var folders = [ArtifactPath.root]
        while let folder = folders.popLast() {
            let entries = try await call.context.services.artifacts.list(
                folder,
                of: .run(run.run.id),
                as: run.project.principal
            )
            for entry in entries {
                let path = folder.appending(entry.name)
                if entry.isFolder {
                    folders.append(path)
                } else {
                    files.append(WandBFile(run: run.run.id, path: path, entry: entry))
                }
            }
        }
        return files.sorted { $0.path.description < $1.path.description }
    }

    private static func files(
        _ names: [String],
        of run: WandBRun,
        _ call: Call
    ) async throws(MartletError) -> [WandBFile] {
        var files: [WandBFile] = []
        for name in names {
            guard let path = try? WandBDialect.path(name), !path.isRoot else { continue }
            let entry = try await call.context.services.artifacts.entry(
                at: path,
                of: .run(run.run.id),
                as: run.project.principal
            )
            if let entry, !entry.isFolder { files.append(WandBFile(run: run.run.id, path: path, entry: entry)) }
        }
        return files
    }
}

/// A file of a run, which may not be there yet.
struct WandBFile: Sendable {
    let run: Run.ID
    let path: ArtifactPath
    let entry: ArtifactEntry?
}
