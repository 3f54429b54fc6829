package import MartletCore

extension SQLMetadataStore: WorkspaceStore {
    package func workspaces() async throws(MartletError) -> [Workspace] {
        try await database.read { connection in
            try connection.rows(
                "SELECT \(Self.workspaceColumns) FROM workspace ORDER BY CASE WHEN id = 1 THEN 0 ELSE 1 END, name",
                [],
                Self.workspace
            )
        }
    }

    package func workspace(named name: String) async throws(MartletError) -> Workspace? {
        try await database.read { try Self.workspace(named: name, on: $0) }
    }

    package func createWorkspace(
        named name: String,
        _ fields: WorkspaceChanges,
        _ entry: AuditEntry?
    ) async throws(MartletError) -> Workspace {
        let now = environment.now()
        return try await database.write { connection in
            guard try Self.workspace(named: name, on: connection) == nil else {
                throw MartletError(.alreadyExists, "Workspace '\(name)' already exists.")
            }
            // The time, so that the number of one that was removed is not given again: what other servers remember of
            // roles must not hold in a new one.
            let last = try connection.first("SELECT max(id) FROM workspace") { $0.integer(0) } ?? 0
            let id = Workspace.ID(max(last + 1, now))
            try connection.execute(
                "INSERT INTO workspace (id, name, created_at) VALUES ($1, $2, $3)",
                [.integer(id.number), .text(name), .integer(now)]
            )
            return try Self.update(id, fields, entry, on: connection)
        }
    }

    package func updateWorkspace(
        _ id: Workspace.ID,
        _ changes: WorkspaceChanges,
        _ entry: AuditEntry?
    ) async throws(MartletError) -> Workspace {
        try await database.write { try Self.update(id, changes, entry, on: $0) }
    }

    private static func update(
        _ id: Workspace.ID,
        _ changes: WorkspaceChanges,
        _ entry: AuditEntry?,
        on connection: any SQLConnection
    ) throws -> Workspace {
        var workspace = try workspace(id, on: connection)
        if let description = changes.description { workspace.description = description }
        if let root = changes.artifactRoot { workspace.artifactRoot = root }
        try connection.execute(
            "UPDATE workspace SET description = $1, artifact_root = $2 WHERE id = $3",
            [.text(workspace.description), .text(workspace.artifactRoot), .integer(id.number)]
        )
        if let entry { try record(entry, on: connection) }
        return workspace
    }

    package func removeWorkspace(
        _ id: Workspace.ID,
        _ removal: WorkspaceRemoval,
        _ entry: AuditEntry?
    ) async throws(MartletError) {
        let now = environment.now()
        try await database.write { connection in
            let workspace = try Self.workspace(id, on: connection)
            try RegistryRemoval.removeEmpty(of: id, connection)
            switch removal {
            case .onlyEmpty:
                try Self.requireNoExperiments(workspace, on: connection)
                try Self.requireNoFiles(workspace, on: connection)
            case .keepExperiments:
                try RegistryRemoval.merge(of: workspace, connection)
                try Self.requireFreeNames(workspace, on: connection)
                try Self.requireNoFiles(workspace, on: connection)
            case .deleteExperiments:
                try Self.deleteExperiments(of: workspace, now: now, on: connection)
                try ArtifactRows.deleteTree(of: ArtifactOwner.workspace(id).key, connection)
            }
            for table in ["run", "logged_model"] {
                try connection.execute(
                    """
                    UPDATE \(table) SET workspace = 1
                    WHERE experiment IN (SELECT id FROM experiment WHERE workspace = $1)
                    """,
                    [.integer(id.number)]
                )
            }
            try connection.execute("UPDATE experiment SET workspace = 1 WHERE workspace = $1", [.integer(id.number)])
            try connection.execute("DELETE FROM workspace_role WHERE workspace = $1", [.integer(id.number)])
            try connection.execute("DELETE FROM workspace WHERE id = $1", [.integer(id.number)])
            if let entry { try Self.record(entry, on: connection) }
        }
    }

    package func roles(in workspace: Workspace.ID) async throws(MartletError) -> [WorkspaceRole] {
        try await database.read { connection in
            _ = try Self.workspace(workspace, on: connection)
            return try connection.rows(
                """
                SELECT r.account, r.role FROM workspace_role r JOIN account a ON a.id = r.account
                WHERE r.workspace = $1 ORDER BY a.folded
                """,
                [.integer(workspace.number)]
            ) { WorkspaceRole(account: Account.ID($0.text(0)), role: Principal.Role(stored: $0.integer(1))) }
        }
    }

