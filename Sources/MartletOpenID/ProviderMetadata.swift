import Foundation
import MartletCore

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3).
struct ProviderMetadata: Sendable {
    var authorizationEndpoint: String
    var tokenEndpoint: String
    var keySet: String
    /// Whether the secret goes in the form and not in `Authorization`.
    var takesSecretInForm: Bool
    /// Whether it names itself when it answers (RFC 9207): an answer without its name is none of it.
    var namesItself: Bool
    /// Separated by spaces.
    var scopes: String

    static func address(of issuer: String) -> String {
        (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration"
    }

    /// - Throws: `unusable` for a document of another provider, and for one with an address that is not to be trusted.
    init(_ document: JSONValue, _ settings: OpenIDSettings) throws(OpenIDFailure) {
        guard case .string(let issuer)? = document["issuer"] else {
            throw .unusable("what the provider says of itself has no issuer")
        }
        guard issuer == settings.issuer else {
            throw .unusable(
                "the provider calls itself '\(OpenIDFailure.plain(issuer))'; "
                    + "if that is right, set oidcIssuer to exactly this"
            )
        }
        authorizationEndpoint = try Self.address("authorization_endpoint", in: document, settings)
        tokenEndpoint = try Self.address("token_endpoint", in: document, settings)
        keySet = try Self.address("jwks_uri", in: document, settings)
        let methods = Self.texts("token_endpoint_auth_methods_supported", in: document)
        takesSecretInForm = methods.contains("client_secret_post") && !methods.contains("client_secret_basic")
        namesItself = document["authorization_response_iss_parameter_supported"] == .bool(true)
        // Some give out groups only for a scope of their name, others refuse a scope that they do not know.
        let known = Self.texts("scopes_supported", in: document)
        let more = ["profile", "email"] + (known.contains(settings.groupsClaim) ? [settings.groupsClaim] : [])
        scopes = (["openid"] + more.filter { known.isEmpty || known.contains($0) }).joined(separator: " ")
    }

    /// An address without TLS is taken only at the issuer's own host, where the issuer has none.
    private static func address(
        _ name: String,
        in document: JSONValue,
        _ settings: OpenIDSettings
    ) throws(OpenIDFailure) -> String {
        guard case .string(let text)? = document[name], let parts = URLComponents(string: text),
            let host = parts.encodedHost, !host.isEmpty, parts.user == nil, parts.fragment == nil,
            let address = parts.string
        else { throw .unusable("what the provider says of itself has no usable \(name)") }
        let issuer = URLComponents(string: settings.issuer)
        guard
            parts.scheme == "https"
                || (parts.scheme == "http" && (issuer?.scheme, issuer?.host) == ("http", parts.host))
        else { throw .unusable("the provider's \(name) does not begin with https") }
        return address
    }

    private static func texts(_ name: String, in document: JSONValue) -> [String] {
        document[name]?.texts ?? []
    }
}

extension JSONValue {
    /// The texts of an array, or the one text that stands in its place; what is no text is left out.
    var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let items): items.compactMap { $0.text }
        default: []
        }
    }

    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// Seconds, as tokens have them.
    var seconds: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}
