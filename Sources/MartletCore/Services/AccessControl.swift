/// Who may do what, where roles differ from experiment to experiment.
///
/// Costs nothing for a principal whose role is the same everywhere; for others one read that finds the experiment.
package struct AccessControl: Sendable {
    private let store: any MetadataStore

    package init(store: any MetadataStore) {
        self.store = store
    }

    /// - Throws: `notFound` for an experiment that the principal may not see; `permissionDenied`; `unauthenticated`.
    package func require(
        _ needed: Principal.Role,
        in experiment: Experiment.ID,
        as principal: Principal,
        to action: String
    ) throws(MartletError) {
        try check(needed, in: experiment, as: principal, to: action, "No Experiment with id=\(experiment) exists")
    }

    /// Checks the role in the run's experiment.
    /// - Throws: also `notFound` for an unknown run, unless the role is the same everywhere.
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
        guard !principal.isUniform else { return try principal.require(needed, to: action) }
        let experiments = try await store.experiments(ofRuns: runs)
        for (run, experiment) in zip(runs, experiments) {
            try check(needed, in: experiment, as: principal, to: action, "Run with id=\(run) not found")
        }
    }

    /// Checks the role in the logged model's experiment.
    package func require(
        _ needed: Principal.Role,
        of model: LoggedModel.ID,
        as principal: Principal,
        to action: String
    ) async throws(MartletError) {
        guard !principal.isUniform else { return try principal.require(needed, to: action) }
        let experiment = try await store.experiment(ofLoggedModel: model)
        try check(needed, in: experiment, as: principal, to: action, "Logged model with ID '\(model)' not found.")
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
        case .workspace: try principal.require(needed, to: action)
        }
    }

    /// Those of the experiments that the principal may see.
    package func visible(
        _ experiments: [Experiment.ID],
        as principal: Principal,
        to action: String
    ) throws(MartletError) -> [Experiment.ID] {
        let scope = try scope(of: principal, to: action)
        return scope == .all ? experiments : experiments.filter { scope.contains($0) }
    }

    /// Which experiments the principal may see at all.
    package func scope(of principal: Principal, to action: String) throws(MartletError) -> ExperimentScope {
        guard !principal.isUniform else {
            try principal.require(.viewer, to: action)
            return .all
        }
        let sees = principal.role >= .viewer
        let ids = principal.experimentRoles.filter { ($0.value >= .viewer) != sees }.map(\.key).sorted()
        return sees ? .allBut(ids) : .only(ids)
    }

    /// - Parameter missing: what is said of what is not there, so that hidden things are not told apart from it.
    private func check(
        _ needed: Principal.Role,
        in experiment: Experiment.ID,
        as principal: Principal,
        to action: String,
        _ missing: String
    ) throws(MartletError) {
        let role = principal.role(in: experiment)
        guard role < needed else { return }
        if role == .noAccess, principal.isKnown { throw MartletError(.notFound, missing) }
        throw principal.refusal(needed, to: action, in: " in experiment \(experiment)")
    }
}
