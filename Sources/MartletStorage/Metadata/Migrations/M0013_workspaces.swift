/// What a workspace is for and where its artifacts go, and who has which role in those beside the default one.
struct M0013_workspaces: Migration {
    let number: Int64 = 13

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        return [
            "ALTER TABLE workspace ADD COLUMN description \(text) NOT NULL DEFAULT ''",
            "ALTER TABLE workspace ADD COLUMN artifact_root \(text)",
            """
            CREATE TABLE workspace_role (
              account \(text) NOT NULL, workspace BIGINT NOT NULL, role BIGINT NOT NULL,
              PRIMARY KEY (account, workspace))
            """,
            "CREATE INDEX workspace_role_by_workspace ON workspace_role (workspace)",
        ]
    }
}
