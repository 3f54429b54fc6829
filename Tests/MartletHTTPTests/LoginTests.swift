import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import MartletTesting
import Testing

@testable import MartletHTTP

/// A server that asks who comes, with an admin, and ways to come.
private struct LoginServer {
    var server: TestServer
    let admin: Account
    static let password = "correct horse 1"

    init() async throws {
        server = try await TestServer(login: .required)
        let code = try #require(try await server.services.logins.prepare())
        admin = try await server.services.accounts.createFirst(
            name: "root",
            password: Self.password,
            code: code,
            from: "192.0.2.1"
        )
    }

    var asAdmin: Principal { Principal(name: "root", role: .admin, account: admin.id) }

    func account(_ name: String, _ role: Principal.Role) async throws -> Account {
        try await server.services.accounts.create(
            CreateAccount(name: name, role: role, password: Self.password),
            as: asAdmin
        )
    }

    func token(of account: Account, scope: Principal.Role = .admin, expiresAt: Int64? = nil) async throws -> String {
        try await server.services.accounts.createToken(
            CreateToken(account: account.id, name: "t", scope: scope, expiresAt: expiresAt),
            as: asAdmin
        ).secret
    }

    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: String? = nil,
        token: String
    ) async throws -> TestResponse {
        try await server.send(method, path, body, headers: [.authorization: "Bearer \(token)"])
    }
}

@Suite("Logins, tokens and roles")
struct LoginTests {
    static let protected: [(HTTPRequest.Method, String)] = [
        (.get, "/api/v1/experiments"), (.get, "/api/v1/events?topics=experiments"), (.get, "/metrics"),
        (.get, "/api/2.0/mlflow/experiments/get?experiment_id=0"), (.get, "/ajax-api/2.0/mlflow/experiments/search"),
        (.get, "/api/3.0/mlflow/server-info"), (.get, "/get-artifact?path=a&run_uuid=b"), (.get, "/api/v1/accounts"),
        (.get, "/api/v1/nothing"), (.get, "/api/2.0/mlflow-artifacts/artifacts?path="), (.post, "/api/v1/filter"),
        (.get, "//metrics"),
        (.get, "//api/v1/experiments"), (.post, "/api//v1/filter"), (.get, "/api//3.0/mlflow/server-info"),
        (.get, "//api/3.0/mlflow//server-info"), (.get, "///get-artifact?path=a&run_uuid=b"),
    ]

    @Test("what holds data is for who is known; pages and health are for everybody", arguments: protected)
    func closed(_ method: HTTPRequest.Method, _ path: String) async throws {
        let login = try await LoginServer()
        #expect(try await login.server.send(method, path, method == .post ? "{}" : nil).status == .unauthorized)
        for open in ["/", "/health", "/version", "/login", "/api/v1/session", "/js/main.js"] {
            #expect(try await login.server.send(.get, open).status == .ok, "\(open)")
        }
    }

    @Test("mlflow gets its own words and a challenge; a browser gets none that opens its dialog")
    func challenges() async throws {
        let login = try await LoginServer()
        let mlflow = try await login.server.send(.get, "/api/2.0/mlflow/experiments/search")
        #expect(mlflow.text.hasPrefix("You are not authenticated"))
        #expect(mlflow.headers[.wwwAuthenticate] == "Basic realm=\"mlflow\"")
        let native = try await login.server.send(.get, "/api/v1/experiments")
        #expect(native.headers[.wwwAuthenticate] == "Bearer realm=\"martlet\"")
        #expect(native.text.contains("unauthenticated"))
    }

    @Test("tokens let in by Bearer and as the password of Basic, and no further than their scope")
    func tokens() async throws {
        let login = try await LoginServer()
        let editor = try await login.account("eda", .editor)
        let (all, reads) = (
            try await login.token(of: editor), try await login.token(of: editor, scope: .viewer)
        )
        let run = #"{"experimentID":"0"}"#
        #expect(try await login.send(.post, "/api/v1/runs", run, token: all).status == .created)
        #expect(try await login.send(.post, "/api/v1/runs", run, token: reads).status == .forbidden)
        #expect(try await login.send(.get, "/api/v1/experiments", token: reads).status == .ok)
        let basic = Data("anybody:\(reads)".utf8).base64EncodedString()
        let answer = try await login.server.send(
            .get,
            "/api/v1/experiments",
            headers: [.authorization: "Basic \(basic)"]
        )
        #expect(answer.status == .ok)
        // A narrow token makes no wide one.
        let more = try await login.send(
            .post,
            "/api/v1/accounts/\(editor.id)/tokens",
            #"{"name":"x","scope":"editor"}"#,
            token: reads
        )
        #expect(more.status == .forbidden)
    }

