package import MartletCore

extension SQLMetadataStore: LoggedModelStore {
    package func createLoggedModel(
        _ request: CreateLoggedModel,
        id: LoggedModel.ID
    ) async throws(MartletError) -> LoggedModel {
        let now = environment.now()
        return try await database.write { connection in
            let experiment = try Self.experiment(request.experimentID.number, on: connection)
            let workspace = try Self.workspace(ofExperiment: experiment.id, on: connection)
            guard experiment.stage == .active else {
                throw MartletError(
                    .failedPrecondition,
                    "The experiment \(experiment.id) must be in the 'active' state. Current state is deleted."
                )
            }
            try connection.execute(
                """
                INSERT INTO logged_model (id, workspace, experiment, name, model_type, status, status_message,
                  source_run, artifact_uri, stage, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, 1, '', $6, $7, 0, $8, $9)
                """,
                [
                    .text(id.rawValue), .integer(workspace.number), .integer(experiment.id.number),
                    .text(request.name ?? ""), .text(request.modelType), .text(request.sourceRunID?.rawValue),
                    .text(ArtifactLocation.appending("models/\(id)/artifacts", to: experiment.artifactLocation)),
                    .integer(now), .integer(now),
                ]
            )
            try Self.add(request.params, request.tags, to: id, on: connection)
            return try Self.model(id, on: connection)
        }
    }

    package func loggedModel(_ id: LoggedModel.ID, orDeleted: Bool) async throws(MartletError) -> LoggedModel {
        try await database.read { connection in
            if !orDeleted { try Self.requireActive(id, on: connection) }
            return try Self.model(id, on: connection)
        }
    }

    package func experiment(ofLoggedModel id: LoggedModel.ID) async throws(MartletError) -> Experiment.ID {
        let experiment = try await database.read { connection in
            try connection.first("SELECT experiment FROM logged_model WHERE id = $1", [.text(id.rawValue)]) {
                Experiment.ID($0.integer(0))
            }
        }
        guard let experiment else { throw Self.unknown(id) }
        return experiment
    }

    package func finishLoggedModel(
        _ id: LoggedModel.ID,
        status: LoggedModel.Status
    ) async throws(MartletError) -> LoggedModel {
        let now = environment.now()
        return try await database.write { connection in
            _ = try Self.model(id, on: connection)
            try connection.execute(
                "UPDATE logged_model SET status = $1, updated_at = $2 WHERE id = $3",
                [.integer(status.stored), .integer(now), .text(id.rawValue)]
            )
            return try Self.model(id, on: connection)
        }
    }

    package func deleteLoggedModel(_ id: LoggedModel.ID) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            let count = try connection.execute(
                "UPDATE logged_model SET stage = 1, updated_at = $1 WHERE id = $2",
                [.integer(now), .text(id.rawValue)]
            )
            guard count > 0 else { throw Self.unknown(id) }
        }
    }

    package func addToLoggedModel(
        _ id: LoggedModel.ID,
        params: [Param],
        tags: [Tag]
    ) async throws(MartletError) -> LoggedModel {
        let now = environment.now()
        return try await database.write { connection in
            let old = try Self.model(id, on: connection)
            let conflicts = params.compactMap { param in
                old.params.first { $0.key == param.key && $0.value != param.value }.map {
                    ParamConflict(key: param.key, storedValue: $0.value, newValue: param.value)
                }
            }
            if let first = conflicts.first {
                throw MartletError(
                    .conflict,
                    "param '\(first.key)' of model \(id) is '\(first.storedValue)' and cannot change",
                    paramConflicts: conflicts
                )
            }
            try Self.add(params, tags, to: id, on: connection)
            try connection.execute(
                "UPDATE logged_model SET updated_at = $1 WHERE id = $2",
                [.integer(now), .text(id.rawValue)]
            )
            return try Self.model(id, on: connection)
        }
    }

    package func deleteTag(_ key: String, of id: LoggedModel.ID) async throws(MartletError) {
        try await database.write { connection in
            _ = try Self.model(id, on: connection)
            let count = try connection.execute(
                "DELETE FROM logged_model_tag WHERE model = $1 AND key = $2",
                [.text(id.rawValue), .text(key)]
            )
            guard count > 0 else {
                throw MartletError(.notFound, "No tag with key '\(key)' found for model with ID '\(id)'.")
            }
        }
    }

    package func searchLoggedModels(
        _ request: SearchLoggedModels
    ) async throws(MartletError) -> Page<LoggedModel> {
        try await database.read { connection in
            let (ids, hasMore) = try LoggedModelSearch.ids(request, on: connection)
            return Page(
                items: try ids.map { try Self.model(LoggedModel.ID($0), on: connection) },
                hasMore: hasMore
            )
        }
    }
}

