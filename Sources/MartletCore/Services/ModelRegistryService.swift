/// What may be done with the registry of the current workspace, and by whom.
package struct ModelRegistryService: Sendable {
    private let store: any MetadataStore
    private let access: AccessControl
    private let events: EventBus
    private let environment: Environment

    package init(store: any MetadataStore, access: AccessControl, events: EventBus, environment: Environment) {
        self.store = store
        self.access = access
        self.events = events
        self.environment = environment
    }

    // MARK: registered models

    /// - Throws: `invalidArgument` for a bad name or tag; `alreadyExists`.
    package func create(
        _ request: CreateRegisteredModel,
        as principal: Principal
    ) async throws(MartletError) -> RegisteredModel {
        try Self.checkName(request.name)
        try ArtifactVersionService.checkPlainName(request.type, what: "type of a registered model")
        try Self.check(request.description, request.tags)
        let workspace = principal.currentWorkspace
        let known = try await registry(.editor, as: principal, to: "register a model")
        let registry = if let known { known } else { try await store.madeRegistry(of: workspace) }
        let model = try await store.create(request, in: registry)
        // Nobody can listen to a registry before it is there.
        if known == nil { events.publish([Topic.experiments]) }
        publish(model.collection)
        return model
    }

    /// - Throws: `notFound`.
    package func model(_ name: String, as principal: Principal) async throws(MartletError) -> RegisteredModel {
        try await model(name, .viewer, as: principal, to: "read registered models")
    }

    /// - Throws: `notFound`; `invalidArgument`; `alreadyExists` for the new name.
    package func update(
        _ name: String,
        _ changes: RegisteredModelChanges,
        as principal: Principal
    ) async throws(MartletError) -> RegisteredModel {
        if let name = changes.name { try Self.checkName(name) }
        try Self.check(changes.description ?? "", [])
        let known = try await model(name, .editor, as: principal, to: "change a registered model")
        let model = try await store.update(known.collection.id, changes)
        publish(model.collection)
        return model
    }

    /// - Parameter value: `nil` removes the tag.
    package func setTag(
        _ key: String,
        _ value: String?,
        of name: String,
        as principal: Principal
    ) async throws(MartletError) {
        if let value { try Self.check("", [Tag(key: key, value: value)]) }
        let known = try await model(name, .editor, as: principal, to: "change a registered model")
        try await store.setTag((key, value), of: known.collection.id)
        publish(known.collection)
    }

    /// Gives an alias to a version, whoever had it; `nil` takes it from whoever has it.
    /// - Throws: `notFound` for the model or the version.
    package func setAlias(
        _ alias: String,
        to number: Int64?,
        of name: String,
        as principal: Principal
    ) async throws(MartletError) {
        try Rules.checkText(alias, what: "alias", longest: Self.longestAlias)
        guard alias.lowercased() != "latest" else {
            throw MartletError(.invalidArgument, "'latest' always means the last version; choose another alias")
        }
        let known = try await model(name, .editor, as: principal, to: "change aliases")
        try await store.setAlias(alias, to: number, in: known.collection.id)
        publish(known.collection)
    }

    /// Deletes the model with its versions.
    package func delete(_ name: String, as principal: Principal) async throws(MartletError) {
        let known = try await model(name, .editor, as: principal, to: "delete a registered model")
        try await store.delete(known.collection.id)
        publish(known.collection)
    }

    package func search(
        _ request: SearchModelRegistry,
        as principal: Principal
    ) async throws(MartletError) -> Page<RegisteredModel> {
        guard let registry = try await registry(.viewer, as: principal, to: "read registered models") else {
            return Page(items: [], hasMore: false)
        }
        return try await store.searchRegisteredModels(request, in: registry)
    }

    // MARK: versions

    /// - Throws: `notFound`.
    package func version(
        _ number: Int64,
        of name: String,
        as principal: Principal
    ) async throws(MartletError) -> ModelVersion {
        let known = try await model(name, .viewer, as: principal, to: "read registered models")
        return try await store.modelVersion(number, of: known.collection.id)
    }

    package func searchVersions(
        _ request: SearchModelRegistry,
        as principal: Principal
    ) async throws(MartletError) -> Page<ModelVersion> {
        guard let registry = try await registry(.viewer, as: principal, to: "read registered models") else {
            return Page(items: [], hasMore: false)
        }
        return try await store.searchModelVersions(request, in: registry)
    }

    /// Registers a version. It has the files that its folder has now, and keeps them whatever becomes of that.
    ///
    /// - Parameter digest: names the content, as far as it is known.
    /// - Throws: `notFound` for the model; what reading the folder throws.
    package func register(
        _ request: CreateModelVersion,
        digest: @Sendable ([VersionFile]) -> String,
        as principal: Principal
    ) async throws(MartletError) -> ModelVersion {
        try Self.check(request.description, request.tags)
        try Self.check(request)
        let known = try await model(request.model, .editor, as: principal, to: "register a version of a model")
        var request = request
        if let (owner, _) = request.files {
            try await access.require(.viewer, of: owner, as: principal, to: "read artifacts")
        }
        // What a run made is said by who may write to it; for others it is a name that somebody gave.
        if let run = request.runID, try await !mayWrite(to: run, as: principal) {
            request.origin.runID = run
            request.runID = nil
        }
        let id = try await store.create(
            Self.version(of: known.collection, request),
            id: ArtifactVersion.ID(environment.newID())
        ).id
        let version: ModelVersion
        do {
            if let (owner, folder) = request.files { try await store.adopt(folder, of: owner, for: id) }
            version = try await store.register(id, digest: digest(try await files(of: id)), request)
        } catch {
            // What cannot be removed now goes with the pending versions that nobody touches.
            try? await store.abandon(id)
            throw error
        }
        publish(known.collection)
        return version
    }

    private static func version(
        of collection: ArtifactCollection,
        _ request: CreateModelVersion
    ) -> CreateArtifactVersion {
        var create = CreateArtifactVersion(
            experimentID: collection.experimentID,
            collection: collection.name,
            type: collection.type,
            digest: ""
        )
        create.model = collection.id
        create.description = request.description
        create.takesKnown = false
        create.runID = request.runID
        return create
    }

    /// Whether a run is here, and the principal may write to it.
    private func mayWrite(to run: Run.ID, as principal: Principal) async throws(MartletError) -> Bool {
        do {
            _ = try await store.experiments(ofRuns: [run])
            try await access.require(.editor, of: run, as: principal, to: "register what a run made")
            return true
        } catch  where error.code == .notFound || error.code == .permissionDenied {
            return false
        }
    }

    private func files(of id: ArtifactVersion.ID) async throws(MartletError) -> [VersionFile] {
        var files: [VersionFile] = []
        while true {
            let page = try await store.files(of: id, after: files.last, limit: 5_000)
            files += page
            if page.count < 5_000 { return files }
        }
    }

    /// - Throws: `notFound`; `invalidArgument`.
    package func updateVersion(
        _ number: Int64,
        of name: String,
        _ changes: ModelVersionChanges,
        as principal: Principal
    ) async throws(MartletError) -> ModelVersion {
        try Self.check(changes.description ?? "", [])
        let known = try await model(name, .editor, as: principal, to: "change a version of a model")
        if changes.description != nil { try await requireOwn(number, of: known.collection, as: principal) }
        let version = try await store.updateVersion(number, of: known.collection.id, changes)
        publish(known.collection)
        return version
    }

    /// - Parameter value: `nil` removes the tag.
    package func setTag(
        _ key: String,
        _ value: String?,
        ofVersion number: Int64,
        of name: String,
        as principal: Principal
    ) async throws(MartletError) {
        if let value { try Self.check("", [Tag(key: key, value: value)]) }
        let known = try await model(name, .editor, as: principal, to: "change a version of a model")
        try await requireOwn(number, of: known.collection, as: principal)
        try await store.setTag((key, value), ofVersion: number, of: known.collection.id)
        publish(known.collection)
    }

    package func deleteVersion(
        _ number: Int64,
        of name: String,
        as principal: Principal
    ) async throws(MartletError) {
        let known = try await model(name, .editor, as: principal, to: "delete a version of a model")
        try await store.deleteVersion(number, of: known.collection.id)
        publish(known.collection)
    }

    // MARK: helpers

    /// What was linked from elsewhere is changed by who may change it there.
    private func requireOwn(
        _ number: Int64,
        of collection: ArtifactCollection,
        as principal: Principal
    ) async throws(MartletError) {
        let version = try await store.modelVersion(number, of: collection.id).membership.version
        guard version.collectionID != collection.id else { return }
        try await access.require(.editor, of: version.id, as: principal, to: "change a version of another collection")
    }

    private func model(
        _ name: String,
        _ needed: Principal.Role,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) -> RegisteredModel {
        guard let registry = try await registry(needed, as: principal, to: action) else {
            throw MartletError(.notFound, "Registered Model with name=\(name) not found")
        }
        return try await store.registeredModel(name, in: registry)
    }

    /// The registry of the current workspace, where there is one.
    private func registry(
        _ needed: Principal.Role,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) -> Experiment.ID? {
        guard let registry = try await store.registry(of: principal.currentWorkspace) else {
            try access.require(needed, in: principal.currentWorkspace, as: principal, to: action)
            return nil
        }
        try await access.require(needed, in: registry, as: principal, to: action)
        return registry
    }

    private func publish(_ collection: ArtifactCollection) {
        events.publish([Topic.collections(of: collection.experimentID)])
    }
}

