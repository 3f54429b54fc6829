package import MartletCore

extension SQLMetadataStore: ModelRegistryStore {
    package func registry(of workspace: Workspace.ID) async throws(MartletError) -> Experiment.ID? {
        try await database.read { connection in
            try connection.first(
                "SELECT id FROM experiment WHERE workspace = $1 AND name = $2 AND stage = 0",
                [.integer(workspace.number), .text(Experiment.modelRegistryName)]
            ) { Experiment.ID($0.integer(0)) }
        }
    }

    package func madeRegistry(of workspace: Workspace.ID) async throws(MartletError) -> Experiment.ID {
        do {
            let request = CreateExperiment(
                workspace: workspace,
                name: Experiment.modelRegistryName,
                purpose: "Models that were chosen for use, and their versions."
            )
            return try await createExperiment(request).id
        } catch  where error.code == .alreadyExists {
            // Another request was quicker; or it is in the bin, where only an empty one comes.
            if let registry = try await registry(of: workspace) { return registry }
            guard let binned = try await experiment(named: Experiment.modelRegistryName, in: workspace) else {
                throw error
            }
            try await moveExperiment(binned.id, to: .active)
            return binned.id
        }
    }

    // MARK: registered models

    package func create(
        _ request: CreateRegisteredModel,
        in registry: Experiment.ID
    ) async throws(MartletError) -> RegisteredModel {
        let now = environment.now()
        return try await database.write { connection in
            let id = try ModelRegistryRows.insert(request, in: registry, now: now, connection)
            return try ModelRegistryRows.model(id, connection)
        }
    }

    package func registeredModel(
        _ name: String,
        in registry: Experiment.ID
    ) async throws(MartletError) -> RegisteredModel {
        try await database.read { connection in
            guard let collection = try VersionRows.collection(named: name, in: registry, connection) else {
                throw MartletError(.notFound, "Registered Model with name=\(name) not found")
            }
            return try ModelRegistryRows.whole([collection], connection)[0]
        }
    }

    package func searchRegisteredModels(
        _ request: SearchModelRegistry,
        in registry: Experiment.ID
    ) async throws(MartletError) -> Page<RegisteredModel> {
        try await database.read { connection in
            let page = try ModelRegistrySearch.models(request, in: registry, on: connection)
            let collections = try VersionRows.collections(page.items, connection)
            return Page(items: try ModelRegistryRows.whole(collections, connection), hasMore: page.hasMore)
        }
    }

    package func update(
        _ model: ArtifactCollection.ID,
        _ changes: RegisteredModelChanges
    ) async throws(MartletError) -> RegisteredModel {
        let now = environment.now()
        return try await database.write { connection in
            try VersionRows.hold(model, connection)
            let known = try VersionRows.collection(model, connection)
            if let name = changes.name {
                if let other = try VersionRows.collection(named: name, in: known.experimentID, connection),
                    other.id != model
                {
                    throw ModelRegistryRows.taken(name)
                }
                try connection.execute(
                    """
                    UPDATE artifact_version SET updated_at = $1
                    WHERE id IN (SELECT version FROM artifact_membership WHERE collection = $2)
                    """,
                    [.integer(now), .integer(model.number)]
                )
            }
            try connection.execute(
                "UPDATE artifact_collection SET name = $1, description = $2, updated_at = $3 WHERE id = $4",
                [
                    .text(changes.name ?? known.name), .text(changes.description ?? known.description), .integer(now),
                    .integer(model.number),
                ]
            )
            return try ModelRegistryRows.model(model, connection)
        }
    }

    package func setTag(
        _ tag: (key: String, value: String?),
        of model: ArtifactCollection.ID
    ) async throws(MartletError) {
        try await database.write { connection in
            try VersionRows.hold(model, connection)
            try ModelRegistryRows.setTag(tag.key, tag.value, of: VersionRows.owner(model), connection)
        }
    }

