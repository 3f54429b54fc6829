import Foundation
import Testing

@testable import MartletCore

@Suite("Patterns of texts")
struct TextPatternTests {
    @Test(
        "a pattern finds what the regular expressions of the system find",
        arguments: [
            "resnet", "^res", "net$", "res|vit", "^(res|vit)[0-9]+$", "r.s", "[a-f]+\\d{2,3}", "(ab)*c", "a+?b", "^$",
            "[^0-9]$", "\\w+\\s\\w+", "(a|b|)c", "x{3}", "((a?){3}){2}$",
        ]
    )
    func agreement(pattern: String) throws {
        let own = try TextPattern(pattern)
        let reference = try NSRegularExpression(pattern: pattern)
        for text in [
            "", "resnet50", "vit", "vit12", "my res", "abab c", "ababc", "aab", "xxx", "f12", "é", "c", "aaaaaa", "9",
        ] {
            let range = NSRange(text.startIndex..., in: text)
            #expect(own.isFound(in: text) == (reference.firstMatch(in: text, range: range) != nil), "'\(text)'")
        }
    }

    @Test(
        "what is no pattern is refused, and where is said",
        arguments: [
            "(", ")", "a)", "[", "[a", "[b-a]", "*a", "a**", "a{3,2}", "a{300}", "a{1", "\\", "\\b", "(?=a)", "(?i)a",
            "[[:alpha:]]",
            "((((((((((a{9}){9}){9}){9}){9}))))))", String(repeating: "(", count: 100),
            String(repeating: "a", count: 1_001),
        ]
    )
    func refusals(pattern: String) {
        let error = #expect(throws: MartletError.self) { _ = try TextPattern(pattern) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.isEmpty == false)
    }

    @Test("no pattern takes long")
    func hostile() throws {
        // Backtracking would try 2^5000 ways.
        let text = String(repeating: "a", count: 5_000)
        #expect(try !TextPattern("^(a|a)*$b").isFound(in: text))
        #expect(try !TextPattern("(a*)*(a*)*(a*)*b").isFound(in: text))
    }
}
