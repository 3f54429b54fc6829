import Crypto
import Foundation
import MartletCore
import Testing

@testable import MartletOpenID

/// As they stand in a test: only issuers of this machine may lack TLS.
func openIDSettings(_ issuer: String = "https://id.example.org/lab") throws(MartletError) -> OpenIDSettings {
    try OpenIDSettings(
        issuer: issuer,
        client: "me",
        secret: nil,
        name: nil,
        groupsClaim: "groups",
        isLoopback: { $0 == "127.0.0.1" }
    )
}

@Suite("What an ID token must say")
struct IDTokenCheckTests {
    private static let now: Int64 = 1_700_000_000_000

    /// `changes` are members of a JSON object that win over those of a good token.
    private func identity(_ changes: String, accessToken: String? = "at") throws -> Identity {
        let hash = Base64URL.encode(SHA256.hash(data: Data("at".utf8)).prefix(16))
        let text = """
            {"iss": "https://id.example.org/lab", "aud": "me", "sub": "1", "nonce": "n", "exp": 1700000100,
             "iat": 1699999999, "at_hash": "\(hash)", "groups": ["a", 1, "b"], "name": "Ana Lopes", "email": "a@b.c"
             \(changes.isEmpty ? "" : ", " + changes)}
            """
        let check = IDTokenCheck(settings: try openIDSettings(), nonce: "n", accessToken: accessToken, now: Self.now)
        return try check.identity(in: try JSONParser.parse(Array(text.utf8)))
    }

    @Test("a good token says who it is, what they are called and which groups they are in")
    func good() throws {
        let identity = try identity("")
        #expect(identity.key == Identity.Key(issuer: "https://id.example.org/lab", subject: "1"))
        #expect(identity.names == ["a@b.c", "Ana Lopes"])
        #expect(identity.displayName == "Ana Lopes")
        #expect(identity.groups == ["a", "b"])
        #expect(try self.identity(#""preferred_username": "ana""#).names.first == "ana")
        #expect(try self.identity(#""groups": "only""#).groups == ["only"])
        #expect(try self.identity(#""groups": {"a": 1}"#).groups == [])
    }

    @Test(
        "what a good token may say otherwise",
        arguments: [
            #""aud": ["me"]"#, #""aud": ["me", "you"], "azp": "me""#, #""azp": "me""#, #""exp": 1699999941"#,
            #""exp": 1700000000.5"#, #""iat": 1700000059"#, #""nbf": 1700000059"#,
        ]
    )
    func allowed(_ changes: String) throws {
        #expect(try identity(changes).key.subject == "1")
    }

    @Test(
        "what makes it be refused",
        arguments: [
            #""iss": "https://id.example.org/lab/""#, #""iss": null"#, #""aud": "you""#, #""aud": []"#, #""aud": null"#,
            #""aud": ["me", "you"]"#, #""azp": "you""#, #""azp": null"#, #""exp": 1699999940"#, #""exp": "1700000100""#,
            #""exp": null"#, #""iat": 1700000061"#, #""iat": null"#, #""nbf": 1700000061"#, #""nbf": "x""#,
            #""nonce": "m""#, #""nonce": null"#, #""at_hash": "x""#, #""at_hash": null"#, #""sub": """#,
            #""sub": null"#,
            #""sub": 1"#, #""sub": "\u0000""#,
        ]
    )
    func refused(_ changes: String) {
        #expect(throws: OpenIDFailure.self) { try identity(changes) }
    }

    @Test("a hash of an access token that did not come is refused")
    func noAccessToken() {
        #expect(throws: OpenIDFailure.self) { try identity("", accessToken: nil) }
        #expect(throws: OpenIDFailure.self) { try identity("", accessToken: "other") }
    }
}

@Suite("What a provider says of itself")
struct ProviderMetadataTests {
    private func metadata(
        _ changes: String = "",
        issuer: String = "https://id.example.org/lab",
        of settings: String = "https://id.example.org/lab"
    ) throws -> ProviderMetadata {
        let text = """
            {"issuer": "\(issuer)", "authorization_endpoint": "\(issuer)/a", "token_endpoint": "\(issuer)/t",
             "jwks_uri": "\(issuer)/k" \(changes)}
            """
        return try ProviderMetadata(try JSONParser.parse(Array(text.utf8)), try openIDSettings(settings))
    }

    @Test("is at its well-known place, with a slash at the end of the issuer or without")
    func place() {
        let place = "https://id.example.org/lab/.well-known/openid-configuration"
        #expect(ProviderMetadata.address(of: "https://id.example.org/lab") == place)
        #expect(ProviderMetadata.address(of: "https://id.example.org/lab/") == place)
    }

    @Test("is taken as it stands, with what is usual where it does not say")
    func usual() throws {
        let plain = try metadata()
        #expect(plain.tokenEndpoint == "https://id.example.org/lab/t")
        #expect(!plain.takesSecretInForm && !plain.namesItself)
        #expect(plain.scopes == "openid profile email")
        #expect(try metadata(#", "scopes_supported": ["openid", "email", "groups"]"#).scopes == "openid email groups")
        let post = #", "token_endpoint_auth_methods_supported": ["client_secret_post""#
        #expect(try metadata(post + "]").takesSecretInForm)
        #expect(!(try metadata(post + #", "client_secret_basic"]"#)).takesSecretInForm)
        #expect(try metadata(#", "authorization_response_iss_parameter_supported": true"#).namesItself)
    }

    @Test("another issuer, and an address that anybody could listen to, are refused")
    func refused() throws {
        #expect(throws: OpenIDFailure.self) { try metadata(issuer: "https://id.example.org/lab/") }
        for address in [
            "http://id.example.org/t", "//id.example.org/t", "file:///t", "https:///t", "https://a:b@c/t", "x",
        ] {
            #expect(throws: OpenIDFailure.self, "\(address)") { try metadata(#", "token_endpoint": "\#(address)""#) }
        }
        let local = "http://127.0.0.1:8080/lab"
        #expect(try metadata(issuer: local, of: local).keySet == local + "/k")
        #expect(throws: OpenIDFailure.self) {
            try metadata(#", "jwks_uri": "http://id.example.org/k""#, issuer: local, of: local)
        }
    }

    @Test(
        "only an issuer with TLS is one, but for this machine",
        arguments: [
            "http://id.example.org", "ftp://id.example.org", "id.example.org", "https://", "https://a@b",
            "https://a?b=c",
            "https://a#b", "",
        ]
    )
    func issuers(_ text: String) throws {
        #expect(throws: MartletError.self) { try openIDSettings(text) }
        #expect(try openIDSettings("http://127.0.0.1:8080").name == "127.0.0.1")
    }
}
