package import MartletCore

extension SQLMetadataStore: IdentityStore {
    package func account(of identity: Identity.Key) async throws(MartletError) -> Account? {
        try await database.read { connection in
            try connection.first(
                """
                SELECT \(Self.accountColumns) FROM account_identity i JOIN account a ON a.id = i.account
                WHERE i.issuer = $1 AND i.subject = $2
                """,
                [.text(identity.issuer), .text(identity.subject)]
            ) { Self.account($0) }
        }
    }

    package func follow(
        _ role: Principal.Role,
        of id: Account.ID,
        endsLogins: Bool,
        _ entry: AuditEntry?
    ) async throws(MartletError) -> Account {
        try await database.write { connection in
            var account = try Self.account(id, on: connection)
            account.role = role
            try connection.execute(
                "UPDATE account SET role = $1 WHERE id = $2",
                [.integer(role.stored), .text(id.rawValue)]
            )
            if endsLogins { try Self.endLogins(of: id, on: connection) }
            if let entry { try Self.record(entry, on: connection) }
            return account
        }
    }

    package func take(attempt hash: Digest, until end: Int64, now: Int64) async throws(MartletError) -> Bool {
        try await database.write { connection in
            try connection.execute("DELETE FROM login_attempt WHERE expires_at <= $1", [.integer(now)])
            let taken = try connection.execute(
                "INSERT INTO login_attempt (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [.text(hash.rawValue), .integer(end)]
            )
            return taken == 1
        }
    }

    /// - Throws: `conflict` when the identity belongs to an account already.
    static func bind(_ account: Account, to identity: Identity.Key, on connection: any SQLConnection) throws {
        let bound = try connection.execute(
            """
            INSERT INTO account_identity (issuer, subject, account, created_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """,
            [
                .text(identity.issuer), .text(identity.subject), .text(account.id.rawValue),
                .integer(account.createdAt),
            ]
        )
        guard bound == 1 else {
            throw MartletError(.conflict, "an account was made for '\(account.name)' at the same time; log in again")
        }
    }

    /// Whether an account comes through an identity provider.
    static func isBound(_ id: Account.ID, on connection: any SQLConnection) throws -> Bool {
        try connection.first("SELECT 1 FROM account_identity WHERE account = $1", [.text(id.rawValue)]) { _ in } != nil
    }
}
