import Hummingbird
import MartletCore

extension MLflowDialect {
    func createLoggedModel(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let experiment = try message.experimentID()
        let name = try message.string("name") ?? ""
        try Self.checkModelName(name)
        let run = try message.string("source_run_id") ?? ""
        let create = CreateLoggedModel(
            experimentID: experiment,
            name: name.isEmpty ? nil : name,
            modelType: try message.string("model_type") ?? "",
            sourceRunID: run.isEmpty ? nil : Run.ID(run),
            params: try Self.modelParams(message),
            tags: try Self.modelTags(message)
        )
        guard try await storedExperiment(experiment, context).stage == .active else {
            throw MLflowErrors.inactiveExperiment(experiment)
        }
        let model: LoggedModel
        do {
            model = try await services.loggedModels.create(create, as: context.principal)
        } catch {
            throw Self.ofExperiment(experiment, error)
        }
        return Self.answer(model)
    }

    func loggedModel(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let orDeleted = try request.queryItems.first("allow_deleted")?.lowercased() == "true"
        return Self.answer(try await storedModel(try Self.modelID(context), orDeleted: orDeleted, context))
    }

    func finishLoggedModel(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let id = try Self.modelID(context)
        let message = try await MLflowMessage.read(request)
        guard let value = try message.value("status") else { throw MLflowErrors.missing("status") }
        guard let status = MLflowTranslation.modelStatus(value) else { throw MLflowErrors.wrongType("status", value) }
        do {
            return Self.answer(
                try await services.loggedModels.finish(id, status: status, as: context.principal)
            )
        } catch {
            throw Self.ofModel(id, error)
        }
    }

    func deleteLoggedModel(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let id = try Self.modelID(context)
        do {
            try await services.loggedModels.delete(id, as: context.principal)
        } catch {
            throw Self.ofModel(id, error)
        }
        return Self.emptyObject
    }

    func addLoggedModelParams(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let id = try Self.modelID(context)
        let params = try Self.modelParams(try await MLflowMessage.read(request))
        _ = try await add(params: params, tags: [], to: id, context)
        return Self.emptyObject
    }

    func setLoggedModelTags(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let id = try Self.modelID(context)
        let tags = try Self.modelTags(try await MLflowMessage.read(request))
        return Self.answer(try await add(params: [], tags: tags, to: id, context))
    }

    func deleteLoggedModelTag(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let id = try Self.modelID(context)
        let key = try decodedParameter("tag_key", context)
        do {
            try await services.loggedModels.deleteTag(key, of: id, as: context.principal)
        } catch {
            guard error.code == .notFound else { throw error }
            _ = try await storedModel(id, orDeleted: true, context)
            throw MartletError(
                .notFound,
                "No tag with key \(PythonText.quoted(key)) found for model with ID \(PythonText.quoted(id.rawValue))."
            )
        }
        return Self.emptyObject
    }

    func searchLoggedModels(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let texts = try message.strings("experiment_ids")
        guard try message.value("experiment_ids") != nil else { throw MLflowErrors.missing("experiment_ids") }
        guard !texts.isEmpty else { return Self.emptyObject }
        var experiments: [Experiment.ID] = []
        for text in texts { experiments.append(try MLflowRules.experimentID(text)) }
        var datasets: [SearchLoggedModels.Dataset] = []
        for dataset in try message.messages("datasets") {
            guard let name = try dataset.string("dataset_name"), !name.isEmpty else {
                throw MLflowErrors.invalid("`dataset_name` in the `datasets` clause must be specified.")
            }
            let digest = try dataset.string("dataset_digest") ?? ""
            datasets.append(SearchLoggedModels.Dataset(name: name, digest: digest.isEmpty ? nil : digest))
        }
        let filter = try message.string("filter") ?? ""
        let order = try Self.modelOrder(message)
        let query = Self.fingerprint(texts + [filter] + order.map { "\($0)" })
        // Here 0 is as good as absent.
        let isLimited = try message.integer("max_results") != 0
        let limit = try isLimited ? MLflowRules.limit(message, standard: 100, most: 50_000) : 100
        let offset = try MLflowPageToken.offset(try message.string("page_token"), of: query)
        let search = SearchLoggedModels(
            experiments: experiments,
            filter: try FilterParser.parse(
                filter,
                subject: .loggedModels,
                syntax: .mlflow,
                now: services.environment.now()
            ),
            datasets: datasets,
            order: order,
            limit: limit,
            offset: offset
        )
        let page = try await services.loggedModels.search(search, as: context.principal)
        return Self.json { writer in
            writer.mlflowList("models", page.items) { writer, model in writer.mlflowLoggedModel(model) }
            if page.hasMore {
                writer.mlflowField("next_page_token", MLflowPageToken.token(offset: offset + limit, of: query))
            }
        }
    }

    // MARK: helpers

    static func modelID(_ context: Context) throws(MartletError) -> LoggedModel.ID {
        LoggedModel.ID(try decodedParameter("model_id", context))
    }

    func storedModel(
        _ id: LoggedModel.ID,
        orDeleted: Bool = false,
        _ context: Context
    ) async throws(MartletError) -> LoggedModel {
        do {
            return try await services.loggedModels.model(id, orDeleted: orDeleted, as: context.principal)
        } catch {
            throw Self.ofModel(id, error)
        }
    }

