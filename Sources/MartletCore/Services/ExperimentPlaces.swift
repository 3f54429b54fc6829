import Synchronization

/// Where experiments and runs are, remembered, so that a request that names a run costs no read to find out whether
/// its principal may.
///
/// A run never changes its experiment. An experiment changes its workspace only when that is removed: who reads a
/// remembered place therefore asks again before it refuses somebody.
final class ExperimentPlaces: Sendable {
    // A class, because all services share what one of them learnt.
    private struct Known {
        var runs: [Run.ID: Experiment.ID] = [:]
        var workspaces: [Experiment.ID: Workspace.ID] = [:]
    }

    /// Of each kind. Past it everything is forgotten: simple, and rare.
    private static let most = 50_000
    private let known = Mutex(Known())
    private let store: any MetadataStore

    init(store: any MetadataStore) {
        self.store = store
    }

    /// - Throws: `notFound`.
    func place(of experiment: Experiment.ID) async throws(MartletError) -> ExperimentPlace {
        if let workspace = known.withLock({ $0.workspaces[experiment] }) {
            return ExperimentPlace(experiment: experiment, workspace: workspace)
        }
        let workspace = try await store.workspace(ofExperiment: experiment)
        known.withLock { known in
            if known.workspaces.count >= Self.most { known.workspaces.removeAll() }
            known.workspaces[experiment] = workspace
        }
        return ExperimentPlace(experiment: experiment, workspace: workspace)
    }

    /// - Throws: `notFound` when one is unknown.
    func places(ofRuns runs: [Run.ID]) async throws(MartletError) -> [ExperimentPlace] {
        let experiments = try await experiments(ofRuns: runs)
        var places: [ExperimentPlace] = []
        places.reserveCapacity(runs.count)
        for experiment in experiments { places.append(try await place(of: experiment)) }
        return places
    }

    private func experiments(ofRuns runs: [Run.ID]) async throws(MartletError) -> [Experiment.ID] {
        let remembered = known.withLock { known in runs.compactMap { known.runs[$0] } }
        if remembered.count == runs.count { return remembered }
        let experiments = try await store.experiments(ofRuns: runs)
        known.withLock { known in
            if known.runs.count >= Self.most { known.runs.removeAll() }
            for (run, experiment) in zip(runs, experiments) { known.runs[run] = experiment }
        }
        return experiments
    }

    /// A run that was just made.
    func note(_ run: Run.ID, in experiment: Experiment.ID) {
        known.withLock { known in
            if known.runs.count >= Self.most { known.runs.removeAll() }
            known.runs[run] = experiment
        }
    }

    /// - Returns: whether the workspace of the experiment was remembered.
    func forget(_ experiment: Experiment.ID) -> Bool {
        known.withLock { $0.workspaces.removeValue(forKey: experiment) != nil }
    }
}
