package import MartletCore

extension SQLMetadataStore: RunStore {
    package func createRun(_ request: CreateRun, id: Run.ID) async throws(MartletError) -> Run {
        let now = environment.now()
        return try await database.write { connection in
            try Self.create(request, id: id, status: .running, now: now, on: connection).run
        }
    }

    package func run(_ id: Run.ID, fields: RunFields) async throws(MartletError) -> Run {
        try await database.read { connection in
            let row = try Self.row(of: id, on: connection)
            return try Self.hydrate([row], fields: fields, on: connection)[0]
        }
    }

    package func experiments(ofRuns ids: [Run.ID]) async throws(MartletError) -> [Experiment.ID] {
        try await database.read { connection in
            try ids.map { id in
                let experiment = try connection.first(
                    "SELECT experiment FROM run WHERE id = $1",
                    [.text(id.rawValue)]
                ) { Experiment.ID($0.integer(0)) }
                guard let experiment else { throw Self.unknown(id) }
                return experiment
            }
        }
    }

    @discardableResult
    package func log(_ batch: LogBatch, to id: Run.ID) async throws(MartletError) -> Experiment.ID {
        let now = environment.now()
        if batch.hasOnlyPoints { return try await pointQueue.store(batch, to: id, now: now, in: database) }
        return try await database.write { connection in
            let head = try Self.writableHead(of: id, on: connection)
            let fresh = try Self.newParams(batch.params, run: head.number, id: id, on: connection)
            if batch.pointCount > 0 {
                _ = try PointWriter.write(
                    batch,
                    run: head.number,
                    experiment: head.experiment,
                    now: now,
                    noting: backlog,
                    on: connection
                )
            }
            for param in fresh {
                try Self.insert(param, run: head.number, experiment: head.experiment, on: connection)
            }
            for tag in batch.tags {
                try Self.setTag(tag, run: head.number, experiment: head.experiment, on: connection)
            }
            for metric in batch.modelMetrics { try Self.add(metric, on: connection) }
            try Self.apply(batch.changes, to: head.number, now: now, on: connection)
            try Self.beat(head, now: now, on: connection)
            return Experiment.ID(head.experiment)
        }
    }

    package func updateRun(_ id: Run.ID, _ changes: RunChanges) async throws(MartletError) -> Run {
        let now = environment.now()
        return try await database.write { connection in
            let head = try Self.writableHead(of: id, on: connection)
            try Self.apply(changes, to: head.number, now: now, on: connection)
            if changes.endedAt != nil {
                try SummaryRows.refresh(head.number, experiment: head.experiment, on: connection)
            }
            return try Self.hydrate(
                [try Self.row(of: id, on: connection)],
                fields: RunFields(params: [], metrics: [], tags: nil, inputs: false),
                on: connection
            )[0]
        }
    }

    @discardableResult
    package func moveRuns(
        _ ids: [Run.ID],
        to stage: LifecycleStage
    ) async throws(MartletError) -> Set<Experiment.ID> {
        let now = environment.now()
        let deletedAt: SQLValue = stage == .deleted ? .integer(now) : .null
        return try await database.write { connection in
            var experiments: Set<Experiment.ID> = []
            for id in ids {
                let experiment = try connection.first(
                    "UPDATE run SET stage = $1, deleted_at = $2, updated_at = $3 WHERE id = $4 RETURNING experiment",
                    [.integer(stage.stored), deletedAt, .integer(now), .text(id.rawValue)]
                ) { Experiment.ID($0.integer(0)) }
                guard let experiment else { throw Self.unknown(id) }
                experiments.insert(experiment)
            }
            return experiments
        }
    }

    @discardableResult
    package func deleteTag(_ key: String, of id: Run.ID) async throws(MartletError) -> Experiment.ID {
        try await database.write { connection in
            let head = try Self.writableHead(of: id, on: connection)
            let count = try connection.execute(
                "DELETE FROM run_tag WHERE run = $1 AND key = $2",
                [.integer(head.number), .text(key)]
            )
            guard count > 0 else {
                throw MartletError(.notFound, "No tag with name: \(key) in run with id \(id)")
            }
            return Experiment.ID(head.experiment)
        }
    }

