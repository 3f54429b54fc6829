/// A login on its way through an identity provider: made when it begins, compared when it comes back.
package struct LoginAttempt: Codable, Sendable, Equatable {
    /// Comes back in the address, and ties it to the browser that began (RFC 6749, section 10.12).
    package var state: String
    /// Comes back in the ID token, and ties that to the attempt (OpenID Connect Core 1.0, section 3.1.2.1).
    package var nonce: String
    /// Shows the provider that who redeems the code is who began (RFC 7636). 64 characters.
    package var verifier: String
    /// Where the provider sends the browser back to.
    package var redirect: String
    /// Where the person wanted to go, as the login page got it, which lets it lead to no other site.
    package var next: String
    /// Milliseconds since 1970-01-01 UTC.
    package var expiresAt: Int64
}

/// What a browser brings back from an identity provider. Nothing of it is to be believed.
package struct ProviderAnswer: Sendable {
    package var state: String?
    package var code: String?
    /// The code of a refusal, e.g. `access_denied`.
    package var error: String?
    /// Who says that it answers (RFC 9207).
    package var issuer: String?

    package init(state: String?, code: String? = nil, error: String? = nil, issuer: String? = nil) {
        self.state = state
        self.code = code
        self.error = error
        self.issuer = issuer
    }
}

/// Who somebody is in the words of a provider that was believed.
package struct Identity: Sendable, Equatable {
    /// What an account is bound to. Names and addresses change hands, this does not.
    package struct Key: Sendable, Equatable {
        package var issuer: String
        package var subject: String

        package init(issuer: String, subject: String) {
            self.issuer = issuer
            self.subject = subject
        }
    }

    package var key: Key
    /// What the person may be called here, the best first; not all need be legal.
    package var names: [String]
    package var displayName: String
    package var groups: [String]

    package init(key: Key, names: [String], displayName: String, groups: [String]) {
        self.key = key
        self.names = names
        self.displayName = displayName
        self.groups = groups
    }
}

/// Somebody else who knows who people are.
package protocol IdentityProvider: Sendable {
    /// As people call it, e.g. for “Log in with …”.
    var name: String { get }
    /// Where a browser goes to log in.
    /// - Throws: `unavailable` when the provider does not answer as it should.
    func loginAddress(for attempt: LoginAttempt) async throws(MartletError) -> String
    /// Who came back with a code, everything checked.
    /// - Parameter issuer: who the browser says has answered; `nil` when it does not say.
    /// - Throws: `unauthenticated` for a code that is refused and for an answer that cannot be believed; `unavailable`.
    func identity(
        code: String,
        from issuer: String?,
        for attempt: LoginAttempt
    ) async throws(MartletError) -> Identity
}
