import Foundation
package import MartletCore

/// What a purge removes.
package struct PurgePlan: Sendable, Equatable {
    package var experiments = 0
    package var runs = 0
    package var models = 0
    package var points: Int64 = 0
    /// Bytes of the points as they are stored.
    package var metricBytes: Int64 = 0
    package var artifacts: Int64 = 0
    /// Sum of the files' sizes; content that others name too stays.
    package var artifactBytes: Int64 = 0
}

/// Removes for good the runs and experiments that were deleted long enough ago, with all of their rows.
///
/// The content of their files goes with the next collection of garbage. See docs/backup.md.
package struct Purge: Sendable {
    private let database: any SQLDatabase
    /// Milliseconds since 1970-01-01 UTC.
    private let time: Int64

    /// - Parameter time: what was deleted before goes.
    package init(of database: any SQLDatabase, deletedBefore time: Int64) {
        self.database = database
        self.time = time
    }

    /// Tables whose rows belong to a run by its number in the column `run`, and go with it.
    static let tablesOfRun = [
        "run_param", "run_tag", "run_dataset", "run_model", "metric_summary", "point_log", "metric_chunk",
        "metric_seal", "summary_value", "run_document", "run_stream", "logged_object", "console_line",
        "sweep_run", "run_alert",
    ]
    /// Tables with such a column whose rows outlive the run: scores are a model's, and name the run by its id.
    static let tablesThatOutlive = ["logged_model_score"]

    /// What would go now.
    package func plan() async throws(MartletError) -> PurgePlan {
        let time = time
        return try await database.read { connection in
            var plan = PurgePlan()
            plan.experiments = try Self.experiments(deletedBefore: time, connection).count
            plan.models = try Self.models(deletedBefore: time, connection).count
            for model in try Self.models(deletedBefore: time, connection) {
                try plan.addFiles(of: "model:\(model)", connection)
            }
            var last: Int64 = .min
            while true {
                let page = try Self.runs(deletedBefore: time, after: last, connection)
                guard let end = page.last else { return plan }
                last = end.number
                plan.runs += page.count
                for run in page { try plan.add(run, connection) }
            }
        }
    }

    /// Removes them, each run in a transaction of its own. - Returns: what went.
    package func run(progress: @escaping @Sendable (String) -> Void) async throws(MartletError) -> PurgePlan {
        let time = time
        var done = PurgePlan()
        while true {
            let page = try await database.read { try Self.runs(deletedBefore: time, after: .min, $0) }
            if page.isEmpty { break }
            for run in page {
                let gone = try await database.write { try Self.remove(run, deletedBefore: time, $0) }
                done.add(gone)
                progress("\(done.runs) runs removed")
            }
        }
        for model in try await database.read({ try Self.models(deletedBefore: time, $0) }) {
            done.add(try await database.write { try Self.removeModel(model, $0) })
        }
        for experiment in try await database.read({ try Self.experiments(deletedBefore: time, $0) }) {
            done.experiments += try await database.write { connection in
                try Self.removeExperiment(experiment, deletedBefore: time, connection) ? 1 : 0
            }
        }
        return done
    }

    // MARK: What goes

    struct DeletedRun: Sendable {
        var number: Int64
        var id: String
    }

    private static func runs(
        deletedBefore time: Int64,
        after number: Int64,
        _ connection: any SQLConnection
    ) throws -> [DeletedRun] {
        try connection.rows(
            "SELECT number, id FROM run WHERE stage = 1 AND deleted_at < $1 AND number > $2 ORDER BY number LIMIT 200",
            [.integer(time), .integer(number)]
        ) { DeletedRun(number: $0.integer(0), id: $0.text(1)) }
    }

    /// Never the experiment 0, which clients take for granted.
    private static func experiments(deletedBefore time: Int64, _ connection: any SQLConnection) throws -> [Int64] {
        try connection.rows(
            "SELECT id FROM experiment WHERE stage = 1 AND deleted_at < $1 AND id <> 0 ORDER BY id",
            [.integer(time)]
        ) { $0.integer(0) }
    }

    /// The models of such experiments.
    private static func models(deletedBefore time: Int64, _ connection: any SQLConnection) throws -> [String] {
        try connection.rows(
            """
            SELECT m.id FROM logged_model AS m JOIN experiment AS e ON e.id = m.experiment
            WHERE e.stage = 1 AND e.deleted_at < $1 AND e.id <> 0 ORDER BY m.id
            """,
            [.integer(time)]
        ) { $0.text(0) }
    }

    // MARK: How it goes

    private static func remove(
        _ run: DeletedRun,
        deletedBefore time: Int64,
        _ connection: any SQLConnection
    ) throws -> PurgePlan {
        var plan = PurgePlan()
        // It may have been restored since it was listed.
        let held = try connection.execute(
            "UPDATE run SET updated_at = updated_at WHERE number = $1 AND stage = 1 AND deleted_at < $2",
            [.integer(run.number), .integer(time)]
        )
        guard held > 0 else { return plan }
        try plan.add(run, connection)
        plan.runs = 1
        let number: [SQLValue] = [.integer(run.number)]
        for table in ["metric_chunk_data", "metric_chunk_cells"] {
            try connection.execute(
                "DELETE FROM \(table) WHERE id IN (SELECT id FROM metric_chunk WHERE run = $1)",
                number
            )
        }
        for table in tablesOfRun { try connection.execute("DELETE FROM \(table) WHERE run = $1", number) }
        try removeFiles(of: "run:\(run.id)", connection)
        try connection.execute("DELETE FROM run WHERE number = $1", number)
        return plan
    }

    private static func removeFiles(of owner: String, _ connection: any SQLConnection) throws {
        try ArtifactRows.deleteTree(of: owner, connection)
        try UploadRows.removeAll(of: owner, connection)
    }

    private static func removeModel(_ id: String, _ connection: any SQLConnection) throws -> PurgePlan {
        var plan = PurgePlan()
        plan.models = 1
        try plan.addFiles(of: "model:\(id)", connection)
        try removeFiles(of: "model:\(id)", connection)
        for table in ["logged_model_param", "logged_model_tag", "logged_model_score"] {
            try connection.execute("DELETE FROM \(table) WHERE model = $1", [.text(id)])
        }
        try connection.execute("DELETE FROM logged_model WHERE id = $1", [.text(id)])
        return plan
    }

    /// - Returns: false when it was restored meanwhile, or a run of it.
    private static func removeExperiment(
        _ id: Int64,
        deletedBefore time: Int64,
        _ connection: any SQLConnection
    ) throws -> Bool {
        let removed = try connection.execute(
            """
            DELETE FROM experiment WHERE id = $1 AND stage = 1 AND deleted_at < $2
            AND NOT EXISTS (SELECT 1 FROM run WHERE run.experiment = experiment.id)
            """,
            [.integer(id), .integer(time)]
        )
        guard removed > 0 else { return false }
        try removeWhatBelongs(to: id, connection)
        try removeCollections(of: id, connection)
        return true
    }

    /// All rows of an experiment but its own, its runs, its models and its collections.
    static func removeWhatBelongs(to experiment: Int64, _ connection: any SQLConnection) throws {
        try connection.execute(
            "DELETE FROM sweep_agent WHERE sweep IN (SELECT id FROM sweep WHERE experiment = $1)",
            [.integer(experiment)]
        )
        for table in [
            "experiment_tag", "experiment_role", "dataset", "quota", "sweep", "saved_view", "experiment_former_name",
        ] {
            try connection.execute("DELETE FROM \(table) WHERE experiment = $1", [.integer(experiment)])
        }
    }

    private static func removeCollections(of experiment: Int64, _ connection: any SQLConnection) throws {
        let collections = try connection.rows(
            "SELECT id FROM artifact_collection WHERE experiment = $1",
            [.integer(experiment)]
        ) { ArtifactCollection.ID($0.integer(0)) }
        for collection in collections { try VersionRows.delete(collection, connection) }
        let versions = try connection.rows(
            "SELECT id FROM artifact_version WHERE experiment = $1",
            [.integer(experiment)]
        ) { ArtifactVersion.ID($0.text(0)) }
        for version in versions { try VersionRows.forget(version, connection) }
    }
}

extension PurgePlan {
    fileprivate mutating func add(_ run: Purge.DeletedRun, _ connection: any SQLConnection) throws {
        let usage = try StorageCount.metrics(ofRun: run.number, connection)
        points += usage.points
        metricBytes += usage.bytes
        try addFiles(of: "run:\(run.id)", connection)
    }

    fileprivate mutating func addFiles(of owner: String, _ connection: any SQLConnection) throws {
        let files = try connection.first(
            "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM artifact WHERE owner = $1 AND is_folder = 0",
            [.text(owner)]
        ) { ($0.integer(0), $0.integer(1)) }
        artifacts += files?.0 ?? 0
        artifactBytes += files?.1 ?? 0
    }

    fileprivate mutating func add(_ other: PurgePlan) {
        runs += other.runs
        models += other.models
        points += other.points
        metricBytes += other.metricBytes
        artifacts += other.artifacts
        artifactBytes += other.artifactBytes
    }
}
