import MartletCore
import MartletGraphQL

/// Users and teams: a user is an account, a team a workspace, an API key an access token.
extension WandBSchema {
    static func addTeams(to schema: inout Builder) {
        schema.record(
            "Member",
            [
                "id": "ID!", "admin": "Boolean", "pending": "Boolean", "email": "String", "username": "String",
                "name": "String!", "photoUrl": "String", "accountType": "String", "apiKey": "String",
            ]
        )
        schema.record(
            "Invite",
            ["id": "ID!", "name": "String!", "email": "String", "createdAt": "DateTime", "toUser": "User"]
        )
        addKeyMutations(to: &schema)
        addTeamMutations(to: &schema)
    }

    // MARK: users and their keys

    /// An admin finds anybody by a part of the name; others only themselves.
    static func users(_ wanted: String, _ context: WandBContext) async throws -> [WandBUser] {
        let own = try await WandBUser(context)
        guard own.isAdmin, own.account != nil else {
            return wanted.isEmpty || wanted == own.name || wanted == own.email ? [own] : []
        }
        let text = wanted.lowercased()
        let accounts = try await context.services.accounts.accounts(as: context.principal)
        let found = accounts.filter { account in
            text.isEmpty || WandBUser.email(of: account.name.lowercased()).contains(text)
        }
        // Who has just this name is the one that is meant.
        let ordered = found.filter { $0.name.lowercased() == text } + found.filter { $0.name.lowercased() != text }
        return ordered.map { $0.id == own.account ? own : WandBUser($0, in: own.entity) }
    }

    static func keys(of user: WandBUser, _ call: Call) async throws -> GraphQLConnection {
        let context = call.context
        let mayRead = user.account == context.principal.account || context.principal.role == .admin
        guard let account = user.account, mayRead else { return GraphQLConnection(edges: [], hasNextPage: false) }
        let tokens = try await context.services.accounts.tokens(of: account, as: context.principal)
        let page = try call.arguments.page(defaultSize: 1_000, mostSize: 1_000)
        return try GraphQLConnection(page, of: tokens) { key($0, named: $0.id.rawValue) }
    }

    /// - Parameter name: the secret itself where it was just made, the beginning of it else.
    private static func key(_ token: AccessToken, named name: String) -> GraphQLOutput {
        .record([
            "id": .string(WandBID.text("ApiKey", token.id.rawValue)), "name": .string(name),
            "description": .string(token.name),
        ])
    }

    private static func addKeyMutations(to schema: inout Builder) {
        schema.mutation { mutation in
            mutation.mutation("generateApiKey", input: ["description: String"], payload: ["apiKey": "ApiKey"]) {
                call,
                input in
                let context = call.context
                guard let account = context.principal.account else {
                    throw MartletError(.failedPrecondition, "nobody logs in here: any API key is taken")
                }
                let (token, secret) = try await context.services.accounts.createToken(
                    CreateToken(
                        account: account,
                        name: try input.string("description") ?? "made by wandb",
                        scope: context.principal.highestRole,
                        expiresAt: nil
                    ),
                    as: context.principal
                )
                return .record(["apiKey": key(token, named: secret)])
            }
            mutation.mutation("deleteApiKey", input: ["id: String!"], payload: ["success": "Boolean"]) { call, input in
                let text = try input.requiredString("id")
                let id = AccessToken.ID(WandBID.id(text, of: "ApiKey") ?? text)
                try await call.context.services.accounts.revokeToken(id, as: call.context.principal)
                return .record(["success": true])
            }
            mutation.mutation(
                "createUser",
                input: ["email: String!", "admin: Boolean"],
                payload: ["user": "User"]
            ) { call, input in
                let context = call.context
                let account = try await context.services.accounts.create(
                    CreateAccount(
                        name: try input.requiredString("email"),
                        role: try input.bool("admin") == true ? .admin : .editor,
                        password: nil
                    ),
                    as: context.principal
                )
                return .record(["user": .object(WandBUser(account, in: try await context.defaultEntity()))])
            }
        }
    }

    // MARK: teams

