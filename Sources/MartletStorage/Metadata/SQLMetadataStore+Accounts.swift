package import MartletCore

extension SQLMetadataStore: AccountStore {
    package func highestRole() async throws(MartletError) -> Principal.Role? {
        try await database.read { try Self.highestRole(on: $0) }
    }

    package func accounts() async throws(MartletError) -> [Account] {
        try await database.read { connection in
            try connection.rows("SELECT \(Self.accountColumns) FROM account a ORDER BY a.folded") { Self.account($0) }
        }
    }

    package func account(_ id: Account.ID) async throws(MartletError) -> Account {
        try await database.read { try Self.account(id, on: $0) }
    }

    package func password(ofAccountNamed name: String) async throws(MartletError) -> StoredPassword? {
        try await database.read { connection in
            try connection.first(
                "SELECT \(Self.accountColumns), a.password FROM account a WHERE a.folded = $1",
                [.text(name.lowercased())]
            ) { StoredPassword(account: Self.account($0), hash: $0.optionalText(9)) }
        }
    }

    package func createAccount(
        _ account: Account,
        _ proof: AccountProof,
        isFirst: Bool,
        _ entry: AuditEntry
    ) async throws(MartletError) {
        try await database.write { connection in
            if isFirst, try Self.highestRole(on: connection) == .admin {
                throw MartletError(.failedPrecondition, "the first account exists already; log in with it")
            }
            let made = try connection.execute(
                """
                INSERT INTO account (id, workspace, name, folded, kind, display_name, role, is_active, password,
                  created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (folded) DO NOTHING
                """,
                [
                    .text(account.id.rawValue), .integer(Workspace.ID.default.number), .text(account.name),
                    .text(account.name.lowercased()), .flag(account.kind == .service), .text(account.displayName),
                    .integer(account.role.stored), .flag(account.isActive), .text(proof.passwordHash),
                    .integer(account.createdAt),
                ]
            )
            guard made == 1 else {
                throw MartletError(.alreadyExists, "the account '\(account.name)' exists; choose another name")
            }
            if let identity = proof.identity { try Self.bind(account, to: identity, on: connection) }
            try Self.record(entry, on: connection)
        }
    }

    package func updateAccount(
        _ id: Account.ID,
        _ changes: AccountChanges,
        _ entry: AuditEntry
    ) async throws(MartletError) -> Account {
        try await database.write { connection in
            var account = try Self.account(id, on: connection)
            account.displayName = changes.displayName ?? account.displayName
            account.role = changes.role ?? account.role
            account.isActive = changes.isActive ?? account.isActive
            try connection.execute(
                "UPDATE account SET display_name = $1, role = $2, is_active = $3 WHERE id = $4",
                [
                    .text(account.displayName), .integer(account.role.stored), .flag(account.isActive),
                    .text(id.rawValue),
                ]
            )
            if !account.isActive { try Self.endLogins(of: id, on: connection) }
            let admins = try connection.first(
                "SELECT count(*) FROM account WHERE role = 3 AND is_active = 1 AND kind = 0"
            ) { $0.integer(0) }
            guard admins != 0 else {
                throw MartletError(.failedPrecondition, "nobody would be left as admin; make another admin first")
            }
            try Self.record(entry, on: connection)
            return account
        }
    }

    package func setPassword(
        _ hash: String,
        of id: Account.ID,
        keeping: Digest?,
        _ entry: AuditEntry
    ) async throws(MartletError) {
        try await database.write { connection in
            let account = try Self.account(id, on: connection)
            guard try !Self.isBound(id, on: connection) else {
                throw MartletError(
                    .failedPrecondition,
                    "'\(account.name)' comes in through the identity provider and has no password"
                )
            }
            try connection.execute(
                "UPDATE account SET password = $1 WHERE id = $2",
                [.text(hash), .text(id.rawValue)]
            )
            try Self.endLogins(of: id, keeping: keeping, on: connection)
            try Self.record(entry, on: connection)
        }
    }

    package func touch(
        _ account: Account.ID,
        token: AccessToken.ID?,
        at time: Int64
    ) async throws(MartletError) {
        try await database.write { connection in
            try connection.execute(
                "UPDATE account SET last_seen_at = $1 WHERE id = $2",
                [.integer(time), .text(account.rawValue)]
            )
            guard let token else { return }
            try connection.execute(
                "UPDATE access_token SET last_used_at = $1 WHERE id = $2",
                [.integer(time), .text(token.rawValue)]
            )
        }
    }

