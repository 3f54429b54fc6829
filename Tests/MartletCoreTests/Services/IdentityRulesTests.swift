import MartletCore
import Testing

@Suite("Groups and names of an identity provider")
struct IdentityRulesTests {
    @Test("the highest role of the named groups counts; '*' is for who is in none of them")
    func roles() throws {
        let roles = try GroupRoles(" ml-admins = admin,ml-team=editor,cn=guests=none,*=viewer")
        #expect(roles.role(of: ["ml-team", "ml-admins", "x"]) == .admin)
        #expect(roles.role(of: ["x", "ml-team"]) == .editor)
        #expect(roles.role(of: ["cn=guests"]) == .noAccess)
        #expect(roles.role(of: ["x"]) == .viewer)
        #expect(roles.role(of: []) == .viewer)
        #expect(roles.role(of: ["*"]) == .viewer)
        #expect(roles.role(of: ["ML-TEAM"]) == .viewer)
    }

    @Test("without '*' nobody else comes in")
    func nobody() throws {
        let roles = try GroupRoles("ml-team=editor")
        #expect(roles.role(of: ["x", "*", ""]) == nil)
        #expect(roles.role(of: []) == nil)
    }

    @Test(
        "a text that leaves something open is refused",
        arguments: [
            "", ",", "a", "a=", "=viewer", " =viewer", "a=owner", "a=viewer,", "a=viewer,a=admin", "*=viewer,*=viewer",
            "a=Viewer",
        ]
    )
    func refused(_ text: String) {
        #expect(throws: MartletError.self) { try GroupRoles(text) }
    }

    @Test(
        "a name becomes a legal one, each like the first",
        arguments: [
            (["ana"], "ana"), (["", "ana@b.c"], "ana@b.c"), (["LAB\\max m"], "LAB-max-m"),
            (["<>", "Ana Lopes"], "Ana-Lopes"),
            ([], "person"), (["\u{0}", "--"], "person"), (["zoe\u{301}"], "zo\u{e9}"), (["王芳"], "王芳"),
            (["a\u{202e}b"], "a-b"),
        ] as [([String], String)]
    )
    func names(_ wanted: [String], _ name: String) throws {
        let names = AccountRules.names(like: wanted, id: "0123456789abcdef0123456789abcdef")
        #expect(names[0] == name && names[1] == name + "-2" && names.last == name + "-456789abcdef")
        #expect(Set(names).count == names.count)
        for name in names { try AccountRules.checkName(name) }
    }

    @Test("long names are cut, their numbers are not")
    func longNames() throws {
        let names = AccountRules.names(like: [String(repeating: "n", count: 300)], id: "0123456789ab")
        for name in names { try AccountRules.checkName(name) }
        #expect(names[1].hasSuffix("n-2") && names[1].count == AccountRules.longestName)
        #expect(AccountRules.displayName(like: String(repeating: "x", count: 300) + "\u{0}").count == 200)
    }

    @Test("bytes as text without escapes, and back", arguments: ["", "f", "fo", "foo", "foob", "\u{3ff}\u{3fe}~?>"])
    func base64URL(_ text: String) {
        let encoded = Base64URL.encode(Array(text.utf8))
        #expect(
            encoded.utf8.allSatisfy { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") }
        )
        #expect(Base64URL.decode(encoded) == Array(text.utf8))
    }

    @Test("what is no such text is none", arguments: ["Zg==", "Z g", "Zg\n", "+w", "/w", "Z", "é"])
    func notBase64URL(_ text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("a query holds every text")
    func query() {
        #expect(PercentEncoding.query([("a", "b c"), ("d", "&=+%/ä~-._")]) == "a=b%20c&d=%26%3D%2B%25%2F%C3%A4~-._")
    }
}