    @Test("a token that is wrong, cut, another's, expired, revoked or of an inactive account is refused")
    func refused() async throws {
        let login = try await LoginServer()
        let person = try await login.account("ann", .editor)
        let token = try await login.token(of: person)
        for wrong in [
            "", "x", "martlet_", String(token.dropLast()), token + "0", token.uppercased(),
            "martlet_0123456789abcdef_" + token.suffix(48),
            String(token.prefix(25)) + String(repeating: "0", count: 48),
        ] {
            let answer = try await login.send(.get, "/api/v1/experiments", token: wrong)
            #expect(answer.status == .unauthorized, "\(wrong)")
        }
        let short = try await login.token(of: person, expiresAt: login.server.clock.now + 20_000)
        #expect(try await login.send(.get, "/api/v1/experiments", token: short).status == .ok)
        login.server.clock.advance(by: 21_000)
        #expect(try await login.send(.get, "/api/v1/experiments", token: short).status == .unauthorized)

        #expect(try await login.send(.get, "/api/v1/experiments", token: token).status == .ok)
        let id = String(token.split(separator: "_")[1])
        let other = try await login.token(of: try await login.account("bob", .editor))
        #expect(try await login.send(.delete, "/api/v1/tokens/\(id)", token: other).status == .notFound)
        #expect(try await login.send(.delete, "/api/v1/tokens/\(id)", token: token).status == .noContent)
        #expect(try await login.send(.get, "/api/v1/experiments", token: token).status == .unauthorized)

        let last = try await login.token(of: person)
        _ = try await login.server.services.accounts.update(
            person.id,
            AccountChanges(isActive: false),
            as: login.asAdmin
        )
        #expect(try await login.send(.get, "/api/v1/experiments", token: last).status == .unauthorized)
    }

    @Test("a login has a fresh secret each time, changes need its code, and it ends")
    func sessions() async throws {
        let login = try await LoginServer()
        let body = #"{"name":"ROOT","password":"\#(LoginServer.password)"}"#
        let planted = "martlet_session=" + String(repeating: "a", count: 64)
        let first = try await login.server.send(.post, "/api/v1/session", body, headers: [.cookie: planted])
        #expect(first.status == .ok, "\(first.text)")
        let set = try #require(first.headers[.setCookie])
        #expect(set.contains("HttpOnly") && set.contains("SameSite=Lax") && !set.contains("aaaaaaaa"))
        let cookie = String(set.prefix { $0 != ";" })
        let code = try #require(first.text.firstMatch(of: /"csrfToken":"([0-9a-f]+)"/)).output.1
        let run = #"{"experimentID":"0"}"#
        func post(_ headers: HTTPFields) async throws -> HTTPResponse.Status {
            try await login.server.send(.post, "/api/v1/runs", run, headers: headers).status
        }
        #expect(try await login.server.send(.get, "/api/v1/experiments", headers: [.cookie: cookie]).status == .ok)
        #expect(try await post([.cookie: cookie]) == .forbidden)
        #expect(try await post([.cookie: cookie, .crossSiteCode: "0123"]) == .forbidden)
        #expect(try await post([.cookie: cookie, .crossSiteCode: String(code)]) == .created)
        #expect(try await post([.cookie: planted, .crossSiteCode: String(code)]) == .unauthorized)
        let who = try await login.server.send(.get, "/api/v1/session", headers: [.cookie: cookie])
        #expect(who.text.contains(#""name":"root""#) && who.text.contains(String(code)))
        let out = try await login.server.send(
            .delete,
            "/api/v1/session",
            headers: [.cookie: cookie, .crossSiteCode: String(code)]
        )
        #expect(out.status == .noContent)
        #expect(try await post([.cookie: cookie, .crossSiteCode: String(code)]) == .unauthorized)
    }

