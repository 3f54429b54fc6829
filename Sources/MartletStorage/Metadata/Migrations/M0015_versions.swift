/// Collections of versioned artifacts: datasets, models and whatever else is made of files. See docs/blob-layout.md.
///
/// Kinds are 0 sequence, 1 portfolio; states 0 pending, 1 committed, 2 deleted; roles 0 output, 1 input.
/// Runs are named by their ids: what they made and used outlives them.
struct M0015_versions: Migration {
    let number: Int64 = 15

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        let clustered = dialect == .sqlite ? " WITHOUT ROWID" : ""
        return [
            """
            CREATE TABLE artifact_collection (
              id \(dialect.autoNumber), experiment BIGINT NOT NULL, name \(text) NOT NULL, kind BIGINT NOT NULL,
              type \(text) NOT NULL, description TEXT NOT NULL, next_number BIGINT NOT NULL, created_at BIGINT NOT NULL,
              updated_at BIGINT NOT NULL, UNIQUE (experiment, name))
            """,
            "CREATE INDEX artifact_collection_by_type ON artifact_collection (experiment, type, name)",
            """
            CREATE TABLE artifact_version (
              id \(text) PRIMARY KEY, experiment BIGINT NOT NULL, collection BIGINT NOT NULL, state BIGINT NOT NULL,
              digest \(text) NOT NULL, description TEXT NOT NULL, metadata TEXT NOT NULL, run_id \(text), step BIGINT,
              lifetime BIGINT, expires_at BIGINT, foreign_id \(text), shared_id \(text), wanted_aliases TEXT NOT NULL,
              takes_known BIGINT NOT NULL, same_as \(text),
              bytes BIGINT NOT NULL, files BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL)
            """,
            "CREATE INDEX artifact_version_by_digest ON artifact_version (collection, digest)",
            "CREATE INDEX artifact_version_by_foreign_id ON artifact_version (foreign_id) WHERE foreign_id IS NOT NULL",
            "CREATE INDEX artifact_version_by_expiry ON artifact_version (expires_at) WHERE expires_at IS NOT NULL",
            "CREATE INDEX artifact_version_pending ON artifact_version (updated_at) WHERE state = 0",
            """
            CREATE TABLE artifact_membership (
              collection BIGINT NOT NULL, number BIGINT NOT NULL, version \(text) NOT NULL, created_at BIGINT NOT NULL,
              PRIMARY KEY (collection, number))\(clustered)
            """,
            "CREATE UNIQUE INDEX artifact_membership_by_version ON artifact_membership (version, collection)",
            """
            CREATE TABLE artifact_alias (
              collection BIGINT NOT NULL, alias \(text) NOT NULL, number BIGINT NOT NULL,
              PRIMARY KEY (collection, alias))\(clustered)
            """,
            "CREATE INDEX artifact_alias_by_number ON artifact_alias (collection, number)",
            """
            CREATE TABLE artifact_label (
              owner \(text) NOT NULL, label \(text) NOT NULL, PRIMARY KEY (owner, label))\(clustered)
            """,
            """
            CREATE TABLE artifact_reference (
              version \(text) NOT NULL, path \(text) NOT NULL, uri TEXT NOT NULL, digest TEXT NOT NULL,
              size BIGINT NOT NULL, extra TEXT NOT NULL, PRIMARY KEY (version, path))\(clustered)
            """,
            """
            CREATE TABLE artifact_use (
              run_id \(text) NOT NULL, role BIGINT NOT NULL, version \(text) NOT NULL, created_at BIGINT NOT NULL,
              PRIMARY KEY (run_id, role, version))\(clustered)
            """,
            "CREATE INDEX artifact_use_by_version ON artifact_use (version, role, created_at)",
        ]
    }
}
