import Crypto
import MartletCore

/// What an ID token must say before it is believed (OpenID Connect Core 1.0, section 3.1.3.7), its signature apart.
struct IDTokenCheck: Sendable {
    /// Seconds that clocks may differ by.
    static let skew: Double = 60

    var settings: OpenIDSettings
    var nonce: String
    /// That came with the ID token; `nil` when none did.
    var accessToken: String?
    /// Milliseconds since 1970-01-01 UTC.
    var now: Int64

    /// - Throws: `untrusted` that names the claim.
    func identity(in claims: JSONValue) throws(OpenIDFailure) -> Identity {
        guard claims["iss"]?.text == settings.issuer else { throw .untrusted("'iss' is not the issuer") }
        try checkAudience(claims)
        try checkTimes(claims)
        guard claims["nonce"]?.text == nonce else { throw .untrusted("'nonce' is not that of the login") }
        try checkAccessToken(claims)
        guard let subject = claims["sub"]?.text, (1...255).contains(subject.utf8.count), !subject.utf8.contains(0)
        else {
            throw .untrusted("'sub' is missing, or no text of 1 to 255 bytes")
        }
        return Identity(
            key: Identity.Key(issuer: settings.issuer, subject: subject),
            names: ["preferred_username", "email", "name"].compactMap { claims[$0]?.text },
            displayName: claims["name"]?.text ?? "",
            groups: claims[settings.groupsClaim]?.texts ?? []
        )
    }

    private func checkAudience(_ claims: JSONValue) throws(OpenIDFailure) {
        let audience = claims["aud"]?.texts ?? []
        guard audience.contains(settings.client) else { throw .untrusted("'aud' is not this client") }
        // Who it was made for, where it is for several.
        guard let party = claims["azp"] else {
            guard audience.count == 1 else { throw .untrusted("'aud' has several, and no 'azp' says which") }
            return
        }
        guard party.text == settings.client else { throw .untrusted("'azp' is not this client") }
    }

    private func checkTimes(_ claims: JSONValue) throws(OpenIDFailure) {
        let now = Double(now) / 1_000
        guard let end = claims["exp"]?.seconds, end > now - Self.skew else {
            throw .untrusted("'exp' is missing or in the past")
        }
        guard let start = claims["iat"]?.seconds, start < now + Self.skew else {
            throw .untrusted("'iat' is missing or in the future")
        }
        if let start = claims["nbf"] {
            guard let start = start.seconds, start < now + Self.skew else { throw .untrusted("'nbf' is in the future") }
        }
    }

    /// The left half of the hash of the access token, where the ID token has it (section 3.1.3.6).
    private func checkAccessToken(_ claims: JSONValue) throws(OpenIDFailure) {
        guard let claim = claims["at_hash"] else { return }
        guard let accessToken,
            claim.text == Base64URL.encode(SHA256.hash(data: Array(accessToken.utf8)).prefix(16))
        else { throw .untrusted("'at_hash' is not that of the access token") }
    }
}
