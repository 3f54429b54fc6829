/// Who may do what, where roles differ from workspace to workspace and from experiment to experiment.
///
/// Costs a look into a table in memory; one read for an experiment or a run that was not asked for before.
package struct AccessControl: Sendable {
    private let store: any MetadataStore
    private let places: ExperimentPlaces

    package init(store: any MetadataStore) {
        self.store = store
        places = ExperimentPlaces(store: store)
    }

    /// - Throws: `notFound` for an experiment that the principal may not see; `permissionDenied`; `unauthenticated`.
    package func require(
        _ needed: Principal.Role,
        in experiment: Experiment.ID,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) {
        guard !principal.mayEverything else { return }
        try requireSome(.viewer, as: principal, to: action)
        let place = try await places.place(of: experiment)
        try await check(needed, in: place, as: principal, to: action, "No Experiment with id=\(experiment) exists")
    }

    /// Checks the role in the run's experiment.
    /// - Throws: also `notFound` for an unknown run, unless the principal may everything.
    package func require(
        _ needed: Principal.Role,
        of run: Run.ID,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) {
        try await require(needed, of: [run], as: principal, to: action)
    }

    /// Checks the role in the experiment of each of the runs.
    package func require(
        _ needed: Principal.Role,
        of runs: [Run.ID],
        as principal: Principal,
        to action: String
    ) async throws(MartletError) {
        guard !principal.mayEverything else { return }
        try requireSome(.viewer, as: principal, to: action)
        for (run, place) in zip(runs, try await places.places(ofRuns: runs)) {
            try await check(needed, in: place, as: principal, to: action, "Run with id=\(run) not found")
        }
    }

    /// Checks the role in the logged model's experiment.
    package func require(
        _ needed: Principal.Role,
        of model: LoggedModel.ID,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) {
        guard !principal.mayEverything else { return }
        try requireSome(.viewer, as: principal, to: action)
        let place = try await places.place(of: try await store.experiment(ofLoggedModel: model))
        try await check(needed, in: place, as: principal, to: action, "Logged model with ID '\(model)' not found.")
    }

    /// Checks the role in the version's experiment.
    package func require(
        _ needed: Principal.Role,
        of version: ArtifactVersion.ID,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) {
        guard !principal.mayEverything else { return }
        try requireSome(.viewer, as: principal, to: action)
        let place = try await places.place(of: try await store.experiment(ofVersion: version))
        try await check(needed, in: place, as: principal, to: action, "there is no artifact version \(version)")
    }

    /// Checks the role where the files belong.
    package func require(
        _ needed: Principal.Role,
        of owner: ArtifactOwner,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) {
        switch owner {
        case .run(let run): try await require(needed, of: run, as: principal, to: action)
        case .loggedModel(let model): try await require(needed, of: model, as: principal, to: action)
        case .workspace(let workspace): try require(needed, in: workspace, as: principal, to: action)
        case .version(let version), .draft(let version):
            try await require(needed, of: version, as: principal, to: action)
        }
    }

    /// Checks the role in a workspace.
    /// - Throws: `notFound` for one that the request may not see.
    package func require(
        _ needed: Principal.Role,
        in workspace: Workspace.ID,
        as principal: Principal,
        to action: String
    ) throws(MartletError) {
        let isOutside = principal.workspace.map { $0 != workspace } ?? false
        guard isOutside || principal.role(in: workspace) < needed else { return }
        let isHidden = workspace != .default && principal.role(in: workspace) == .noAccess && principal.isKnown
        if isOutside || isHidden { throw MartletError(.notFound, "the workspace does not exist") }
        throw principal.refusal(needed, to: action, in: workspace == .default ? "" : " in this workspace")
    }

    /// Those of the experiments that the principal may see.
    package func visible(
        _ experiments: [Experiment.ID],
        as principal: Principal,
        to action: String
    ) async throws(MartletError) -> [Experiment.ID] {
        guard !principal.mayEverything else { return experiments }
        try requireSome(.viewer, as: principal, to: action)
        var visible: [Experiment.ID] = []
        for experiment in experiments {
            do {
                try await require(.viewer, in: experiment, as: principal, to: action)
                visible.append(experiment)
            } catch  where error.code == .notFound || error.code == .permissionDenied {
                continue
            }
        }
        return visible
    }

    /// Which experiments of the current workspace the principal may see.
    package func scope(of principal: Principal, to action: String) throws(MartletError) -> ExperimentScope {
        let workspace = principal.currentWorkspace
        let role = principal.role(in: workspace)
        if role == .admin { return ExperimentScope(workspace: workspace, choice: .all) }
        guard !principal.experimentRoles.isEmpty else {
            try require(.viewer, in: workspace, as: principal, to: action)
            return ExperimentScope(workspace: workspace, choice: .all)
        }
        let sees = role >= .viewer
        let ids = principal.experimentRoles.filter { ($0.value >= .viewer) != sees }.map(\.key).sorted()
        return ExperimentScope(workspace: workspace, choice: sees ? .allBut(ids) : .only(ids))
    }

    /// Whether the principal has any business in a workspace: a role in it or in one of its experiments.
    package func mayEnter(_ workspace: Workspace.ID, _ principal: Principal) async throws(MartletError) -> Bool {
        if principal.role(in: workspace) >= .viewer { return true }
        for (experiment, role) in principal.experimentRoles where role >= .viewer {
            do {
                if try await places.place(of: experiment).workspace == workspace { return true }
            } catch  where error.code == .notFound {
                continue
            }
        }
        return false
    }

    /// What a principal may in an experiment.
    /// - Throws: `notFound` for one that is not there.
    package func role(
        in experiment: Experiment.ID,
        of principal: Principal
    ) async throws(MartletError) -> Principal.Role {
        _ = places.forget(experiment)
        return principal.role(in: try await places.place(of: experiment))
    }

    /// Remembers where a new run is.
    func note(_ run: Run.ID, in experiment: Experiment.ID) { places.note(run, in: experiment) }

    /// Refuses who may do it nowhere, before anything is looked up for them.
    package func requireSome(
        _ needed: Principal.Role,
        as principal: Principal,
        to action: String
    ) throws(MartletError) {
        guard principal.highestRole < needed else { return }
        throw principal.refusal(needed, to: action, in: "")
    }

    /// - Parameter missing: what is said of what is not there, so that hidden things are not told apart from it.
    private func check(
        _ needed: Principal.Role,
        in place: ExperimentPlace,
        as principal: Principal,
        to action: String,
        _ missing: String
    ) async throws(MartletError) {
        if principal.mayDo(needed, in: place) { return }
        var place = place
        if places.forget(place.experiment) {
            place = try await places.place(of: place.experiment)
            if principal.mayDo(needed, in: place) { return }
        }
        let isOutside = principal.workspace.map { $0 != place.workspace } ?? false
        let isHidden = isOutside || principal.role(in: place) == .noAccess
        if isHidden, principal.isKnown { throw MartletError(.notFound, missing) }
        throw principal.refusal(needed, to: action, in: " in experiment \(place.experiment)")
    }
}

extension Principal {
    /// Whether nothing needs to be looked up: an admin who is not confined to one workspace.
    fileprivate var mayEverything: Bool { role == .admin && workspace == nil }

    fileprivate func mayDo(_ needed: Role, in place: ExperimentPlace) -> Bool {
        (workspace.map { $0 == place.workspace } ?? true) && role(in: place) >= needed
    }
}
