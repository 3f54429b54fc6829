package import MartletCore

extension SQLMetadataStore: ExperimentStore {
    package func createExperiment(_ request: CreateExperiment) async throws(MartletError) -> Experiment {
        let (now, workspace) = (environment.now(), request.workspace.number)
        return try await database.write { connection in
            let root = try Self.workspace(request.workspace, on: connection).artifactRoot ?? "mlflow-artifacts:/"
            let taken = try connection.first(
                "SELECT stage FROM experiment WHERE workspace = $1 AND name = $2",
                [.integer(workspace), .text(request.name)]
            ) { LifecycleStage(stored: $0.integer(0)) }
            if let taken { throw Self.nameTaken(request.name, taken) }
            let id = try connection.first(
                """
                INSERT INTO experiment (workspace, name, artifact_location, stage, created_at, updated_at, purpose,
                  goal_metric, goal_direction, is_registry)
                VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8, $9) RETURNING id
                """,
                [
                    .integer(workspace), .text(request.name), .text(request.artifactLocation ?? ""), .integer(now),
                    .integer(now), .text(request.purpose), .text(request.goal?.metric),
                    .text(request.goal?.direction.rawValue), .flag(Experiment.isRegistryName(request.name)),
                ]
            ) { $0.integer(0) }
            guard let id else { throw MartletError(.internal, "the new experiment has no id") }
            if request.artifactLocation == nil {
                try connection.execute(
                    "UPDATE experiment SET artifact_location = $1 WHERE id = $2",
                    [.text(ArtifactLocation.appending("\(id)", to: root)), .integer(id)]
                )
            }
            for (key, value) in request.tags {
                try Self.setTag(Tag(key: key, value: value), ofExperiment: id, on: connection)
            }
            return try Self.experiment(id, on: connection)
        }
    }

    package func experiment(_ id: Experiment.ID) async throws(MartletError) -> Experiment {
        try await database.read { try Self.experiment(id.number, on: $0) }
    }

    package func workspace(ofExperiment id: Experiment.ID) async throws(MartletError) -> Workspace.ID {
        try await database.read { try Self.workspace(ofExperiment: id, on: $0) }
    }

    package func experiment(
        named name: String,
        in workspace: Workspace.ID
    ) async throws(MartletError) -> Experiment? {
        try await database.read { connection in
            let id = try connection.first(
                "SELECT id FROM experiment WHERE workspace = $1 AND name = $2",
                [.integer(workspace.number), .text(name)]
            ) { $0.integer(0) }
            return try id.map { try Self.experiment($0, on: connection) }
        }
    }

    package func searchExperiments(
        _ request: SearchExperiments
    ) async throws(MartletError) -> Page<Experiment> {
        try await database.read { connection in
            let (numbers, hasMore) = try ExperimentSearch.numbers(request, on: connection)
            return Page(items: try numbers.map { try Self.experiment($0, on: connection) }, hasMore: hasMore)
        }
    }

    package func updateExperiment(
        _ id: Experiment.ID,
        _ changes: ExperimentChanges
    ) async throws(MartletError) -> Experiment {
        let now = environment.now()
        return try await database.write { connection in
            let old = try Self.experiment(id.number, on: connection)
            if let name = changes.name, name != old.name {
                try Self.requireRenaming(old, to: name, on: connection)
                guard old.stage == .active else {
                    throw MartletError(
                        .failedPrecondition,
                        "experiment \(id) is deleted; restore it before you rename it"
                    )
                }
                let taken = try connection.first(
                    """
                    SELECT stage FROM experiment WHERE name = $1 AND id <> $2
                      AND workspace = (SELECT workspace FROM experiment WHERE id = $2)
                    """,
                    [.text(name), .integer(id.number)]
                ) { LifecycleStage(stored: $0.integer(0)) }
                if let taken { throw Self.nameTaken(name, taken) }
                try connection.execute(
                    """
                    INSERT INTO experiment_former_name (name, experiment, renamed_at) VALUES ($1, $2, $3)
                    ON CONFLICT (name, experiment) DO UPDATE SET renamed_at = excluded.renamed_at
                    """,
                    [.text(old.name), .integer(id.number), .integer(now)]
                )
            }
            let goal: Goal? = if let changed = changes.goal { changed } else { old.goal }
            try connection.execute(
                """
                UPDATE experiment SET name = $1, purpose = $2, goal_metric = $3, goal_direction = $4, updated_at = $5
                WHERE id = $6
                """,
                [
                    .text(changes.name ?? old.name), .text(changes.purpose ?? old.purpose), .text(goal?.metric),
                    .text(goal?.direction.rawValue), .integer(now), .integer(id.number),
                ]
            )
            for tag in changes.tags { try Self.setTag(tag, ofExperiment: id.number, on: connection) }
            return try Self.experiment(id.number, on: connection)
        }
    }