    package func roles(of account: Account.ID) async throws(MartletError) -> AccountRoles {
        try await database.read { connection in
            let experiments = try connection.rows(
                "SELECT experiment, role FROM experiment_role WHERE account = $1",
                [.text(account.rawValue)]
            ) { (Experiment.ID($0.integer(0)), Principal.Role(stored: $0.integer(1))) }
            let workspaces = try connection.rows(
                "SELECT workspace, role FROM workspace_role WHERE account = $1",
                [.text(account.rawValue)]
            ) { (Workspace.ID($0.integer(0)), Principal.Role(stored: $0.integer(1))) }
            return AccountRoles(
                workspaces: Dictionary(workspaces, uniquingKeysWith: { _, last in last }),
                experiments: Dictionary(experiments, uniquingKeysWith: { _, last in last })
            )
        }
    }

    package func roles(in experiment: Experiment.ID) async throws(MartletError) -> [ExperimentRole] {
        try await database.read { connection in
            _ = try Self.experiment(experiment.number, on: connection)
            return try connection.rows(
                """
                SELECT r.account, r.role FROM experiment_role r JOIN account a ON a.id = r.account
                WHERE r.experiment = $1 ORDER BY a.folded
                """,
                [.integer(experiment.number)]
            ) { ExperimentRole(account: Account.ID($0.text(0)), role: Principal.Role(stored: $0.integer(1))) }
        }
    }

    package func setRole(
        _ role: Principal.Role?,
        of account: Account.ID,
        in experiment: Experiment.ID,
        _ entry: AuditEntry
    ) async throws(MartletError) {
        try await database.write { connection in
            _ = try Self.experiment(experiment.number, on: connection)
            _ = try Self.account(account, on: connection)
            if let role {
                try connection.execute(
                    """
                    INSERT INTO experiment_role (account, experiment, role) VALUES ($1, $2, $3)
                    ON CONFLICT (account, experiment) DO UPDATE SET role = excluded.role
                    """,
                    [.text(account.rawValue), .integer(experiment.number), .integer(role.stored)]
                )
            } else {
                try connection.execute(
                    "DELETE FROM experiment_role WHERE account = $1 AND experiment = $2",
                    [.text(account.rawValue), .integer(experiment.number)]
                )
            }
            try Self.record(entry, on: connection)
        }
    }
}

extension SQLMetadataStore {
    static let accountColumns =
        "a.id, a.name, a.kind, a.display_name, a.role, a.is_active, "
        + "CASE WHEN a.password IS NULL THEN 0 ELSE 1 END, a.created_at, a.last_seen_at"

    /// From a row that begins with `accountColumns`.
    static func account(_ row: any SQLRow) -> Account {
        Account(
            id: Account.ID(row.text(0)),
            name: row.text(1),
            kind: row.flag(2) ? .service : .person,
            displayName: row.text(3),
            role: Principal.Role(stored: row.integer(4)),
            isActive: row.flag(5),
            hasPassword: row.flag(6),
            createdAt: row.integer(7),
            lastSeenAt: row.optionalInteger(8)
        )
    }

    /// - Throws: `notFound`.
    static func account(_ id: Account.ID, on connection: any SQLConnection) throws -> Account {
        let account = try connection.first(
            "SELECT \(accountColumns) FROM account a WHERE a.id = $1",
            [.text(id.rawValue)]
        ) { Self.account($0) }
        guard let account else {
            throw MartletError(.notFound, "the account '\(id.rawValue.prefix(64))' does not exist")
        }
        return account
    }

    private static func highestRole(on connection: any SQLConnection) throws -> Principal.Role? {
        let highest = try connection.first(
            "SELECT max(CASE WHEN is_active = 1 AND kind = 0 THEN role ELSE 0 END) FROM account"
        ) { $0.optionalInteger(0) }
        return (highest ?? nil).map { Principal.Role(stored: $0) }
    }
}

extension Principal.Role {
    var stored: Int64 {
        switch self {
        case .noAccess: 0
        case .viewer: 1
        case .editor: 2
        case .admin: 3
        }
    }

    init(stored: Int64) {
        switch stored {
        case 1: self = .viewer
        case 2: self = .editor
        case 3: self = .admin
        default: self = .noAccess
        }
    }
}
