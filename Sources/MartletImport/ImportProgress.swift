import Synchronization

/// Counts that a running import publishes. Read at any time.
package final class ImportProgress: Sendable {
    package struct Counts: Sendable {
        package var runs = 0
        package var points = 0
        package var files = 0
        /// Of files.
        package var bytes: Int64 = 0
    }

    private let counts = Mutex(Counts())

    package init() {}

    package var now: Counts { counts.withLock { $0 } }

    func add(runs: Int = 0, points: Int = 0, files: Int = 0, bytes: Int64 = 0) {
        counts.withLock {
            $0.runs += runs
            $0.points += points
            $0.files += files
            $0.bytes += bytes
        }
    }
}