    static func members(of entity: WandBEntity, _ call: Call) async throws -> GraphQLOutput {
        guard call.context.principal.account != nil else { return .list([]) }
        let services = call.context.services
        let members = try await services.workspaces.members(of: entity.name, as: call.context.principal)
        // Clients take the last one for the service account that they have just made.
        return .list(
            members.sorted { $0.account.createdAt < $1.account.createdAt }.map { account, role in
                .record([
                    "id": .string(WandBID.text("User", account.name)),
                    "admin": .bool(role == .admin),
                    "pending": false,
                    "email": .string(WandBUser.email(of: account.name)),
                    "username": .string(account.name),
                    "name": .string(account.displayName.isEmpty ? account.name : account.displayName),
                    "accountType": account.kind == .service ? "SERVICE" : "MEMBER",
                ])
            }
        )
    }

    /// Metrics and files of its runs. O(experiments).
    static func storedBytes(of entity: WandBEntity, _ call: Call) async throws -> GraphQLOutput {
        guard let principal = try await call.context.confined(to: entity.name) else { return .int(0) }
        let usage = try await call.context.services.experiments.storageUsage(as: principal)
        return .int(usage.experiments.reduce(0) { $0 + $1.metricBytes + $1.artifactBytes })
    }

    private static func addTeamMutations(to schema: inout Builder) {
        schema.mutation { mutation in
            mutation.mutation(
                "createTeam",
                input: ["teamName: String!", "teamAdminUserName: String", "organizationId: ID"],
                payload: ["entity": "Entity"]
            ) { call, input in
                let (services, principal) = (call.context.services, call.context.principal)
                let name = try input.requiredString("teamName")
                let admin = try input.string("teamAdminUserName") ?? ""
                // Before the team is made: it would be there without the one who was named.
                if !admin.isEmpty { _ = try await services.accounts.account(named: admin, as: principal) }
                try await call.context.makeEntity(named: name)
                if !admin.isEmpty {
                    try await services.workspaces.setRole(.admin, ofAccountNamed: admin, in: name, as: principal)
                }
                return .record(["entity": .object(WandBEntity(name: name))])
            }
            mutation.mutation(
                "createInvite",
                input: ["entityName: String!", "email: String", "username: String", "admin: Boolean"],
                payload: ["invite": "Invite"],
                invite
            )
            mutation.mutation(
                "deleteInvite",
                input: ["id: String", "entityName: String"],
                payload: ["success": "Boolean"]
            ) { call, input in
                let text = try input.requiredString("id")
                try await call.context.services.workspaces.setRole(
                    nil,
                    ofAccountNamed: WandBID.id(text, of: "User") ?? text,
                    in: try input.requiredString("entityName"),
                    as: call.context.principal
                )
                return .record(["success": true])
            }
            mutation.mutation(
                "createServiceAccount",
                input: ["entityName: String!", "description: String!"],
                payload: ["user": "User"],
                createServiceAccount
            )
        }
    }

    /// An account that is there gets a role in the team; nobody is written to.
    private static func invite(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let name = try input.string("username") ?? input.string("email") ?? ""
        let entity = try input.requiredString("entityName")
        try await call.context.services.workspaces.setRole(
            try input.bool("admin") == true ? .admin : .editor,
            ofAccountNamed: name,
            in: entity,
            as: call.context.principal
        )
        return .record([
            "invite": .record([
                "id": .string(WandBID.text("User", name)), "name": .string(name),
                "email": .string(WandBUser.email(of: name)),
                "createdAt": .string(WandBTime.text(milliseconds: call.context.now)),
                "toUser": .object(WandBUser(named: name, in: entity)),
            ])
        ])
    }

    /// Its name is made of the description; its keys are made where tokens are.
    private static func createServiceAccount(_ call: Call, _ input: GraphQLArguments) async throws -> GraphQLOutput {
        let (services, principal) = (call.context.services, call.context.principal)
        let entity = try input.requiredString("entityName")
        let description = try input.requiredString("description")
        let workspace = try await services.workspaces.workspace(named: entity, as: principal)
        let isDefault = workspace.id == .default
        let account = try await services.accounts.create(
            CreateAccount(
                name: serviceName(description),
                kind: .service,
                displayName: String(description.prefix(AccountRules.longestDisplayName)),
                role: isDefault ? .editor : .noAccess,
                password: nil
            ),
            as: principal
        )
        if !isDefault {
            try await services.workspaces.setRole(.editor, of: account.id, in: entity, as: principal)
        }
        return .record(["user": .object(WandBUser(account, in: entity))])
    }

    private static func serviceName(_ description: String) -> String {
        let words = description.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return String("service-\(words.joined(separator: "-"))".prefix(AccountRules.longestName))
    }
}
