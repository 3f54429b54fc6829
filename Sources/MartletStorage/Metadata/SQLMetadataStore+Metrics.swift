package import MartletCore

extension SQLMetadataStore: MetricStore {
    package func history(
        of run: Run.ID,
        key: String,
        after cursor: HistoryCursor?,
        limit: Int
    ) async throws(MartletError) -> PointColumns {
        try await database.read { connection in
            let number = try Self.number(of: run, on: connection)
            return try MetricReader.history(run: number, key: key, after: cursor, limit: limit, on: connection)
        }
    }

    package func metricKeys(of run: Run.ID) async throws(MartletError) -> [String] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT k.name FROM metric_summary s JOIN metric_key k ON k.id = s.key WHERE s.run = $1 ORDER BY k.name
                """,
                [.integer(try Self.number(of: run, on: connection))]
            ) { $0.text(0) }
        }
    }

    package func summaries(of run: Run.ID, keys: [String]) async throws(MartletError) -> [MetricSummary] {
        try await database.read { connection in
            let number = try Self.number(of: run, on: connection)
            return try MetricReader.summaries(run: number, keys: keys, on: connection)
        }
    }

    package func series(_ request: SeriesRequest) async throws(MartletError) -> [BucketedSeries] {
        try await database.read { connection in
            var all: [BucketedSeries] = []
            for run in request.runs {
                let row = try Self.row(of: run, on: connection)
                for key in request.keys {
                    try Task.checkCancellation()
                    let series = try MetricReader.series(
                        run: row.number,
                        key: key,
                        axis: request.axis,
                        from: request.from,
                        to: request.to,
                        buckets: request.buckets,
                        halfLife: request.smoothingHalfLife,
                        runStart: row.run.startedAt,
                        on: connection
                    )
                    all.append(
                        BucketedSeries(
                            run: run,
                            key: key,
                            buckets: series.buckets,
                            count: series.count,
                            smoothed: series.smoothed
                        )
                    )
                }
            }
            return all
        }
    }

    static func number(of id: Run.ID, on connection: any SQLConnection) throws -> Int64 {
        let number = try connection.first(
            "SELECT number FROM run WHERE id = $1",
            [.text(id.rawValue)]
        ) { $0.integer(0) }
        guard let number else { throw unknown(id) }
        return number
    }
}
