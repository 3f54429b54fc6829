package import MartletCore

// Tokens, logins of the web pages, the audit log and shared secrets.
extension SQLMetadataStore {
    package func createToken(
        _ token: AccessToken,
        hash: Digest,
        _ entry: AuditEntry
    ) async throws(MartletError) {
        try await database.write { connection in
            let account = try Self.account(token.account, on: connection)
            guard account.isActive else {
                throw MartletError(.failedPrecondition, "the account '\(account.name)' is not active")
            }
            try connection.execute(
                """
                INSERT INTO access_token (id, account, name, hash, scope, created_at, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                [
                    .text(token.id.rawValue), .text(token.account.rawValue), .text(token.name), .text(hash.rawValue),
                    .integer(token.scope.stored), .integer(token.createdAt), .integer(token.expiresAt),
                ]
            )
            try Self.record(entry, on: connection)
        }
    }

    package func tokens(of account: Account.ID) async throws(MartletError) -> [AccessToken] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT \(Self.tokenColumns) FROM access_token t WHERE t.account = $1
                ORDER BY t.created_at DESC, t.id
                """,
                [.text(account.rawValue)]
            ) { Self.token($0, from: 0) }
        }
    }

    package func token(_ id: AccessToken.ID) async throws(MartletError) -> StoredToken? {
        try await database.read { connection in
            try connection.first(
                """
                SELECT \(Self.accountColumns), t.hash, \(Self.tokenColumns)
                FROM access_token t JOIN account a ON a.id = t.account WHERE t.id = $1
                """,
                [.text(id.rawValue)]
            ) { row in
                StoredToken(token: Self.token(row, from: 10), hash: Digest(row.text(9)), account: Self.account(row))
            }
        }
    }

    package func revokeToken(_ id: AccessToken.ID, _ entry: AuditEntry) async throws(MartletError) {
        try await database.write { connection in
            let gone = try connection.execute("DELETE FROM access_token WHERE id = $1", [.text(id.rawValue)])
            if gone > 0 { try Self.record(entry, on: connection) }
        }
    }

    package func createSession(_ session: LoginSession, _ entry: AuditEntry) async throws(MartletError) {
        try await database.write { connection in
            // Whoever logs in clears away what has expired.
            try connection.execute(
                "DELETE FROM login_session WHERE expires_at <= $1",
                [.integer(session.createdAt)]
            )
            try connection.execute(
                "INSERT INTO login_session (hash, account, created_at, expires_at) VALUES ($1, $2, $3, $4)",
                [
                    .text(session.hash.rawValue), .text(session.account.rawValue), .integer(session.createdAt),
                    .integer(session.expiresAt),
                ]
            )
            try Self.record(entry, on: connection)
        }
    }

    package func account(ofSession hash: Digest, now: Int64) async throws(MartletError) -> Account? {
        try await database.read { connection in
            try connection.first(
                """
                SELECT \(Self.accountColumns) FROM login_session s JOIN account a ON a.id = s.account
                WHERE s.hash = $1 AND s.expires_at > $2
                """,
                [.text(hash.rawValue), .integer(now)]
            ) { Self.account($0) }
        }
    }

    package func endSession(_ hash: Digest, _ entry: AuditEntry?) async throws(MartletError) {
        try await database.write { connection in
            try connection.execute("DELETE FROM login_session WHERE hash = $1", [.text(hash.rawValue)])
            if let entry { try Self.record(entry, on: connection) }
        }
    }

    package func record(_ entry: AuditEntry) async throws(MartletError) {
        try await database.write { try Self.record(entry, on: $0) }
    }

    package func audit(_ request: SearchAudit) async throws(MartletError) -> [AuditEntry] {
        var conditions: [SQLText] = ["1 = 1"]
        if let actor = request.actor { conditions.append("actor = \(value: .text(actor))") }
        if let action = request.action { conditions.append("action = \(value: .text(action.rawValue))") }
        if let before = request.before { conditions.append("id < \(value: .integer(before))") }
        let sql: SQLText = """
            SELECT id, at, actor, action, subject, detail, address FROM audit
            WHERE \(SQLText.joined(conditions, " AND ")) ORDER BY id DESC LIMIT \(value: .integer(request.limit))
            """
        return try await database.read { connection in
            try connection.rows(sql) { row in
                AuditEntry(
                    id: row.integer(0),
                    at: row.integer(1),
                    actor: row.text(2),
                    action: AuditEntry.Action(rawValue: row.text(3)) ?? .accountChanged,
                    subject: row.text(4),
                    detail: row.text(5),
                    address: row.text(6)
                )
            }
        }
    }

    package func sharedSecret(_ name: String, fresh: [UInt8]) async throws(MartletError) -> [UInt8] {
        try await database.write { connection in
            try connection.execute(
                "INSERT INTO shared_secret (name, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [.text(name), .blob(fresh)]
            )
            let secret = try connection.first(
                "SELECT bytes FROM shared_secret WHERE name = $1",
                [.text(name)]
            ) { $0.blob(0) }
            return secret ?? fresh
        }
    }

    static func endLogins(
        of account: Account.ID,
        keeping: Digest? = nil,
        on connection: any SQLConnection
    ) throws {
        try connection.execute(
            "DELETE FROM login_session WHERE account = $1 AND hash <> $2",
            [.text(account.rawValue), .text(keeping?.rawValue ?? "")]
        )
    }

    static func record(_ entry: AuditEntry, on connection: any SQLConnection) throws {
        try connection.send(
            "INSERT INTO audit (at, actor, action, subject, detail, address) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                .integer(entry.at), .text(entry.actor), .text(entry.action.rawValue), .text(entry.subject),
                .text(entry.detail), .text(entry.address),
            ]
        )
    }

    private static let tokenColumns =
        "t.id, t.account, t.name, t.scope, t.created_at, t.expires_at, t.last_used_at"

    private static func token(_ row: any SQLRow, from first: Int) -> AccessToken {
        AccessToken(
            id: AccessToken.ID(row.text(first)),
            account: Account.ID(row.text(first + 1)),
            name: row.text(first + 2),
            scope: Principal.Role(stored: row.integer(first + 3)),
            createdAt: row.integer(first + 4),
            expiresAt: row.optionalInteger(first + 5),
            lastUsedAt: row.optionalInteger(first + 6)
        )
    }
}
