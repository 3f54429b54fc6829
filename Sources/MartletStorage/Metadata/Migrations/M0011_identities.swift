/// Who of an identity provider has which account, and the login attempts that were used.
///
/// `login_attempt` holds a row until the attempt would have expired: no server takes it twice.
struct M0011_identities: Migration {
    let number: Int64 = 11

    func statements(for dialect: SQLDialect) -> [String] {
        let text = dialect.text
        return [
            """
            CREATE TABLE account_identity (
              issuer \(text) NOT NULL, subject \(text) NOT NULL, account \(text) NOT NULL UNIQUE,
              created_at BIGINT NOT NULL, PRIMARY KEY (issuer, subject))
            """,
            "CREATE TABLE login_attempt (hash \(text) PRIMARY KEY, expires_at BIGINT NOT NULL)",
        ]
    }
}
