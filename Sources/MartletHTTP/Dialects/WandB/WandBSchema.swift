import MartletCore
import MartletGraphQL

/// The types that W&B's clients ask about. Each file beside adds those of one area.
enum WandBSchema {
    typealias Builder = GraphQLSchemaBuilder<WandBContext>
    typealias Call = GraphQLCall<WandBContext>

    static func executor() -> GraphQLExecutor<WandBContext> {
        do {
            return GraphQLExecutor(try schema(), translate: WandBErrors.translated)
        } catch {
            // The tables are code: the first start of any build would find it.
            preconditionFailure("the schema of the W&B dialect: \(error)")
        }
    }

    static func schema() throws(GraphQLSchemaError) -> GraphQLSchema<WandBContext> {
        var schema = Builder()
        schema.scalar("JSON", "JSONString", "DateTime", "Duration")
        addServer(to: &schema)
        addAccounts(to: &schema)
        addProjects(to: &schema)
        addRuns(to: &schema)
        addRunHistory(to: &schema)
        addRunFiles(to: &schema)
        addRunMutations(to: &schema)
        addArtifacts(to: &schema)
        addArtifactCollections(to: &schema)
        addArtifactUploads(to: &schema)
        addArtifactMutations(to: &schema)
        addRegistries(to: &schema)
        addSweeps(to: &schema)
        addViews(to: &schema)
        addTeams(to: &schema)
        return try schema.build()
    }

    // MARK: the server

    /// What the server says that it can. A client leaves out what is not named.
    private static let features = [
        "STRUCTURED_CONSOLE_LOGS", "LARGE_FILENAMES", "MARK_RUN_FILES_UPLOADED", "FILESTREAM_GZIP",
        "TOTAL_COUNT_IN_FILE_CONNECTION", "CLIENT_IDS", "ARTIFACT_TAGS",
        "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION", "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
        "ARTIFACT_COLLECTION_MEMBERSHIP_FILES", "ARTIFACT_COLLECTION_MEMBERSHIP_FILE_DOWNLOAD_HANDLER",
        "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE", "ARTIFACT_COLLECTIONS_FILTERING_SORTING",
        "ARTIFACT_REGISTRY_SEARCH", "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION",
        "SWEEPS_QUERY_FILTERING",
    ]

    private static func addServer(to schema: inout Builder) {
        schema.record("Feature", ["name": "String!", "isEnabled": "Boolean!"])
        schema.record(
            "LatestLocalVersionInfo",
            ["outOfDate": "Boolean!", "latestVersionString": "String", "versionOnThisInstanceString": "String"]
        )
        schema.record(
            "ServerInfo",
            [
                "cliVersionInfo": "JSON", "latestLocalVersionInfo": "LatestLocalVersionInfo", "features": "[Feature!]!",
            ]
        )
        // A client before 0.22 asks for these two types, and `wandb sync` of it gives up where they are missing.
        schema.record(
            "ServerMessage",
            [
                "utfText": "String", "plainText": "String", "htmlText": "String", "messageType": "String",
                "messageLevel": "String",
            ]
        )
        schema.record("ServerSettings", ["serverMessages": "[ServerMessage!]!"])
        schema.query { query in
            query.field("serverInfo", "ServerInfo") { _ in
                .record([
                    "cliVersionInfo": .record(["max_cli_version": "99.0.0", "min_cli_version": "0.12.0"]),
                    "features": .list(features.map { .record(["name": .string($0), "isEnabled": true]) }),
                ])
            }
        }
    }

    // MARK: people and entities

    private static func addAccounts(to schema: inout Builder) {
        schema.record("ApiKey", ["id": "ID!", "name": "String", "description": "String"])
        schema.record(
            "Organization",
            [
                "id": "ID!", "name": "String!", "orgEntity": "Entity", "coreWeaveOrganizationId": "String",
                "advancedRegistryFeatures": "AdvancedRegistryFeatures",
            ]
        )
        schema.object("User", WandBUser.self) { user in
            user.field("id", "ID!") { .string(WandBID.text("User", $0.name)) }
            user.field("name", \.name)
            user.field("username", \.name)
            user.field("email", \.email)
            user.field("admin", \.isAdmin)
            user.field("flags", "JSONString") { _ in "{}" }
            user.field("entity", \.entity)
            user.field("deletedAt", "DateTime") { _ in .null }
            user.field("photoUrl", "String") { _ in .null }
            user.field("organizations", "[Organization!]") { _ in [] }
            user.field("accountType", "String") { _ in "MEMBER" }
            user.connection("apiKeys", of: "ApiKey") { try await keys(of: $0, $1) }
            user.connection("teams", of: "Entity") { user, call in
                let page = try call.arguments.page(defaultSize: 50, mostSize: 1_000)
                return try GraphQLConnection(page, of: user.entities) { .object(WandBEntity(name: $0)) }
            }
        }
        schema.object("Entity", WandBEntity.self) { entity in
            entity.field("id", "ID!") { .string(WandBID.text("Entity", $0.name)) }
            entity.field("name", \.name)
            entity.field("isTeam", "Boolean!") { _ in true }
            entity.field("entityType", "String") { $0.isOrganization ? "organization" : "TEAM" }
            entity.field("available", "Boolean") { _ in false }
            entity.field("photoUrl", "String") { _ in .null }
            entity.field("readOnly", "Boolean") { _ in false }
            entity.field("codeSavingEnabled", "Boolean") { _ in true }
            entity.field("organization", "Organization") { organization(of: $0) }
            entity.field("user", "User") { _ in .null }
            entity.field("readOnlyAdmin", "Boolean") { _ in false }
            entity.field("privateOnly", "Boolean") { _ in false }
            entity.field("storageBytes", "Int64!") { try await storedBytes(of: $0, $1) }
            entity.field("defaultAccess", "String") { _ in "PRIVATE" }
            entity.field("isPaid", "Boolean") { _ in false }
            entity.field("limits", "JSONString") { _ in .null }
            entity.field("members", "[Member!]") { try await members(of: $0, $1) }
        }
        schema.query { query in
            query.field("viewer", "User") { call in .object(try await WandBUser(call.context)) }
            query.field("entity", "Entity", arguments: ["name: String!"]) { call in
                let name = try call.arguments.requiredString("name")
                let isKnown = try await call.context.confined(to: name) != nil
                // Where one may be made on demand, the client asks before it is.
                let mayBeMade = call.context.principal.role == .admin
                return .object(isKnown || mayBeMade ? WandBEntity(name: name) : nil)
            }
            query.connection("users", of: "User", arguments: ["query: String"]) { call in
                let found = try await users(try call.arguments.string("query") ?? "", call.context)
                return try GraphQLConnection(try call.arguments.page(defaultSize: 50, mostSize: 50), of: found) {
                    .object($0)
                }
            }
        }
    }
}