    package func heartbeat(_ id: Run.ID) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            let head = try Self.writableHead(of: id, on: connection)
            try connection.send(
                "UPDATE run SET heartbeat_at = $1 WHERE number = $2",
                [.integer(now), .integer(head.number)]
            )
        }
    }

    package func searchRuns(_ request: SearchRuns) async throws(MartletError) -> Page<Run> {
        try await database.read { connection in
            let matches = try RunSearch.numbers(request, on: connection)
            return Page(
                items: try Self.runs(matches.numbers, fields: request.fields, on: connection),
                hasMore: matches.hasMore,
                total: matches.total
            )
        }
    }

    package func columns(of request: SearchRuns, limit: Int) async throws(MartletError) -> RunColumns {
        try await database.read { try RunSearch.columns(of: request, limit: limit, on: $0) }
    }
}

// MARK: - Rows

/// What a write needs to know of its run.
struct RunHead {
    var number: Int64
    var experiment: Int64
    var stage: LifecycleStage
    var heartbeatAt: Int64
}

extension RunHead {
    /// Columns from 0 on: number, experiment, stage, heartbeat.
    init(_ row: any SQLRow) {
        number = row.integer(0)
        experiment = row.integer(1)
        stage = LifecycleStage(stored: row.integer(2))
        heartbeatAt = row.integer(3)
    }
}

/// A run's own columns.
struct RunRow {
    var number: Int64
    var run: Run
}

extension SQLMetadataStore {
    static func unknown(_ id: Run.ID) -> MartletError {
        MartletError(.notFound, "Run with id=\(id) not found")
    }

    /// - Throws: `notFound`; `failedPrecondition` for a deleted run.
    static func writableHead(of id: Run.ID, on connection: any SQLConnection) throws -> RunHead {
        var head: RunHead?
        try headQuery(connection.dialect).forEachRow(of: [.text(id.rawValue)], on: connection) { head = RunHead($0) }
        return try writable(head, id).get()
    }

    /// Asks for the heads of several runs, and holds them; see `writable`.
    static func headQuestions(
        of ids: Set<Run.ID>,
        _ dialect: SQLDialect,
        _ hear: @escaping (Run.ID, RunHead) -> Void
    ) -> [SQLQuestion] {
        // In order, so that two servers that hold the same runs wait for each other and do not deadlock.
        let sorted = ids.map(\.rawValue).sorted().map { SQLValue.text($0) }
        return headQuery(dialect).questions(of: sorted) { hear(Run.ID($0.text(4)), RunHead($0)) }
    }

    private static let (plainHeads, heldHeads) = (makeHeadQuery(.sqlite), makeHeadQuery(.postgres))

    private static func headQuery(_ dialect: SQLDialect) -> BatchedQuery {
        dialect == .sqlite ? plainHeads : heldHeads
    }

    private static func makeHeadQuery(_ dialect: SQLDialect) -> BatchedQuery {
        BatchedQuery {
            "SELECT number, experiment, stage, heartbeat_at, id FROM run WHERE id IN \($0) ORDER BY id "
                + dialect.holdingRow
        }
    }

    /// - Returns: the head, or why nothing may be written to the run.
    static func writable(_ head: RunHead?, _ id: Run.ID) -> Result<RunHead, MartletError> {
        guard let head else { return .failure(unknown(id)) }
        guard head.stage == .active else {
            let message = "The run \(id) must be in the 'active' state. Current state is deleted."
            return .failure(MartletError(.failedPrecondition, message))
        }
        return .success(head)
    }

    /// Notes that the run is alive, not more often than every five seconds.
    static func beat(_ head: RunHead, now: Int64, on connection: any SQLConnection) throws {
        guard now - head.heartbeatAt >= 5_000 else { return }
        try connection.send(
            "UPDATE run SET heartbeat_at = $1 WHERE number = $2",
            [.integer(now), .integer(head.number)]
        )
    }

