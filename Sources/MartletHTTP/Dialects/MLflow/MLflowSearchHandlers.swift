import Hummingbird
import MartletCore

extension MLflowDialect {
    func searchRuns(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        try message.checkReadable()
        var experiments: [Experiment.ID] = []
        for text in try message.strings("experiment_ids") {
            experiments.append(try MLflowRules.experimentID(text))
        }
        let limit = try MLflowRules.limit(message, standard: 1_000, most: 50_000)
        let offset = try MLflowPageToken.offset(try message.string("page_token"))
        let search = SearchRuns(
            experiments: experiments,
            filter: try FilterParser.parse(
                try message.string("filter") ?? "",
                subject: .runs,
                syntax: .mlflow,
                now: services.environment.now()
            ),
            view: try MLflowTranslation.view(message, "run_view_type"),
            order: try OrderParser.parse(try message.strings("order_by"), subject: .runs, syntax: .mlflow),
            limit: limit,
            offset: offset,
            fields: .logged
        )
        let page = try await services.runs.search(search, as: context.principal)
        var places: [Experiment.ID: String] = [:]
        for run in page.items where places[run.experimentID] == nil {
            places[run.experimentID] = try await location(of: run.experimentID, context)
        }
        return Self.json { writer in
            writer.mlflowList("runs", page.items) { writer, run in
                writer.mlflowRun(run, in: places[run.experimentID] ?? "")
            }
            if page.hasMore { writer.mlflowField("next_page_token", MLflowPageToken.token(offset: offset + limit)) }
        }
    }

    // MARK: inputs and outputs

    func logInputs(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.runID()
        var inputs = RunInputs()
        let datasets = try message.messages("datasets")
        guard datasets.count <= 1_000 else {
            throw MLflowErrors.invalid("at most 1000 datasets can be logged at once; got \(datasets.count)")
        }
        for dataset in datasets { inputs.datasets.append(try Self.dataset(dataset)) }
        for model in try message.messages("models") {
            inputs.modelInputs.append(ModelInput(modelID: LoggedModel.ID(try model.required("model_id"))))
        }
        try await add(inputs, to: id, context)
        return Self.emptyObject
    }

    func logOutputs(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.runID()
        guard try message.value("models") != nil else { throw MLflowErrors.missing("models") }
        var outputs = RunInputs()
        for model in try message.messages("models") {
            outputs.modelOutputs.append(
                ModelOutput(
                    modelID: LoggedModel.ID(try model.required("model_id")),
                    step: try model.integer("step") ?? 0
                )
            )
        }
        try await add(outputs, to: id, context)
        return Self.emptyObject
    }

    private func add(_ inputs: RunInputs, to id: Run.ID, _ context: Context) async throws(MartletError) {
        do {
            try await services.runs.addInputs(inputs, to: id, as: context.principal)
        } catch {
            throw MLflowErrors.ofRun(id, error)
        }
    }

    /// A dataset within the limits of `_validate_dataset` (`utils/validation.py` 3.18).
    private static func dataset(_ input: MLflowMessage) throws(MartletError) -> DatasetInput {
        guard let message = try input.message("dataset") else {
            throw MLflowErrors.invalid("Dataset cannot be None")
        }
        var tags: [Tag] = []
        for pair in try input.pairs("tags") {
            try MLflowRules.checkLength(pair.key, of: "key", limit: 255)
            try MLflowRules.checkLength(pair.value, of: "value", limit: 500)
            tags.append(Tag(key: pair.key, value: pair.value))
        }
        let dataset = DatasetInput(
            name: try message.required("name"),
            digest: try message.required("digest"),
            sourceType: try message.string("source_type") ?? "",
            source: try message.string("source") ?? "",
            schema: try message.string("schema"),
            profile: try message.string("profile"),
            tags: tags
        )
        try MLflowRules.checkLength(dataset.name, of: "name", limit: 500)
        try MLflowRules.checkLength(dataset.digest, of: "digest", limit: 36)
        try MLflowRules.checkLength(dataset.source, of: "source", limit: 65_535)
        try MLflowRules.checkLength(dataset.schema ?? "", of: "schema", limit: 1_048_575)
        try MLflowRules.checkLength(dataset.profile ?? "", of: "profile", limit: 16_777_215)
        for text in [dataset.name, dataset.digest, dataset.sourceType, dataset.source] + tags.map(\.value) {
            guard !text.utf8.contains(0) else { throw MLflowErrors.invalid("a dataset contains U+0000; remove it") }
        }
        for text in [dataset.schema, dataset.profile] where text?.utf8.contains(0) == true {
            throw MLflowErrors.invalid("a dataset contains U+0000; remove it")
        }
        return dataset
    }
}
