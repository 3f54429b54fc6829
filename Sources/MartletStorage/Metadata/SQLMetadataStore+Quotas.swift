package import MartletCore

extension SQLMetadataStore: QuotaStore {
    package func quotas() async throws(MartletError) -> [StorageScope: Int64] {
        try await database.read { try QuotaRows.all($0) }
    }

    package func setQuota(_ bytes: Int64?, of scope: StorageScope) async throws(MartletError) {
        try await database.write { connection in
            if case .experiment(let id) = scope { _ = try Self.experiment(id.number, on: connection) }
            guard let bytes else {
                try connection.execute("DELETE FROM quota WHERE experiment = $1", [.integer(scope.stored)])
                return
            }
            try connection.execute(
                """
                INSERT INTO quota (experiment, bytes) VALUES ($1, $2)
                ON CONFLICT (experiment) DO UPDATE SET bytes = excluded.bytes
                """,
                [.integer(scope.stored), .integer(bytes)]
            )
        }
    }

    package func fileBytes(in scope: StorageScope) async throws(MartletError) -> Int64 {
        try await database.read { try FileUseRows.sum(in: scope, $0).bytes }
    }

    package func metricBytes(in scope: StorageScope) async throws(MartletError) -> Int64 {
        try await database.read { try StorageCount.metricBytes(in: scope, $0) }
    }
}

extension StorageScope {
    /// In the columns `experiment` of `quota` and `file_use`.
    fileprivate static let noExperiment: Int64 = -1

    fileprivate var stored: Int64 {
        switch self {
        case .installation: Self.noExperiment
        case .experiment(let id): id.number
        }
    }
}

enum QuotaRows {
    static func all(_ connection: any SQLConnection) throws -> [StorageScope: Int64] {
        var quotas: [StorageScope: Int64] = [:]
        try connection.query("SELECT experiment, bytes FROM quota", []) { row in
            let id = row.integer(0)
            quotas[id == StorageScope.noExperiment ? .installation : .experiment(Experiment.ID(id))] = row.integer(1)
        }
        return quotas
    }
}

/// Files and bytes of each tree, kept with every change of it. See docs/quotas.md.
enum FileUseRows {
    /// Counts all trees anew, into an empty table. What a run's id is not is looked for among the models.
    static let fill = """
        INSERT INTO file_use (owner, experiment, files, bytes)
        SELECT a.owner,
          coalesce(
            (SELECT experiment FROM run WHERE id = substr(a.owner, 5)),
            (SELECT experiment FROM logged_model WHERE id = substr(a.owner, 7)),
            (SELECT experiment FROM artifact_version WHERE id = substr(a.owner, 9)), -1),
          count(*), CAST(sum(a.size) AS BIGINT)
        FROM artifact AS a WHERE a.is_folder = 0 GROUP BY a.owner
        """

    /// Files, and the sum of their sizes.
    static func sum(in scope: StorageScope, _ connection: any SQLConnection) throws -> (files: Int64, bytes: Int64) {
        let sums =
            "SELECT CAST(coalesce(sum(files), 0) AS BIGINT), CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM file_use"
        let sum =
            switch scope {
            case .installation: try connection.first(sums) { ($0.integer(0), $0.integer(1)) }
            case .experiment:
                try connection.first("\(sums) WHERE experiment = $1", [.integer(scope.stored)]) {
                    ($0.integer(0), $0.integer(1))
                }
            }
        return sum ?? (0, 0)
    }

    /// Holds the tree's row until the transaction ends, so that nobody else changes the tree meanwhile, and counts.
    static func add(_ files: Int64, _ bytes: Int64, to owner: String, _ connection: any SQLConnection) throws {
        let values: [SQLValue] = [.text(owner), .integer(files), .integer(bytes)]
        let isThere = try connection.execute(
            "UPDATE file_use SET files = files + $2, bytes = bytes + $3 WHERE owner = $1",
            values
        )
        guard isThere == 0 else { return }
        let experiment = try connection.first(
            """
            SELECT coalesce(
              (SELECT experiment FROM run WHERE id = substr($1, 5)),
              (SELECT experiment FROM logged_model WHERE id = substr($1, 7)),
              (SELECT experiment FROM artifact_version WHERE id = substr($1, 9)), -1)
            """,
            [.text(owner)]
        ) { $0.integer(0) }
        try connection.execute(
            """
            INSERT INTO file_use (owner, experiment, files, bytes) VALUES ($1, $4, $2, $3)
            ON CONFLICT (owner) DO UPDATE
            SET files = file_use.files + excluded.files, bytes = file_use.bytes + excluded.bytes
            """,
            values + [.integer(experiment ?? StorageScope.noExperiment)]
        )
    }

    static func remove(_ owner: String, _ connection: any SQLConnection) throws {
        try connection.execute("DELETE FROM file_use WHERE owner = $1", [.text(owner)])
    }

    /// Trees whose sums are not those of their files.
    static func wrong(_ connection: any SQLConnection) throws -> [String] {
        try connection.rows(
            """
            SELECT owner FROM (
              SELECT owner, 1 AS files, size AS bytes FROM artifact WHERE is_folder = 0
              UNION ALL SELECT owner, -files, -bytes FROM file_use) AS both_sides
            GROUP BY owner HAVING sum(files) <> 0 OR sum(bytes) <> 0 ORDER BY owner
            """
        ) { $0.text(0) }
    }
}