    private func add(
        params: [Param],
        tags: [Tag],
        to id: LoggedModel.ID,
        _ context: Context
    ) async throws(MartletError) -> LoggedModel {
        do {
            return try await services.loggedModels.add(params: params, tags: tags, to: id, as: context.principal)
        } catch {
            if let conflict = error.paramConflicts.first {
                throw MLflowErrors.invalid(
                    "Changing param values is not allowed. Param with key='\(conflict.key)' was already logged with "
                        + "value='\(conflict.storedValue)' for model ID='\(id)'. Attempted logging new value "
                        + "'\(conflict.newValue)'."
                )
            }
            throw Self.ofModel(id, error)
        }
    }

    private static func ofModel(_ id: LoggedModel.ID, _ error: MartletError) -> MartletError {
        error.code == .notFound ? MLflowErrors.noModel(id) : error
    }

    private static func answer(_ model: LoggedModel) -> Response {
        json { writer in
            writer.key("model")
            writer.mlflowLoggedModel(model)
        }
    }

    private static func checkModelName(_ name: String) throws(MartletError) {
        guard name.contains(where: { "/:.%\"'".contains($0) }) else { return }
        throw MLflowErrors.invalid(
            "Invalid model name (\(PythonText.quoted(name))) provided. Model name must be a non-empty string and cannot "
                + "contain the following characters: ('/', ':', '.', '%', '\"', \"'\")"
        )
    }

    private static func modelParams(_ message: MLflowMessage) throws(MartletError) -> [Param] {
        var params: [Param] = []
        for pair in try message.pairs("params") {
            params.append(try MLflowRules.param(key: pair.key, value: pair.value, path: ""))
        }
        return params
    }

    private static func modelTags(_ message: MLflowMessage) throws(MartletError) -> [Tag] {
        var tags: [Tag] = []
        for pair in try message.pairs("tags") {
            tags.append(try MLflowRules.tag(key: pair.key, value: pair.value, path: ""))
        }
        return lastOfEachKey(tags)
    }

    private static func modelOrder(_ message: MLflowMessage) throws(MartletError) -> [SearchOrder] {
        var order: [SearchOrder] = []
        for clause in try message.messages("order_by") {
            let dataset = try clause.string("dataset_name") ?? ""
            let digest = try clause.string("dataset_digest") ?? ""
            order.append(
                SearchOrder(
                    field: try OrderParser.loggedModelField(try clause.required("field_name")),
                    descending: try clause.bool("ascending") == false,
                    datasetName: dataset.isEmpty ? nil : dataset,
                    datasetDigest: digest.isEmpty ? nil : digest
                )
            )
        }
        return order
    }

    /// A number that differs when one of the texts does.
    private static func fingerprint(_ texts: [String]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in texts {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
        }
        return hash
    }
}

extension MLflowTranslation {
    /// A status by its name, or by its number in `LoggedModelStatus` of `service.proto`.
    static func modelStatus(_ value: JSONValue) -> LoggedModel.Status? {
        switch value {
        case .string("LOGGED_MODEL_PENDING"), .string("1"), .integer(1): .pending
        case .string("LOGGED_MODEL_READY"), .string("2"), .integer(2): .ready
        case .string("LOGGED_MODEL_UPLOAD_FAILED"), .string("3"), .integer(3): .failed
        default: nil
        }
    }

    static func name(of status: LoggedModel.Status) -> String {
        switch status {
        case .pending: "LOGGED_MODEL_PENDING"
        case .ready: "LOGGED_MODEL_READY"
        case .failed: "LOGGED_MODEL_UPLOAD_FAILED"
        }
    }
}

extension JSONWriter {
    /// A logged model in MLflow's form (`service.proto`, message `LoggedModel`).
    mutating func mlflowLoggedModel(_ model: LoggedModel) {
        beginObject()
        key("info")
        beginObject()
        mlflowField("model_id", model.id.rawValue)
        mlflowField("experiment_id", model.experimentID.description)
        mlflowField("name", model.name)
        key("creation_timestamp_ms")
        integer(model.createdAt)
        key("last_updated_timestamp_ms")
        integer(model.updatedAt)
        mlflowField("artifact_uri", model.artifactURI)
        mlflowField("status", MLflowTranslation.name(of: model.status))
        mlflowField("model_type", model.modelType)
        mlflowField("source_run_id", model.sourceRunID?.rawValue ?? "")
        if !model.statusMessage.isEmpty { mlflowField("status_message", model.statusMessage) }
        mlflowPairs("tags", model.tags.map { ($0.key, $0.value) })
        endObject()
        key("data")
        beginObject()
        mlflowPairs("params", model.params.map { ($0.key, $0.value) })
        mlflowList("metrics", model.metrics) { writer, metric in
            writer.beginObject()
            writer.mlflowMetricFields(metric.key, metric.value, metric.time, metric.step)
            writer.mlflowField("model_id", metric.modelID.rawValue)
            if let name = metric.datasetName { writer.mlflowField("dataset_name", name) }
            if let digest = metric.datasetDigest { writer.mlflowField("dataset_digest", digest) }
            if let run = metric.runID { writer.mlflowField("run_id", run.rawValue) }
            writer.endObject()
        }
        endObject()
        endObject()
    }
}
