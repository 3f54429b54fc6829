extension ImportService {
    /// Stores a registered model of another tool: those of its versions that are not here yet, with the files of the runs
    /// and logged models that they came from.
    ///
    /// - Parameter digest: names the content of a version.
    /// - Returns: `created`; `merged` when the name was here and something was added; `present`.
    /// - Throws: `invalidArgument`; once all else is done, `conflict` that names a version whose number was given here.
    package func importRegisteredModel(
        _ imported: ImportedRegisteredModel,
        digest: @Sendable ([VersionFile]) -> String,
        as principal: Principal
    ) async throws(MartletError) -> ImportOutcome {
        try principal.require(.admin, to: "import")
        let known: RegisteredModel?
        do {
            known = try await models.model(imported.name, as: principal)
        } catch  where error.code == .notFound {
            known = nil
        }
        let model: RegisteredModel
        if let known { model = known } else { model = try await create(imported, as: principal) }
        var isChanged = false
        var refusal: MartletError?
        for version in imported.versions.sorted(by: { $0.number < $1.number }) {
            do {
                isChanged = try await carry(version, of: model, digest: digest, as: principal) || isChanged
            } catch  where error.code == .conflict {
                refusal = refusal ?? error
            }
        }
        let isKnown = { (alias: String) in
            alias.lowercased() == "latest" || model.aliases.contains { $0.name == alias }
        }
        for (alias, number) in imported.aliases where !isKnown(alias) {
            try await models.setAlias(alias, to: number, of: imported.name, as: principal)
            isChanged = true
        }
        if known == nil {
            try await store.keepTimes(
                of: model.collection.id,
                createdAt: imported.createdAt,
                updatedAt: imported.updatedAt
            )
        }
        if let refusal { throw refusal }
        return known == nil ? .created : isChanged ? .merged : .present
    }

    private func create(
        _ imported: ImportedRegisteredModel,
        as principal: Principal
    ) async throws(MartletError) -> RegisteredModel {
        var request = CreateRegisteredModel(
            name: imported.name,
            description: imported.description,
            tags: Self.list(imported.tags)
        )
        request.type = imported.type
        return try await models.create(request, as: principal)
    }

    /// - Returns: whether it was not here.
    private func carry(
        _ version: ImportedRegisteredModel.Version,
        of model: RegisteredModel,
        digest: @Sendable ([VersionFile]) -> String,
        as principal: Principal
    ) async throws(MartletError) -> Bool {
        do {
            _ = try await store.modelVersion(version.number, of: model.collection.id)
            return false
        } catch  where error.code == .notFound {
            // To be made.
        }
        let name = model.collection.name
        var place = Self.files(of: version)
        var origin = ModelVersion.Origin(
            source: version.source,
            location: version.location,
            runLink: version.runLink,
            user: version.user
        )
        if let known = place, let location = try await location(of: known) {
            origin.location = location
        } else {
            // Its run or model did not come along.
            place = nil
        }
        var request = CreateModelVersion(
            model: name,
            origin: origin,
            runID: version.runID,
            description: version.description,
            tags: Self.list(version.tags),
            files: place
        )
        request.kept = CreateModelVersion.Kept(
            number: version.number,
            stage: version.stage,
            createdAt: version.createdAt,
            updatedAt: version.updatedAt
        )
        do {
            _ = try await models.register(request, digest: digest, as: principal)
        } catch  where error.code == .conflict {
            throw MartletError(
                .conflict,
                "version \(version.number) of '\(name)' was deleted here, or later ones were made: it was left out"
            )
        }
        return true
    }

    private static func list(_ tags: [String: String]) -> [Tag] {
        tags.sorted { $0.key < $1.key }.map { Tag(key: $0.key, value: $0.value) }
    }

    private typealias Folder = (owner: ArtifactOwner, folder: ArtifactPath)

    /// The folder of a run or logged model that a version came from, by the ids that its URIs name. Paths that none here
    /// can have name no folder.
    private static func files(of version: ImportedRegisteredModel.Version) -> Folder? {
        for uri in [version.location, version.source] {
            let names = uri.split(whereSeparator: { $0 == "/" || $0 == ":" }).map(String.init)
            if uri.hasPrefix("models:/"), names.count == 2, names[1].hasPrefix("m-") {
                return (.loggedModel(LoggedModel.ID(names[1])), .root)
            }
            if uri.hasPrefix("runs:/"), names.count > 1 {
                return path(names.dropFirst(2)).map { (.run(Run.ID(names[1])), $0) }
            }
            guard let end = names.lastIndex(of: "artifacts"), end > 0 else { continue }
            let owner = names[end - 1]
            if owner.hasPrefix("m-"), end > 1, names[end - 2] == "models" {
                return path(names[(end + 1)...]).map { (.loggedModel(LoggedModel.ID(owner)), $0) }
            }
            if let run = version.runID, owner == run.rawValue {
                return path(names[(end + 1)...]).map { (.run(run), $0) }
            }
        }
        return nil
    }

    private static func path(_ names: ArraySlice<String>) -> ArtifactPath? {
        try? ArtifactPath(names.joined(separator: "/"))
    }

    /// Where the files are here; `nil` when their run or model is not here.
    private func location(of folder: Folder) async throws(MartletError) -> String? {
        let root: String
        do {
            switch folder.owner {
            case .run(let id):
                let fields = RunFields(params: [], metrics: [], tags: [], inputs: false)
                let run = try await store.run(id, fields: fields)
                let place = try await store.experiment(run.experimentID).artifactLocation
                root = ArtifactLocation.appending("\(id)/artifacts", to: place)
            case .loggedModel(let id): root = try await store.loggedModel(id, orDeleted: true).artifactURI
            case .workspace, .version, .draft: return nil
            }
        } catch  where error.code == .notFound {
            return nil
        }
        return folder.folder.isRoot ? root : ArtifactLocation.appending(folder.folder.description, to: root)
    }
}
