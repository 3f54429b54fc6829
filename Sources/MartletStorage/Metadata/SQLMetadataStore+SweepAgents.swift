package import MartletCore

extension SQLMetadataStore {
    package func addAgent(_ agent: SweepAgent) async throws(MartletError) {
        try await database.write { connection in
            try connection.execute(
                """
                INSERT INTO sweep_agent (id, sweep, host, user_name, state, created_at, heartbeat_at)
                VALUES ($1, $2, $3, $4, 1, $5, $6)
                """,
                [
                    .text(agent.id.rawValue), .text(agent.sweep.rawValue), .text(agent.host), .text(agent.user),
                    .integer(agent.createdAt), .integer(agent.heartbeatAt),
                ]
            )
            try connection.execute(
                "UPDATE sweep SET state = 2, updated_at = $1 WHERE id = $2 AND state = 1",
                [.integer(agent.createdAt), .text(agent.sweep.rawValue)]
            )
        }
    }

    package func agents(of sweep: Sweep.ID?, id: SweepAgent.ID?) async throws(MartletError) -> [SweepAgent] {
        let now = environment.now()
        return try await database.read { connection in
            let select = """
                SELECT id, sweep, host, user_name, state, created_at, heartbeat_at,
                  (SELECT count(*) FROM sweep_run t WHERE t.agent = sweep_agent.id) FROM sweep_agent
                """
            if let id {
                let agents = try connection.rows("\(select) WHERE id = $1", [.text(id.rawValue)]) {
                    SweepRows.agent($0, now: now)
                }
                return agents.filter { sweep == nil || $0.sweep == sweep }
            }
            return try connection.rows(
                "\(select) WHERE sweep = $1 ORDER BY created_at, id",
                [.text(sweep?.rawValue)]
            ) { SweepRows.agent($0, now: now) }
        }
    }

    package func beat(
        _ agent: SweepAgent.ID,
        live: [String],
        leaves: Bool
    ) async throws(MartletError) -> SweepBeat {
        let now = environment.now()
        return try await database.write { connection in
            let sweep = try connection.first(
                "UPDATE sweep_agent SET heartbeat_at = $1, state = $2 WHERE id = $3 RETURNING sweep",
                [.integer(now), .integer(leaves ? 2 : 1), .text(agent.rawValue)]
            ) { Sweep.ID($0.text(0)) }
            guard let sweep else { throw MartletError(.notFound, "agent \(agent) not found") }
            let stored = try SweepRows.sweep(sweep, now: now, on: connection).sweep
            var numbers: [Int64] = []
            let held = try connection.rows(
                "\(SweepRows.selectTrials) WHERE t.agent = $1 AND r.stage = 0 AND r.status IN (1, 2) ORDER BY t.number",
                [.text(agent.rawValue)]
            ) { row in
                numbers.append(row.integer(0))
                return SweepRows.trial(row, now: now)
            }
            for (trial, number) in zip(held, numbers) where live.contains(trial.name) && !trial.isKnown {
                try connection.execute("UPDATE sweep_run SET is_known = 1 WHERE run = $1", [.integer(number)])
            }
            let reported = try live.compactMap { name in
                try connection.first(
                    "\(SweepRows.selectTrials) WHERE r.experiment = $1 AND r.foreign_id = $2 AND t.sweep = $3",
                    [.integer(stored.experimentID.number), .text(name), .text(sweep.rawValue)]
                ) { SweepRows.trial($0, now: now) }
            }
            return SweepBeat(sweep: stored, held: held, reported: reported)
        }
    }

    package func hand(_ trial: SweepTrial, to agent: SweepAgent.ID) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            let found = try connection.first(
                "\(SweepRows.selectTrials) WHERE r.id = $1 AND r.stage = 0 \(connection.dialect.holdingRow)",
                [.text(trial.run.rawValue)]
            ) { (number: $0.integer(0), trial: SweepRows.trial($0, now: now)) }
            // As it was seen: of two agents that ask at once, one gets it.
            guard let found, found.trial.agent == trial.agent, found.trial.handed == trial.handed,
                found.trial.state == trial.state, trial.state == .pending || trial.state == .preempted
            else {
                throw MartletError(.conflict, "the run \(trial.name) is no longer waiting")
            }
            let number = SQLValue.integer(found.number)
            if found.trial.state == .preempted {
                try connection.execute(
                    "UPDATE run SET status = $1, ended_at = NULL, updated_at = $2, heartbeat_at = $2 WHERE number = $3",
                    [.integer(RunStatus.scheduled.stored), .integer(now), number]
                )
                try connection.execute(
                    "DELETE FROM run_tag WHERE run = $1 AND key = $2",
                    [number, .text(Sweep.preemptingTag)]
                )
            }
            try connection.execute(
                "UPDATE sweep_run SET agent = $1, handed = $2, is_known = 0 WHERE run = $3",
                [.text(agent.rawValue), .integer(trial.handedNext), number]
            )
        }
    }
}

/// The rows of sweeps.
enum SweepRows {
    /// `$1` is the least heartbeat of a run that lives. Whether runs go on is asked only where it decides the state.
    static let select = """
        SELECT s.id, s.experiment, s.name, s.display_name, s.description, s.configuration, s.state, s.is_exhausted,
          s.user_name, s.created_at, s.updated_at, s.controller, s.scheduler, s.revision,
          (SELECT count(*) FROM sweep_run t JOIN run r ON r.number = t.run WHERE t.sweep = s.id AND r.stage = 0),
          CASE WHEN s.is_exhausted = 1 AND s.state = 2 THEN
            (SELECT count(*) FROM sweep_run t JOIN run r ON r.number = t.run
             WHERE t.sweep = s.id AND r.stage = 0
               AND (r.status = 2 OR (r.status = 1 AND r.heartbeat_at >= $1) OR (r.status IN (1, 4) AND \(isPreempted))))
          ELSE 1 END
        FROM sweep s JOIN experiment e ON e.id = s.experiment AND e.stage = 0
        """

