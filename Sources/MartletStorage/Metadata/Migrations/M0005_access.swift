/// Accounts, their tokens, logins and roles, the audit log, and secrets that servers share.
///
/// Roles are 0 none, 1 viewer, 2 editor, 3 admin. Kinds of accounts are 0 person, 1 service. Hashes are SHA-256 in
/// hexadecimal digits, but for passwords. Times are milliseconds since 1970-01-01 UTC.
struct M0005_access: Migration {
    let number: Int64 = 5

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        return [
            // `folded` is the name in lower case: names are unique without regard to case.
            """
            CREATE TABLE account (
              id \(text) PRIMARY KEY, workspace BIGINT NOT NULL, name \(text) NOT NULL, folded \(text) NOT NULL UNIQUE,
              kind BIGINT NOT NULL, display_name TEXT NOT NULL, role BIGINT NOT NULL, is_active BIGINT NOT NULL,
              password TEXT, created_at BIGINT NOT NULL, last_seen_at BIGINT)
            """,
            """
            CREATE TABLE access_token (
              id \(text) PRIMARY KEY, account \(text) NOT NULL, name TEXT NOT NULL, hash \(text) NOT NULL,
              scope BIGINT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT, last_used_at BIGINT)
            """,
            "CREATE INDEX access_token_by_account ON access_token (account, created_at)",
            """
            CREATE TABLE login_session (
              hash \(text) PRIMARY KEY, account \(text) NOT NULL, created_at BIGINT NOT NULL,
              expires_at BIGINT NOT NULL)
            """,
            "CREATE INDEX login_session_by_account ON login_session (account)",
            """
            CREATE TABLE experiment_role (
              account \(text) NOT NULL, experiment BIGINT NOT NULL, role BIGINT NOT NULL,
              PRIMARY KEY (account, experiment))
            """,
            "CREATE INDEX experiment_role_by_experiment ON experiment_role (experiment)",
            """
            CREATE TABLE audit (
              id \(dialect.autoNumber), at BIGINT NOT NULL, actor \(text) NOT NULL, action \(text) NOT NULL,
              subject TEXT NOT NULL, detail TEXT NOT NULL, address TEXT NOT NULL)
            """,
            "CREATE INDEX audit_by_actor ON audit (actor, id)",
            "CREATE INDEX audit_by_action ON audit (action, id)",
            "CREATE TABLE shared_secret (name \(text) PRIMARY KEY, bytes \(dialect.bytes) NOT NULL)",
        ]
    }
}
