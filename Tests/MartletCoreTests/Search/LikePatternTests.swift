import Testing

@testable import MartletCore

@Suite("LIKE")
struct LikePatternTests {
    @Test(
        "wildcards",
        arguments: [
            ("", "", true), ("", "%", true), ("", "_", false), ("abc", "abc", true), ("abc", "ab", false),
            ("abc", "a%", true), ("abc", "%c", true), ("abc", "%b%", true), ("abc", "a_c", true), ("abc", "_%_", true),
            ("abc", "____", false), ("aXbXc", "a%b%c", true), ("aab", "%ab", true), ("mississippi", "%iss%ip%", true),
            ("mississippi", "%issx%", false), ("50%", "50%", true), ("a\\b", "a\\b", true), ("a%b", "a\\%b", false),
            ("日本語", "日_語", true), ("日本語", "__", false), ("日本語", "%語", true), ("é", "_", true),
            ("ABC", "abc", false), ("a\nb", "a%b", true), ("abab", "%abab%", true), ("aaab", "%aab", true),
        ]
    )
    func wildcards(text: String, pattern: String, matches: Bool) {
        #expect(LikePattern.matches(text, pattern: pattern, ignoresCase: false) == matches)
    }

    @Test(
        "case is ignored in every alphabet",
        arguments: [
            ("ABC", "abc", true), ("abc", "A%", true), ("ÄÖÜ", "%öÜ", true), ("СЛОВО", "слово", true),
            ("ΑΒΓ", "%βγ", true), ("abd", "ABC", false), ("xÄy", "%ä%", true),
        ]
    )
    func ignoringCase(text: String, pattern: String, matches: Bool) {
        #expect(LikePattern.matches(text, pattern: pattern, ignoresCase: true) == matches)
    }

    @Test("a hostile pattern ends soon")
    func hostile() {
        let text = String(repeating: "a", count: 8_000)
        let pattern = String(repeating: "%a", count: 2_000) + "%b"
        #expect(!LikePattern.matches(text, pattern: pattern, ignoresCase: true))
    }

    @Test("bytes that are not UTF-8 do not trap")
    func invalidBytes() {
        let bytes: [UInt8] = [0xFF, 0x80, 0xE2, 0x82, 0xF0]
        let pattern = Array("%_%".utf8) + [0xF0, 0x9F]
        let matches = bytes.withUnsafeBufferPointer { text in
            pattern.withUnsafeBufferPointer { LikePattern.matches(text, pattern: $0, ignoresCase: true) }
        }
        #expect(!matches)
    }
}
