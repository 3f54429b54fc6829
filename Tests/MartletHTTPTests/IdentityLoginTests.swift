import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import Synchronization
import Testing

@testable import MartletHTTP

/// A provider that knows who everybody is by the code, and counts.
private final class KnownPeople: IdentityProvider {
    let name = "Lab"
    let people = Mutex<[String: Identity]>([:])
    let asked = Mutex(0)

    func loginAddress(for attempt: LoginAttempt) async throws(MartletError) -> String {
        "https://id.example.org/a?" + PercentEncoding.query([("state", attempt.state), ("to", attempt.redirect)])
    }

    func identity(
        code: String,
        from issuer: String?,
        for attempt: LoginAttempt
    ) async throws(MartletError) -> Identity {
        asked.withLock { $0 += 1 }
        guard let identity = people.withLock({ $0[code] }) else {
            throw MartletError(.unauthenticated, "an unknown code")
        }
        return identity
    }

    func add(_ code: String, _ groups: [String], subject: String? = nil) {
        let key = Identity.Key(issuer: "https://id.example.org", subject: subject ?? code)
        people.withLock { $0[code] = Identity(key: key, names: [code], displayName: "", groups: groups) }
    }
}

/// A server that asks a provider, and a browser's part in it.
private struct ProviderServer {
    let server: TestServer
    let provider = KnownPeople()

    init() async throws {
        server = try await TestServer(login: .required, provider: provider, roles: "ml-admins=admin,ml-team=editor")
        _ = try await server.services.logins.prepare()
    }

    /// The cookie and the state of a login that was begun.
    func begin(_ next: String = "") async throws -> (cookie: String, state: String) {
        let begun = try await server.send(.get, "/login/oidc?next=\(next)")
        #expect(begun.status == .found)
        let place = try #require(begun.headers[.location])
        let state = try #require(place.firstMatch(of: /state=([0-9a-f]{64})&/)).output.1
        let cookie = try #require(begun.headers[.setCookie]?.prefix { $0 != ";" })
        return (String(cookie), String(state))
    }

    func end(_ code: String, _ begun: (cookie: String, state: String)) async throws -> TestResponse {
        try await server.send(
            .get,
            "/login/oidc/callback?code=\(code)&state=\(begun.state)",
            headers: [.cookie: begun.cookie]
        )
    }

    func logIn(_ code: String) async throws -> TestResponse { try await end(code, try await begin()) }

    /// What `GET /api/v1/session` says to the cookies of an answer.
    func session(after answer: TestResponse) async throws -> String {
        let cookies = answer.headers[values: .setCookie].map { String($0.prefix { $0 != ";" }) }
        let headers: HTTPFields = [.cookie: cookies.joined(separator: "; ")]
        return try await server.send(.get, "/api/v1/session", headers: headers).text
    }
}

@Suite("Logins through an identity provider")
struct IdentityLoginTests {
    @Test("somebody comes in with the role of their groups, and the browser forgets the attempt")
    func entered() async throws {
        let lab = try await ProviderServer()
        lab.provider.add("ana", ["ml-team"])
        let answer = try await lab.end("ana", try await lab.begin("e/1%3Fa"))
        #expect(answer.status == .found)
        #expect(answer.headers[.location] == "/login?next=e%2F1%3Fa")
        #expect(answer.headers[.cacheControl] == "no-store")
        let cookies = answer.headers[values: .setCookie]
        #expect(cookies.contains { $0.hasPrefix("martlet_attempt=; Max-Age=0; Path=/; SameSite=Lax; HttpOnly") })
        #expect(try await lab.session(after: answer).contains(#""name":"ana","role":"editor""#))
    }

    @Test("an attempt lasts ten minutes, is used once, and only by the browser that has it")
    func attempts() async throws {
        let lab = try await ProviderServer()
        lab.provider.add("ana", ["ml-team"])
        let (first, second) = (try await lab.begin(), try await lab.begin())
        let mixed = try await lab.end("ana", (first.cookie, second.state))
        #expect(try await lab.session(after: mixed).contains("not begun in this browser"))
        let bare = try await lab.end("ana", ("a=b", first.state))
        #expect(try await lab.session(after: bare).contains("not begun in this browser"))
        _ = try await lab.end("ana", first)
        let again = try await lab.end("ana", first)
        #expect(try await lab.session(after: again).contains("over already"))
        #expect(lab.provider.asked.withLock { $0 } == 1)
        lab.server.clock.advance(by: IdentityService.patience)
        let late = try await lab.end("ana", second)
        #expect(try await lab.session(after: late).contains("more than 10 minutes"))
    }

