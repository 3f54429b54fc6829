package import MartletCore

extension SQLMetadataStore: SavedViewStore {
    package func createView(_ view: SavedView) async throws(MartletError) -> SavedView {
        try await database.write { connection in
            try Self.requireActive(view.experimentID, on: connection)
            try ViewRows.requireFree(view.name, view.kind, in: view.experimentID.number, on: connection)
            var stored = view
            let id = try connection.first(
                """
                INSERT INTO saved_view (experiment, kind, name, display_name, description, content, author,
                  created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
                """,
                [
                    .integer(view.experimentID.number), .text(view.kind.rawValue), .text(view.name),
                    .text(view.displayName), .text(view.description), .text(view.content), .text(view.author),
                    .integer(view.createdAt), .integer(view.updatedAt),
                ]
            ) { $0.integer(0) }
            stored.id = SavedView.ID(id ?? 0)
            return stored
        }
    }

    package func view(_ id: SavedView.ID) async throws(MartletError) -> SavedView {
        try await database.read { try ViewRows.view(id, on: $0) }
    }

    package func searchViews(_ request: SearchSavedViews) async throws(MartletError) -> Page<SavedView> {
        try await database.read { connection in
            var parts = ["experiment = $1"]
            var arguments: [SQLValue] = [.integer(request.experimentID.number)]
            for (column, value) in [
                ("kind", request.kind?.rawValue), ("name", request.name), ("author", request.author),
            ] {
                guard let value else { continue }
                arguments.append(.text(value))
                parts.append("\(column) = $\(arguments.count)")
            }
            let place = "FROM saved_view WHERE \(parts.joined(separator: " AND "))"
            let total = try connection.first("SELECT count(*) \(place)", arguments) { Int($0.integer(0)) } ?? 0
            let items = try connection.rows(
                """
                SELECT \(ViewRows.fields), '' \(place) ORDER BY updated_at DESC, id DESC
                LIMIT $\(arguments.count + 1) OFFSET $\(arguments.count + 2)
                """,
                arguments + [.integer(request.limit), .integer(request.offset)],
                ViewRows.view
            )
            return Page(items: items, hasMore: request.offset + items.count < total, total: total)
        }
    }

    package func updateView(_ id: SavedView.ID, _ changes: SavedViewChanges) async throws(MartletError) -> SavedView {
        let now = environment.now()
        return try await database.write { connection in
            let old = try ViewRows.view(id, on: connection)
            if let kind = changes.kind, kind != old.kind {
                try ViewRows.requireFree(old.name, kind, in: old.experimentID.number, on: connection)
            }
            try connection.execute(
                """
                UPDATE saved_view SET kind = coalesce($1, kind), display_name = coalesce($2, display_name),
                  description = coalesce($3, description), content = coalesce($4, content), updated_at = $5
                WHERE id = $6
                """,
                [
                    .text(changes.kind?.rawValue), .text(changes.displayName), .text(changes.description),
                    .text(changes.content), .integer(now), ViewRows.number(of: id),
                ]
            )
            return try ViewRows.view(id, on: connection)
        }
    }

    package func deleteView(_ id: SavedView.ID) async throws(MartletError) {
        try await database.write { connection in
            let count = try connection.execute("DELETE FROM saved_view WHERE id = $1", [ViewRows.number(of: id)])
            guard count > 0 else { throw ViewRows.unknown(id) }
        }
    }

    // MARK: alerts

    package func addAlert(
        _ alert: RunAlert,
        quiet: Int64
    ) async throws(MartletError) -> (isStored: Bool, experiment: Experiment.ID) {
        try await database.write { connection in
            let head = try Self.writableHead(of: alert.run, on: connection)
            let experiment = Experiment.ID(head.experiment)
            if quiet > 0 {
                let latest = try connection.first(
                    "SELECT max(created_at) FROM run_alert WHERE run = $1 AND title = $2",
                    [.integer(head.number), .text(alert.title)]
                ) { $0.optionalInteger(0) }
                if let latest = latest.flatMap({ $0 }), alert.createdAt - latest < quiet { return (false, experiment) }
            }
            try connection.execute(
                "INSERT INTO run_alert (run, title, body, severity, created_at) VALUES ($1, $2, $3, $4, $5)",
                [
                    .integer(head.number), .text(alert.title), .text(alert.text), .integer(alert.severity.stored),
                    .integer(alert.createdAt),
                ]
            )
            return (true, experiment)
        }
    }