    package func setAlias(
        _ alias: String,
        to number: Int64?,
        in model: ArtifactCollection.ID
    ) async throws(MartletError) {
        try await database.write { connection in
            try VersionRows.hold(model, connection)
            guard let number else {
                try connection.execute(
                    "DELETE FROM artifact_alias WHERE collection = $1 AND alias = $2",
                    [.integer(model.number), .text(alias)]
                )
                return
            }
            let member = try ModelRegistryRows.member(number, of: model, connection)
            try VersionRows.setAliases([alias], of: member.collection, to: member.number, connection)
        }
    }

    // MARK: versions

    package func modelVersion(
        _ number: Int64,
        of model: ArtifactCollection.ID
    ) async throws(MartletError) -> ModelVersion {
        try await database.read { try ModelRegistryRows.version(number, of: model, $0) }
    }

    package func searchModelVersions(
        _ request: SearchModelRegistry,
        in registry: Experiment.ID
    ) async throws(MartletError) -> Page<ModelVersion> {
        try await database.read { connection in
            let page = try ModelRegistrySearch.versions(request, in: registry, on: connection)
            return Page(items: try ModelRegistryRows.versions(page.items, connection), hasMore: page.hasMore)
        }
    }

    package func adopt(
        _ folder: ArtifactPath,
        of owner: ArtifactOwner,
        for id: ArtifactVersion.ID
    ) async throws(MartletError) {
        if case .version(let source) = owner, folder.isRoot { try await adoptReferences(of: source, for: id) }
        if let file = try await entry(at: folder, of: owner), let digest = file.digest {
            let blob = StoredBlob(digest: digest, md5: file.md5, size: file.size ?? 0)
            return try await give([(file.name, blob)], to: id)
        }
        let skipped = folder.isRoot ? 0 : folder.description.utf8.count + 1
        var last: TreePlace?
        while true {
            let place = last
            let files = try await database.read { connection in
                try VersionFileRows.contents(
                    below: folder.description,
                    of: owner.key,
                    after: place,
                    limit: Self.mostRows,
                    connection
                )
            }
            guard let end = files.last else { return }
            let named = files.map { (String($0.place.path.utf8.dropFirst(skipped)) ?? $0.place.path, $0.blob) }
            try await give(named, to: id)
            last = end.place
        }
    }

    /// - Throws: `conflict` for content that went meanwhile.
    private func give(
        _ files: [(path: String, blob: StoredBlob)],
        to id: ArtifactVersion.ID
    ) async throws(MartletError) {
        let named = try await nameContent(files, in: id)
        guard let lost = files.first(where: { !named.contains($0.path) }) else { return }
        throw MartletError(.conflict, "'\(lost.path)' was deleted while the version was registered; register it again")
    }

    private func adoptReferences(
        of source: ArtifactVersion.ID,
        for id: ArtifactVersion.ID
    ) async throws(MartletError) {
        try await database.write { connection in
            try VersionRows.requirePending(id, connection)
            try connection.execute(
                """
                INSERT INTO artifact_reference (version, path, uri, digest, size, extra)
                SELECT $1, path, uri, digest, size, extra FROM artifact_reference WHERE version = $2
                """,
                [.text(id.rawValue), .text(source.rawValue)]
            )
        }
    }

    /// Tells a logged model that it was registered, in the words of whoever registers.
    private static func tell(
        _ note: CreateModelVersion.Note,
        of number: Int64,
        now: Int64,
        on connection: any SQLConnection
    ) throws {
        let known = try connection.first(
            "SELECT value FROM logged_model_tag WHERE model = $1 AND key = $2",
            [.text(note.model.rawValue), .text(note.key)]
        ) { $0.text(0) }
        guard let text = note.text(known, number) else { return }
        try connection.execute(
            """
            INSERT INTO logged_model_tag (model, key, value) VALUES ($1, $2, $3)
            ON CONFLICT (model, key) DO UPDATE SET value = excluded.value
            """,
            [.text(note.model.rawValue), .text(note.key), .text(text)]
        )
        try connection.execute(
            "UPDATE logged_model SET updated_at = $1 WHERE id = $2",
            [.integer(now), .text(note.model.rawValue)]
        )
    }

