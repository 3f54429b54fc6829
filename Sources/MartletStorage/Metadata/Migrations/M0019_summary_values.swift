/// What users sum their runs up by, value by value, so that runs are found by it.
struct M0019_summary_values: Migration {
    let number: Int64 = 19

    func statements(for dialect: SQLDialect) -> [String] {
        let clustered = dialect == .sqlite ? " WITHOUT ROWID" : ""
        return [
            // A number or a text. Values that the run's metrics say as well are not here: see `SummaryRows`.
            """
            CREATE TABLE summary_value (
              run BIGINT NOT NULL, key \(dialect.text) NOT NULL, experiment BIGINT NOT NULL, number \(dialect.real),
              text \(dialect.text), PRIMARY KEY (run, key))
            """ + clustered,
            "CREATE INDEX summary_value_by_number ON summary_value (experiment, key, number, run)",
        ]
    }

    func fill(_ connection: any SQLConnection) throws {
        let runs = try connection.rows(
            """
            SELECT r.number, r.experiment FROM run r JOIN run_document d ON d.run = r.number AND d.kind = 'summary'
            ORDER BY r.number
            """
        ) { ($0.integer(0), $0.integer(1)) }
        for (run, experiment) in runs {
            try SummaryRows.refresh(run, experiment: experiment, on: connection)
        }
    }
}
