package import MartletCore

extension SQLMetadataStore: RunStreamStore {
    package func run(foreignID: String, in experiment: Experiment.ID) async throws(MartletError) -> Run.ID? {
        try await database.read { connection in
            try connection.first(
                "SELECT id FROM run WHERE experiment = $1 AND foreign_id = $2",
                [.integer(experiment.number), .text(foreignID)]
            ) { Run.ID($0.text(0)) }
        }
    }

    package func run(
        foreignID: String,
        formerly name: String,
        in workspace: Workspace.ID
    ) async throws(MartletError) -> Run.ID? {
        try await database.read { connection in
            try connection.first(
                """
                SELECT r.id FROM experiment_former_name f
                JOIN experiment e ON e.id = f.experiment AND e.workspace = $3 AND e.stage = 0
                JOIN run r ON r.experiment = e.id AND r.foreign_id = $2
                WHERE f.name = $1 ORDER BY f.renamed_at DESC, e.id LIMIT 1
                """,
                [.text(name), .text(foreignID), .integer(workspace.number)]
            ) { Run.ID($0.text(0)) }
        }
    }

    package func foreignIDs(of runs: [Run.ID]) async throws(MartletError) -> [Run.ID: String] {
        try await database.read { connection in
            var ids: [Run.ID: String] = [:]
            try Self.foreignIDs.forEachRow(of: runs.map { .text($0.rawValue) }, on: connection) { row in
                ids[Run.ID(row.text(0))] = row.text(1)
            }
            return ids
        }
    }

    package func append(_ chunk: StreamChunk, to id: Run.ID) async throws(MartletError) -> Experiment.ID {
        let now = environment.now()
        return try await database.write { connection in
            let head = try Self.writableHead(of: id, on: connection)
            let run = head.number
            let chunk = try StreamRows.placed(chunk, in: run, on: connection)
            try StreamRows.move(.history, of: run, chunk.writer, through: chunk.history, on: connection)
            try StreamRows.move(.events, of: run, chunk.writer, through: chunk.events, on: connection)
            try StreamRows.move(.console, of: run, chunk.writer, through: chunk.printed, on: connection)
            if chunk.batch.pointCount > 0 {
                _ = try PointWriter.write(
                    chunk.batch,
                    run: run,
                    experiment: head.experiment,
                    now: now,
                    noting: backlog,
                    on: connection
                )
            }
            for object in chunk.objects { try StreamRows.put(object, of: run, on: connection) }
            try StreamRows.put(chunk.console, areLast: chunk.printed != nil, of: run, on: connection)
            for (kind, body) in chunk.documents {
                try StreamRows.put(kind, body, isPart: !chunk.writer.isEmpty, of: run, on: connection)
            }
            for tag in chunk.batch.tags {
                try Self.setTag(tag, run: run, experiment: head.experiment, on: connection)
            }
            try SummaryRows.note(chunk, to: head, on: connection)
            try Self.apply(chunk.batch.changes, to: run, now: now, on: connection)
            try Self.beat(head, now: now, on: connection)
            return Experiment.ID(head.experiment)
        }
    }

    package func streamState(of id: Run.ID, writer: String?) async throws(MartletError) -> StreamState {
        try await database.read { connection in
            let run = try Self.number(of: id, on: connection)
            var state = StreamState()
            try connection.query("SELECT name, lines FROM run_stream WHERE run = $1", [.integer(run)]) { row in
                let parts = row.text(0).split(separator: ":", maxSplits: 1).map(String.init)
                if let writer, writer != parts.dropFirst().first ?? "" { return }
                switch parts.first.flatMap({ StreamRows.Stream(rawValue: $0) }) {
                case .history: state.historyLines += row.integer(1)
                case .events: state.eventLines += row.integer(1)
                case .console: state.consoleLines += row.integer(1)
                case nil: break
                }
            }
            // One of several writers counts its own; else the last number tells.
            if let writer, !writer.isEmpty { return state }
            let last = try connection.first("SELECT max(number) FROM console_line WHERE run = $1", [.integer(run)]) {
                $0.optionalInteger(0)
            }
            state.consoleLines = if let last, let last { last + 1 } else { 0 }
            return state
        }
    }

