import Hummingbird
import MartletCore

extension MLflowDialect {
    func createExperiment(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.required("name")
        try Self.checkExperimentName(name)
        var create = CreateExperiment(name: name)
        if let location = try message.string("artifact_location"), !location.isEmpty {
            create.artifactLocation = try MLflowArtifactLocation.checked(location)
        }
        for pair in try message.pairs("tags") {
            let tag = try Self.experimentTag(pair)
            if tag.key == MLflowTags.notes { create.purpose = tag.value } else { create.tags[tag.key] = tag.value }
        }
        let experiment: Experiment
        do {
            experiment = try await services.experiments.create(create, as: context.principal)
        } catch {
            throw Self.nameIsTaken(name, error)
        }
        return Self.json { writer in writer.mlflowField("experiment_id", experiment.id.description) }
    }

    func experiment(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let id = try await MLflowMessage.read(request).experimentID()
        return Self.answer(try await storedExperiment(id, context))
    }

    func experimentByName(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let name = try await MLflowMessage.read(request).required("experiment_name")
        guard let experiment = try await services.experiments.experiment(named: name, as: context.principal) else {
            throw MartletError(.notFound, "Could not find experiment with name '\(name)'")
        }
        return Self.answer(experiment)
    }

    func searchExperiments(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        try message.checkReadable()
        let limit = try MLflowRules.limit(message, standard: 1_000, most: 50_000)
        let offset = try MLflowPageToken.offset(try message.string("page_token"))
        let search = SearchExperiments(
            filter: try FilterParser.parse(
                try message.string("filter") ?? "",
                subject: .experiments,
                syntax: .mlflow,
                now: services.environment.now()
            ),
            order: try OrderParser.parse(try message.strings("order_by"), subject: .experiments, syntax: .mlflow),
            view: try MLflowTranslation.view(message, "view_type"),
            limit: limit,
            offset: offset
        )
        let page = try await services.experiments.search(search, as: context.principal)
        return Self.json { writer in
            writer.mlflowList("experiments", page.items) { writer, experiment in writer.mlflowExperiment(experiment) }
            if page.hasMore { writer.mlflowField("next_page_token", MLflowPageToken.token(offset: offset + limit)) }
        }
    }

    func updateExperiment(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.experimentID()
        let name = try message.required("new_name")
        try Self.checkExperimentName(name)
        do {
            _ = try await services.experiments.update(id, ExperimentChanges(name: name), as: context.principal)
        } catch {
            // MLflow answers 500, which its client repeats for minutes.
            if error.code == .failedPrecondition {
                throw MartletError(.failedPrecondition, "Cannot rename a non-active experiment.")
            }
            throw Self.nameIsTaken(name, Self.ofExperiment(id, error))
        }
        return Self.emptyObject
    }

    func deleteExperiment(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try await moveExperiment(to: .deleted, request, context)
    }

    func restoreExperiment(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try await moveExperiment(to: .active, request, context)
    }

    private func moveExperiment(
        to stage: LifecycleStage,
        _ request: Request,
        _ context: Context
    ) async throws(MartletError) -> Response {
        let id = try await MLflowMessage.read(request).experimentID()
        do {
            try await services.experiments.move(id, to: stage, as: context.principal)
        } catch {
            throw Self.ofExperiment(id, error)
        }
        return Self.emptyObject
    }

    func setExperimentTag(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.experimentID()
        let tag = try Self.experimentTag((try message.required("key"), try message.string("value") ?? ""))
        try await checkActive(id, context)
        // MLflow's description of an experiment is our purpose; kept once, shown as both.
        let changes =
            tag.key == MLflowTags.notes ? ExperimentChanges(purpose: tag.value) : ExperimentChanges(tags: [tag])
        do {
            _ = try await services.experiments.update(id, changes, as: context.principal)
        } catch {
            throw Self.ofExperiment(id, error)
        }
        return Self.emptyObject
    }

    func deleteExperimentTag(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.experimentID()
        let key = try message.required("key")
        try await checkActive(id, context)
        if key == MLflowTags.notes {
            guard try await !storedExperiment(id, context).purpose.isEmpty else {
                throw MartletError(.notFound, "No tag with name: \(key) in experiment with id \(id)")
            }
            _ = try await services.experiments.update(id, ExperimentChanges(purpose: ""), as: context.principal)
            return Self.emptyObject
        }
        do {
            try await services.experiments.deleteTag(key, of: id, as: context.principal)
        } catch {
            guard error.code == .notFound else { throw error }
            throw MartletError(.notFound, "No tag with name: \(key) in experiment with id \(id)")
        }
        return Self.emptyObject
    }

