import HTTPTypes
import Hummingbird
import MartletCore

/// The artifact proxy and the listings of artifacts.
extension MLflowDialect {
    // MARK: listings

    /// `GET mlflow-artifacts/artifacts?path=…`: names directly inside a folder.
    func listProxied(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let path = try Self.safePath(try request.queryItems.first("path") ?? "")
        let entries = try await entries(below: path, context)
        return Self.json { writer in
            writer.mlflowFiles(entries.map { ($0.name, $0) })
        }
    }

    /// `GET artifacts/list?run_id=…&path=…`: paths below the root of the run.
    func listRunArtifacts(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.runID()
        let folder = try Self.safePath(try message.string("path") ?? "")
        let uri = try await artifactURI(of: id, context)
        return try await list(folder, in: uri, context)
    }

    func listLoggedModelArtifacts(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let model = try await storedModel(try Self.modelID(context), context)
        let folder = try Self.safePath(
            try await MLflowMessage.read(request).string("artifact_directory_path") ?? ""
        )
        return try await list(folder, in: model.artifactURI, context)
    }

    private func list(
        _ folder: ArtifactPath,
        in uri: String,
        _ context: Context
    ) async throws(MartletError) -> Response {
        let entries = try await entries(below: try Self.path(folder, in: uri), context)
        let prefix = folder.isRoot ? "" : folder.description + "/"
        return Self.json { writer in
            writer.mlflowField("root_uri", uri)
            writer.mlflowFiles(entries.map { (prefix + $0.name, $0) })
        }
    }

    /// What a folder of the proxy holds. Above the root of a run or a model the one way down is shown.
    private func entries(
        below path: ArtifactPath,
        _ context: Context
    ) async throws(MartletError) -> [ArtifactEntry] {
        let workspace = context.principal.currentWorkspace
        let (owner, inner) = try MLflowArtifactURI.place(of: path, in: workspace)
        let entries = try await services.artifacts.list(inner, of: owner, as: context.principal)
        guard entries.isEmpty, owner == .workspace(workspace), !path.isRoot else { return entries }
        let (below, root) = try MLflowArtifactURI.place(of: path.appending("artifacts"), in: workspace)
        guard below != .workspace(workspace), root.isRoot else { return [] }
        guard try await !services.artifacts.list(root, of: below, as: context.principal).isEmpty else { return [] }
        return [
            ArtifactEntry(
                name: "artifacts",
                path: "artifacts",
                isFolder: true,
                size: nil,
                digest: nil,
                md5: nil,
                modifiedAt: 0
            )
        ]
    }

    // MARK: content

    /// `GET mlflow-artifacts/artifacts/…`.
    func proxied(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let path = try Self.tail(of: request, after: "/mlflow-artifacts/artifacts")
        // A path that ends in a slash is how some clients ask for the listing of the root.
        if path.isRoot { return try await listProxied(request, context) }
        return try await content(at: path, request, as: context.principal)
    }

    /// `GET get-artifact?run_uuid=…&path=…`: a download from MLflow's web interface.
    func runArtifact(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = MLflowMessage(try request.queryItems)
        let id = try message.runID()
        let path = try Self.safePath(try message.required("path"))
        let uri = try await artifactURI(of: id, context)
        return try await content(at: try Self.path(path, in: uri), request, as: context.principal)
    }

    func loggedModelArtifact(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let model = try await storedModel(try Self.modelID(context), context)
        guard let text = try request.queryItems.first("artifact_file_path"), !text.isEmpty else {
            throw MLflowErrors.invalid("Request must include the \"artifact_file_path\" query parameter.")
        }
        let path = try Self.path(try Self.safePath(text), in: model.artifactURI)
        return try await content(at: path, request, as: context.principal)
    }

    func content(
        at path: ArtifactPath,
        _ request: Request,
        as principal: Principal
    ) async throws(MartletError) -> Response {
        let (owner, inner) = try MLflowArtifactURI.place(of: path, in: principal.currentWorkspace)
        return try await content(at: inner, of: owner, request, as: principal)
    }

    func content(
        at path: ArtifactPath,
        of owner: ArtifactOwner,
        _ request: Request,
        as principal: Principal
    ) async throws(MartletError) -> Response {
        let entry = try await file(at: path, of: owner, as: principal)
        // Always an attachment: what others uploaded must not run as a page of this server.
        var response = try await FileAnswer.response(to: request, entry: entry, isInline: false) {
            range throws(MartletError) in
            try await services.artifacts.read(entry, range: range, as: principal)
        }
        response.headers[.lastModified] = HTTPDate.text(of: entry.modifiedAt)
        MLflowAttachment.describe(entry.name, in: &response.headers)
        return response
    }

    func file(at path: ArtifactPath, as principal: Principal) async throws(MartletError) -> ArtifactEntry {
        let (owner, inner) = try MLflowArtifactURI.place(of: path, in: principal.currentWorkspace)
        return try await file(at: inner, of: owner, as: principal)
    }

    private func file(
        at path: ArtifactPath,
        of owner: ArtifactOwner,
        as principal: Principal
    ) async throws(MartletError) -> ArtifactEntry {
        guard !path.isRoot, let entry = try await services.artifacts.entry(at: path, of: owner, as: principal) else {
            throw MartletError(.notFound, "No such artifact: '\(path)'")
        }
        guard !entry.isFolder else {
            throw MLflowErrors.invalid("Artifact path refers to a directory, not a file: '\(path)'")
        }
        return entry
    }