    package func register(
        _ id: ArtifactVersion.ID,
        digest: String,
        _ request: CreateModelVersion
    ) async throws(MartletError) -> ModelVersion {
        let now = environment.now()
        return try await database.write { connection in
            // Held until the end: no file comes in between, and the model stays.
            try FileUseRows.add(0, 0, to: ArtifactOwner.version(id).key, connection)
            let version = try VersionRows.version(id, connection)
            try VersionRows.hold(version.collectionID, connection)
            guard version.state == .pending else {
                throw MartletError(.conflict, "the version \(id) is \(version.state.rawValue) already")
            }
            if let kept = request.kept {
                try ModelRegistryRows.reserve(kept.number, in: version.collectionID, connection)
            }
            let number = try VersionRows.commit(version, digest: digest, now: now, connection)
            try ModelRegistryRows.insert(request.origin, of: number, in: version.collectionID, connection)
            if let kept = request.kept { try ModelRegistryRows.keep(kept, of: version, connection) }
            for tag in request.tags {
                try ModelRegistryRows.setTag(tag.key, tag.value, of: VersionRows.owner(id), connection)
            }
            if let note = request.note { try Self.tell(note, of: number, now: now, on: connection) }
            return try ModelRegistryRows.version(number, of: version.collectionID, connection)
        }
    }

    package func abandon(_ id: ArtifactVersion.ID) async throws(MartletError) {
        try await database.write { connection in
            try VersionRows.requirePending(id, connection)
            try VersionRows.forget(id, connection)
        }
    }

    package func keepTimes(
        of model: ArtifactCollection.ID,
        createdAt: Int64,
        updatedAt: Int64
    ) async throws(MartletError) {
        try await database.write { connection in
            _ = try VersionRows.collection(model, connection)
            try connection.execute(
                "UPDATE artifact_collection SET created_at = $1, updated_at = $2 WHERE id = $3",
                [.integer(createdAt), .integer(updatedAt), .integer(model.number)]
            )
        }
    }

    package func updateVersion(
        _ number: Int64,
        of model: ArtifactCollection.ID,
        _ changes: ModelVersionChanges
    ) async throws(MartletError) -> ModelVersion {
        let now = environment.now()
        return try await database.write { connection in
            let member = try ModelRegistryRows.member(number, of: model, connection)
            try connection.execute(
                "UPDATE artifact_version SET description = coalesce($1, description), updated_at = $2 WHERE id = $3",
                [.text(changes.description), .integer(now), .text(member.version.rawValue)]
            )
            if let stage = changes.stage {
                try ModelRegistryRows.setStage(
                    stage,
                    of: number,
                    in: model,
                    archivesOthers: changes.archivesOthers,
                    now: now,
                    connection
                )
            }
            return try ModelRegistryRows.version(number, of: model, connection)
        }
    }

    package func setTag(
        _ tag: (key: String, value: String?),
        ofVersion number: Int64,
        of model: ArtifactCollection.ID
    ) async throws(MartletError) {
        try await database.write { connection in
            try VersionRows.hold(model, connection)
            let member = try ModelRegistryRows.member(number, of: model, connection)
            try ModelRegistryRows.setTag(tag.key, tag.value, of: VersionRows.owner(member.version), connection)
        }
    }

    package func deleteVersion(_ number: Int64, of model: ArtifactCollection.ID) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            let member = try ModelRegistryRows.member(number, of: model, connection)
            if try VersionRows.version(member.version, connection).collectionID == model {
                try VersionRows.remove(member.version, now: now, connection)
            } else {
                try VersionRows.leave(member, connection)
            }
            try ModelRegistryRows.touch(model, now: now, connection)
        }
    }
}
