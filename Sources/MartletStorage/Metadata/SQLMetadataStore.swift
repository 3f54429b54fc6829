package import MartletCore

/// Experiments, runs, models and files in SQL, on either engine.
package struct SQLMetadataStore: Sendable {
    let database: any SQLDatabase
    let environment: Environment
    /// What is logged here and is for a sealer to look at.
    package let backlog = SealBacklog()
    let pointQueue: PointQueue

    package init(database: any SQLDatabase, environment: Environment) {
        self.database = database
        self.environment = environment
        pointQueue = PointQueue(backlog: backlog)
    }

    /// Makes the experiment `0`, "Default", which MLflow clients take for granted.
    package func prepare() async throws(MartletError) {
        let now = environment.now()
        _ = try await database.write { connection in
            try connection.execute(
                """
                INSERT INTO experiment (id, workspace, name, artifact_location, stage, created_at, updated_at, purpose)
                VALUES (0, $1, 'Default', 'mlflow-artifacts:/0', 0, $2, $3, '') ON CONFLICT DO NOTHING
                """,
                [.integer(Workspace.ID.default.number), .integer(now), .integer(now)]
            )
        }
    }
}

extension LifecycleStage {
    var stored: Int64 { self == .active ? 0 : 1 }
    init(stored: Int64) { self = stored == 0 ? .active : .deleted }
}

extension RunStatus {
    var stored: Int64 {
        switch self {
        case .running: 1
        case .scheduled: 2
        case .finished: 3
        case .failed: 4
        case .killed: 5
        }
    }

    init(stored: Int64) {
        switch stored {
        case 2: self = .scheduled
        case 3: self = .finished
        case 4: self = .failed
        case 5: self = .killed
        default: self = .running
        }
    }
}

extension LoggedModel.Status {
    var stored: Int64 {
        switch self {
        case .pending: 1
        case .ready: 2
        case .failed: 3
        }
    }

    init(stored: Int64) {
        switch stored {
        case 2: self = .ready
        case 3: self = .failed
        default: self = .pending
        }
    }
}
