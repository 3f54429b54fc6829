import MartletCore

/// What becomes of the registries of a workspace that is removed, inside a transaction of the caller.
enum RegistryRemoval {
    /// Without runs and logged models: such a registry is an experiment like others.
    private static let isPlain = """
        e.is_registry = 1 AND NOT EXISTS (SELECT 1 FROM run r WHERE r.experiment = e.id)
        AND NOT EXISTS (SELECT 1 FROM logged_model l WHERE l.experiment = e.id)
        """

    static func removeEmpty(of workspace: Workspace.ID, _ connection: any SQLConnection) throws {
        let empty = try connection.rows(
            """
            SELECT e.id FROM experiment e WHERE e.workspace = $1 AND \(isPlain)
              AND NOT EXISTS (SELECT 1 FROM artifact_collection c WHERE c.experiment = e.id)
              AND NOT EXISTS (SELECT 1 FROM artifact_version v WHERE v.experiment = e.id)
            """,
            [.integer(workspace.number)]
        ) { $0.integer(0) }
        for registry in empty { try remove(registry, connection) }
    }

    /// Moves what registries hold into the default workspace's of the same names. What is in the bin stays apart: its
    /// name is taken then.
    /// - Throws: `failedPrecondition` when both have something of one name.
    static func merge(of workspace: Workspace, _ connection: any SQLConnection) throws {
        let pairs = try connection.rows(
            """
            SELECT e.id, b.id FROM experiment e
            JOIN experiment b ON b.workspace = 1 AND b.name = e.name AND b.is_registry = 1 AND b.stage = 0
            WHERE e.workspace = $1 AND e.stage = 0 AND \(isPlain)
            """,
            [.integer(workspace.id.number)]
        ) { ($0.integer(0), $0.integer(1)) }
        for (old, new) in pairs {
            try requireFreeNames(old, new, workspace, connection)
            for table in ["artifact_collection", "artifact_version", "file_use"] {
                try connection.execute(
                    "UPDATE \(table) SET experiment = $1 WHERE experiment = $2",
                    [.integer(new), .integer(old)]
                )
            }
            try remove(old, connection)
        }
    }

    private static func requireFreeNames(
        _ old: Int64,
        _ new: Int64,
        _ workspace: Workspace,
        _ connection: any SQLConnection
    ) throws {
        let taken = try connection.rows(
            """
            SELECT a.name FROM artifact_collection a JOIN artifact_collection b ON b.name = a.name
            WHERE a.experiment = $1 AND b.experiment = $2 ORDER BY a.name LIMIT 20
            """,
            [.integer(old), .integer(new)]
        ) { $0.text(0) }
        guard !taken.isEmpty else { return }
        throw MartletError(
            .failedPrecondition,
            "Cannot delete workspace '\(workspace.name)': the default workspace has registered models of these names "
                + "too: \(taken.joined(separator: ", ")). Rename or remove them before."
        )
    }

    private static func remove(_ registry: Int64, _ connection: any SQLConnection) throws {
        try Purge.removeWhatBelongs(to: registry, connection)
        try connection.execute("DELETE FROM experiment WHERE id = $1", [.integer(registry)])
    }
}
