package import MartletCore

/// Counts what is stored.
package enum StorageCount {
    /// Reads all rows of runs, summaries, chunks and artifacts once, but no points. From several snapshots, so that
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
                try usage.addRuns(connection)
                try usage.addFiles(connection)
                return usage
            }
        }
        let whole = try await database.read { connection in
            try connection.first(
                "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM blob WHERE kind <> 2"
            ) { ($0.integer(0), $0.integer(1)) }
        }
        return StorageUsage(experiments: experiments, blobs: whole?.0 ?? 0, blobBytes: whole?.1 ?? 0)
    }

    /// Points of a run and the bytes that they take.
    static func metrics(ofRun run: Int64, _ connection: any SQLConnection) throws -> (points: Int64, bytes: Int64) {
        let points = try connection.first(
            "SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM metric_summary WHERE run = $1",
            [.integer(run)]
        ) { $0.integer(0) }
        var bytes: Int64 = 0
        for sql in [
            "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM point_log WHERE run = $1",
            "SELECT CAST(coalesce(sum(length(cells)), 0) AS BIGINT) FROM metric_chunk WHERE run = $1",
            sizeOfChunks("metric_chunk_data"), sizeOfChunks("metric_chunk_cells"),
        ] {
            bytes += try connection.first(sql, [.integer(run)]) { $0.integer(0) } ?? 0
        }
        return (points ?? 0, bytes)
    }

    private static func sizeOfChunks(_ table: String) -> String {
        """
        SELECT CAST(coalesce(sum(length(d.data)), 0) AS BIGINT)
        FROM metric_chunk AS c JOIN \(table) AS d ON d.id = c.id WHERE c.run = $1
        """
    }
}

extension StorageUsage.Experiment {
    fileprivate mutating func addRuns(_ connection: any SQLConnection) throws {
        let numbers = try connection.rows(
            "SELECT number, stage FROM run WHERE experiment = $1",
            [.integer(id.number)]
        ) { (number: $0.integer(0), isDeleted: $0.integer(1) != 0) }
        runs = Int64(numbers.count)
        deletedRuns = Int64(numbers.count { $0.isDeleted })
        for run in numbers {
            let metrics = try StorageCount.metrics(ofRun: run.number, connection)
            points += metrics.points
            metricBytes += metrics.bytes
        }
    }

    fileprivate mutating func addFiles(_ connection: any SQLConnection) throws {
        for (table, prefix) in [("run", "run:"), ("logged_model", "model:")] {
            let files = try connection.first(
                """
                SELECT count(*), CAST(coalesce(sum(a.size), 0) AS BIGINT)
                FROM \(table) AS o JOIN artifact AS a ON a.owner = '\(prefix)' || o.id
                WHERE o.experiment = $1 AND a.is_folder = 0
                """,
                [.integer(id.number)]
            ) { ($0.integer(0), $0.integer(1)) }
            artifacts += files?.0 ?? 0
            artifactBytes += files?.1 ?? 0
        }
    }
}

extension SQLMetadataStore {
    package func storageUsage() async throws(MartletError) -> StorageUsage {
        try await StorageCount.usage(of: database)
    }
}
