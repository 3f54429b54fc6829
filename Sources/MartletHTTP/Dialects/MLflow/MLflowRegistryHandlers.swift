import Hummingbird
import MartletCore

/// Registered models and their aliases.
extension MLflowDialect {
    func createRegisteredModel(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.modelName("name")
        let tags = try message.registryTags()
        let isPrompt = MLflowPrompts.areOfPrompt(tags)
        var create = CreateRegisteredModel(
            name: name,
            description: try message.string("description") ?? "",
            tags: tags
        )
        if isPrompt { create.type = "prompt" }
        let model: RegisteredModel
        do {
            model = try await services.models.create(create, as: context.principal)
        } catch {
            guard error.code == .alreadyExists else { throw error }
            let known = try await services.models.model(name, as: context.principal)
            throw MLflowPrompts.nameIsTaken(name, isPrompt, by: known)
        }
        return Self.answer(model)
    }

    func registeredModel(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let name = try await MLflowMessage.read(request).modelName("name")
        return Self.answer(try await services.models.model(name, as: context.principal))
    }

    func updateRegisteredModel(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let changes = RegisteredModelChanges(description: try message.string("description") ?? "")
        let name = try message.modelName("name")
        return Self.answer(try await services.models.update(name, changes, as: context.principal))
    }

    func renameRegisteredModel(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.modelName("name")
        let changes = RegisteredModelChanges(name: try message.modelName("new_name"))
        return Self.answer(try await services.models.update(name, changes, as: context.principal))
    }

    func deleteRegisteredModel(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let name = try await MLflowMessage.read(request).modelName("name")
        try await services.models.delete(name, as: context.principal)
        return Self.emptyObject
    }

    func searchRegisteredModels(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let search = try registrySearch(message, of: .registeredModels, standard: 100, most: 1_000)
        let page = try await services.models.search(search, as: context.principal)
        return Self.json { writer in
            writer.mlflowList("registered_models", page.items) { writer, model in writer.mlflowRegisteredModel(model) }
            if page.hasMore {
                writer.mlflowField("next_page_token", MLflowPageToken.token(offset: search.offset + search.limit))
            }
        }
    }

    func registrySearch(
        _ message: MLflowMessage,
        of subject: SearchSubject,
        standard: Int,
        most: Int
    ) throws(MartletError) -> SearchModelRegistry {
        try message.checkReadable()
        let order = try OrderParser.parse(try message.strings("order_by"), subject: subject, syntax: .mlflow)
        let filter = try FilterParser.parse(
            try message.string("filter") ?? "",
            subject: subject,
            syntax: .mlflow,
            now: services.environment.now()
        )
        return SearchModelRegistry(
            filter: MLflowPrompts.filter(filter),
            order: order,
            limit: try MLflowRules.limit(message, standard: standard, most: most),
            offset: try MLflowPageToken.offset(try message.string("page_token"))
        )
    }

    // MARK: tags

    func setRegisteredModelTag(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.modelName("name")
        let tag = try MLflowRules.registryTag(
            key: try message.required("key"),
            value: try message.string("value") ?? ""
        )
        try await services.models.setTag(tag.key, tag.value, of: name, as: context.principal)
        return Self.emptyObject
    }

    func deleteRegisteredModelTag(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.modelName("name")
        let key = try message.required("key")
        try MLflowRules.checkKey(key, path: "key")
        try await services.models.setTag(key, nil, of: name, as: context.principal)
        return Self.emptyObject
    }

    // MARK: aliases

    func setRegisteredModelAlias(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.modelName("name")
        let alias = try MLflowRules.alias(try message.required("alias"), isNew: true)
        let version = try message.modelVersion()
        do {
            try await services.models.setAlias(alias, to: version, of: name, as: context.principal)
        } catch {
            throw Self.ofVersion(version, name, error)
        }
        return Self.emptyObject
    }

    func deleteRegisteredModelAlias(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.modelName("name")
        let alias = try MLflowRules.alias(try message.required("alias"), isNew: false)
        guard alias != "latest" else { return Self.emptyObject }
        try await services.models.setAlias(alias, to: nil, of: name, as: context.principal)
        return Self.emptyObject
    }

    func modelVersionByAlias(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let name = try message.modelName("name")
        let alias = try MLflowRules.alias(try message.required("alias"), isNew: false)
        return Self.answer(try await version(alias: alias, of: name, context))
    }

