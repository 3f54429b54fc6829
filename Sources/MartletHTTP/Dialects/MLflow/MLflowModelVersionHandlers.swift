import Hummingbird
import MartletCore

/// Versions of registered models.
extension MLflowDialect {
    func createModelVersion(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.modelName("name")
        let tags = try message.registryTags()
        let source = try await modelSource(message, isPrompt: MLflowPrompts.areOfPrompt(tags), context)
        var create = CreateModelVersion(
            model: name,
            origin: ModelVersion.Origin(
                source: source.uri,
                location: source.location,
                modelID: source.modelID,
                runLink: try message.string("run_link") ?? "",
                user: context.principal.name
            ),
            runID: source.runID,
            description: try message.string("description") ?? "",
            tags: tags,
            files: source.files
        )
        if let model = source.modelID { create.note = Self.note(on: model, of: name) }
        let version = try await services.models.register(
            create,
            digest: { ContentDigest.digest(of: $0) },
            as: context.principal
        )
        return Self.answer(version)
    }

    /// Tells a logged model under which names it was registered, in the form that MLflow's clients read.
    private static func note(on model: LoggedModel.ID, of name: String) -> CreateModelVersion.Note {
        CreateModelVersion.Note(model: model, key: "mlflow.modelVersions") { known, number in
            let entry = "{\"name\": \(PythonText.asciiJSON(name)), \"version\": \(number)}"
            // What somebody else put there is no list.
            let isList = known?.hasPrefix("[") == true && known?.hasSuffix("]") == true
            var list = isList ? known?.dropFirst().dropLast() ?? "" : ""
            guard !list.contains(entry) else { return nil }
            if !list.isEmpty { list += ", " }
            let text = "[\(list)\(entry)]"
            return text.utf8.count <= Rules.longestTagValue ? text : nil
        }
    }

    func modelVersion(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        Self.answer(try await storedVersion(try await MLflowMessage.read(request), context))
    }

    private func storedVersion(_ message: MLflowMessage, _ context: Context) async throws(MartletError) -> ModelVersion
    {
        let name = try message.modelName("name")
        let number = try message.modelVersion()
        do {
            return try await services.models.version(number, of: name, as: context.principal)
        } catch {
            throw Self.ofVersion(number, name, error)
        }
    }

    /// MLflow does not tell whether the model or the version is missing.
    static func ofVersion(_ number: Int64, _ name: String, _ error: MartletError) -> MartletError {
        guard error.code == .notFound else { return error }
        return MartletError(.notFound, "Model Version (name=\(name), version=\(number)) not found")
    }

    func updateModelVersion(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let changes = ModelVersionChanges(description: try message.string("description") ?? "")
        return Self.answer(try await change(changes, message, context))
    }

    func moveModelVersion(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        _ = try message.modelName("name")
        _ = try message.modelVersion()
        let name = try message.required("stage")
        let stage = try MLflowTranslation.stage(name)
        let archivesOthers = try message.bool("archive_existing_versions") ?? false
        // MLflow answers 500, which its client repeats for minutes.
        guard !archivesOthers || stage == .staging || stage == .production else {
            throw MLflowErrors.invalid(
                "Model version transition cannot archive existing model versions because '\(name)' is not an Active "
                    + "stage. Valid stages are ['Staging', 'Production']"
            )
        }
        let changes = ModelVersionChanges(stage: stage, archivesOthers: archivesOthers)
        return Self.answer(try await change(changes, message, context))
    }

    private func change(
        _ changes: ModelVersionChanges,
        _ message: MLflowMessage,
        _ context: Context
    ) async throws(MartletError) -> ModelVersion {
        let name = try message.modelName("name")
        let number = try message.modelVersion()
        do {
            return try await services.models.updateVersion(number, of: name, changes, as: context.principal)
        } catch {
            throw Self.ofVersion(number, name, error)
        }
    }