    package func moveExperiment(_ id: Experiment.ID, to stage: LifecycleStage) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            let old = try Self.experiment(id.number, on: connection)
            guard old.stage != stage else {
                throw MartletError(.notFound, "No Experiment with id=\(id) exists that is not \(stage.rawValue)")
            }
            if stage == .deleted { try Self.requireNoModels(old, on: connection) }
            let deletedAt: SQLValue = stage == .deleted ? .integer(now) : .null
            try connection.execute(
                "UPDATE experiment SET stage = $1, updated_at = $2, deleted_at = $3 WHERE id = $4",
                [.integer(stage.stored), .integer(now), deletedAt, .integer(id.number)]
            )
            try connection.execute(
                "UPDATE run SET stage = $1, deleted_at = $2 WHERE experiment = $3",
                [.integer(stage.stored), deletedAt, .integer(id.number)]
            )
        }
    }

    package func deleteTag(_ key: String, of id: Experiment.ID) async throws(MartletError) {
        try await database.write { connection in
            _ = try Self.experiment(id.number, on: connection)
            let count = try connection.execute(
                "DELETE FROM experiment_tag WHERE experiment = $1 AND key = $2",
                [.integer(id.number), .text(key)]
            )
            guard count > 0 else {
                throw MartletError(.notFound, "No tag with name: \(key) in experiment with id \(id)")
            }
        }
    }

    package func statistics(
        of ids: [Experiment.ID]
    ) async throws(MartletError) -> [ExperimentStatistics] {
        let alive = environment.now() - Run.stalledAfterMilliseconds
        return try await database.read { connection in
            try ids.map { try Self.statistics(of: $0.number, aliveSince: alive, on: connection) }
        }
    }
}

extension SQLMetadataStore {
    /// - Throws: `notFound`.
    static func workspace(ofExperiment id: Experiment.ID, on connection: any SQLConnection) throws -> Workspace.ID {
        let workspace = try connection.first("SELECT workspace FROM experiment WHERE id = $1", [.integer(id.number)]) {
            Workspace.ID($0.integer(0))
        }
        guard let workspace else { throw MartletError(.notFound, "No Experiment with id=\(id) exists") }
        return workspace
    }

    static func experiment(_ id: Int64, on connection: any SQLConnection) throws -> Experiment {
        let found = try connection.first(
            """
            SELECT e.name, e.artifact_location, e.stage, e.created_at, e.updated_at, e.purpose, e.goal_metric,
              e.goal_direction, w.name, e.is_registry
            FROM experiment e JOIN workspace w ON w.id = e.workspace WHERE e.id = $1
            """,
            [.integer(id)]
        ) { row in
            Experiment(
                id: Experiment.ID(id),
                workspace: row.text(8),
                name: row.text(0),
                artifactLocation: row.text(1),
                stage: LifecycleStage(stored: row.integer(2)),
                createdAt: row.integer(3),
                updatedAt: row.integer(4),
                purpose: row.text(5),
                goal: row.optionalText(6).map {
                    Goal(
                        metric: $0,
                        direction: Goal.Direction(rawValue: row.text(7)) ?? Goal.direction(of: $0),
                        isInferred: false
                    )
                },
                tags: [:],
                isRegistry: row.flag(9)
            )
        }
        guard var experiment = found else {
            throw MartletError(.notFound, "No Experiment with id=\(id) exists")
        }
        try connection.query(
            "SELECT key, value FROM experiment_tag WHERE experiment = $1",
            [.integer(id)]
        ) { experiment.tags[$0.text(0)] = $0.text(1) }
        return experiment
    }

