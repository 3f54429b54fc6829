import MartletCore

/// Parameters, tags, inputs and the latest points of a run in MLflow's database.
struct MLflowRunValues: Sendable {
    /// Columns of each table that is there.
    let columns: [String: Set<String>]

    func fill(_ run: inout MLflowRunParts, _ queries: SQLiteQueries) throws {
        let key: [SourceSQLValue] = [.text(run.id)]
        run.params = try queries.rows("SELECT key, value FROM params WHERE run_uuid = ?1", key) {
            Param(key: $0.text(0) ?? "", value: $0.text(1) ?? "")
        }
        run.tags = try queries.rows("SELECT key, value FROM tags WHERE run_uuid = ?1", key) {
            Tag(key: $0.text(0) ?? "", value: $0.text(1) ?? "")
        }
        if columns["latest_metrics"] != nil {
            run.marks = try queries.rows(
                "SELECT key || ' ' || timestamp || ' ' || step || ' ' || value FROM latest_metrics WHERE run_uuid = ?1",
                key
            ) { $0.text(0) ?? "" }
        }
        if columns["inputs"] != nil { try fillInputs(&run, queries) }
    }

    private func fillInputs(_ run: inout MLflowRunParts, _ queries: SQLiteQueries) throws {
        let key: [SourceSQLValue] = [.text(run.id)]
        var tags: [String: [Tag]] = [:]
        try queries.query(
            """
            SELECT t.input_uuid, t.name, t.value FROM inputs i JOIN input_tags t ON t.input_uuid = i.input_uuid
            WHERE i.destination_type = 'RUN' AND i.destination_id = ?1 AND i.source_type = 'DATASET'
            """,
            key
        ) { tags[$0.text(0) ?? "", default: []].append(Tag(key: $0.text(1) ?? "", value: $0.text(2) ?? "")) }
        run.datasets = try queries.rows(
            """
            SELECT d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema, d.dataset_profile,
              i.input_uuid
            FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
            WHERE i.destination_type = 'RUN' AND i.destination_id = ?1 AND i.source_type = 'DATASET'
            """,
            key
        ) { row in
            DatasetInput(
                name: row.text(0) ?? "",
                digest: row.text(1) ?? "",
                sourceType: row.text(2) ?? "",
                source: row.text(3) ?? "",
                schema: row.text(4),
                profile: row.text(5),
                tags: tags[row.text(6) ?? ""] ?? []
            )
        }
        let step = columns["inputs"]?.contains("step") == true ? "step" : "0"
        try queries.query(
            "SELECT destination_type, destination_id, \(step) FROM inputs WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') "
                + "AND source_id = ?1",
            key
        ) { row in
            let model = LoggedModel.ID(row.text(1) ?? "")
            switch row.text(0) {
            case "MODEL_INPUT": run.modelInputs.append(ModelInput(modelID: model))
            case "MODEL_OUTPUT": run.modelOutputs.append(ModelOutput(modelID: model, step: row.integer(2) ?? 0))
            default: break
            }
        }
    }
}
