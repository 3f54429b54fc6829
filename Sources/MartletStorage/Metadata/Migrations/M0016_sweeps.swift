/// Sweeps, the agents that execute their runs, and which runs are of which sweep.
///
/// States of sweeps are 1 pending, 2 running, 3 paused, 4 cancelled, 5 finished; of agents 1 running, 2 exited. The
/// revision counts the runs that were chosen, deleted ones too: the numbers of runs.
struct M0016_sweeps: Migration {
    let number: Int64 = 16

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        return [
            """
            CREATE TABLE sweep (
              id \(text) PRIMARY KEY, experiment BIGINT NOT NULL, name \(text) NOT NULL, display_name \(text) NOT NULL,
              description TEXT NOT NULL, configuration TEXT NOT NULL, state BIGINT NOT NULL,
              is_exhausted BIGINT NOT NULL, revision BIGINT NOT NULL, user_name \(text) NOT NULL,
              created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, controller TEXT, scheduler TEXT,
              UNIQUE (experiment, name))
            """,
            "CREATE INDEX sweep_by_time ON sweep (experiment, created_at, id)",
            """
            CREATE TABLE sweep_agent (
              id \(text) PRIMARY KEY, sweep \(text) NOT NULL, host \(text) NOT NULL, user_name \(text) NOT NULL,
              state BIGINT NOT NULL, created_at BIGINT NOT NULL, heartbeat_at BIGINT NOT NULL)
            """,
            "CREATE INDEX sweep_agent_by_sweep ON sweep_agent (sweep, created_at, id)",
            """
            CREATE TABLE sweep_run (
              run BIGINT NOT NULL PRIMARY KEY, sweep \(text) NOT NULL, number BIGINT NOT NULL, agent \(text),
              parameters TEXT NOT NULL, handed BIGINT NOT NULL, is_known BIGINT NOT NULL, is_stopped BIGINT NOT NULL)
            """,
            "CREATE UNIQUE INDEX sweep_run_by_number ON sweep_run (sweep, number)",
            "CREATE INDEX sweep_run_by_agent ON sweep_run (agent)",
        ]
    }
}