    private static func setTag(_ tag: Tag, ofExperiment id: Int64, on connection: any SQLConnection) throws {
        try connection.execute(
            """
            INSERT INTO experiment_tag (experiment, key, value) VALUES ($1, $2, $3)
            ON CONFLICT (experiment, key) DO UPDATE SET value = excluded.value
            """,
            [.integer(id), .text(tag.key), .text(tag.value)]
        )
    }

    /// A registry stays one, and the models of a workspace are looked for by its name.
    private static func requireRenaming(
        _ experiment: Experiment,
        to name: String,
        on connection: any SQLConnection
    ) throws {
        try requireNoModels(experiment, on: connection)
        guard experiment.isRegistry != Experiment.isRegistryName(name) else { return }
        throw MartletError(
            .failedPrecondition,
            experiment.isRegistry
                ? "'\(experiment.name)' is a registry: its name must begin with 'wandb-registry-'"
                : "names that begin with 'wandb-registry-' are those of registries; choose another"
        )
    }

    private static func requireNoModels(_ experiment: Experiment, on connection: any SQLConnection) throws {
        guard experiment.isRegistry, experiment.name == Experiment.modelRegistryName else { return }
        let model = try connection.first(
            "SELECT name FROM artifact_collection WHERE experiment = $1 LIMIT 1",
            [.integer(experiment.id.number)]
        ) { $0.text(0) }
        guard let model else { return }
        throw MartletError(
            .failedPrecondition,
            "'\(experiment.name)' holds the workspace's registered models, like '\(model)': delete them before"
        )
    }

    private static func nameTaken(_ name: String, _ stage: LifecycleStage) -> MartletError {
        stage == .active
            ? MartletError(.alreadyExists, "Experiment '\(name)' already exists.")
            : MartletError(
                .alreadyExists,
                "Experiment '\(name)' already exists in deleted state. You can restore the experiment, or permanently "
                    + "delete the experiment to create a new one."
            )
    }

    private static func statistics(
        of id: Int64,
        aliveSince alive: Int64,
        on connection: any SQLConnection
    ) throws -> ExperimentStatistics {
        let counts = try connection.first(
            """
            SELECT count(*), coalesce(sum(CASE WHEN status = 1 AND heartbeat_at >= $2 THEN 1 ELSE 0 END), 0),
                   max(heartbeat_at)
            FROM run WHERE experiment = $1 AND stage = 0
            """,
            [.integer(id), .integer(alive)]
        ) { (Int($0.integer(0)), Int($0.integer(1)), $0.optionalInteger(2)) }
        return ExperimentStatistics(
            runs: counts?.0 ?? 0,
            running: counts?.1 ?? 0,
            lastActivityAt: counts?.2,
            metricKeys: try metricKeys(of: id, limit: 1_000, on: connection),
            goal: nil
        )
    }

    /// Keys of the metrics of an experiment's runs, by name. One index seek a key, however many runs there are.
    static func metricKeys(of id: Int64, limit: Int, on connection: any SQLConnection) throws -> [String] {
        var keys: [String] = []
        var last: Int64 = 0
        while keys.count < limit {
            let next = try connection.first(
                "SELECT min(key) FROM metric_summary WHERE experiment = $1 AND key > $2",
                [.integer(id), .integer(last)]
            ) { $0.optionalInteger(0) }
            guard let next, let key = next else { break }
            last = key
            let name = try connection.first(
                "SELECT name FROM metric_key WHERE id = $1",
                [.integer(key)]
            ) { $0.text(0) }
            if let name { keys.append(name) }
        }
        return keys.sorted()
    }
}
