import MartletCore

extension Check {
    /// Runs are found by what their users sum them up by: `summary_value` says what the summaries say.
    ///
    /// A server of an older build, beside which this one ran, left a summary without its rows.
    func checkSummaries(_ report: inout CheckReport) async throws {
        progress("checking the summaries of runs")
        var last = Int64.min
        while true {
            let after = last
            let page = try await database.read { connection in
                let runs = try connection.rows(Self.summedUp, [.integer(after)]) { row in
                    (number: row.integer(0), id: row.text(1), experiment: row.integer(2))
                }
                return try runs.map { run in
                    (run: run, isFound: try SummaryRows.areRight(run.number, on: connection))
                }
            }
            guard let end = page.last else { return }
            last = end.run.number
            for (run, isFound) in page where !isFound {
                if repairs {
                    try await database.write { connection in
                        try SummaryRows.refresh(run.number, experiment: run.experiment, on: connection)
                    }
                }
                report.findings.append(
                    CheckFinding(
                        what: "searches do not find the run by its summary",
                        run: run.id,
                        isRepaired: repairs
                    )
                )
            }
        }
    }

    /// A long summary of a run that goes on is looked through when it ends.
    private static let summedUp = """
        SELECT r.number, r.id, r.experiment FROM run_document d JOIN run r ON r.number = d.run
        WHERE d.kind = '\(RunDocument.summary.rawValue)' AND d.run > $1
        AND (r.ended_at IS NOT NULL OR length(d.body) <= \(SummaryRows.longSummary / 4)) ORDER BY d.run LIMIT 200
        """
}