    func version(
        alias: String,
        of name: String,
        _ context: Context
    ) async throws(MartletError) -> ModelVersion {
        let model = try await services.models.model(name, as: context.principal)
        if alias.lowercased() == "latest" {
            guard let last = model.latest.max(by: { $0.number < $1.number }) else {
                throw MartletError(.notFound, "Latest version not found for model \(name).")
            }
            return last
        }
        guard let found = model.aliases.first(where: { $0.name == alias }) else {
            throw MLflowErrors.invalid("Registered model alias \(alias) not found.")
        }
        return try await services.models.version(found.number, of: name, as: context.principal)
    }

    private static func answer(_ model: RegisteredModel) -> Response {
        json { writer in
            writer.key("registered_model")
            writer.mlflowRegisteredModel(model)
        }
    }

    static func answer(_ version: ModelVersion) -> Response {
        json { writer in
            writer.key("model_version")
            writer.mlflowModelVersion(version)
        }
    }
}

/// Prompts are registered models with a tag; MLflow keeps the two apart.
enum MLflowPrompts {
    private static let tag = "mlflow.prompt.is_prompt"

    static func areOfPrompt(_ tags: [Tag]) -> Bool {
        tags.last { $0.key == tag }?.value.lowercased() == "true"
    }

    static func nameIsTaken(_ name: String, _ isPrompt: Bool, by known: RegisteredModel) -> MartletError {
        let wasPrompt = areOfPrompt(known.tags)
        if isPrompt != wasPrompt {
            let (new, old) = isPrompt ? ("prompt", "registered model") : ("registered model", "prompt")
            return MartletError(
                .alreadyExists,
                "Tried to create a \(new) with name \(PythonText.quoted(name)), but the name is already taken by a "
                    + "\(old). MLflow does not allow creating a model and a prompt with the same name."
            )
        }
        return MartletError(
            .alreadyExists,
            "\(isPrompt ? "Prompt" : "Registered Model") (name=\(name)) already exists."
        )
    }

    /// Without a condition that asks for prompts, none is found; a model lacks the tag that such conditions are about.
    static func filter(_ filter: Filter?) -> Filter {
        let parts: [Filter] = if case .all(let parts)? = filter { parts } else { filter.map { [$0] } ?? [] }
        let about = parts.compactMap(value)
        if let first = about.first, first.isEqual == (first.text.lowercased() == "true") { return .all(parts) }
        let prompts = Filter.Comparison(field: .tag(key: tag), relation: .equal, value: .text("true"))
        return .all(parts.filter { value(of: $0) == nil } + [.not(.comparison(prompts))])
    }

    private static func value(of filter: Filter) -> (isEqual: Bool, text: String)? {
        guard case .comparison(let condition) = filter, condition.field == .tag(key: tag),
            case .text(let text) = condition.value
        else { return nil }
        switch condition.relation {
        case .equal: return (true, text)
        case .notEqual: return (false, text)
        default: return nil
        }
    }
}

extension MLflowRules {
    static func registryTag(key: String, value: String) throws(MartletError) -> Tag {
        try checkKey(key, path: "key")
        try checkLength(key, of: "key", limit: Rules.longestKey)
        if key == "mlflow.prompt.text", value.unicodeScalars.count > ModelRegistryService.longestTagValue {
            throw MLflowErrors.invalid(
                "Prompt text exceeds max length of \(ModelRegistryService.longestTagValue) characters."
            )
        }
        try checkLength(value, of: "value", limit: ModelRegistryService.longestTagValue)
        return Tag(key: key, value: value)
    }

    /// - Parameter isNew: whether it is to be given: then names that mean something else are refused.
    static func alias(_ alias: String, isNew: Bool) throws(MartletError) -> String {
        let isLegal = alias.unicodeScalars.allSatisfy { scalar in
            scalar == "_" || scalar == "-" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        }
        guard isLegal else {
            throw MLflowErrors.invalid(
                "Invalid alias name: '\(alias)'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
            )
        }
        try checkLength(alias, of: "Registered model alias name", limit: ModelRegistryService.longestAlias)
        guard isNew else { return alias }
        guard alias.lowercased() != "latest" else {
            throw MLflowErrors.invalid("'latest' alias name (case insensitive) is reserved.")
        }
        let digits = alias.dropFirst()
        guard alias.first != "v" && alias.first != "V" || digits.isEmpty || !digits.allSatisfy(\.isNumber) else {
            throw MLflowErrors.invalid("Version alias name '\(alias)' is reserved.")
        }
        return alias
    }
}

