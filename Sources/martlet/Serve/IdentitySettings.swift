import MartletCore
import MartletHTTP
import MartletOpenID

/// The identity provider of the settings `oidc…`, and which groups have which role. See docs/access.md.
struct IdentitySettings: Sendable {
    /// What the settings say, each as it stands there.
    struct Texts: Sendable {
        var issuer: String?
        var client: String?
        var secret: String?
        var name: String?
        var groups: String?
        var roles: String?
    }

    var provider: OpenIDSettings
    var roles: GroupRoles

    /// `nil` where none of the settings is there.
    /// - Throws: `SettingsError` for half of them, and for what cannot be used.
    init?(_ texts: Texts) throws {
        let named = [
            ("oidcIssuer", texts.issuer), ("oidcClient", texts.client), ("oidcRoles", texts.roles),
            ("oidcSecret", texts.secret), ("oidcName", texts.name), ("oidcGroups", texts.groups),
        ]
        guard let some = named.first(where: { $0.1 != nil }) else { return nil }
        guard let issuer = texts.issuer, let client = texts.client, let roles = texts.roles else {
            let missing = named.prefix(3).filter { $0.1 == nil }.map { "'\($0.0)'" }.joined(separator: " and ")
            throw SettingsError(
                "the setting '\(some.0)' is there, but not \(missing); see docs/access.md, or leave it out"
            )
        }
        do {
            provider = try OpenIDSettings(
                issuer: issuer,
                client: client,
                secret: texts.secret,
                name: texts.name,
                groupsClaim: texts.groups ?? "groups",
                isLoopback: { RequestGuard.isLoopback(RequestGuard.name($0)) }
            )
        } catch {
            throw SettingsError("the setting 'oidcIssuer' cannot be used: \(error.message)")
        }
        do {
            self.roles = try GroupRoles(roles)
        } catch {
            throw SettingsError("the setting 'oidcRoles' cannot be used: \(error.message)")
        }
    }
}