    // MARK: writes

    func putProxied(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let path = try Self.tail(of: request, after: "/mlflow-artifacts/artifacts")
        try await store(request, at: path, as: context.principal)
        return Response(status: .ok)
    }

    /// `POST upload-artifact?run_uuid=…&path=…` of MLflow's web interface, for small files.
    func uploadRunArtifact(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = MLflowMessage(try request.queryItems)
        guard let id = try message.string("run_uuid"), !id.isEmpty else {
            throw MLflowErrors.invalid("Request must specify run_uuid.")
        }
        guard let text = try message.string("path"), !text.isEmpty else {
            throw MLflowErrors.invalid("Request must specify path.")
        }
        let path = try Self.safePath(text)
        let length = BodyPieces(request).length ?? (request.headers[.transferEncoding] == nil ? 0 : 1)
        guard length <= 10 << 20 else {
            throw MLflowErrors.invalid("Artifact size is too large. Max size is 10MB.")
        }
        guard length > 0 else { throw MLflowErrors.invalid("Request must specify data.") }
        let uri = try await artifactURI(of: Run.ID(id), context)
        try await store(request, at: try Self.path(path, in: uri), as: context.principal)
        return Self.emptyObject
    }

    private func store(
        _ request: Request,
        at path: ArtifactPath,
        as principal: Principal
    ) async throws(MartletError) {
        let (owner, inner) = try MLflowArtifactURI.place(of: path, in: principal.currentWorkspace)
        guard !inner.isRoot else { throw MLflowErrors.invalid("Invalid path: an artifact needs a name") }
        let pieces = BodyPieces(request)
        _ = try await services.artifacts.write(
            pieces,
            length: pieces.length,
            to: inner,
            of: owner,
            as: principal
        )
    }

    /// A file, or a folder with all inside; the root of a run or a model is emptied. What is not there is deleted
    /// already, as in MLflow.
    func deleteProxied(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let path = try Self.tail(of: request, after: "/mlflow-artifacts/artifacts")
        let workspace = context.principal.currentWorkspace
        let (owner, inner) = try MLflowArtifactURI.place(of: path, in: workspace)
        guard inner.isRoot else {
            do {
                try await services.artifacts.delete(inner, of: owner, as: context.principal)
            } catch {
                guard error.code == .notFound else { throw error }
            }
            return Self.emptyObject
        }
        guard owner != .workspace(workspace) else {
            throw MLflowErrors.invalid("Invalid path: the root cannot be deleted")
        }
        for entry in try await services.artifacts.list(inner, of: owner, as: context.principal) {
            try await services.artifacts.delete(inner.appending(entry.name), of: owner, as: context.principal)
        }
        return Self.emptyObject
    }

    // MARK: paths

    /// The path behind a prefix that stands after one of the four roots, decoded and checked.
    static func tail(of request: Request, after prefix: String) throws(MartletError) -> ArtifactPath {
        let roots = ["/api/2.0", "/api/3.0", "/ajax-api/2.0", "/ajax-api/3.0"]
        guard let root = roots.first(where: { request.uri.path.hasPrefix($0 + prefix) }) else {
            throw MartletError(.notFound, "nothing is at this path")
        }
        return try safePath(try decodedPathTail(of: request, after: root + prefix + "/"))
    }

    /// - Throws: `invalidArgument` "Invalid path" for a path that might lead out of its folder.
    static func safePath(_ text: String) throws(MartletError) -> ArtifactPath {
        // Names that others may have, and MLflow refuses.
        guard !text.contains("#"), !text.hasPrefix("~") else { throw MLflowErrors.invalid("Invalid path") }
        do {
            return try ArtifactPath(text == "." ? "" : text)
        } catch {
            throw MLflowErrors.invalid("Invalid path")
        }
    }

    /// The proxy's path of a file of a run or model.
    private static func path(_ inner: ArtifactPath, in uri: String) throws(MartletError) -> ArtifactPath {
        guard let root = MLflowArtifactURI.servedPath(of: uri) else {
            throw MLflowErrors.invalid("the artifacts are not on this server but at \(uri); read them there")
        }
        return inner.isRoot ? try ArtifactPath(root) : try ArtifactPath("\(root)/\(inner)")
    }

    func artifactURI(of id: Run.ID, _ context: Context) async throws(MartletError) -> String {
        let fields = RunFields(params: [], metrics: [], tags: [], inputs: false)
        let run = try await storedRun(id, context, fields: fields)
        return MLflowArtifactURI.ofRun(id, in: try await location(of: run.experimentID, context))
    }
}

extension JSONWriter {
    fileprivate mutating func mlflowFiles(_ files: [(path: String, entry: ArtifactEntry)]) {
        mlflowList("files", files.sorted { $0.path < $1.path }) { writer, file in
            writer.beginObject()
            writer.mlflowField("path", file.path)
            writer.key("is_dir")
            writer.bool(file.entry.isFolder)
            if let size = file.entry.size {
                writer.key("file_size")
                writer.integer(size)
            }
            writer.endObject()
        }
    }
}
