import Synchronization

/// What the point log holds of a run, in part or in whole.
struct LoggedRows: Sendable {
    /// When the first row was received, in milliseconds.
    var oldest: Int64
    var bytes: Int64
    var rows: Int64

    /// A run is sealed when its oldest row is older than this, in milliseconds.
    static let greatestAge: Int64 = 60_000
    /// A log of a few rows with a few bytes stays as it is: chunks of so little would be longer than the rows, and
    /// sweeps make such runs by the thousand.
    static let fewRows: Int64 = 16
    static let fewBytes: Int64 = 4_096
    /// What is sealed whatever its age: rows with more bytes than this that are more than a few (a row of very many
    /// series is sealed together with others, because the last chunk of each series is then written once for all) …
    static let mostBytes: Int64 = 1 << 20
    /// … or with more bytes than this …
    static let mostBytesOfFew: Int64 = 16 << 20
    /// … or more rows than this, because a late point may have to look into each.
    static let mostRows: Int64 = 4_096

    var isShort: Bool { rows <= Self.fewRows && bytes <= Self.fewBytes }

    /// Whether it is time to look at the rows: what is short may have come to others.
    func isDue(now: Int64) -> Bool {
        now - oldest > Self.greatestAge || rows > Self.mostRows || bytes > Self.mostBytesOfFew
            || bytes > Self.mostBytes && rows >= Self.fewRows
    }
}

/// The runs of which this process knows rows that a sealer has not looked at.
///
/// Who writes rows notes them, so that nobody has to read the whole log each second: short logs stay in it. A note may
/// come before the rows are committed, or twice for rows that are written again; the sealer looks at the rows before it
/// does anything. What was noted by nobody who lives is found by `Sealer.discover`. Lost with the process.
package final class SealBacklog: Sendable {
    private let runs = Mutex<[Int64: LoggedRows]>([:])

    package init() {}

    /// Adds rows to what is known of a run.
    func note(_ added: LoggedRows, of run: Int64) {
        runs.withLock { runs in
            guard let known = runs[run] else {
                runs[run] = added
                return
            }
            runs[run] = LoggedRows(
                oldest: min(known.oldest, added.oldest),
                bytes: known.bytes + added.bytes,
                rows: known.rows + added.rows
            )
        }
    }

    /// Takes out the runs whose rows it is time to look at, in order.
    func takeDue(now: Int64) -> [(run: Int64, rows: LoggedRows)] {
        runs.withLock { runs in
            let due = runs.filter { $0.value.isDue(now: now) }
            for run in due.keys { runs[run] = nil }
            return due.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
        }
    }
}
