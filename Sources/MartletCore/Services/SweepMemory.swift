import Synchronization

/// What one server remembers of sweeps between requests: nothing that another server would have to know.
final class SweepMemory: Sendable {
    // A class, because copies of the service share it.
    private struct Known {
        var plans: [String: any SweepPlan] = [:]
        /// When runs were last compared; milliseconds since 1970-01-01 UTC.
        var comparisons: [Sweep.ID: Int64] = [:]
        /// Of runs that have ended.
        var histories: [Run.ID: [Double]] = [:]
        var values = 0
    }

    /// Past these everything of the kind is forgotten: simple, and rare.
    private static let mostPlans = 100
    private static let mostComparisons = 10_000
    private static let mostValues = 2_000_000
    /// Milliseconds between two comparisons of the runs of a sweep, however many agents ask.
    private static let pause: Int64 = 4_000

    private let known = Mutex(Known())
    private let search: any SweepSearch

    init(search: any SweepSearch) {
        self.search = search
    }

    /// - Throws: `invalidArgument`.
    func plan(of configuration: String) throws(MartletError) -> any SweepPlan {
        if let plan = known.withLock({ $0.plans[configuration] }) { return plan }
        let plan = try search.plan(configuration)
        known.withLock { known in
            if known.plans.count >= Self.mostPlans { known.plans.removeAll() }
            known.plans[configuration] = plan
        }
        return plan
    }

    /// Whether the runs of a sweep are to be compared now; who is told so does it.
    func comparisonIsDue(_ sweep: Sweep.ID, now: Int64) -> Bool {
        known.withLock { known in
            if let last = known.comparisons[sweep], now - last < Self.pause, now >= last { return false }
            if known.comparisons.count >= Self.mostComparisons { known.comparisons.removeAll() }
            known.comparisons[sweep] = now
            return true
        }
    }

    func history(of run: Run.ID) -> [Double]? { known.withLock { $0.histories[run] } }

    func keep(_ history: [Double], of run: Run.ID) {
        known.withLock { known in
            if known.values + history.count > Self.mostValues {
                known.histories.removeAll()
                known.values = 0
            }
            known.values += history.count
            known.histories[run] = history
        }
    }
}