    @Test("a cookie that is ours in another place, changed or cut opens nothing")
    func forged() async throws {
        let lab = try await ProviderServer()
        lab.provider.add("ana", ["ml-team"])
        let begun = try await lab.begin()
        let other = AttemptCookie(key: [UInt8](repeating: 1, count: 32), basePath: "")
        let foreign = try other.field(.refusal("you may not"), isSecure: false).value.prefix { $0 != ";" }
        let refused = try await lab.end("nobody", begun)
        let kept = try #require(refused.headers[.setCookie]?.prefix { $0 != ";" })
        for cookie in [String(begun.cookie.dropLast()), begun.cookie + "A", String(foreign), String(kept)] {
            let answer = try await lab.end("ana", (cookie, begun.state))
            #expect(try await lab.session(after: answer).contains("not begun in this browser"), "\(cookie)")
        }
        let shown = try await lab.server.send(.get, "/api/v1/session", headers: [.cookie: String(foreign)])
        #expect(!shown.text.contains("refusal"))
    }

    @Test("the account stays the same, its role follows the groups, and without one every login ends")
    func followed() async throws {
        let lab = try await ProviderServer()
        lab.provider.add("ana", ["ml-team"])
        let first = try await lab.logIn("ana")
        lab.provider.add("renamed", ["ml-admins"], subject: "ana")
        let admin = try await lab.session(after: try await lab.logIn("renamed"))
        #expect(admin.contains(#""needsFirstAccount":false"#) && admin.contains(#""name":"ana","role":"admin""#))
        #expect(try await lab.session(after: first).contains(#""role":"admin""#))
        // Also the last admin loses the role: the server then makes another first account at its next start.
        lab.provider.add("ana", [])
        let out = try await lab.session(after: try await lab.logIn("ana"))
        #expect(out.contains("Lab knows you as ana, but you may not come in here") && !out.contains(#""name""#))
        #expect(!(try await lab.session(after: first)).contains(#""name""#))
        #expect(try await lab.server.services.logins.prepare() != nil)
    }

    @Test("an account that is not active stays out, and one that comes this way gets no password")
    func accounts() async throws {
        let lab = try await ProviderServer()
        let root = Principal(name: "root", role: .admin)
        let accounts = lab.server.services.accounts
        lab.provider.add("root", ["ml-admins"])
        lab.provider.add("ana", ["ml-team"])
        _ = try await lab.logIn("root")
        _ = try await lab.logIn("ana")
        let ana = try #require(try await accounts.accounts(as: root).first { $0.name == "ana" })
        #expect(ana.kind == .person && !ana.hasPassword && ana.role == .editor)
        await #expect(throws: MartletError.self) {
            try await accounts.setPassword("correct horse 1", current: nil, of: ana.id, keeping: nil, as: root)
        }
        _ = try await accounts.update(ana.id, AccountChanges(isActive: false), as: root)
        let out = try await lab.session(after: try await lab.logIn("ana"))
        #expect(out.contains("the account is not active") && !out.contains(#""name""#))
    }

    @Test("codes that are refused are slowed down by themselves")
    func throttled() async throws {
        let lab = try await ProviderServer()
        lab.provider.add("ana", ["ml-team"])
        for _ in 0..<LoginThrottle.freeForAddress { _ = try await lab.logIn("guess") }
        let refused = try await lab.session(after: try await lab.logIn("ana"))
        #expect(refused.contains("too many failed logins"))
        // Passwords are not concerned.
        let body = #"{"name":"ana","password":"wrong password"}"#
        #expect(try await lab.server.send(.post, "/api/v1/session", body).status == .unauthorized)
        lab.server.clock.advance(by: 1_100)
        #expect(try await lab.session(after: try await lab.logIn("ana")).contains(#""name":"ana""#))
    }

    @Test("what the provider refuses is told once, in words that hold no markup of others")
    func refusals() async throws {
        let lab = try await ProviderServer()
        let begun = try await lab.begin("e")
        let answer = try await lab.server.send(
            .get,
            "/login/oidc/callback?error=%3Cb%3Eaccess_denied&error_description=call%20us&state=\(begun.state)",
            headers: [.cookie: begun.cookie]
        )
        #expect(answer.headers[.location] == "/login?next=e")
        let cookie = try #require(answer.headers[.setCookie]?.prefix { $0 != ";" })
        let told = try await lab.server.send(.get, "/api/v1/session", headers: [.cookie: String(cookie)])
        #expect(told.text.contains(#""refusal":"Lab refused the login (baccess_denied)""#))
        #expect(told.headers[.setCookie]?.hasPrefix("martlet_attempt=; Max-Age=0") == true)
    }
}
