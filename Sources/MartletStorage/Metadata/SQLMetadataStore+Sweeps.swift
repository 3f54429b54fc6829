package import MartletCore

extension SQLMetadataStore: SweepStore {
    package func createSweep(_ sweep: Sweep) async throws(MartletError) {
        try await database.write { connection in
            try Self.requireActive(sweep.experimentID, on: connection)
            let taken = try connection.first(
                "SELECT 1 FROM sweep WHERE experiment = $1 AND name = $2",
                [.integer(sweep.experimentID.number), .text(sweep.name)]
            ) { _ in true }
            if taken == true { throw MartletError(.alreadyExists, "a sweep '\(sweep.name)' exists already") }
            try connection.execute(
                """
                INSERT INTO sweep (id, experiment, name, display_name, description, configuration, state, is_exhausted,
                  revision, user_name, created_at, updated_at, controller, scheduler)
                VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9, $10, $11, $12)
                """,
                [
                    .text(sweep.id.rawValue), .integer(sweep.experimentID.number), .text(sweep.name),
                    .text(sweep.displayName), .text(sweep.description), .text(sweep.configuration),
                    .integer(sweep.state.stored), .text(sweep.user), .integer(sweep.createdAt),
                    .integer(sweep.updatedAt), .text(sweep.controller), .text(sweep.scheduler),
                ]
            )
        }
    }

    package func sweep(_ id: Sweep.ID) async throws(MartletError) -> Sweep {
        let now = environment.now()
        return try await database.read { try SweepRows.sweep(id, now: now, on: $0).sweep }
    }

    package func sweep(named name: String, in experiment: Experiment.ID) async throws(MartletError) -> Sweep? {
        let now = environment.now()
        return try await database.read { connection in
            try connection.first(
                "\(SweepRows.select) WHERE s.experiment = $2 AND s.name = $3",
                [SweepRows.alive(now), .integer(experiment.number), .text(name)]
            ) { SweepRows.row($0).sweep }
        }
    }

    package func searchSweeps(_ request: SearchSweeps) async throws(MartletError) -> Page<Sweep> {
        let now = environment.now()
        return try await database.read { connection in
            var page = Page<Sweep>(items: [], hasMore: false, total: 0)
            // One experiment at a time: there are rarely more.
            var (offset, rest) = (request.offset, request.limit)
            for experiment in request.experiments {
                let count = try connection.first(
                    "SELECT count(*) FROM sweep WHERE experiment = $1",
                    [.integer(experiment.number)]
                ) { Int($0.integer(0)) }
                page.total = (page.total ?? 0) + (count ?? 0)
                let skipped = min(offset, count ?? 0)
                offset -= skipped
                let left = (count ?? 0) - skipped
                if left > rest { page.hasMore = true }
                guard rest > 0, left > 0 else { continue }
                page.items += try connection.rows(
                    "\(SweepRows.select) WHERE s.experiment = $2 ORDER BY s.created_at DESC, s.id LIMIT $3 OFFSET $4",
                    [SweepRows.alive(now), .integer(experiment.number), .integer(rest), .integer(skipped)]
                ) { SweepRows.row($0).sweep }
                rest -= min(rest, left)
            }
            return page
        }
    }

    package func updateSweep(_ id: Sweep.ID, _ changes: SweepChanges) async throws(MartletError) -> Sweep {
        let now = environment.now()
        return try await database.write { connection in
            let isExhausted = changes.isExhausted.map { SQLValue.flag($0) } ?? .null
            let count = try connection.execute(
                """
                UPDATE sweep SET state = coalesce($1, state), display_name = coalesce($2, display_name),
                  description = coalesce($3, description), configuration = coalesce($4, configuration),
                  is_exhausted = coalesce($5, is_exhausted), controller = coalesce($6, controller),
                  scheduler = coalesce($7, scheduler), updated_at = $8 WHERE id = $9
                """,
                [
                    .integer(changes.state?.stored), .text(changes.displayName), .text(changes.description),
                    .text(changes.configuration), isExhausted, .text(changes.controller), .text(changes.scheduler),
                    .integer(now), .text(id.rawValue),
                ]
            )
            guard count > 0 else { throw SweepRows.unknown(id) }
            return try SweepRows.sweep(id, now: now, on: connection).sweep
        }
    }

