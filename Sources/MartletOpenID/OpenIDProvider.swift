import Crypto
import Foundation
package import Logging
package import MartletCore
import Synchronization

/// A provider of OpenID Connect, asked by the authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1;
/// RFC 7636; RFC 9700). It is asked for nothing before the first login. See docs/access.md.
package final class OpenIDProvider: IdentityProvider {
    /// What was learned from the provider, and when; milliseconds since 1970-01-01 UTC.
    private struct Known<Value: Sendable>: Sendable {
        var value: Value
        var at: Int64
    }

    private struct State {
        var metadata: Known<ProviderMetadata>?
        var keys: Known<KeySet>?
        /// When keys were last fetched because of a token that none of them had signed.
        var searchedAt: Int64 = 0
        /// Why the provider could not be used the last time that it was asked what it is.
        var failure: Known<OpenIDFailure>?
        var waiting = 0
    }

    /// Milliseconds that metadata and keys are held: an hour.
    private static let memory: Int64 = 3_600_000
    /// Milliseconds between two searches for a new key.
    private static let searchPause: Int64 = 30_000
    /// Milliseconds that a provider which failed is left alone: many may be waiting to log in.
    private static let failurePause: Int64 = 2_000
    private static let mostWaiting = 64

    private let settings: OpenIDSettings
    private let calls = ProviderCalls()
    private let environment: Environment
    private let logger: Logger
    private let state = Mutex(State())

    package init(_ settings: OpenIDSettings, environment: Environment, logger: Logger) {
        self.settings = settings
        self.environment = environment
        self.logger = logger
    }

    package var name: String { settings.name }

    package func loginAddress(for attempt: LoginAttempt) async throws(MartletError) -> String {
        try await asked { () async throws(OpenIDFailure) -> String in
            let metadata = try await self.metadata()
            let query = PercentEncoding.query([
                ("response_type", "code"), ("client_id", settings.client), ("redirect_uri", attempt.redirect),
                ("scope", metadata.scopes), ("state", attempt.state), ("nonce", attempt.nonce),
                ("code_challenge", Base64URL.encode(SHA256.hash(data: Array(attempt.verifier.utf8)))),
                ("code_challenge_method", "S256"),
            ])
            let endpoint = metadata.authorizationEndpoint
            return endpoint + (endpoint.contains("?") ? "&" : "?") + query
        }
    }

    package func identity(
        code: String,
        from issuer: String?,
        for attempt: LoginAttempt
    ) async throws(MartletError) -> Identity {
        try await asked { () async throws(OpenIDFailure) -> Identity in
            let metadata = try await self.metadata()
            guard issuer ?? (metadata.namesItself ? nil : settings.issuer) == settings.issuer else {
                throw .untrusted("'iss' in the address is not the issuer")
            }
            let answer = try await redeemed(code, attempt, metadata)
            guard let text = answer["id_token"]?.text else { throw .unusable("the token endpoint gave no ID token") }
            let token = try SignedToken(text)
            try await checkSignature(of: token, metadata)
            let check = IDTokenCheck(
                settings: settings,
                nonce: attempt.nonce,
                accessToken: answer["access_token"]?.text,
                now: environment.now()
            )
            return try check.identity(in: token.claims)
        }
    }

    /// Exchanges the code for tokens (RFC 6749, section 4.1.3).
    private func redeemed(
        _ code: String,
        _ attempt: LoginAttempt,
        _ metadata: ProviderMetadata
    ) async throws(OpenIDFailure) -> JSONValue {
        var form = [
            (name: "grant_type", value: "authorization_code"), (name: "code", value: code),
            (name: "redirect_uri", value: attempt.redirect), (name: "code_verifier", value: attempt.verifier),
            (name: "client_id", value: settings.client),
        ]
        var authorization: String?
        if let secret = settings.secret {
            if metadata.takesSecretInForm {
                form.append((name: "client_secret", value: secret))
            } else {
                // Each is encoded as in a form first (RFC 6749, section 2.3.1).
                let pair = PercentEncoding.encode(settings.client) + ":" + PercentEncoding.encode(secret)
                authorization = "Basic " + Data(pair.utf8).base64EncodedString()
            }
        }
        let answer = try await calls.post(
            form,
            to: metadata.tokenEndpoint,
            authorization: authorization,
            "the answer of the token endpoint"
        )
        if answer.status == 200 { return answer.body }
        let error = OpenIDFailure.plain(answer.body["error"]?.text ?? "")
        let cause = "the token endpoint answered \(answer.status) '\(error)'"
        // What is wrong with the code; all else is wrong with one of the servers.
        let isRefused = ["invalid_grant", "invalid_request"].contains(error)
        throw OpenIDFailure(kind: isRefused ? .refused : .unusable, cause: cause)
    }

    /// An unknown key makes the set be fetched once again: the provider may have a new one.
    private func checkSignature(of token: SignedToken, _ metadata: ProviderMetadata) async throws(OpenIDFailure) {
        var verdict = try await keys(metadata).verdict(on: token)
        if verdict == .unknownKey, maySearch() {
            verdict = try await fetchedKeys(metadata).verdict(on: token)
        }
        switch verdict {
        case .signed: return
        case .forged: throw .untrusted("the signature of the ID token is wrong")
        case .unknownKey: throw .untrusted("the ID token is signed by none of the provider's keys")
        }
    }

    private func maySearch() -> Bool {
        let now = environment.now()
        return state.withLock { state in
            guard now - state.searchedAt >= Self.searchPause else { return false }
            state.searchedAt = now
            return true
        }
    }

    // MARK: what is known of the provider

    private func metadata() async throws(OpenIDFailure) -> ProviderMetadata {
        let now = environment.now()
        let (known, failure) = state.withLock { ($0.metadata, $0.failure) }
        if let known, now - known.at < Self.memory { return known.value }
        if let failure, now - failure.at < Self.failurePause { throw failure.value }
        do {
            let address = ProviderMetadata.address(of: settings.issuer)
            let document = try await calls.document(at: address, "what the provider says of itself")
            let metadata = try ProviderMetadata(document, settings)
            state.withLock { $0.metadata = Known(value: metadata, at: now) }
            return metadata
        } catch {
            // Who gave up says nothing of the provider.
            if !Task.isCancelled { state.withLock { $0.failure = Known(value: error, at: environment.now()) } }
            throw error
        }
    }

    private func keys(_ metadata: ProviderMetadata) async throws(OpenIDFailure) -> KeySet {
        let now = environment.now()
        if let known = state.withLock({ $0.keys }), now - known.at < Self.memory { return known.value }
        return try await fetchedKeys(metadata)
    }

    private func fetchedKeys(_ metadata: ProviderMetadata) async throws(OpenIDFailure) -> KeySet {
        let now = environment.now()
        let keys = try KeySet(try await calls.document(at: metadata.keySet, "the provider's key set"))
        state.withLock { $0.keys = Known(value: keys, at: now) }
        return keys
    }

    // MARK: failures

    /// Asks the provider, for a bounded number of people at a time, and tells a failure in words for a person.
    private func asked<Result: Sendable>(
        _ body: () async throws(OpenIDFailure) -> Result
    ) async throws(MartletError) -> Result {
        let place = state.withLock { state in
            state.waiting += 1
            return state.waiting
        }
        defer { state.withLock { $0.waiting -= 1 } }
        guard place <= Self.mostWaiting else {
            throw MartletError(.unavailable, "too many logins at once; try again in a moment")
        }
        do {
            return try await body()
        } catch {
            logger.warning(
                "the identity provider failed",
                metadata: ["provider": .string(settings.issuer), "cause": .string(error.cause)]
            )
            throw refusal(error)
        }
    }

    private func refusal(_ failure: OpenIDFailure) -> MartletError {
        switch failure.kind {
        case .unusable:
            MartletError(.unavailable, "\(name) cannot be used at the moment; try again later, or ask an admin")
        case .refused:
            MartletError(.unauthenticated, "\(name) does not take this login any more; log in again")
        case .untrusted:
            MartletError(
                .unauthenticated,
                "what \(name) answered cannot be trusted; log in again, and ask an admin if that does not help"
            )
        }
    }
}
