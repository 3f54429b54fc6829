import Foundation
import GRDBSQLite
package import MartletCore

/// MLflow's store in SQLite, with its artifacts on this machine.
package struct MLflowDatabase: ImportSource {
    let reader: SQLiteReader
    private let path: String
    private let places: ArtifactPlaces
    /// Columns of each table that is there: older stores lack some.
    let columns: [String: Set<String>]

    /// - Throws: `notFound`; `unprocessable` for what is no store of MLflow.
    package init(path: String, artifacts: String?) async throws(MartletError) {
        self.path = path
        let folder = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
        places = ArtifactPlaces(base: folder, given: artifacts)
        reader = try await SQLiteReader(path: path)
        columns = try await reader.read { queries in
            var columns: [String: Set<String>] = [:]
            try queries.query(
                "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
            ) { columns[$0.text(0) ?? "", default: []].insert($0.text(1) ?? "") }
            return columns
        }
        for table in ["experiments", "runs", "metrics", "params", "tags"] where columns[table] == nil {
            throw MartletError(.unprocessable, "\(path) is no store of MLflow: it has no table '\(table)'")
        }
    }

    package var summary: String { "MLflow's database \(path)" }

    /// The columns, NULL for those that the store lacks.
    func list(_ names: [String], of table: String) -> String {
        names.map { columns[table]?.contains($0) == true ? "\"\($0)\"" : "NULL" }.joined(separator: ", ")
    }

    package func experiments() async throws(MartletError) -> Found<[SourceExperiment]> {
        let names = [
            "experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time", "last_update_time",
            "workspace",
        ]
        let sql = "SELECT \(list(names, of: "experiments")) FROM experiments ORDER BY experiment_id"
        let hasTags = columns["experiment_tags"] != nil
        return try await reader.read { queries in
            var tags: [String: [String: String]] = [:]
            if hasTags {
                try queries.query("SELECT experiment_id, key, value FROM experiment_tags") {
                    tags[$0.text(0) ?? "", default: [:]][$0.text(1) ?? ""] = $0.text(2) ?? ""
                }
            }
            return Found(
                try queries.rows(sql) { row in
                    let workspace = row.text(6) ?? "default"
                    let name = row.text(1) ?? ""
                    return MLflowExperimentParts(
                        id: row.text(0) ?? "",
                        // Names are unique in a workspace only.
                        name: workspace == "default" ? name : "\(workspace)/\(name)",
                        location: row.text(2) ?? "",
                        stage: row.text(3) ?? "active",
                        createdAt: row.integer(4),
                        updatedAt: row.integer(5),
                        tags: tags[row.text(0) ?? ""] ?? [:]
                    ).sourceExperiment()
                }
            )
        }
    }

    /// Runs of a page: few enough to hold, enough to keep the other end busy.
    private static let pageSize: Int64 = 500

    package func runs(of experiment: SourceExperiment, after mark: String?) async throws(MartletError) -> SourcePage {
        let names = [
            "run_uuid", "experiment_id", "name", "user_id", "status", "lifecycle_stage", "start_time", "end_time",
            "artifact_uri",
        ]
        let sql = """
            SELECT rowid, \(list(names, of: "runs")) FROM runs WHERE experiment_id = ?1 AND rowid > ?2
            ORDER BY rowid LIMIT ?3
            """
        let start = mark.flatMap { Int64($0) } ?? Int64.min
        let (id, loader) = (experiment.id, MLflowRunValues(columns: columns))
        return try await reader.read { queries in
            var last = start
            var parts = try queries.rows(
                sql,
                [.text(id), .integer(start), .integer(Self.pageSize)]
            ) { row in
                last = row.integer(0) ?? last
                return Self.run(row)
            }
            for place in parts.indices { try loader.fill(&parts[place], queries) }
            let isFull = parts.count == Int(Self.pageSize)
            return SourcePage(runs: parts.map { $0.sourceRun() }, problems: [], next: isFull ? String(last) : nil)
        }
    }

    private static func run(_ row: SourceRow) -> MLflowRunParts {
        var parts = MLflowRunParts(
            id: row.text(1) ?? "",
            experiment: row.text(2) ?? "",
            name: row.text(3),
            user: row.text(4),
            status: row.text(5) ?? "",
            stage: row.text(6) ?? "active",
            startedAt: row.integer(7),
            endedAt: row.integer(8),
            artifactURI: row.text(9) ?? ""
        )
        for (column, what) in [(Int32(7), "start time"), (8, "end time")]
        where !row.isNull(column) && row.integer(column) == nil {
            parts.problems.append(
                ImportProblem(
                    .refused,
                    of: "run \(parts.id)",
                    "its \(what) '\((row.text(column) ?? "").prefix(50))' is no number"
                )
            )
        }
        return parts
    }

    package func points(of run: SourceRun) async throws(MartletError) -> any PointReader {
        MLflowDatabasePoints(
            reader: reader,
            run: run.run.id,
            columns: list(["key", "timestamp", "step", "value", "is_nan"], of: "metrics")
        )
    }

    package func models(of experiment: SourceExperiment) async throws(MartletError) -> Found<[SourceModel]> {
        guard columns["logged_models"] != nil else { return Found([]) }
        let names = [
            "model_id", "name", "model_type", "status", "status_message", "source_run_id", "artifact_location",
            "creation_timestamp_ms", "last_updated_timestamp_ms", "lifecycle_stage",
        ]
        let sql =
            "SELECT \(list(names, of: "logged_models")) FROM logged_models WHERE experiment_id = ?1 ORDER BY rowid"
        let id = experiment.id
        return try await reader.read { queries in
            Found(try queries.rows(sql, [.text(id)]) { try Self.model($0, of: id, queries) })
        }
    }

    private static func model(_ row: SourceRow, of experiment: String, _ queries: SQLiteQueries) throws -> SourceModel {
        let id = LoggedModel.ID(row.text(0) ?? "")
        let status = LoggedModel.Status(mlflow: row.integer(3) ?? 0)
        let key: [SourceSQLValue] = [.text(id.rawValue)]
        let model = LoggedModel(
            id: id,
            experimentID: Experiment.ID(0),
            name: row.text(1) ?? "",
            modelType: row.text(2) ?? "",
            status: status,
            statusMessage: row.text(4) ?? "",
            sourceRunID: row.text(5).map { Run.ID($0) },
            artifactURI: "",
            createdAt: row.integer(7) ?? 0,
            updatedAt: row.integer(8) ?? row.integer(7) ?? 0,
            params: try queries.rows(
                "SELECT param_key, param_value FROM logged_model_params WHERE model_id = ?1",
                key
            ) {
                Param(key: $0.text(0) ?? "", value: $0.text(1) ?? "")
            },
            tags: try queries.rows("SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?1", key) {
                Tag(key: $0.text(0) ?? "", value: $0.text(1) ?? "")
            },
            metrics: try queries.rows(
                """
                SELECT metric_name, metric_value, metric_step, metric_timestamp_ms, run_id, dataset_name, dataset_digest
                FROM logged_model_metrics WHERE model_id = ?1
                """,
                key
            ) { metric in
                LoggedModelMetric(
                    modelID: id,
                    key: metric.text(0) ?? "",
                    value: metric.real(1) ?? .nan,
                    step: metric.integer(2) ?? 0,
                    time: metric.integer(3) ?? 0,
                    runID: metric.text(4).map { Run.ID($0) },
                    datasetName: metric.text(5),
                    datasetDigest: metric.text(6)
                )
            }
        )
        return SourceModel(
            imported: ImportedModel(model: model, stage: row.text(9) == "deleted" ? .deleted : .active),
            artifacts: SourceFiles(
                owner: .loggedModel(id),
                location: row.text(6) ?? "",
                experiment: experiment,
                isExpected: status == .ready
            ),
            problems: []
        )
    }

    package func files(of owner: SourceFiles) async throws(MartletError) -> Found<[SourceFile]> {
        try await offPool { () throws(MartletError) in try places.list(owner) }
    }

    package func open(_ file: SourceFile, of owner: SourceFiles) async throws(MartletError) -> FileContent {
        try await places.open(file, of: owner)
    }

    /// What has no place here yet: a table, and what its rows are.
    private static let others = [
        ("trace_info", "traces"), ("spans", "spans"),
        ("assessments", "assessments of traces"), ("evaluation_datasets", "evaluation datasets"),
        ("scorers", "scorers"), ("webhooks", "webhooks"), ("endpoints", "gateway endpoints"),
        ("label_schemas", "label schemas"), ("review_queues", "review queues"), ("mcp_servers", "MCP servers"),
        ("guardrails", "guardrails"), ("budget_policies", "budget policies"), ("secrets", "secrets"),
    ]

    package func leftovers() async throws(MartletError) -> [String: Int] {
        let tables = Self.others.filter { columns[$0.0] != nil }
        return try await reader.read { queries in
            var counts: [String: Int] = [:]
            for (table, what) in tables {
                try queries.query("SELECT count(*) FROM \(table)") { row in
                    if let count = row.integer(0), count > 0 { counts[what] = Int(count) }
                }
            }
            return counts
        }
    }
}
