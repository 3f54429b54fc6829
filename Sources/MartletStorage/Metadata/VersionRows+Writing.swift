import MartletCore

/// Joining and leaving collections, aliases, lineage, and the removal of what a version holds.
extension VersionRows {
    /// Puts a version into a collection under the next number.
    static func join(
        _ id: ArtifactVersion.ID,
        to collection: Int64,
        now: Int64,
        _ connection: any SQLConnection
    ) throws -> Int64 {
        let number = try connection.first(
            """
            UPDATE artifact_collection SET next_number = next_number + 1, updated_at = $2 WHERE id = $1
            RETURNING next_number - 1
            """,
            [.integer(collection), .integer(now)]
        ) { $0.integer(0) }
        guard let number else {
            throw MartletError(.notFound, "there is no artifact collection \(collection): it was deleted")
        }
        try connection.execute(
            "INSERT INTO artifact_membership (collection, number, version, created_at) VALUES ($1, $2, $3, $4)",
            [.integer(collection), .integer(number), .text(id.rawValue), .integer(now)]
        )
        return number
    }

    static func setAliases(
        _ aliases: [String],
        of collection: Int64,
        to number: Int64,
        _ connection: any SQLConnection
    ) throws {
        for alias in aliases {
            try connection.execute(
                """
                INSERT INTO artifact_alias (collection, alias, number) VALUES ($1, $2, $3)
                ON CONFLICT (collection, alias) DO UPDATE SET number = excluded.number
                """,
                [.integer(collection), .text(alias), .integer(number)]
            )
        }
    }

    /// Takes a version out of a collection. `latest` goes to the last one that is left.
    static func leave(_ membership: Membership, _ connection: any SQLConnection) throws {
        let place: [SQLValue] = [.integer(membership.collection), .integer(membership.number)]
        let wasLatest = try connection.first(
            "SELECT 1 FROM artifact_alias WHERE collection = $1 AND number = $2 AND alias = 'latest'",
            place
        ) { _ in true }
        try connection.execute("DELETE FROM artifact_alias WHERE collection = $1 AND number = $2", place)
        for table in ["artifact_membership", "model_version"] {
            try connection.execute("DELETE FROM \(table) WHERE collection = $1 AND number = $2", place)
        }
        guard wasLatest != nil else { return }
        let last = try connection.first(
            "SELECT max(number) FROM artifact_membership WHERE collection = $1",
            [.integer(membership.collection)]
        ) { $0.optionalInteger(0) }
        if let last, let last { try setAliases(["latest"], of: membership.collection, to: last, connection) }
    }

    static func note(
        _ role: VersionRole,
        of run: Run.ID,
        _ id: ArtifactVersion.ID,
        now: Int64,
        _ connection: any SQLConnection
    ) throws {
        try connection.execute(
            """
            INSERT INTO artifact_use (run_id, role, version, created_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """,
            [.text(run.rawValue), .integer(role.stored), .text(id.rawValue), .integer(now)]
        )
    }

    /// Removes the files and the drafts of a version.
    static func removeContent(of id: ArtifactVersion.ID, _ connection: any SQLConnection) throws {
        for owner in [ArtifactOwner.version(id), .draft(id)] {
            try ArtifactRows.deleteTree(of: owner.key, connection)
            try UploadRows.removeAll(of: owner.key, connection)
        }
        try connection.execute("DELETE FROM artifact_reference WHERE version = $1", [.text(id.rawValue)])
    }
}