extension ModelRegistryService {
    package static let longestName = 256
    package static let longestAlias = 255
    package static let longestTagValue = 100_000
    private static let mostTags = 2_000

    private static func checkName(_ name: String) throws(MartletError) {
        try Rules.checkText(name, what: "name of a registered model", longest: longestName)
        guard name.contains(where: { !$0.isWhitespace }), !name.contains("/"), !name.contains(":") else {
            throw MartletError(
                .invalidArgument,
                "a registered model needs a name that is not blank and has no '/' and no ':'; got '\(name)'"
            )
        }
    }

    private static let longestURI = 10_000
    private static let numbers: ClosedRange<Int64> = 0...Int64(Int32.max)

    private static func check(_ request: CreateModelVersion) throws(MartletError) {
        let origin = request.origin
        for (text, what) in [
            (origin.source, "source"), (origin.location, "place of the files"), (origin.runLink, "link to the run"),
        ] {
            try Rules.checkText(text, what: what, longest: longestURI)
        }
        for (text, what) in [(origin.user, "user"), (request.runID?.rawValue ?? "", "id of the run")] {
            try Rules.checkText(text, what: what, longest: Rules.longestKey)
        }
        guard let kept = request.kept, !numbers.contains(kept.number) else { return }
        throw MartletError(
            .invalidArgument,
            "\(kept.number) is no number of a version: they are 0 to \(numbers.upperBound)"
        )
    }

    private static func check(_ description: String, _ tags: [Tag]) throws(MartletError) {
        try Rules.checkText(description, what: "description", longest: Rules.longestNote)
        guard tags.count <= mostTags else {
            throw MartletError(.invalidArgument, "\(tags.count) tags at once; give at most \(mostTags)")
        }
        for tag in tags {
            try Rules.checkKey(tag.key, what: "tag key")
            try Rules.checkText(tag.value, what: "value of tag '\(tag.key)'", longest: longestTagValue)
        }
    }
}
