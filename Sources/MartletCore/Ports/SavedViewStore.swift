/// What people arranged, and what programs want them to look at. Every method is one transaction, durable once it
/// returns.
package protocol SavedViewStore: Sendable {
    /// Stores it under a number of its own, which it does not have yet.
    /// - Throws: `notFound` for the experiment; `failedPrecondition` when it is deleted; `alreadyExists` for the name.
    func createView(_ view: SavedView) async throws(MartletError) -> SavedView
    /// - Throws: `notFound`.
    func view(_ id: SavedView.ID) async throws(MartletError) -> SavedView
    /// Without their content; the one that was changed last first, with a total.
    func searchViews(_ request: SearchSavedViews) async throws(MartletError) -> Page<SavedView>
    /// - Throws: `notFound`; `alreadyExists` where another of the new kind has its name.
    func updateView(_ id: SavedView.ID, _ changes: SavedViewChanges) async throws(MartletError) -> SavedView
    /// - Throws: `notFound`.
    func deleteView(_ id: SavedView.ID) async throws(MartletError)

    /// - Parameter quiet: milliseconds in which the run must not have had one of the same title.
    /// - Returns: whether it was stored, and the run's experiment.
    /// - Throws: `notFound`; `failedPrecondition` for a deleted run.
    func addAlert(
        _ alert: RunAlert,
        quiet: Int64
    ) async throws(MartletError) -> (isStored: Bool, experiment: Experiment.ID)
    /// The newest first, with a total; those of deleted runs are left out.
    func alerts(of place: AlertPlace, limit: Int, offset: Int) async throws(MartletError) -> Page<RunAlert>
}

/// Whose alerts are meant.
package enum AlertPlace: Sendable, Equatable {
    case run(Run.ID)
    case experiment(Experiment.ID)
}
