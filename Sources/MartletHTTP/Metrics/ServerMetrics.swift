import Synchronization

/// What the server counts of itself. A class, because all requests share it; its state is behind a mutex.
final class ServerMetrics: Sendable {
    /// Groups of routes that are told apart.
    enum Group: Int, CaseIterable {
        case native
        case mlflow
        case artifacts
        case events
        case page

        var name: String {
            switch self {
            case .native: "native"
            case .mlflow: "mlflow"
            case .artifacts: "artifacts"
            case .events: "events"
            case .page: "page"
            }
        }

        init(path: String) {
            guard path.hasPrefix("/a") else {
                self = .page
                return
            }
            if path.hasPrefix("/api/v1/") {
                self = path.hasPrefix("/api/v1/events") ? .events : .native
            } else if path.hasPrefix("/api/2.0/mlflow-artifacts") || path.hasPrefix("/ajax-api/2.0/mlflow-artifacts") {
                self = .artifacts
            } else {
                self = .mlflow
            }
        }
    }

    struct Counts: Sendable {
        /// By group, then by hundreds of the status.
        var requests = [[Int]](repeating: [Int](repeating: 0, count: 6), count: Group.allCases.count)
        /// Sum by group.
        var time = [Duration](repeating: .zero, count: Group.allCases.count)
        var eventStreams = 0
        var connections = 0
        /// Connections that were cut because the peer was too slow.
        var cutOff = 0
    }

    private let counts = Mutex(Counts())

    /// Extra lines for the text form: what only the composition knows.
    let extra: @Sendable () async -> [(name: String, help: String, value: Double)]

    init(extra: @escaping @Sendable () async -> [(name: String, help: String, value: Double)]) {
        self.extra = extra
    }

    func answered(path: String, status: Int, in elapsed: Duration) {
        let group = Group(path: path).rawValue
        counts.withLock { counts in
            counts.requests[group][min(5, max(0, status / 100))] += 1
            counts.time[group] += elapsed
        }
    }

    func eventStreamOpened() { counts.withLock { $0.eventStreams += 1 } }
    func eventStreamClosed() { counts.withLock { $0.eventStreams -= 1 } }
    func connectionOpened() { counts.withLock { $0.connections += 1 } }
    func connectionClosed() { counts.withLock { $0.connections -= 1 } }
    func connectionCut() { counts.withLock { $0.cutOff += 1 } }

    var current: Counts { counts.withLock { $0 } }
}