extension MLflowMessage {
    /// The name of a registered model.
    func modelName(_ field: String) throws(MartletError) -> String {
        let name = try required(field)
        guard name.contains(where: { !$0.isWhitespace }) else { throw MLflowErrors.missing(field) }
        guard !name.contains("/"), !name.contains(":") else {
            throw MLflowErrors.invalid("Invalid model name '\(name)'. Names cannot contain '/' or ':'.")
        }
        try MLflowRules.checkOnePlace(name, path: field)
        return name
    }

    func modelVersion() throws(MartletError) -> Int64 {
        let text = try required("version")
        guard let number = Int64(text.trimmingPrefix(while: \.isWhitespace)) else {
            throw MLflowErrors.invalid(
                "Parameter 'version' must be an integer, got '\(text)'."
            )
        }
        return number
    }

    func registryTags() throws(MartletError) -> [Tag] {
        var tags: [Tag] = []
        for pair in try pairs("tags") { tags.append(try MLflowRules.registryTag(key: pair.key, value: pair.value)) }
        return MLflowDialect.lastOfEachKey(tags)
    }
}

extension JSONWriter {
    /// A registered model in MLflow's form (`model_registry.proto`, message `RegisteredModel`).
    mutating func mlflowRegisteredModel(_ model: RegisteredModel) {
        beginObject()
        mlflowField("name", model.collection.name)
        key("creation_timestamp")
        integer(model.collection.createdAt)
        key("last_updated_timestamp")
        integer(model.collection.updatedAt)
        if !model.collection.description.isEmpty { mlflowField("description", model.collection.description) }
        mlflowList("latest_versions", model.latest) { writer, version in
            writer.mlflowModelVersion(version, withAliases: false)
        }
        mlflowPairs("tags", model.tags.map { ($0.key, $0.value) })
        mlflowList("aliases", model.aliases) { writer, alias in
            writer.beginObject()
            writer.mlflowField("alias", alias.name)
            writer.mlflowField("version", String(alias.number))
            writer.endObject()
        }
        endObject()
    }

    /// A version in MLflow's form (`model_registry.proto`, message `ModelVersion`).
    /// - Parameter withAliases: MLflow leaves them out of lists.
    mutating func mlflowModelVersion(_ version: ModelVersion, withAliases: Bool = true) {
        beginObject()
        mlflowField("name", version.model)
        mlflowField("version", String(version.number))
        key("creation_timestamp")
        integer(version.membership.createdAt)
        key("last_updated_timestamp")
        integer(version.membership.version.updatedAt)
        mlflowField("current_stage", MLflowTranslation.name(of: version.stage))
        mlflowField("description", version.membership.version.description)
        mlflowField("source", MLflowTranslation.source(of: version))
        mlflowField("run_id", version.runID?.rawValue ?? "")
        mlflowField("status", "READY")
        mlflowPairs("tags", version.tags.map { ($0.key, $0.value) })
        mlflowField("run_link", version.origin.runLink)
        let aliases = withAliases ? version.membership.aliases : []
        mlflowList("aliases", aliases) { writer, alias in writer.string(alias) }
        endObject()
    }
}

extension MLflowTranslation {
    private static let stages: [(stage: ModelVersion.Stage, name: String)] = [
        (.none, "None"), (.staging, "Staging"), (.production, "Production"), (.archived, "Archived"),
    ]

    static func name(of stage: ModelVersion.Stage) -> String { stages.first { $0.stage == stage }?.name ?? "None" }

    static func stage(_ name: String) throws(MartletError) -> ModelVersion.Stage {
        if let known = stages.first(where: { $0.name.lowercased() == name.lowercased() }) { return known.stage }
        throw MLflowErrors.invalid(
            "Invalid Model Version stage: \(name). Value must be one of None, Staging, Production, Archived."
        )
    }

    /// Where a version came from; what W&B's programs made is here.
    static func source(of version: ModelVersion) -> String {
        version.origin.source.isEmpty
            ? MLflowArtifactURI.ofVersion(version.membership.version) : version.origin.source
    }
}