    package func snapshot(of id: Sweep.ID, metric: String?) async throws(MartletError) -> SweepSnapshot {
        let now = environment.now()
        return try await database.read { connection in
            let (sweep, revision) = try SweepRows.sweep(id, now: now, on: connection)
            var numbers: [Int64] = []
            var trials = try connection.rows(
                "\(SweepRows.selectTrials) WHERE t.sweep = $1 AND r.stage = 0 ORDER BY t.number",
                [.text(id.rawValue)]
            ) { row in
                numbers.append(row.integer(0))
                return SweepRows.trial(row, now: now)
            }
            if let metric {
                let summaries = try MetricReader.summaries(runs: numbers, keys: [metric], on: connection)
                for (place, number) in numbers.enumerated() { trials[place].metric = summaries[number]?.first }
            }
            let alive = try connection.rows(
                "SELECT id FROM sweep_agent WHERE sweep = $1 AND state = 1 AND heartbeat_at >= $2",
                [.text(id.rawValue), .integer(now - SweepAgent.silentAfterMilliseconds)]
            ) { SweepAgent.ID($0.text(0)) }
            return SweepSnapshot(sweep: sweep, revision: revision, trials: trials, agents: Set(alive))
        }
    }

    package func assign(_ assignment: SweepAssignment, revision: Int64?) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            let dialect = connection.dialect
            let found = try connection.first(
                "SELECT revision, state FROM sweep WHERE id = $1 \(dialect.holdingRow)",
                [.text(assignment.sweep.id.rawValue)]
            ) { ($0.integer(0), Sweep.State(stored: $0.integer(1))) }
            guard let (stored, state) = found else { throw SweepRows.unknown(assignment.sweep.id) }
            if let revision {
                guard stored == revision, state == .running || state == .pending else {
                    throw MartletError(.conflict, "the sweep \(assignment.sweep.name) has moved on")
                }
            }
            guard let run = try SweepRows.run(of: assignment, isNew: revision != nil, now: now, on: connection) else {
                return
            }
            try connection.execute(
                """
                UPDATE sweep SET revision = revision + 1, is_exhausted = CASE WHEN $1 = 1 THEN 1 ELSE is_exhausted END,
                  scheduler = coalesce($2, scheduler), updated_at = $3 WHERE id = $4
                """,
                [
                    .flag(assignment.exhausts), .text(assignment.scheduler), .integer(now),
                    .text(assignment.sweep.id.rawValue),
                ]
            )
            try connection.execute(
                """
                INSERT INTO sweep_run (run, sweep, number, agent, parameters, handed, is_known, is_stopped)
                VALUES ($1, $2, $3, $4, $5, 1, 0, 0)
                """,
                [
                    .integer(run), .text(assignment.sweep.id.rawValue), .integer(stored + 1),
                    .text(assignment.agent?.rawValue), .text(assignment.parameters),
                ]
            )
        }
    }

    package func end(_ runs: [Run.ID], as status: RunStatus?) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            for run in runs.sorted() {
                guard let status else {
                    try connection.execute(
                        "UPDATE sweep_run SET is_stopped = 1 WHERE run IN (SELECT number FROM run WHERE id = $1)",
                        [.text(run.rawValue)]
                    )
                    continue
                }
                try connection.execute(
                    """
                    UPDATE run SET status = $1, ended_at = $2, updated_at = $3 WHERE id = $4 AND status IN (1, 2)
                    """,
                    [.integer(status.stored), .integer(now), .integer(now), .text(run.rawValue)]
                )
            }
        }
    }

    /// - Throws: `notFound`; `failedPrecondition` for a deleted one.
    static func requireActive(_ id: Experiment.ID, on connection: any SQLConnection) throws {
        let stage = try connection.first("SELECT stage FROM experiment WHERE id = $1", [.integer(id.number)]) {
            LifecycleStage(stored: $0.integer(0))
        }
        guard let stage else { throw MartletError(.notFound, "No Experiment with id=\(id) exists") }
        guard stage == .active else {
            throw MartletError(
                .failedPrecondition,
                "The experiment \(id) must be in the 'active' state. Current state is deleted."
            )
        }
    }
}