extension SQLMetadataStore {
    private static func unknown(_ id: LoggedModel.ID) -> MartletError {
        MartletError(.notFound, "Logged model with ID '\(id)' not found.")
    }

    static func add(
        _ params: [Param],
        _ tags: [Tag],
        to id: LoggedModel.ID,
        on connection: any SQLConnection
    ) throws {
        for param in params {
            try connection.execute(
                """
                INSERT INTO logged_model_param (model, key, value) VALUES ($1, $2, $3)
                ON CONFLICT (model, key) DO NOTHING
                """,
                [.text(id.rawValue), .text(param.key), .text(param.value)]
            )
        }
        for tag in tags {
            try connection.execute(
                """
                INSERT INTO logged_model_tag (model, key, value) VALUES ($1, $2, $3)
                ON CONFLICT (model, key) DO UPDATE SET value = excluded.value
                """,
                [.text(id.rawValue), .text(tag.key), .text(tag.value)]
            )
        }
    }

    /// Keeps a score beside the others; one that is known already changes nothing.
    static func add(_ metric: LoggedModelMetric, on connection: any SQLConnection) throws {
        let value = metric.value.isNaN ? 0 : metric.value
        try connection.send(
            """
            INSERT INTO logged_model_score (model, key, dataset_name, dataset_digest, run, value, value_nan, step, time)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
            """,
            [
                .text(metric.modelID.rawValue), .text(metric.key), .text(metric.datasetName ?? ""),
                .text(metric.datasetDigest ?? ""), .text(metric.runID?.rawValue ?? ""), .real(value),
                .flag(metric.value.isNaN), .integer(metric.step), .integer(metric.time),
            ]
        )
    }

    /// - Throws: `notFound`, also for a deleted one.
    private static func requireActive(_ id: LoggedModel.ID, on connection: any SQLConnection) throws {
        let stage = try connection.first("SELECT stage FROM logged_model WHERE id = $1", [.text(id.rawValue)]) {
            LifecycleStage(stored: $0.integer(0))
        }
        guard stage == .active else { throw unknown(id) }
    }

    /// With every score, oldest first. - Throws: `notFound`.
    static func model(_ id: LoggedModel.ID, on connection: any SQLConnection) throws -> LoggedModel {
        let found = try connection.first(
            """
            SELECT experiment, name, model_type, status, status_message, source_run, artifact_uri, created_at, updated_at
            FROM logged_model WHERE id = $1
            """,
            [.text(id.rawValue)]
        ) { row in
            LoggedModel(
                id: id,
                experimentID: Experiment.ID(row.integer(0)),
                name: row.text(1),
                modelType: row.text(2),
                status: LoggedModel.Status(stored: row.integer(3)),
                statusMessage: row.text(4),
                sourceRunID: row.optionalText(5).map { Run.ID($0) },
                artifactURI: row.text(6),
                createdAt: row.integer(7),
                updatedAt: row.integer(8),
                params: [],
                tags: [],
                metrics: []
            )
        }
        guard var model = found else { throw unknown(id) }
        let key: [SQLValue] = [.text(id.rawValue)]
        model.params = try connection.rows(
            "SELECT key, value FROM logged_model_param WHERE model = $1 ORDER BY key",
            key
        ) { Param(key: $0.text(0), value: $0.text(1)) }
        model.tags = try connection.rows(
            "SELECT key, value FROM logged_model_tag WHERE model = $1 ORDER BY key",
            key
        ) { Tag(key: $0.text(0), value: $0.text(1)) }
        model.metrics = try connection.rows(
            """
            SELECT key, dataset_name, dataset_digest, run, value, value_nan, step, time FROM logged_model_score
            WHERE model = $1 ORDER BY key, time, step, run, dataset_name, dataset_digest, value
            """,
            key
        ) { row in
            LoggedModelMetric(
                modelID: id,
                key: row.text(0),
                value: row.flag(5) ? .nan : row.real(4),
                step: row.integer(6),
                time: row.integer(7),
                runID: row.text(3).isEmpty ? nil : Run.ID(row.text(3)),
                datasetName: row.text(1).isEmpty ? nil : row.text(1),
                datasetDigest: row.text(2).isEmpty ? nil : row.text(2)
            )
        }
        return model
    }
}