    package func setRole(
        _ role: Principal.Role?,
        of account: Account.ID,
        in workspace: Workspace.ID,
        _ entry: AuditEntry
    ) async throws(MartletError) {
        try await database.write { connection in
            _ = try Self.workspace(workspace, on: connection)
            _ = try Self.account(account, on: connection)
            if let role {
                try connection.execute(
                    """
                    INSERT INTO workspace_role (account, workspace, role) VALUES ($1, $2, $3)
                    ON CONFLICT (account, workspace) DO UPDATE SET role = excluded.role
                    """,
                    [.text(account.rawValue), .integer(workspace.number), .integer(role.stored)]
                )
            } else {
                try connection.execute(
                    "DELETE FROM workspace_role WHERE account = $1 AND workspace = $2",
                    [.text(account.rawValue), .integer(workspace.number)]
                )
            }
            try Self.record(entry, on: connection)
        }
    }
}

extension SQLMetadataStore {
    private static let workspaceColumns = "id, name, description, artifact_root, created_at"

    private static func workspace(_ row: any SQLRow) -> Workspace {
        Workspace(
            id: Workspace.ID(row.integer(0)),
            name: row.text(1),
            description: row.text(2),
            artifactRoot: row.optionalText(3),
            createdAt: row.integer(4)
        )
    }

    private static func workspace(named name: String, on connection: any SQLConnection) throws -> Workspace? {
        try connection.first("SELECT \(workspaceColumns) FROM workspace WHERE name = $1", [.text(name)], workspace)
    }

    /// - Throws: `notFound`.
    static func workspace(_ id: Workspace.ID, on connection: any SQLConnection) throws -> Workspace {
        let found = try connection.first(
            "SELECT \(workspaceColumns) FROM workspace WHERE id = $1",
            [.integer(id.number)],
            workspace
        )
        guard let found else { throw MartletError(.notFound, "the workspace does not exist") }
        return found
    }

    private static func requireNoFiles(_ workspace: Workspace, on connection: any SQLConnection) throws {
        let file = try ArtifactRows.list("", of: ArtifactOwner.workspace(workspace.id).key, connection).first
        guard let file else { return }
        throw MartletError(
            .failedPrecondition,
            "Cannot delete workspace '\(workspace.name)': it still contains files that belong to no run, like "
                + "'\(file.name)'. Delete them before deleting the workspace."
        )
    }

    private static func requireNoExperiments(_ workspace: Workspace, on connection: any SQLConnection) throws {
        let count = try connection.first(
            "SELECT count(*) FROM experiment WHERE workspace = $1",
            [.integer(workspace.id.number)]
        ) { $0.integer(0) }
        guard count == 0 else {
            throw MartletError(
                .failedPrecondition,
                "Cannot delete workspace '\(workspace.name)': it still contains \(count ?? 0) experiment(s), deleted "
                    + "ones included. Remove or reassign them before deleting the workspace."
            )
        }
    }

    private static func requireFreeNames(_ workspace: Workspace, on connection: any SQLConnection) throws {
        let taken = try connection.rows(
            """
            SELECT a.name FROM experiment a JOIN experiment b ON b.workspace = 1 AND b.name = a.name
            WHERE a.workspace = $1 ORDER BY a.name LIMIT 20
            """,
            [.integer(workspace.id.number)]
        ) { $0.text(0) }
        guard taken.isEmpty else {
            throw MartletError(
                .failedPrecondition,
                "Cannot delete workspace '\(workspace.name)': the default workspace has experiments of these names "
                    + "too: \(taken.joined(separator: ", ")). Rename or remove them before."
            )
        }
    }

    /// Bins the experiments with their runs, under names that no other has: `<workspace>/<name> (<id>)`.
    private static func deleteExperiments(
        of workspace: Workspace,
        now: Int64,
        on connection: any SQLConnection
    ) throws {
        let (id, time) = (SQLValue.integer(workspace.id.number), SQLValue.integer(now))
        try connection.execute(
            """
            UPDATE run SET stage = 1, deleted_at = $1 WHERE stage = 0
              AND experiment IN (SELECT id FROM experiment WHERE workspace = $2)
            """,
            [time, id]
        )
        try connection.execute(
            """
            UPDATE experiment SET deleted_at = CASE WHEN stage = 0 THEN $1 ELSE deleted_at END, stage = 1,
              updated_at = $1, name = $2 || name || ' (' || id || ')' WHERE workspace = $3
            """,
            [time, .text(workspace.name + "/"), id]
        )
    }
}
