package import MartletCore

extension SQLMetadataStore: ImportStore {
    package func importExperiment(
        _ imported: ImportedExperiment,
        in workspace: Workspace.ID
    ) async throws(MartletError) -> ImportedExperimentPlace {
        try await database.write { connection in
            let known = try connection.first(
                "SELECT id FROM experiment WHERE workspace = $1 AND name = $2",
                [.integer(workspace.number), .text(imported.name)]
            ) { $0.integer(0) }
            if let known {
                if !imported.isDryRun { try Self.complete(known, with: imported, on: connection) }
                return ImportedExperimentPlace(outcome: .merged, id: Experiment.ID(known))
            }
            let free = try imported.id.flatMap { wanted in
                try connection.first("SELECT 1 FROM experiment WHERE id = $1", [.integer(wanted.number)]) { _ in true }
                    == nil ? wanted : nil
            }
            if imported.isDryRun { return ImportedExperimentPlace(outcome: .created, id: free) }
            let id = try Self.insert(imported, id: free?.number, workspace: workspace.number, on: connection)
            return ImportedExperimentPlace(outcome: .created, id: Experiment.ID(id))
        }
    }

    package func importStates(
        runs: [Run.ID],
        models: [LoggedModel.ID]
    ) async throws(MartletError) -> ImportStates {
        try await database.read { connection in
            var states = ImportStates()
            for id in runs {
                guard let head = try Self.importHead(of: id, on: connection) else { continue }
                states.runs[id.rawValue] = ImportStates.RunState(kind: head.kind, revision: head.revision)
            }
            for id in models where try Self.isModelKnown(id, on: connection) { states.models.append(id.rawValue) }
            return states
        }
    }

    package func importRun(
        _ imported: ImportedRun,
        points: LogBatch
    ) async throws(MartletError) -> ImportOutcome {
        let now = environment.now()
        return try await database.write { connection in
            let run = imported.run
            let known = try Self.importHead(of: run.id, on: connection)
            if let known, try Self.isWhole(known, imported) { return .present }
            let workspace = try Self.workspace(ofExperiment: run.experimentID, on: connection)
            if let known { try Self.forget(known.number, on: connection) }
            let number = try Self.write(
                imported,
                over: known?.number,
                workspace: workspace.number,
                now: now,
                on: connection
            )
            let head = RunHead(
                number: number,
                experiment: run.experimentID.number,
                stage: run.stage,
                heartbeatAt: now
            )
            try Self.writeValues(of: run, to: head, on: connection)
            if points.pointCount > 0 {
                _ = try PointWriter.write(
                    points,
                    run: number,
                    experiment: head.experiment,
                    now: now,
                    noting: backlog,
                    on: connection
                )
            }
            return known == nil ? .created : .resumed
        }
    }

    package func importPoints(_ points: LogBatch, of id: Run.ID) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            guard let head = try Self.importHead(of: id, on: connection) else { throw Self.unknown(id) }
            guard head.kind == .partial else { throw Self.notOpen(id) }
            _ = try PointWriter.write(
                points,
                run: head.number,
                experiment: head.experiment,
                now: now,
                noting: backlog,
                on: connection
            )
        }
    }

    package func finishImport(
        of id: Run.ID,
        stage: LifecycleStage
    ) async throws(MartletError) -> Experiment.ID {
        let now = environment.now()
        return try await database.write { connection in
            guard let head = try Self.importHead(of: id, on: connection) else { throw Self.unknown(id) }
            guard head.kind != .native else { throw Self.notOpen(id) }
            if head.kind == .partial {
                try connection.send(
                    "UPDATE run SET stage = $1, deleted_at = $2, import_state = 1 WHERE number = $3",
                    [.integer(stage.stored), stage == .deleted ? .integer(now) : .null, .integer(head.number)]
                )
            }
            return Experiment.ID(head.experiment)
        }
    }

    package func importModel(_ imported: ImportedModel) async throws(MartletError) -> ImportOutcome {
        try await database.write { connection in
            let model = imported.model
            if try Self.isModelKnown(model.id, on: connection) { return .present }
            let experiment = try Self.experiment(model.experimentID.number, on: connection)
            let workspace = try Self.workspace(ofExperiment: experiment.id, on: connection)
            try connection.execute(
                """
                INSERT INTO logged_model (id, workspace, experiment, name, model_type, status, status_message,
                  source_run, artifact_uri, stage, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                """,
                [
                    .text(model.id.rawValue), .integer(workspace.number), .integer(experiment.id.number),
                    .text(model.name),
                    .text(model.modelType), .integer(model.status.stored), .text(model.statusMessage),
                    .text(model.sourceRunID?.rawValue),
                    .text(ArtifactLocation.appending("models/\(model.id)/artifacts", to: experiment.artifactLocation)),
                    .integer(imported.stage.stored), .integer(model.createdAt), .integer(model.updatedAt),
                ]
            )
            try Self.add(model.params, model.tags, to: model.id, on: connection)
            for metric in model.metrics { try Self.add(metric, on: connection) }
            return .created
        }
    }
}

// MARK: - Rows

/// What is here of a run that is to be imported.
private struct ImportHead {
    var number: Int64
    var experiment: Int64
    var kind: ImportStates.RunState.Kind
    var revision: String
}

extension SQLMetadataStore {
    private static func importHead(of id: Run.ID, on connection: any SQLConnection) throws -> ImportHead? {
        try connection.first(
            "SELECT number, experiment, import_state, import_revision FROM run WHERE id = $1",
            [.text(id.rawValue)]
        ) { row in
            ImportHead(
                number: row.integer(0),
                experiment: row.integer(1),
                kind: row.isNull(2) ? .native : row.integer(2) == 0 ? .partial : .whole,
                revision: row.text(3)
            )
        }
    }