    @Test("guessing passwords is slowed down, and told when to try again")
    func throttled() async throws {
        let login = try await LoginServer()
        let wrong = #"{"name":"root","password":"wrong password"}"#
        for _ in 0..<LoginThrottle.freeForName {
            #expect(try await login.server.send(.post, "/api/v1/session", wrong).status == .unauthorized)
        }
        let right = #"{"name":"root","password":"\#(LoginServer.password)"}"#
        let refused = try await login.server.send(.post, "/api/v1/session", right)
        #expect(refused.status == .tooManyRequests)
        #expect(refused.headers[.retryAfter] == "1")
        login.server.clock.advance(by: 1_100)
        #expect(try await login.server.send(.post, "/api/v1/session", right).status == .ok)
    }

    @Test("a role in one experiment shows it or hides it, by every road")
    func experimentRoles() async throws {
        let login = try await LoginServer()
        let services = login.server.services
        let secret = try await services.experiments.create(CreateExperiment(name: "secret"), as: login.asAdmin)
        let run = try await services.runs.create(CreateRun(experimentID: secret.id), as: login.asAdmin)
        let (viewer, outsider) = (
            try await login.account("vera", .viewer), try await login.account("otto", .noAccess)
        )
        let roles = "/api/v1/experiments/\(secret.id)/roles"
        let root = try await login.token(of: login.admin)
        #expect(
            try await login.send(.put, "\(roles)/\(viewer.id)", #"{"role":"none"}"#, token: root).status == .noContent
        )
        #expect(
            try await login.send(.put, "\(roles)/\(outsider.id)", #"{"role":"editor"}"#, token: root).status
                == .noContent
        )
        let (vera, otto) = (try await login.token(of: viewer), try await login.token(of: outsider))
        let hidden = try await login.send(.get, "/api/v1/experiments", token: vera).text
        #expect(!hidden.contains("secret") && hidden.contains("Default"))
        let shown = try await login.send(.get, "/api/v1/experiments", token: otto).text
        #expect(shown.contains("secret") && !shown.contains("Default"))
        let log = #"{"metrics":[{"key":"l","value":1}]}"#
        for (path, body) in [
            ("/api/v1/runs/\(run.id)", nil), ("/api/v1/experiments/\(secret.id)", nil),
            ("/api/v1/runs/\(run.id)/artifacts", nil), ("/api/v1/runs/\(run.id)/log", log),
            ("/api/v1/series", #"{"runs":["\#(run.id)"],"keys":["l"],"buckets":10}"#),
            ("/api/2.0/mlflow/runs/get?run_id=\(run.id)", nil),
        ] {
            let method: HTTPRequest.Method = body == nil ? .get : .post
            let (refused, allowed) = (
                try await login.send(method, path, body, token: vera),
                try await login.send(method, path, body, token: otto)
            )
            #expect(refused.status == .notFound, "\(path)")
            #expect((200..<300).contains(allowed.status.code), "\(path): \(allowed.text)")
        }
        let search = #"{"experimentIDs":["0","\#(secret.id)"]}"#
        #expect(
            !(try await login.send(.post, "/api/v1/runs/search", search, token: vera)).text.contains(run.id.rawValue)
        )
        #expect(
            (try await login.send(.post, "/api/v1/runs/search", search, token: otto)).text.contains(run.id.rawValue)
        )
        #expect(try await login.send(.post, "/api/v1/runs", #"{"experimentID":"0"}"#, token: otto).status == .notFound)
        // What pages show buttons by.
        let session = try await login.send(.get, "/api/v1/session", token: otto).text
        #expect(session.contains(#""role":"none","account""#))
        #expect(session.contains(#""experimentRoles":{"\#(secret.id)":"editor"}"#))
        #expect(!(try await login.send(.get, "/api/v1/session", token: root)).text.contains("experimentRoles"))
        #expect(try await login.send(.get, roles, token: otto).status == .forbidden)
        #expect(try await login.send(.get, roles, token: vera).status == .notFound)
    }

    @Test("accounts are for admins; one's own password needs the current one; the last admin stays")
    func accounts() async throws {
        let login = try await LoginServer()
        let person = try await login.account("ann", .editor)
        let (ann, root) = (try await login.token(of: person), try await login.token(of: login.admin))
        #expect(try await login.send(.get, "/api/v1/accounts", token: ann).status == .forbidden)
        #expect(try await login.send(.get, "/api/v1/audit", token: ann).status == .forbidden)
        #expect(try await login.send(.post, "/api/v1/accounts", #"{"name":"x"}"#, token: ann).status == .forbidden)
        #expect(
            try await login.send(.patch, "/api/v1/accounts/\(person.id)", #"{"role":"admin"}"#, token: ann).status
                == .forbidden
        )
        let place = "/api/v1/accounts/\(person.id)/password"
        #expect(
            try await login.send(.post, place, #"{"password":"another one 2"}"#, token: ann).status == .unauthorized
        )
        // A token is no password, whoever's it is.
        let narrow = try await login.token(of: person, scope: .viewer)
        for token in [narrow, ann, root] {
            let body = #"{"password":"another one 2","current":"\#(token)"}"#
            #expect(try await login.send(.post, place, body, token: narrow).status == .unauthorized)
        }
        login.server.clock.advance(by: 600_000)
        let right = #"{"password":"another one 2","current":"\#(LoginServer.password)"}"#
        #expect(try await login.send(.post, place, right, token: ann).status == .noContent)
        #expect(try await login.send(.post, place, #"{"password":"short"}"#, token: root).status == .badRequest)
        let twice = try await login.send(.post, "/api/v1/accounts", #"{"name":"ANN"}"#, token: root)
        #expect(twice.status == .conflict)
        let odd = try await login.send(.post, "/api/v1/accounts", #"{"name":"a:b"}"#, token: root)
        #expect(odd.status == .badRequest)
        let last = try await login.send(
            .patch,
            "/api/v1/accounts/\(login.admin.id)",
            #"{"role":"viewer"}"#,
            token: root
        )
        #expect(last.status == .badRequest && last.text.contains("admin"))
        let audit = try await login.send(.get, "/api/v1/audit", token: root).text
        for action in ["account.created", "password.changed", "token.created"] { #expect(audit.contains(action)) }
        #expect(!audit.contains("another one 2") && !audit.contains(String(ann.suffix(48))))
    }

    @Test("who has no password cannot give themselves one by a token")
    func noPassword() async throws {
        let login = try await LoginServer()
        let person = try await login.server.services.accounts.create(
            CreateAccount(name: "ida", role: .editor, password: nil),
            as: login.asAdmin
        )
        let (ida, root) = (try await login.token(of: person), try await login.token(of: login.admin))
        let (place, body) = ("/api/v1/accounts/\(person.id)/password", #"{"password":"a good one 7"}"#)
        #expect(try await login.send(.post, place, body, token: ida).status == .forbidden)
        #expect(try await login.send(.post, place, body, token: root).status == .noContent)
    }

    @Test("a token is not remembered beyond its end")
    func expiry() async throws {
        let login = try await LoginServer()
        let end = login.server.clock.now + 3_000
        let token = try await login.token(of: login.admin, expiresAt: end)
        #expect(try await login.send(.get, "/api/v1/experiments", token: token).status == .ok)
        login.server.clock.advance(by: 3_001)
        #expect(try await login.send(.get, "/api/v1/experiments", token: token).status == .unauthorized)
    }

    @Test("the first account is made once, by who has the code")
    func firstAccount() async throws {
        let server = try await TestServer(login: .required)
        let code = try #require(try await server.services.logins.prepare())
        func first(_ code: String) async throws -> TestResponse {
            let body = #"{"name":"me","password":"a good one 7","code":"\#(code)"}"#
            return try await server.send(.post, "/api/v1/session/first-account", body)
        }
        #expect(try await server.send(.get, "/api/v1/session").text.contains(#""needsFirstAccount":true"#))
        #expect(try await first("wrong").status == .forbidden)
        #expect(try await first(code).status == .ok)
        #expect(try await first(code).status == .forbidden)
        #expect(try await server.send(.get, "/api/v1/session").text.contains(#""needsFirstAccount":false"#))
    }

    @Test("where nobody has to log in, the first account changes that")
    func automatic() async throws {
        let server = try await TestServer(login: .automatic)
        #expect(try await server.services.logins.prepare() == nil)
        #expect(try await server.send(.get, "/api/v1/experiments").status == .ok)
        let body = #"{"name":"me","password":"a good one 7","role":"admin"}"#
        #expect(try await server.send(.post, "/api/v1/accounts", body).status == .created)
        #expect(try await server.send(.get, "/api/v1/experiments").status == .unauthorized)
    }
}
