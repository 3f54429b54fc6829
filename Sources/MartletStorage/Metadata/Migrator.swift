import MartletCore

/// One step of the schema. Forward only: never edited once released.
protocol Migration: Sendable {
    /// From 1, ascending.
    var number: Int64 { get }
    func statements(for dialect: SQLDialect) -> [String]
    /// Fills what the statements made from what is stored, in the same transaction: once the schema is the newest, which
    /// the code of this build is for.
    func fill(_ connection: any SQLConnection) throws
}

extension Migration {
    func fill(_ connection: any SQLConnection) throws {}
}

/// Brings a database to the schema of this build.
enum Migrator {
    static let migrations: [any Migration] = [
        M0001_tracking(), M0002_metrics(), M0003_models(), M0004_artifacts(), M0005_access(), M0006_deletion(),
        M0007_imports(), M0008_blobs_in_s3(), M0009_scores(), M0010_write_marks(), M0011_identities(),
        M0012_quotas(),
        M0013_workspaces(),
        M0014_streams(),
        M0015_versions(),
        M0016_sweeps(),
        M0017_views_alerts(),
        M0018_registry(),
        M0019_summary_values(),
        M0020_log_numbers(),
        M0021_former_names(),
    ]

    static var newest: Int64 { migrations.last?.number ?? 0 }

    /// Runs what the database lacks, all of it in the caller's transaction.
    /// - Throws: `failedPrecondition` for a database from a newer build, which is left untouched.
    /// - Parameter limit: the newest migration that is run; a copy of an older database is of the same schema as that.
    static func migrate(_ connection: any SQLConnection, now: Int64, upTo limit: Int64 = .max) throws {
        try connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)"
        )
        let current = try connection.first("SELECT max(number) FROM schema_migration") { $0.integer(0) } ?? 0
        try requireKnown(current)
        let missing = migrations.filter { $0.number > current && $0.number <= limit }
        for migration in missing {
            for statement in migration.statements(for: connection.dialect) { try connection.execute(statement) }
            try connection.execute(
                "INSERT INTO schema_migration (number, applied_at) VALUES ($1, $2)",
                [.integer(migration.number), .integer(now)]
            )
        }
        for migration in missing { try migration.fill(connection) }
    }

    /// - Throws: `failedPrecondition` for a schema from a newer build.
    static func requireKnown(_ schema: Int64) throws(MartletError) {
        guard schema > newest else { return }
        throw MartletError(
            .failedPrecondition,
            "the data was written by a newer Martlet (schema \(schema), this build knows \(newest)): "
                + "update Martlet, or restore a backup made before the update"
        )
    }
}
