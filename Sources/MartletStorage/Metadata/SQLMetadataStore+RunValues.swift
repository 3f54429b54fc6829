import Foundation
package import MartletCore

// Parameters, tags, fields and inputs of runs, inside a transaction.
extension SQLMetadataStore {
    /// The parameters that are not stored yet, each key once.
    /// - Throws: `conflict` with all the pairs when a stored or repeated key has another value. Writes nothing.
    static func newParams(
        _ params: [Param],
        run: Int64,
        id: Run.ID,
        on connection: any SQLConnection
    ) throws -> [Param] {
        var fresh: [Param] = []
        var conflicts: [ParamConflict] = []
        for param in params {
            let stored =
                try fresh.first { $0.key == param.key }?.value
                ?? connection.first(
                    "SELECT value FROM run_param WHERE run = $1 AND key = $2",
                    [.integer(run), .text(param.key)]
                ) { $0.text(0) }
            if let stored {
                guard stored != param.value else { continue }
                conflicts.append(ParamConflict(key: param.key, storedValue: stored, newValue: param.value))
            } else {
                fresh.append(param)
            }
        }
        if let first = conflicts.first {
            throw MartletError(
                .conflict,
                "param '\(first.key)' of run \(id) is '\(first.storedValue)' and cannot become '\(first.newValue)'; "
                    + "log it under another key or in a new run",
                paramConflicts: conflicts
            )
        }
        return fresh
    }

    static func insert(
        _ param: Param,
        run: Int64,
        experiment: Int64,
        on connection: any SQLConnection
    ) throws {
        try connection.send(
            "INSERT INTO run_param (run, key, value, experiment) VALUES ($1, $2, $3, $4)",
            [.integer(run), .text(param.key), .text(param.value), .integer(experiment)]
        )
    }

    static func setTag(_ tag: Tag, run: Int64, experiment: Int64, on connection: any SQLConnection) throws {
        try connection.send(
            """
            INSERT INTO run_tag (run, key, value, experiment) VALUES ($1, $2, $3, $4)
            ON CONFLICT (run, key) DO UPDATE SET value = excluded.value
            """,
            [.integer(run), .text(tag.key), .text(tag.value), .integer(experiment)]
        )
    }

    /// The last value of each key, by key.
    static func latest(_ tags: [Tag]) -> [Tag] {
        var values: [String: String] = [:]
        for tag in tags { values[tag.key] = tag.value }
        return values.map { Tag(key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
    }

    static func apply(
        _ changes: RunChanges,
        to run: Int64,
        now: Int64,
        on connection: any SQLConnection
    ) throws {
        guard changes != RunChanges() else { return }
        try connection.execute(
            """
            UPDATE run SET name = coalesce($1, name), status = coalesce($2, status),
              ended_at = coalesce($3, ended_at), user_name = coalesce($4, user_name),
              purpose = coalesce($5, purpose), hypothesis = coalesce($6, hypothesis), notes = coalesce($7, notes),
              conclusion = coalesce($8, conclusion), updated_at = $9, heartbeat_at = $10,
              started_at = CASE WHEN status = 2 AND started_at IS NULL THEN $11 ELSE started_at END
            WHERE number = $12
            """,
            [
                .text(changes.name), .integer(changes.status?.stored), .integer(changes.endedAt), .text(changes.user),
                .text(changes.purpose), .text(changes.hypothesis), .text(changes.notes), .text(changes.conclusion),
                .integer(now), .integer(now), changes.status == .running ? .integer(now) : .null, .integer(run),
            ]
        )
    }

    package func tagRuns(
        _ ids: [Run.ID],
        set tags: [Tag],
        delete keys: [String]
    ) async throws(MartletError) -> Set<Experiment.ID> {
        try await database.write { connection in
            var experiments: Set<Experiment.ID> = []
            for id in ids {
                let head = try Self.writableHead(of: id, on: connection)
                for tag in tags { try Self.setTag(tag, run: head.number, experiment: head.experiment, on: connection) }
                for key in keys {
                    try connection.execute(
                        "DELETE FROM run_tag WHERE run = $1 AND key = $2",
                        [.integer(head.number), .text(key)]
                    )
                }
                experiments.insert(Experiment.ID(head.experiment))
            }
            return experiments
        }
    }

    package func truncateMetrics(of id: Run.ID, from step: Int64) async throws(MartletError) -> Int {
        try await database.write { connection in
            let head = try Self.writableHead(of: id, on: connection)
            let removed = try Truncation.truncate(
                run: head.number,
                experiment: head.experiment,
                from: step,
                on: connection
            )
            try StreamRows.truncate(head.number, from: step, on: connection)
            try SummaryRows.refresh(head.number, experiment: head.experiment, on: connection)
            return removed
        }
    }

    package func addInputs(_ inputs: RunInputs, to id: Run.ID) async throws(MartletError) {
        try await database.write { connection in
            let head = try Self.writableHead(of: id, on: connection)
            for dataset in inputs.datasets {
                try Self.add(dataset, to: head, on: connection)
            }
            for input in inputs.modelInputs {
                try Self.addModel(input.modelID, isOutput: false, step: 0, to: head, on: connection)
            }
            for output in inputs.modelOutputs {
                try Self.addModel(output.modelID, isOutput: true, step: output.step, to: head, on: connection)
            }
        }
    }

    static func add(_ input: DatasetInput, to head: RunHead, on connection: any SQLConnection) throws {
        let identity: [SQLValue] = [.integer(head.experiment), .text(input.name), .text(input.digest)]
        try connection.execute(
            """
            INSERT INTO dataset (experiment, name, digest, source_type, source, schema, profile)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (experiment, name, digest) DO NOTHING
            """,
            identity + [.text(input.sourceType), .text(input.source), .text(input.schema), .text(input.profile)]
        )
        let dataset = try connection.first(
            "SELECT id FROM dataset WHERE experiment = $1 AND name = $2 AND digest = $3",
            identity
        ) { $0.integer(0) }
        guard let dataset else { throw MartletError(.internal, "the dataset has no id") }
        let context = input.tags.first { $0.key == "mlflow.data.context" || $0.key == "context" }?.value
        try connection.execute(
            """
            INSERT INTO run_dataset (run, dataset, context, tags) VALUES ($1, $2, $3, $4)
            ON CONFLICT (run, dataset) DO UPDATE SET context = excluded.context, tags = excluded.tags
            """,
            [.integer(head.number), .integer(dataset), .text(context), .text(try encode(input.tags))]
        )
    }

    static func addModel(
        _ model: LoggedModel.ID,
        isOutput: Bool,
        step: Int64,
        to head: RunHead,
        on connection: any SQLConnection
    ) throws {
        try connection.execute(
            """
            INSERT INTO run_model (run, model, is_output, step) VALUES ($1, $2, $3, $4)
            ON CONFLICT (run, model, is_output) DO UPDATE SET step = excluded.step
            """,
            [.integer(head.number), .text(model.rawValue), .flag(isOutput), .integer(step)]
        )
    }

    private static func encode(_ tags: [Tag]) throws -> String {
        String(decoding: try JSONEncoder().encode(tags), as: UTF8.self)
    }
}