    static let columnNames = """
        number, id, experiment, name, status, stage, user_name, started_at, ended_at, created_at, heartbeat_at,
        purpose, hypothesis, notes, conclusion
        """

    static func row(_ row: any SQLRow) -> RunRow {
        RunRow(
            number: row.integer(0),
            run: Run(
                id: Run.ID(row.text(1)),
                experimentID: Experiment.ID(row.integer(2)),
                name: row.text(3),
                status: RunStatus(stored: row.integer(4)),
                stage: LifecycleStage(stored: row.integer(5)),
                user: row.text(6),
                startedAt: row.optionalInteger(7),
                endedAt: row.optionalInteger(8),
                createdAt: row.integer(9),
                heartbeatAt: row.integer(10),
                purpose: row.text(11),
                hypothesis: row.text(12),
                notes: row.text(13),
                conclusion: row.text(14)
            )
        )
    }

    static func row(of id: Run.ID, on connection: any SQLConnection) throws -> RunRow {
        let found = try connection.first(
            "SELECT \(columnNames) FROM run WHERE id = $1",
            [.text(id.rawValue)],
            Self.row
        )
        guard let found else { throw unknown(id) }
        return found
    }

    /// - Throws: as `createRun`; before it has written anything.
    static func create(
        _ request: CreateRun,
        id: Run.ID,
        status: RunStatus,
        now: Int64,
        on connection: any SQLConnection
    ) throws -> RunRow {
        let experiment = request.experimentID.number
        let found = try connection.first(
            "SELECT stage, workspace FROM experiment WHERE id = $1",
            [.integer(experiment)]
        ) { (LifecycleStage(stored: $0.integer(0)), $0.integer(1)) }
        guard let (stage, workspace) = found else {
            throw MartletError(.notFound, "No Experiment with id=\(experiment) exists")
        }
        guard stage == .active else {
            throw MartletError(
                .failedPrecondition,
                "The experiment \(experiment) must be in the 'active' state. Current state is deleted."
            )
        }
        if let foreignID = request.foreignID {
            let taken = try connection.first(
                "SELECT 1 FROM run WHERE experiment = $1 AND foreign_id = $2",
                [.integer(experiment), .text(foreignID)]
            ) { _ in true }
            if taken == true { throw MartletError(.alreadyExists, "a run '\(foreignID)' exists already") }
        }
        var run = Run(
            id: id,
            experimentID: request.experimentID,
            name: request.name ?? "",
            status: status,
            user: request.user,
            startedAt: request.startedAt,
            createdAt: now,
            heartbeatAt: now,
            purpose: request.purpose,
            hypothesis: request.hypothesis,
            notes: request.notes
        )
        let number = try Self.insert(run, request.foreignID, workspace: workspace, on: connection)
        for tag in request.tags { try Self.setTag(tag, run: number, experiment: experiment, on: connection) }
        run.tags = Self.latest(request.tags)
        return RunRow(number: number, run: run)
    }

    private static func insert(
        _ run: Run,
        _ foreignID: String?,
        workspace: Int64,
        on connection: any SQLConnection
    ) throws -> Int64 {
        let number = try connection.first(
            """
            INSERT INTO run (id, workspace, experiment, name, status, stage, user_name, started_at, created_at,
              updated_at, heartbeat_at, purpose, hypothesis, notes, conclusion, foreign_id)
            VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10, $11, $12, $13, '', $14) RETURNING number
            """,
            [
                .text(run.id.rawValue), .integer(workspace), .integer(run.experimentID.number), .text(run.name),
                .integer(run.status.stored), .text(run.user), .integer(run.startedAt), .integer(run.createdAt),
                .integer(run.createdAt), .integer(run.heartbeatAt), .text(run.purpose), .text(run.hypothesis),
                .text(run.notes), .text(foreignID),
            ]
        ) { $0.integer(0) }
        guard let number else { throw MartletError(.internal, "the new run has no number") }
        return number
    }
}