    package func documents(
        _ kinds: [RunDocument],
        of runs: [Run.ID]
    ) async throws(MartletError) -> [Run.ID: [RunDocument: String]] {
        try await database.read { connection in
            var documents: [Run.ID: [RunDocument: String]] = [:]
            for kind in kinds {
                let query = Self.documents
                let ids = runs.map { SQLValue.text($0.rawValue) }
                try query.forEachRow(of: ids, after: [.text(kind.rawValue)], on: connection) { row in
                    documents[Run.ID(row.text(0)), default: [:]][kind] = row.text(1)
                }
            }
            return documents
        }
    }

    package func setConfig(
        _ json: String,
        params: [Param],
        of id: Run.ID
    ) async throws(MartletError) -> Experiment.ID {
        let now = environment.now()
        return try await database.write { connection in
            let head = try Self.writableHead(of: id, on: connection)
            try StreamRows.put(.config, json, isPart: false, of: head.number, on: connection)
            let known = try connection.rows(
                "SELECT key, value FROM run_param WHERE run = $1",
                [.integer(head.number)]
            ) { Param(key: $0.text(0), value: $0.text(1)) }
            let wanted = Dictionary(params.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
            for param in known where wanted[param.key] != param.value {
                try connection.execute(
                    "DELETE FROM run_param WHERE run = $1 AND key = $2",
                    [.integer(head.number), .text(param.key)]
                )
            }
            let kept = Dictionary(known.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
            for (key, value) in wanted.sorted(by: { $0.key < $1.key }) where kept[key] != value {
                let param = Param(key: key, value: value)
                try Self.insert(param, run: head.number, experiment: head.experiment, on: connection)
            }
            try Self.beat(head, now: now, on: connection)
            return Experiment.ID(head.experiment)
        }
    }

    package func objectKeys(of id: Run.ID) async throws(MartletError) -> [ObjectKey] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT k.key, k.steps, k.last_step, o.body
                FROM (SELECT key, count(*) AS steps, max(step) AS last_step FROM logged_object WHERE run = $1 GROUP BY key) k
                JOIN logged_object o ON o.run = $1 AND o.key = k.key AND o.step = k.last_step ORDER BY k.key
                """,
                [.integer(try Self.number(of: id, on: connection))]
            ) { ObjectKey(key: $0.text(0), count: $0.integer(1), lastStep: $0.integer(2), lastJSON: $0.text(3)) }
        }
    }

    package func table(
        of id: Run.ID,
        keys: [String]?,
        steps: ClosedRange<Int64>
    ) async throws(MartletError) -> StepTable {
        try await database.read { connection in
            let run = try Self.number(of: id, on: connection)
            return StepTable(
                series: try MetricReader.series(run: run, keys: keys, steps: steps, on: connection),
                objects: try StreamRows.objects(of: run, keys: keys, steps: steps, on: connection)
            )
        }
    }

    package func console(
        of id: Run.ID,
        from number: Int64,
        limit: Int
    ) async throws(MartletError) -> [ConsoleLine] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT number, time, is_error, label, body FROM console_line WHERE run = $1 AND number >= $2
                ORDER BY number LIMIT $3
                """,
                [.integer(try Self.number(of: id, on: connection)), .integer(number), .integer(limit)]
            ) { row in
                ConsoleLine(
                    number: row.integer(0),
                    time: row.optionalInteger(1),
                    isError: row.flag(2),
                    label: row.text(3),
                    text: row.text(4)
                )
            }
        }
    }

    private static let foreignIDs = BatchedQuery {
        "SELECT id, foreign_id FROM run WHERE foreign_id IS NOT NULL AND id IN \($0)"
    }
    private static let documents = BatchedQuery(from: 2) {
        """
        SELECT r.id, d.body FROM run r JOIN run_document d ON d.run = r.number AND d.kind = $1 WHERE r.id IN \($0)
        """
    }
}
