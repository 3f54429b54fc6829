import MartletCore

/// An account as W&B sees a user.
struct WandBUser: Sendable {
    let name: String
    let isAdmin: Bool
    let entity: String
    let entities: [String]
    /// Whose keys it has; `nil` where nobody logs in, and for somebody who is only known by name.
    var account: Account.ID?

    var email: String { Self.email(of: name) }

    /// Who asks.
    init(_ context: WandBContext) async throws(MartletError) {
        name = context.principal.name
        isAdmin = context.principal.role == .admin
        entities = try await context.entities().map(\.name)
        entity = entities.first ?? Workspace.defaultName
        account = context.principal.account
    }

    /// Another than who asks.
    init(_ account: Account, in entity: String) {
        self.init(named: account.name, in: entity, isAdmin: account.role == .admin)
        self.account = account.id
    }

    /// Somebody who is only known by name.
    init(named name: String, in entity: String, isAdmin: Bool = false) {
        self.name = name
        self.entity = entity
        self.isAdmin = isAdmin
        entities = [entity]
    }

    static func email(of name: String) -> String { name.contains("@") ? name : "\(name)@localhost" }
}

struct WandBEntity: Sendable {
    let name: String
    /// Whether it is asked for as the one that holds an organization's registries.
    var isOrganization = false
}
