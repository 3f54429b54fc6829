import Foundation
import Testing

@testable import MartletCore

@Suite("Patterns of texts")
struct TextPatternTests {
    @Test(
        "a pattern finds what the regular expressions of the system find",
        arguments: [
            "resnet", "^res", "net$", "res|vit", "^(res|vit)[0-9]+$", "r.s", "[a-f]+\\d{2,3}", "(ab)*c", "a+?b", "^$",
            "[^0-9]$", "\\w+\\s\\w+", "(a|b|)c", "x{3}", "((a?){3}){2}$", "(?i)^RES", "(?i:R)es", "v(?i)IT|É",
            "(?i)[^A-Z]$",
            "\\A(?<net>res)", "net\\z", "\\x61b", "\\x{e9}", "[[:alpha:]]+[[:digit:]]$", "(?is)r.S", "(?:(?i)R)esN",
            "\\bres", "\\bres\\b", "\\Bnet", "t\\b", "\\b", "\\B", "^\\b", "\\b$", "\\b^my\\b \\bres\\b$", "a\\b ?\\bc",
            "(\\bc|\\Bc)$",
            "[a-z]\\B\\d\\b", "\\b\\b\\w+\\B\\B", "(a|\\b)+b",
        ]
    )
    func agreement(pattern: String) throws {
        let own = try TextPattern(pattern)
        let reference = try NSRegularExpression(pattern: pattern)
        // There, a word has letters beyond ASCII.
        let isOfWords = pattern.lowercased().contains("\\b")
        for text in [
            "", "resnet50", "vit", "vit12", "my res", "abab c", "ababc", "aab", "xxx", "f12", "é", "c", "aaaaaa", "9",
        ] where !isOfWords || text != "é" {
            let range = NSRange(text.startIndex..., in: text)
            #expect(own.isFound(in: text) == (reference.firstMatch(in: text, range: range) != nil), "'\(text)'")
        }
    }

    @Test(
        "what is no pattern is refused, and where is said",
        arguments: [
            "(", ")", "a)", "[", "[a", "[b-a]", "*a", "a**", "a{3,2}", "a{300}", "a{1", "\\", "\\b*", "[\\b]", "(?=a)",
            "(?a)b",
            "(?i", "(?P<n", "(?<!a)", "[[:alfa:]]", "[[.a.]]", "\\x4", "\\xzz", "\\x{110000}", "\\x{}", "\\x00",
            "((((((((((a{9}){9}){9}){9}){9}))))))", String(repeating: "(", count: 100),
            String(repeating: "a", count: 1_001),
        ]
    )
    func refusals(pattern: String) {
        let error = #expect(throws: MartletError.self) { _ = try TextPattern(pattern) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.isEmpty == false)
    }

    @Test("either case is found of letters beyond ASCII, and of a class")
    func cases() throws {
        for (pattern, text) in [
            ("(?i)ÜNÏ", "ünï"), ("(?i)[а-я]+ж", "ЖЖ"), ("(?i)straSSe", "STRAsse"), ("(?i)\\x41", "a"),
        ] {
            #expect(try TextPattern(pattern).isFound(in: text), "\(pattern)")
        }
        #expect(try !TextPattern("(?:(?i)a)b").isFound(in: "AB"))
        #expect(try TextPattern("[[:^digit:]]").isFound(in: "1a") && !TextPattern("^[[:^digit:]]$").isFound(in: "1"))
        #expect(try TextPattern("(?P<n>a)b").isFound(in: "xab"))
    }

    @Test("no pattern takes long")
    func hostile() throws {
        // Backtracking would try 2^5000 ways.
        let text = String(repeating: "a", count: 5_000)
        #expect(try !TextPattern("^(a|a)*$b").isFound(in: text))
        #expect(try !TextPattern("(a*)*(a*)*(a*)*b").isFound(in: text))
    }
}