    func deleteModelVersion(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.modelName("name")
        let number = try message.modelVersion()
        do {
            try await services.models.deleteVersion(number, of: name, as: context.principal)
        } catch {
            throw Self.ofVersion(number, name, error)
        }
        return Self.emptyObject
    }

    func searchModelVersions(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        var search = try registrySearch(message, of: .modelVersions, standard: 200_000, most: 200_000)
        if search.order.isEmpty {
            search.order = [SearchOrder(field: .attribute(.updatedAt), descending: true)]
        }
        let page = try await services.models.searchVersions(search, as: context.principal)
        return Self.json { writer in
            writer.mlflowList("model_versions", page.items) { writer, version in
                writer.mlflowModelVersion(version, withAliases: false)
            }
            if page.hasMore {
                writer.mlflowField("next_page_token", MLflowPageToken.token(offset: search.offset + search.limit))
            }
        }
    }

    func latestModelVersions(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.modelName("name")
        var stages: [ModelVersion.Stage] = []
        for name in try message.strings("stages") { stages.append(try MLflowTranslation.stage(name)) }
        let latest = try await services.models.model(name, as: context.principal).latest
        return Self.json { writer in
            let wanted = latest.filter { stages.isEmpty || stages.contains($0.stage) }
            writer.mlflowList("model_versions", wanted) { writer, version in writer.mlflowModelVersion(version) }
        }
    }

    // MARK: tags

    func setModelVersionTag(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let tag = try MLflowRules.registryTag(
            key: try message.required("key"),
            value: try message.string("value") ?? ""
        )
        return try await setTag(tag.key, tag.value, message, context)
    }

    func deleteModelVersionTag(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let key = try message.required("key")
        try MLflowRules.checkKey(key, path: "key")
        return try await setTag(key, nil, message, context)
    }

    private func setTag(
        _ key: String,
        _ value: String?,
        _ message: MLflowMessage,
        _ context: Context
    ) async throws(MartletError) -> Response {
        let name = try message.modelName("name")
        let number = try message.modelVersion()
        do {
            try await services.models.setTag(key, value, ofVersion: number, of: name, as: context.principal)
        } catch {
            throw Self.ofVersion(number, name, error)
        }
        return Self.emptyObject
    }

    // MARK: files

    /// Where the files were when the version was registered; where they are gone, those that the version keeps.
    func modelVersionLocation(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let version = try await storedVersion(try await MLflowMessage.read(request), context)
        let kept = version.membership.version
        var location = version.origin.location
        if location.isEmpty {
            location = MLflowArtifactURI.ofVersion(kept)
        } else if kept.fileCount > 0, let (owner, folder) = try files(at: location, context) {
            let isThere: Bool
            do {
                let artifacts = services.artifacts
                let isFile = try await artifacts.entry(at: folder, of: owner, as: context.principal)?.isFolder == false
                let inside = try await artifacts.list(folder, of: owner, as: context.principal)
                isThere = isFile || !inside.isEmpty
            } catch  where error.code == .notFound || error.code == .permissionDenied {
                isThere = false
            }
            if !isThere { location = MLflowArtifactURI.ofVersion(kept) }
        }
        return Self.json { writer in writer.mlflowField("artifact_uri", location) }
    }

    /// `GET /model-versions/get-artifact?name=…&version=…&path=…` of MLflow's web interface.
    func modelVersionArtifact(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = MLflowMessage(try request.queryItems)
        let path = try Self.safePath(try message.required("path"))
        let version = try await storedVersion(message, context)
        let principal = context.principal
        let own = ArtifactOwner.version(version.membership.version.id)
        if try await services.artifacts.entry(at: path, of: own, as: principal) == nil, version.origin.location != "" {
            guard let (owner, folder) = try files(at: version.origin.location, context) else {
                throw MLflowErrors.invalid("the files are not on this server but at \(version.origin.location)")
            }
            return try await content(
                at: folder.isRoot ? path : try ArtifactPath("\(folder)/\(path)"),
                of: owner,
                request,
                as: principal
            )
        }
        return try await content(at: path, of: own, request, as: principal)
    }
}