    /// Of one that fell silent or failed. Who was told to stop, by the sweep or by a person, is not begun again; nor is
    /// one that was begun very often.
    private static let isPreempted = """
        t.is_stopped = 0 AND t.handed <= \(mostPreemptions)
        AND EXISTS (SELECT 1 FROM run_tag g WHERE g.run = r.number AND g.key = '\(Sweep.preemptingTag)' AND g.value = '1')
        AND NOT EXISTS (SELECT 1 FROM run_tag g WHERE g.run = r.number AND g.key = '\(Sweep.stopTag)' AND g.value = '1')
        """
    private static let mostPreemptions = 100 * SweepTrial.handingsOfOneBeginning

    static let selectTrials = """
        SELECT t.run, r.id, r.foreign_id, t.number, t.agent, t.parameters, r.status, r.heartbeat_at, t.handed,
          t.is_known, t.is_stopped, r.created_at, t.sweep, CASE WHEN \(isPreempted) THEN 1 ELSE 0 END
        FROM sweep_run t JOIN run r ON r.number = t.run
        """

    static func alive(_ now: Int64) -> SQLValue { .integer(now - Run.stalledAfterMilliseconds) }

    static func unknown(_ id: Sweep.ID) -> MartletError { MartletError(.notFound, "sweep \(id) not found") }

    /// - Throws: `notFound`, also where the experiment is deleted.
    static func sweep(
        _ id: Sweep.ID,
        now: Int64,
        on connection: any SQLConnection
    ) throws -> (sweep: Sweep, revision: Int64) {
        let found = try connection.first("\(select) WHERE s.id = $2", [alive(now), .text(id.rawValue)]) { row($0) }
        guard let found else { throw unknown(id) }
        return found
    }

    /// One that goes on, of which all was tried and nothing runs any more, is finished.
    static func row(_ row: any SQLRow) -> (sweep: Sweep, revision: Int64) {
        let stored = Sweep.State(stored: row.integer(6))
        let sweep = Sweep(
            id: Sweep.ID(row.text(0)),
            experimentID: Experiment.ID(row.integer(1)),
            name: row.text(2),
            displayName: row.text(3),
            description: row.text(4),
            configuration: row.text(5),
            state: stored == .running && row.integer(15) == 0 ? .finished : stored,
            isExhausted: row.flag(7),
            runCount: row.integer(14),
            user: row.text(8),
            createdAt: row.integer(9),
            updatedAt: row.integer(10),
            controller: row.optionalText(11),
            scheduler: row.optionalText(12)
        )
        return (sweep, row.integer(13))
    }

    static func trial(_ row: any SQLRow, now: Int64) -> SweepTrial {
        let isSilent = row.integer(7) < now - Run.stalledAfterMilliseconds
        let state: SweepTrial.State =
            switch RunStatus(stored: row.integer(6)) {
            case .running where !isSilent: .running
            case .running: row.flag(13) ? .preempted : .crashed
            case .scheduled: .pending
            case .finished: .finished
            case .failed: row.flag(13) ? .preempted : .failed
            case .killed: .killed
            }
        return SweepTrial(
            run: Run.ID(row.text(1)),
            name: row.optionalText(2) ?? row.text(1),
            number: row.integer(3),
            agent: row.optionalText(4).map { SweepAgent.ID($0) },
            parameters: row.text(5),
            state: state,
            handed: row.integer(8),
            isKnown: row.flag(9),
            isStopped: row.flag(10),
            createdAt: row.integer(11)
        )
    }

    static func agent(_ row: any SQLRow, now: Int64) -> SweepAgent {
        let isSilent = row.integer(6) < now - SweepAgent.silentAfterMilliseconds
        return SweepAgent(
            id: SweepAgent.ID(row.text(0)),
            sweep: Sweep.ID(row.text(1)),
            host: row.text(2),
            user: row.text(3),
            state: row.integer(4) == 2 ? .exited : isSilent ? .silent : .running,
            runCount: row.integer(7),
            createdAt: row.integer(5),
            heartbeatAt: row.integer(6)
        )
    }

    /// The number of the run of an assignment, made where it is new.
    /// - Returns: `nil` for a run that is of a sweep already.
    static func run(
        of assignment: SweepAssignment,
        isNew: Bool,
        now: Int64,
        on connection: any SQLConnection
    ) throws -> Int64? {
        guard isNew else {
            let head = try SQLMetadataStore.writableHead(of: assignment.run, on: connection)
            let known = try connection.first("SELECT 1 FROM sweep_run WHERE run = $1", [.integer(head.number)]) { _ in
                true
            }
            return known == true ? nil : head.number
        }
        let create = CreateRun(
            experimentID: assignment.sweep.experimentID,
            foreignID: assignment.name,
            name: RunName.generated(from: assignment.run.rawValue),
            user: assignment.sweep.user,
            tags: [Tag(key: Sweep.tag, value: assignment.sweep.name)]
        )
        return try SQLMetadataStore.create(
            create,
            id: assignment.run,
            status: .scheduled,
            now: now,
            on: connection
        ).number
    }
}

extension Sweep.State {
    var stored: Int64 {
        switch self {
        case .pending: 1
        case .running: 2
        case .paused: 3
        case .cancelled: 4
        case .finished: 5
        }
    }

    init(stored: Int64) {
        switch stored {
        case 2: self = .running
        case 3: self = .paused
        case 4: self = .cancelled
        case 5: self = .finished
        default: self = .pending
        }
    }
}
