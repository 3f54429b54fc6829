package import MartletCore

/// Counts what is stored.
package enum StorageCount {
    /// Reads all rows of runs, summaries and chunks once, but no points. From several snapshots, so that
    /// none is held long.
    package static func usage(of database: any SQLDatabase) async throws(MartletError) -> StorageUsage {
        var experiments = try await database.read { connection in
            try connection.rows("SELECT id, name, stage FROM experiment ORDER BY id") {
                StorageUsage.Experiment(
                    id: Experiment.ID($0.integer(0)),
                    name: $0.text(1),
                    deleted: $0.integer(2) != 0
                )
            }
        }
        for index in experiments.indices {
            let start = experiments[index]
            experiments[index] = try await database.read { connection in
                var usage = start
                try usage.count(connection)
                return usage
            }
        }
        let (whole, quotas, files) = try await database.read { connection in
            (
                try connection.first(
                    "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM blob WHERE kind <> 2"
                ) { ($0.integer(0), $0.integer(1)) }, try QuotaRows.all(connection),
                try FileUseRows.sum(in: .installation, connection).bytes
            )
        }
        for index in experiments.indices {
            experiments[index].quotaBytes = quotas[.experiment(experiments[index].id)]
        }
        return StorageUsage(
            experiments: experiments,
            blobs: whole?.0 ?? 0,
            blobBytes: whole?.1 ?? 0,
            usedBytes: experiments.reduce(files) { $0 + $1.metricBytes },
            quotaBytes: quotas[.installation]
        )
    }

    /// Points of a run and the bytes that they take.
    static func metrics(ofRun run: Int64, _ connection: any SQLConnection) throws -> (points: Int64, bytes: Int64) {
        let points = try connection.first(
            "SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM metric_summary WHERE run = $1",
            [.integer(run)]
        ) { $0.integer(0) }
        return (points ?? 0, try metricBytes(where: "run = $1", [.integer(run)], connection))
    }

    /// Bytes that points take, with their pyramids. O(chunks).
    static func metricBytes(in scope: StorageScope, _ connection: any SQLConnection) throws -> Int64 {
        switch scope {
        case .installation: try metricBytes(where: "1 = 1", [], connection)
        case .experiment(let id):
            try metricBytes(
                where: "run IN (SELECT number FROM run WHERE experiment = $1)",
                [.integer(id.number)],
                connection
            )
        }
    }

    private static func metricBytes(
        where condition: String,
        _ values: [SQLValue],
        _ connection: any SQLConnection
    ) throws -> Int64 {
        let joined = { (table: String) in
            """
            SELECT CAST(coalesce(sum(length(d.data)), 0) AS BIGINT)
            FROM metric_chunk AS c JOIN \(table) AS d ON d.id = c.id WHERE \(condition)
            """
        }
        return try [
            "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM point_log WHERE \(condition)",
            "SELECT CAST(coalesce(sum(length(cells)), 0) AS BIGINT) FROM metric_chunk WHERE \(condition)",
            joined("metric_chunk_data"), joined("metric_chunk_cells"),
        ].reduce(0) { sum, sql in sum + (try connection.first(sql, values) { $0.integer(0) } ?? 0) }
    }
}

extension StorageUsage.Experiment {
    fileprivate mutating func count(_ connection: any SQLConnection) throws {
        let counts = try connection.first(
            """
            SELECT count(*), coalesce(sum(CASE WHEN stage = 0 THEN 0 ELSE 1 END), 0), (
              SELECT CAST(coalesce(sum(s.count), 0) AS BIGINT) FROM metric_summary AS s WHERE s.experiment = $1)
            FROM run WHERE experiment = $1
            """,
            [.integer(id.number)]
        ) { ($0.integer(0), $0.integer(1), $0.integer(2)) }
        (runs, deletedRuns, points) = counts ?? (0, 0, 0)
        metricBytes = try StorageCount.metricBytes(in: .experiment(id), connection)
        (artifacts, artifactBytes) = try FileUseRows.sum(in: .experiment(id), connection)
    }
}

extension SQLMetadataStore {
    package func storageUsage() async throws(MartletError) -> StorageUsage {
        try await StorageCount.usage(of: database)
    }
}