    private static func notOpen(_ id: Run.ID) -> MartletError {
        MartletError(.conflict, "run \(id) is not being imported: it is whole, or was made here")
    }

    /// - Throws: `conflict` when what is here is not what comes.
    private static func isWhole(_ known: ImportHead, _ imported: ImportedRun) throws -> Bool {
        switch known.kind {
        case .partial: return false
        case .whole where known.revision == imported.revision: return true
        case .whole:
            throw MartletError(
                .conflict,
                "run \(imported.run.id) was imported before and has changed in its source since; it was left as it is"
            )
        case .native:
            throw MartletError(
                .conflict,
                "a run with the id \(imported.run.id) was made here; it was left as it is"
            )
        }
    }

    private static func isModelKnown(_ id: LoggedModel.ID, on connection: any SQLConnection) throws -> Bool {
        try connection.first("SELECT 1 FROM logged_model WHERE id = $1", [.text(id.rawValue)]) { _ in true } ?? false
    }

    private static func complete(
        _ id: Int64,
        with imported: ImportedExperiment,
        on connection: any SQLConnection
    ) throws {
        for (key, value) in imported.tags {
            try connection.execute(
                """
                INSERT INTO experiment_tag (experiment, key, value) VALUES ($1, $2, $3)
                ON CONFLICT (experiment, key) DO NOTHING
                """,
                [.integer(id), .text(key), .text(value)]
            )
        }
        guard !imported.purpose.isEmpty else { return }
        try connection.execute(
            "UPDATE experiment SET purpose = $1 WHERE id = $2 AND purpose = ''",
            [.text(imported.purpose), .integer(id)]
        )
    }

    private static func insert(
        _ imported: ImportedExperiment,
        id: Int64?,
        workspace: Int64,
        on connection: any SQLConnection
    ) throws -> Int64 {
        let columns = "workspace, name, artifact_location, stage, created_at, updated_at, purpose"
        var arguments: [SQLValue] = [
            .integer(workspace), .text(imported.name), .text(""), .integer(imported.stage.stored),
            .integer(imported.createdAt), .integer(imported.updatedAt), .text(imported.purpose),
        ]
        var sql = "INSERT INTO experiment (\(columns)) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id"
        if let id {
            arguments.append(.integer(id))
            sql = "INSERT INTO experiment (\(columns), id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id"
        }
        guard let number = try connection.first(sql, arguments, { $0.integer(0) }) else {
            throw MartletError(.internal, "the imported experiment has no id")
        }
        if id != nil, let countOn = connection.dialect.countOn("experiment", "id") {
            try connection.query(countOn, []) { _ in }
        }
        try connection.execute(
            "UPDATE experiment SET artifact_location = $1 WHERE id = $2",
            [.text("mlflow-artifacts:/\(number)"), .integer(number)]
        )
        try complete(number, with: imported, on: connection)
        return number
    }

    /// Takes away what an earlier, broken import wrote beside the points.
    private static func forget(_ number: Int64, on connection: any SQLConnection) throws {
        for table in ["run_param", "run_tag", "run_dataset", "run_model"] {
            try connection.send("DELETE FROM \(table) WHERE run = $1", [.integer(number)])
        }
    }

    /// The run's own columns. - Returns: its number.
    private static func write(
        _ imported: ImportedRun,
        over known: Int64?,
        workspace: Int64,
        now: Int64,
        on connection: any SQLConnection
    ) throws -> Int64 {
        let run = imported.run
        let stage = imported.isWhole ? run.stage : .deleted
        let isBinned = imported.isWhole && stage == .deleted
        let values: [SQLValue] = [
            .integer(run.experimentID.number), .text(run.name), .integer(run.status.stored), .integer(stage.stored),
            .text(run.user), .integer(run.startedAt), .integer(run.endedAt), .integer(run.createdAt), .integer(now),
            .integer(run.endedAt ?? run.startedAt ?? run.createdAt), isBinned ? .integer(now) : .null,
            .text(run.purpose), .text(run.hypothesis), .text(run.notes), .text(run.conclusion),
            .flag(imported.isWhole), .text(imported.revision),
        ]
        if let known {
            try connection.send(updateRow, values + [.integer(known)])
            return known
        }
        let added = try connection.first(
            insertRow,
            values + [.integer(workspace), .text(run.id.rawValue)]
        ) { $0.integer(0) }
        guard let added else { throw MartletError(.internal, "the imported run has no number") }
        return added
    }

    private static let insertRow = """
        INSERT INTO run (experiment, name, status, stage, user_name, started_at, ended_at, created_at, updated_at,
          heartbeat_at, deleted_at, purpose, hypothesis, notes, conclusion, import_state, import_revision, workspace, id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) RETURNING number
        """
    private static let updateRow = """
        UPDATE run SET experiment = $1, name = $2, status = $3, stage = $4, user_name = $5, started_at = $6,
          ended_at = $7, created_at = $8, updated_at = $9, heartbeat_at = $10, deleted_at = $11, purpose = $12,
          hypothesis = $13, notes = $14, conclusion = $15, import_state = $16, import_revision = $17 WHERE number = $18
        """

    private static func writeValues(of run: Run, to head: RunHead, on connection: any SQLConnection) throws {
        for param in run.params {
            try insert(param, run: head.number, experiment: head.experiment, on: connection)
        }
        for tag in run.tags { try setTag(tag, run: head.number, experiment: head.experiment, on: connection) }
        for dataset in run.datasets { try add(dataset, to: head, on: connection) }
        for input in run.modelInputs {
            try addModel(input.modelID, isOutput: false, step: 0, to: head, on: connection)
        }
        for output in run.modelOutputs {
            try addModel(output.modelID, isOutput: true, step: output.step, to: head, on: connection)
        }
    }
}
