/// Reports and other views that people saved, and the alerts of runs: what may be done with them, and by whom.
package struct SavedViewService: Sendable {
    /// Bytes of the JSON: a report of many charts has some hundred KB.
    package static let largestContent = 4 << 20
    private static let longestName = 250
    private static let longestKind = 64
    private static let longestAlertTitle = 250
    private static let longestAlertText = 10_000
    /// A day, in milliseconds.
    private static let longestQuiet: Int64 = 86_400_000

    private let store: any MetadataStore & SavedViewStore
    private let access: AccessControl
    private let events: EventBus
    private let environment: Environment

    package init(
        store: any MetadataStore & SavedViewStore,
        access: AccessControl,
        events: EventBus,
        environment: Environment
    ) {
        self.store = store
        self.access = access
        self.events = events
        self.environment = environment
    }

    // MARK: views

    /// - Throws: `notFound`, also for one that the principal may not see.
    package func view(_ id: SavedView.ID, as principal: Principal) async throws(MartletError) -> SavedView {
        try await view(id, for: .viewer, as: principal, to: "read views")
    }

    /// Without their content; the one that was changed last first, with a total.
    package func search(
        _ request: SearchSavedViews,
        as principal: Principal
    ) async throws(MartletError) -> Page<SavedView> {
        try await access.require(.viewer, in: request.experimentID, as: principal, to: "read views")
        _ = try await store.workspace(ofExperiment: request.experimentID)
        return try await store.searchViews(request)
    }

    /// Stores it under a number of its own, which it does not have yet; times and author are those of now.
    /// - Throws: `notFound` for the experiment; `invalidArgument`; `alreadyExists` for the name.
    package func create(_ view: SavedView, as principal: Principal) async throws(MartletError) -> SavedView {
        try await access.require(.editor, in: view.experimentID, as: principal, to: "save a view")
        var view = view
        view.author = principal.name
        view.createdAt = environment.now()
        view.updatedAt = view.createdAt
        try Rules.checkText(view.name, what: "name of the view", longest: Self.longestName)
        guard !view.name.isEmpty else { throw MartletError(.invalidArgument, "a view needs a name") }
        try Self.check(
            SavedViewChanges(
                kind: view.kind,
                displayName: view.displayName,
                description: view.description,
                content: view.content
            )
        )
        let made = try await store.createView(view)
        events.publish([Topic.views(of: made.experimentID)])
        return made
    }

    /// - Throws: `notFound`; `invalidArgument`; `alreadyExists` where another of the new kind has its name.
    package func update(
        _ id: SavedView.ID,
        _ changes: SavedViewChanges,
        as principal: Principal
    ) async throws(MartletError) -> SavedView {
        _ = try await view(id, for: .editor, as: principal, to: "change a view")
        try Self.check(changes)
        let changed = try await store.updateView(id, changes)
        events.publish([Topic.views(of: changed.experimentID)])
        return changed
    }

    /// - Throws: `notFound`.
    package func delete(_ id: SavedView.ID, as principal: Principal) async throws(MartletError) {
        let view = try await view(id, for: .editor, as: principal, to: "delete a view")
        try await store.deleteView(id)
        events.publish([Topic.views(of: view.experimentID)])
    }

    // MARK: alerts

    /// - Parameter quiet: milliseconds in which a second alert of the same title is left out; at most a day.
    /// - Returns: whether it was stored.
    /// - Throws: `notFound`; `invalidArgument`; `failedPrecondition` for a deleted run.
    package func alert(
        _ title: String,
        _ text: String,
        severity: RunAlert.Severity,
        quiet: Int64,
        of run: Run.ID,
        as principal: Principal
    ) async throws(MartletError) -> Bool {
        try await access.require(.editor, of: run, as: principal, to: "log to a run")
        guard !title.isEmpty else { throw MartletError(.invalidArgument, "an alert needs a title") }
        try Rules.checkText(title, what: "title of the alert", longest: Self.longestAlertTitle)
        try Rules.checkText(text, what: "text of the alert", longest: Self.longestAlertText)
        let alert = RunAlert(run: run, title: title, text: text, severity: severity, createdAt: environment.now())
        let stored = try await store.addAlert(alert, quiet: min(max(quiet, 0), Self.longestQuiet))
        if stored.isStored { events.publish([Topic.alerts(of: run), Topic.alerts(in: stored.experiment)]) }
        return stored.isStored
    }

    /// The newest first, with a total. - Throws: `notFound`.
    package func alerts(
        of run: Run.ID,
        limit: Int,
        offset: Int,
        as principal: Principal
    ) async throws(MartletError) -> Page<RunAlert> {
        try await access.require(.viewer, of: run, as: principal, to: "read runs")
        _ = try await store.experiments(ofRuns: [run])
        return try await store.alerts(of: .run(run), limit: limit, offset: offset)
    }

    /// Those of all runs of an experiment. - Throws: `notFound`.
    package func alerts(
        in experiment: Experiment.ID,
        limit: Int,
        offset: Int,
        as principal: Principal
    ) async throws(MartletError) -> Page<RunAlert> {
        try await access.require(.viewer, in: experiment, as: principal, to: "read runs")
        _ = try await store.workspace(ofExperiment: experiment)
        return try await store.alerts(of: .experiment(experiment), limit: limit, offset: offset)
    }

    // MARK: helpers

    private func view(
        _ id: SavedView.ID,
        for role: Principal.Role,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) -> SavedView {
        let view = try await store.view(id)
        do {
            try await access.require(role, in: view.experimentID, as: principal, to: action)
        } catch  where error.code == .notFound {
            throw MartletError(.notFound, "there is no view \(id)")
        }
        return view
    }

    private static func check(_ changes: SavedViewChanges) throws(MartletError) {
        if let kind = changes.kind {
            guard !kind.rawValue.isEmpty else { throw MartletError(.invalidArgument, "a view needs a kind") }
            try Rules.checkText(kind.rawValue, what: "kind of the view", longest: longestKind)
        }
        if let text = changes.displayName {
            try Rules.checkText(text, what: "display name of the view", longest: Rules.longestRunName)
        }
        if let text = changes.description {
            try Rules.checkText(text, what: "description of the view", longest: Rules.longestNote)
        }
        guard let content = changes.content else { return }
        guard content.utf8.count <= largestContent else {
            throw MartletError(.invalidArgument, "the content of the view has over \(largestContent >> 20) MiB")
        }
        do {
            _ = try JSONParser.parse(Array(content.utf8))
        } catch {
            throw MartletError(.invalidArgument, "the content of the view is no JSON: \(error)")
        }
    }
}
