/// Early termination of runs that fall behind, as W&B's `early_terminate: {type: hyperband}` does it.
///
/// At fixed counts of logged values, the bands, each run is compared with all runs that got that far; those not among
/// the best 1/eta stop. Unlike the paper's successive halving, no run waits for the others of its bracket, as in ASHA.
///
/// Source: Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, *Hyperband*, JMLR 18(185), 2018, §3; the comparison without
/// waiting: Li et al., *A system for massively parallel hyperparameter tuning*, MLSys 2020. Rules in detail:
/// `hyperband_stopping.py` of the Python package `sweeps` 0.3.0.
package struct HyperbandStopping: Sendable, Hashable {
    package enum Bracket: Sendable, Hashable {
        /// `min_iter`: bands at first, first · eta, first · eta², … without end.
        case first(Int)
        /// `max_iter` and `s`: bands at last / eta, last / eta², …, at most `count` of them and none below one.
        case last(Int, count: Int)
    }

    package let bracket: Bracket
    /// Greater than 1.
    package let eta: Double
    /// A run is judged by its value at the band itself; otherwise by its best value up to now, which spares more.
    package let isStrict: Bool

    /// One run that is to stop, and why.
    package struct Verdict: Sendable, Hashable {
        package let runID: String
        /// How many values had been logged where it was compared.
        package let band: Int
        /// What it was judged by, and the worst that would have done; in the metric's own units.
        package let value: Double
        package let threshold: Double
    }

    package init(bracket: Bracket, eta: Double, isStrict: Bool) {
        self.bracket = bracket
        self.eta = eta
        self.isStrict = isStrict
    }

    /// The counts of values at which runs are compared, ascending, none greater than `limit`; at most 100.
    package func bands(upTo limit: Int) -> [Int] {
        var bands: [Int] = []
        switch bracket {
        case .first(let first):
            var band = Double(first)
            while bands.count < 100, band < 0x1p62, Int(band) <= limit {
                bands.append(Int(band))
                band *= eta
            }
        case .last(let last, let count):
            var band = Double(last)
            for _ in 0..<min(count, 100) {
                band /= eta
                guard band >= 1 else { break }
                if Int(band) <= limit { bands.append(Int(band)) }
            }
            bands.reverse()
        }
        return bands
    }

    /// The running runs that are to stop now, in the order of `runs`.
    ///
    /// Only finite values count as logged. A run that has reached no band goes on. At a band with n runs a value does if
    /// it is no worse than the ⌊n / eta⌋-th best counted from zero, so the best of few always goes on.
    /// O(values + runs · log runs · bands).
    package func stops(_ runs: [SweepRun], goal: SweepConfiguration.Goal) -> [Verdict] {
        let sign = goal == .maximize ? -1.0 : 1.0
        let histories = runs.map { run in run.history.filter(\.isFinite).map { sign * $0 } }
        let bands = bands(upTo: histories.map(\.count).max() ?? 0)
        let thresholds = bands.map { band in threshold(histories.compactMap { $0.count >= band ? $0[band - 1] : nil }) }
        return zip(runs, histories).compactMap { run, history in
            guard run.state == .running, let last = bands.lastIndex(where: { $0 <= history.count }) else { return nil }
            let value = isStrict ? history[bands[last] - 1] : history.min() ?? .infinity
            guard value > thresholds[last] else { return nil }
            return Verdict(runID: run.id, band: bands[last], value: sign * value, threshold: sign * thresholds[last])
        }
    }

    private func threshold(_ values: [Double]) -> Double {
        let rank = min(Int(1 / eta * Double(values.count)), values.count - 1)
        return values.isEmpty ? .infinity : values.sorted()[rank]
    }
}
