/// Takes over what other tools have kept. For admins: an import names ids, times and users.
package struct ImportService: Sendable {
    let store: any MetadataStore
    let models: ModelRegistryService
    private let artifacts: ArtifactService
    private let events: EventBus

    package init(
        store: any MetadataStore,
        artifacts: ArtifactService,
        models: ModelRegistryService,
        events: EventBus
    ) {
        self.store = store
        self.models = models
        self.artifacts = artifacts
        self.events = events
    }

    /// Most runs and models that one question may name.
    package static let mostStates = 1_000

    /// Into the current workspace of the principal. - Throws: `invalidArgument` for a bad name or tag.
    package func importExperiment(
        _ experiment: ImportedExperiment,
        as principal: Principal
    ) async throws(MartletError) -> ImportedExperimentPlace {
        try require(principal)
        try Rules.checkExperimentName(experiment.name)
        for (key, value) in experiment.tags { try Rules.checkExperimentTag(Tag(key: key, value: value)) }
        try Rules.checkText(experiment.purpose, what: "purpose", longest: Rules.longestNote)
        let place = try await store.importExperiment(experiment, in: principal.currentWorkspace)
        if !experiment.isDryRun { events.publish([Topic.experiments]) }
        return place
    }

    package func states(
        runs: [Run.ID],
        models: [LoggedModel.ID],
        as principal: Principal
    ) async throws(MartletError) -> ImportStates {
        try require(principal)
        guard runs.count + models.count <= Self.mostStates else {
            throw MartletError(.invalidArgument, "ask for at most \(Self.mostStates) runs and models at once")
        }
        return try await store.importStates(runs: runs, models: models)
    }

    /// Stores a run with some or all of its points; see `ImportStore.importRun`.
    package func importRun(
        _ imported: ImportedRun,
        points: LogBatch,
        as principal: Principal
    ) async throws(MartletError) -> ImportOutcome {
        try require(principal)
        let run = imported.run
        try Self.checkRunID(run.id)
        try Rules.check(points)
        for param in run.params { try Rules.checkParam(param) }
        for tag in run.tags { try Rules.checkTag(tag) }
        try Rules.check(
            RunChanges(
                name: run.name,
                user: run.user,
                purpose: run.purpose,
                hypothesis: run.hypothesis,
                notes: run.notes,
                conclusion: run.conclusion
            )
        )
        try Rules.checkText(imported.revision, what: "revision", longest: Rules.longestKey)
        for key in [run.params.map(\.key), run.tags.map(\.key)] where Set(key).count < key.count {
            throw MartletError(.invalidArgument, "a param or tag of run \(run.id) stands twice in the body")
        }
        let outcome = try await store.importRun(imported, points: points)
        if imported.isWhole, outcome != .present { publish(run.id, run.experimentID) }
        return outcome
    }

    package func importPoints(
        _ points: LogBatch,
        of id: Run.ID,
        as principal: Principal
    ) async throws(MartletError) {
        try require(principal)
        try Rules.check(points)
        try await store.importPoints(points, of: id)
    }

    package func finish(
        _ id: Run.ID,
        stage: LifecycleStage,
        as principal: Principal
    ) async throws(MartletError) {
        try require(principal)
        publish(id, try await store.finishImport(of: id, stage: stage))
    }

    package func importModel(
        _ imported: ImportedModel,
        as principal: Principal
    ) async throws(MartletError) -> ImportOutcome {
        try require(principal)
        let model = imported.model
        try Self.checkModelID(model.id)
        try Rules.checkText(model.name, what: "model name", longest: Rules.longestExperimentName)
        try Rules.checkText(model.modelType, what: "model type", longest: Rules.longestExperimentName)
        try Rules.checkText(model.statusMessage, what: "status message", longest: Rules.longestNote)
        for param in model.params { try Rules.checkParam(param) }
        for tag in model.tags { try Rules.checkTag(tag) }
        for metric in model.metrics {
            guard metric.modelID == model.id else {
                throw MartletError(.invalidArgument, "a score of model \(model.id) names another model")
            }
            try Rules.checkKey(metric.key, what: "metric key")
        }
        let outcome = try await store.importModel(imported)
        events.publish([Topic.runs(of: model.experimentID)])
        return outcome
    }

    /// Stores a file of a run that is here in part, or of a model that is not here yet.
    package func write<Source: AsyncSequence & Sendable>(
        _ source: Source,
        length: Int64?,
        to path: ArtifactPath,
        of owner: ArtifactOwner,
        as principal: Principal
    ) async throws(MartletError) -> StoredBlob where Source.Element == [UInt8] {
        try require(principal)
        switch owner {
        case .run(let id):
            try await requireOpen(id, as: principal)
        case .loggedModel(let id):
            try Self.checkModelID(id)
            let states = try await store.importStates(runs: [], models: [id])
            guard states.models.isEmpty else {
                throw MartletError(.conflict, "model \(id) is here already; send its files before it")
            }
        case .workspace, .version, .draft:
            throw MartletError(.invalidArgument, "an imported file belongs to a run or to a model")
        }
        return try await artifacts.write(source, length: length, to: path, of: owner, as: principal)
    }

    /// - Throws: `notFound`; `conflict` for a run that is whole or was made here.
    package func requireOpen(_ id: Run.ID, as principal: Principal) async throws(MartletError) {
        try require(principal)
        let states = try await store.importStates(runs: [id], models: [])
        guard let state = states.runs[id.rawValue] else {
            throw MartletError(.notFound, "run \(id) is not here; send the run before its points and files")
        }
        guard state.kind == .partial else {
            throw MartletError(.conflict, "run \(id) is whole or was made here: nothing is imported into it")
        }
    }

    private func require(_ principal: Principal) throws(MartletError) {
        try principal.require(.admin, to: "import")
    }

    private func publish(_ run: Run.ID, _ experiment: Experiment.ID) {
        events.publish([
            Topic.run(run), Topic.metrics(of: run), Topic.artifacts(of: run), Topic.runs(of: experiment),
        ])
    }

    /// - Throws: `invalidArgument` unless it has 32 lower-case hexadecimal digits.
    package static func checkRunID(_ id: Run.ID) throws(MartletError) {
        guard isHexadecimal(id.rawValue) else {
            throw MartletError(
                .invalidArgument,
                "'\(id.rawValue.prefix(64))' cannot be a run id here: one has 32 hexadecimal digits"
            )
        }
    }

    /// - Throws: `invalidArgument` unless it is `m-` and 32 lower-case hexadecimal digits.
    package static func checkModelID(_ id: LoggedModel.ID) throws(MartletError) {
        guard id.rawValue.hasPrefix("m-"), isHexadecimal(id.rawValue.dropFirst(2)) else {
            throw MartletError(
                .invalidArgument,
                "'\(id.rawValue.prefix(64))' cannot be a model id here: one is m- and 32 hexadecimal digits"
            )
        }
    }

    private static func isHexadecimal(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