    /// The datasets that runs of some experiments read; MLflow's own web interface asks.
    func searchDatasets(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let texts = try message.strings("experiment_ids")
        guard !texts.isEmpty else {
            throw MLflowErrors.invalid("SearchDatasets request must specify at least one experiment_id.")
        }
        guard texts.count <= 20 else {
            throw MLflowErrors.invalid(
                "SearchDatasets request cannot specify more than 20 experiment_ids. Received \(texts.count) "
                    + "experiment_ids."
            )
        }
        var ids: [Experiment.ID] = []
        for text in texts { ids.append(try MLflowRules.experimentID(text)) }
        let summaries = try await datasets(of: ids, limit: 1_000, context)
        return Self.json { writer in
            writer.mlflowList("dataset_summaries", summaries) { writer, summary in
                writer.beginObject()
                writer.mlflowField("experiment_id", summary.experiment.description)
                writer.mlflowField("name", summary.name)
                writer.mlflowField("digest", summary.digest)
                if let use = summary.context { writer.mlflowField("context", use) }
                writer.endObject()
            }
        }
    }

    private struct DatasetSummary: Hashable {
        var experiment: Experiment.ID
        var name: String
        var digest: String
        var context: String?
    }

    /// Distinct datasets in the order of the latest runs that read them. O(runs).
    private func datasets(
        of experiments: [Experiment.ID],
        limit: Int,
        _ context: Context
    ) async throws(MartletError) -> [DatasetSummary] {
        var known: Set<DatasetSummary> = []
        var found: [DatasetSummary] = []
        var search = SearchRuns(experiments: experiments, view: .all, limit: 1_000)
        search.fields = RunFields(params: [], metrics: [], tags: [], inputs: true)
        while true {
            let page = try await services.runs.search(search, as: context.principal)
            for run in page.items {
                for dataset in run.datasets where found.count < limit {
                    let summary = DatasetSummary(
                        experiment: run.experimentID,
                        name: dataset.name,
                        digest: dataset.digest,
                        context: dataset.tags.first { $0.key == MLflowTags.datasetContext }?.value
                    )
                    if known.insert(summary).inserted { found.append(summary) }
                }
            }
            guard page.hasMore, found.count < limit else { return found }
            search.offset += search.limit
        }
    }

    // MARK: helpers

    func storedExperiment(_ id: Experiment.ID, _ context: Context) async throws(MartletError) -> Experiment {
        do {
            return try await services.experiments.experiment(id, as: context.principal)
        } catch {
            throw Self.ofExperiment(id, error)
        }
    }

    private func checkActive(_ id: Experiment.ID, _ context: Context) async throws(MartletError) {
        guard try await storedExperiment(id, context).stage == .active else {
            throw MLflowErrors.inactiveExperiment(id)
        }
    }

    private static func answer(_ experiment: Experiment) -> Response {
        json { writer in
            writer.key("experiment")
            writer.mlflowExperiment(experiment)
        }
    }

    private static func checkExperimentName(_ name: String) throws(MartletError) {
        try MLflowRules.checkLength(name, of: "name", limit: Rules.longestExperimentName)
        guard name.contains(where: { !$0.isWhitespace }) else {
            throw MLflowErrors.invalid("Invalid experiment name: '\(name)'")
        }
    }

    private static func nameIsTaken(_ name: String, _ error: MartletError) -> MartletError {
        guard error.code == .alreadyExists else { return error }
        return MartletError(.alreadyExists, "Experiment(name=\(name)) already exists.")
    }

    private static func experimentTag(_ pair: (key: String, value: String)) throws(MartletError) -> Tag {
        try MLflowRules.checkKey(pair.key, path: "key")
        try MLflowRules.checkLength(pair.key, of: "key", limit: Rules.longestKey)
        try MLflowRules.checkLength(pair.value, of: "value", limit: Rules.longestExperimentTagValue)
        return Tag(key: pair.key, value: pair.value)
    }
}

extension JSONWriter {
    mutating func mlflowExperiment(_ experiment: Experiment) {
        beginObject()
        mlflowField("experiment_id", experiment.id.description)
        mlflowField("name", experiment.name)
        mlflowField("artifact_location", experiment.artifactLocation)
        mlflowField("lifecycle_stage", experiment.stage.rawValue)
        key("last_update_time")
        integer(experiment.updatedAt)
        key("creation_time")
        integer(experiment.createdAt)
        var tags = experiment.tags
        if !experiment.purpose.isEmpty { tags[MLflowTags.notes] = experiment.purpose }
        mlflowPairs("tags", tags.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        endObject()
    }
}