    package func alerts(
        of place: AlertPlace,
        limit: Int,
        offset: Int
    ) async throws(MartletError) -> Page<RunAlert> {
        try await database.read { connection in
            let (condition, argument): (String, SQLValue) =
                switch place {
                case .run(let run): ("r.id = $1", .text(run.rawValue))
                case .experiment(let experiment): ("r.experiment = $1", .integer(experiment.number))
                }
            let source = "FROM run_alert a JOIN run r ON r.number = a.run WHERE \(condition) AND r.stage = 0"
            let total = try connection.first("SELECT count(*) \(source)", [argument]) { Int($0.integer(0)) } ?? 0
            let items = try connection.rows(
                """
                SELECT a.id, r.id, a.title, a.body, a.severity, a.created_at \(source)
                ORDER BY a.id DESC LIMIT $2 OFFSET $3
                """,
                [argument, .integer(limit), .integer(offset)]
            ) { row in
                RunAlert(
                    id: row.integer(0),
                    run: Run.ID(row.text(1)),
                    title: row.text(2),
                    text: row.text(3),
                    severity: RunAlert.Severity(stored: row.integer(4)),
                    createdAt: row.integer(5)
                )
            }
            return Page(items: items, hasMore: offset + items.count < total, total: total)
        }
    }
}

extension RunAlert.Severity {
    fileprivate var stored: Int64 {
        switch self {
        case .info: 0
        case .warning: 1
        case .error: 2
        }
    }

    fileprivate init(stored: Int64) { self = stored == 0 ? .info : stored == 1 ? .warning : .error }
}

/// Rows of `saved_view`.
private enum ViewRows {
    /// All but the content, which comes after them.
    static let fields = "id, experiment, kind, name, display_name, description, author, created_at, updated_at"

    static func view(_ row: any SQLRow) -> SavedView {
        SavedView(
            id: SavedView.ID(row.integer(0)),
            experimentID: Experiment.ID(row.integer(1)),
            kind: SavedView.Kind(row.text(2)),
            name: row.text(3),
            displayName: row.text(4),
            description: row.text(5),
            content: row.text(9),
            author: row.text(6),
            createdAt: row.integer(7),
            updatedAt: row.integer(8)
        )
    }

    static func view(_ id: SavedView.ID, on connection: any SQLConnection) throws -> SavedView {
        let found = try connection.first(
            "SELECT \(fields), content FROM saved_view WHERE id = $1",
            [number(of: id)],
            view
        )
        guard let found else { throw unknown(id) }
        return found
    }

    /// - Throws: `alreadyExists`.
    static func requireFree(
        _ name: String,
        _ kind: SavedView.Kind,
        in experiment: Int64,
        on connection: any SQLConnection
    ) throws {
        let taken = try connection.first(
            "SELECT 1 FROM saved_view WHERE experiment = $1 AND kind = $2 AND name = $3",
            [.integer(experiment), .text(kind.rawValue), .text(name)]
        ) { _ in true }
        if taken == true { throw MartletError(.alreadyExists, "a \(kind) '\(name.prefix(100))' exists already") }
    }

    /// -1, which no view has, for what is no number.
    static func number(of id: SavedView.ID) -> SQLValue { .integer(Int64(id.rawValue) ?? -1) }

    static func unknown(_ id: SavedView.ID) -> MartletError {
        MartletError(.notFound, "there is no view \(id.rawValue.prefix(64))")
    }
}
