import Hummingbird
import MartletCore

extension MLflowDialect {
    func createRun(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        try message.checkReadable()
        let experiment = try message.experimentID()
        var tags: [Tag] = []
        for pair in try message.pairs("tags") {
            tags.append(try MLflowRules.tag(key: pair.key, value: pair.value, path: ""))
        }
        let name = try message.string("run_name") ?? ""
        var (rest, changes) = MLflowTranslation.split(tags)
        if !name.isEmpty, let tagged = changes.name, tagged != name {
            throw MLflowErrors.invalid(
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
                    + "(run_name='\(name)', mlflow.runName='\(tagged)')."
            )
        }
        rest = Self.lastOfEachKey(rest)
        let userID = try message.string("user_id") ?? ""
        let create = CreateRun(
            experimentID: experiment,
            name: name.isEmpty ? changes.name : name,
            user: userID.isEmpty ? changes.user ?? "" : MLflowRules.truncated(userID, to: Rules.longestKey),
            startedAt: try message.integer("start_time"),
            notes: changes.notes ?? "",
            tags: rest
        )
        let run: Run
        do {
            run = try await services.runs.create(create, as: context.principal)
        } catch {
            throw Self.ofExperiment(experiment, error)
        }
        let location = try await location(of: run.experimentID, context)
        return Self.json { writer in
            writer.key("run")
            writer.mlflowRun(run, in: location)
        }
    }

    func run(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let id = try await MLflowMessage.read(request).runID()
        let run = try await storedRun(id, context)
        let location = try await location(of: run.experimentID, context)
        return Self.json { writer in
            writer.key("run")
            writer.mlflowRun(run, in: location)
        }
    }

    func updateRun(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.runID()
        var changes = RunChanges()
        if let status = try message.value("status") {
            guard let known = MLflowTranslation.runStatus(status) else {
                throw MLflowErrors.wrongType("status", status)
            }
            changes.status = known
        }
        changes.endedAt = try message.integer("end_time")
        if let name = try message.string("run_name"), !name.isEmpty { changes.name = name }
        let run: Run
        do {
            run = try await services.runs.update(id, changes, as: context.principal)
        } catch {
            throw MLflowErrors.ofRun(id, error)
        }
        let location = try await location(of: run.experimentID, context)
        return Self.json { writer in
            writer.key("run_info")
            writer.mlflowRunInfo(run, in: location)
        }
    }

    func deleteRun(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try await move(to: .deleted, request, context)
    }

    func restoreRun(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try await move(to: .active, request, context)
    }

    private func move(
        to stage: LifecycleStage,
        _ request: Request,
        _ context: Context
    ) async throws(MartletError) -> Response {
        let id = try await MLflowMessage.read(request).runID()
        do {
            try await services.runs.move([id], to: stage, as: context.principal)
        } catch {
            throw MLflowErrors.ofRun(id, error)
        }
        return Self.emptyObject
    }

    // MARK: tags and parameters

    func logParam(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.runID()
        let key = try message.required("key")
        let param = try MLflowRules.param(key: key, value: try message.string("value") ?? "", path: "")
        try await log(LogBatch(params: [param]), to: id, isBatch: false, context)
        return Self.emptyObject
    }

    func setTag(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.runID()
        let key = try message.required("key")
        let tag = try MLflowRules.tag(key: key, value: try message.string("value") ?? "", path: "")
        let (tags, changes) = MLflowTranslation.split([tag])
        try await log(LogBatch(tags: tags, changes: changes), to: id, isBatch: false, context)
        return Self.emptyObject
    }

    func deleteTag(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.runID()
        let key = try message.required("key")
        if [MLflowTags.runName, MLflowTags.notes].contains(key) {
            try await deleteField(key, of: id, context)
            return Self.emptyObject
        }
        do {
            try await services.runs.deleteTag(key, of: id, as: context.principal)
        } catch {
            guard error.code == .notFound else { throw MLflowErrors.ofRun(id, error) }
            _ = try await storedRun(id, context, fields: RunFields(params: [], metrics: [], tags: [], inputs: false))
            throw Self.noTag(key, of: id)
        }
        return Self.emptyObject
    }

    /// A tag that is a field here. A run is never without a name.
    private func deleteField(_ key: String, of id: Run.ID, _ context: Context) async throws(MartletError) {
        let run = try await storedRun(id, context, fields: RunFields(params: [], metrics: [], tags: [], inputs: false))
        var changes = RunChanges()
        if key == MLflowTags.notes {
            guard !run.notes.isEmpty else { throw Self.noTag(key, of: id) }
            changes.notes = ""
        }
        try await log(LogBatch(changes: changes), to: id, isBatch: false, context)
    }

    private static func noTag(_ key: String, of id: Run.ID) -> MartletError {
        MartletError(.notFound, "No tag with name: \(key) in run with id \(id)")
    }

    /// Clients before 3.0 say so which model they saved; it is kept in a tag, as MLflow does.
    func logModelHistory(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let id = try message.runID()
        let text = try message.required("model_json")
        guard let model = try? JSONParser.parse(Array(text.utf8)), case .object(let members) = model else {
            throw MLflowErrors.invalid("Malformed model info. \n \(text.prefix(1_000)) \n is not a valid JSON.")
        }
        let names = Set(members.map(\.key))
        let absent = ["artifact_path", "flavors", "run_id", "utc_time_created"].filter { !names.contains($0) }
        guard absent.isEmpty else {
            let list = absent.map(PythonText.quoted).joined(separator: ", ")
            throw MLflowErrors.invalid("Model json is missing mandatory fields: {\(list)}")
        }
        let fields = RunFields(params: [], metrics: [], tags: [MLflowTags.models], inputs: false)
        let stored = try await storedRun(id, context, fields: fields).tags.first { $0.key == MLflowTags.models }
        var models: [JSONValue] = []
        // A tag that somebody else wrote and that is no list is replaced.
        if let stored, case .array(let list)? = try? JSONParser.parse(Array(stored.value.utf8)) { models = list }
        var writer = JSONWriter()
        writer.value(.array(models + [model]))
        let value = String(decoding: writer.bytes, as: UTF8.self)
        try await log(
            LogBatch(tags: [Tag(key: MLflowTags.models, value: value)]),
            to: id,
            isBatch: false,
            context
        )
        return Self.emptyObject
    }

    // MARK: helpers

    func storedRun(
        _ id: Run.ID,
        _ context: Context,
        fields: RunFields = .logged
    ) async throws(MartletError) -> Run {
        do {
            return try await services.runs.run(id, fields: fields, as: context.principal)
        } catch {
            throw MLflowErrors.ofRun(id, error)
        }
    }

    func log(_ batch: LogBatch, to id: Run.ID, isBatch: Bool, _ context: Context) async throws(MartletError) {
        do {
            try await services.runs.log(batch, to: id, as: context.principal)
        } catch {
            throw MLflowErrors.ofRun(id, error, isBatch: isBatch)
        }
    }

    func location(of id: Experiment.ID, _ context: Context) async throws(MartletError) -> String {
        try await locations.location(of: id, services: services, as: context.principal)
    }

    static func ofExperiment(_ id: Experiment.ID, _ error: MartletError) -> MartletError {
        switch error.code {
        case .notFound: MLflowErrors.noExperiment(id.description)
        case .failedPrecondition: MLflowErrors.inactiveExperiment(id)
        default: error
        }
    }

    static func lastOfEachKey(_ tags: [Tag]) -> [Tag] {
        var values: [String: String] = [:]
        for tag in tags { values[tag.key] = tag.value }
        return values.map { Tag(key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
    }
}
