/// What may be done with logged models, and by whom.
package struct LoggedModelService: Sendable {
    private let store: any MetadataStore
    private let events: EventBus
    private let access: AccessControl
    private let environment: Environment

    package init(store: any MetadataStore, access: AccessControl, events: EventBus, environment: Environment) {
        self.store = store
        self.access = access
        self.events = events
        self.environment = environment
    }

    /// - Throws: `invalidArgument`; `notFound` for the experiment.
    package func create(
        _ request: CreateLoggedModel,
        as principal: Principal
    ) async throws(MartletError) -> LoggedModel {
        try await access.require(.editor, in: request.experimentID, as: principal, to: "create a logged model")
        for param in request.params { try Rules.checkParam(param) }
        for tag in request.tags { try Rules.checkTag(tag) }
        let id = environment.newID()
        var request = request
        if request.name == nil || request.name == "" { request.name = RunName.generated(from: id) }
        try Rules.checkText(request.name ?? "", what: "model name", longest: Rules.longestExperimentName)
        try Rules.checkText(request.modelType, what: "model type", longest: Rules.longestExperimentName)
        let model = try await store.createLoggedModel(request, id: LoggedModel.ID("m-\(id)"))
        publish(model)
        return model
    }

    /// - Throws: `notFound`, for a deleted one too unless it was asked for.
    package func model(
        _ id: LoggedModel.ID,
        orDeleted: Bool = false,
        as principal: Principal
    ) async throws(MartletError) -> LoggedModel {
        try await access.require(.viewer, of: id, as: principal, to: "read logged models")
        return try await store.loggedModel(id, orDeleted: orDeleted)
    }

    package func finish(
        _ id: LoggedModel.ID,
        status: LoggedModel.Status,
        as principal: Principal
    ) async throws(MartletError) -> LoggedModel {
        try await access.require(.editor, of: id, as: principal, to: "change a logged model")
        let model = try await store.finishLoggedModel(id, status: status)
        publish(model)
        return model
    }

    package func delete(_ id: LoggedModel.ID, as principal: Principal) async throws(MartletError) {
        try await access.require(.editor, of: id, as: principal, to: "delete a logged model")
        try await store.deleteLoggedModel(id)
    }

    package func add(
        params: [Param],
        tags: [Tag],
        to id: LoggedModel.ID,
        as principal: Principal
    ) async throws(MartletError) -> LoggedModel {
        try await access.require(.editor, of: id, as: principal, to: "change a logged model")
        for param in params { try Rules.checkParam(param) }
        for tag in tags { try Rules.checkTag(tag) }
        return try await store.addToLoggedModel(id, params: params, tags: tags)
    }

    package func deleteTag(
        _ key: String,
        of id: LoggedModel.ID,
        as principal: Principal
    ) async throws(MartletError) {
        try await access.require(.editor, of: id, as: principal, to: "change a logged model")
        try await store.deleteTag(key, of: id)
    }

    package func search(
        _ request: SearchLoggedModels,
        as principal: Principal
    ) async throws(MartletError) -> Page<LoggedModel> {
        var request = request
        request.experiments = try await access.visible(request.experiments, as: principal, to: "read logged models")
        return try await store.searchLoggedModels(request)
    }

    private func publish(_ model: LoggedModel) {
        if let run = model.sourceRunID { events.publish([Topic.run(run)]) }
    }
}
