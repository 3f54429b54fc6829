import MartletTesting
import Testing

@testable import MartletCore

@Suite("Filters that nobody wrote")
struct FilterFuzzTests {
    private static let subjects: [SearchSubject] = [.runs, .experiments, .loggedModels]
    private static let syntaxes: [SearchSyntax] = [.mlflow, .martlet]

    /// Parses the text for every subject and in both syntaxes; a refusal says what is wrong, and what is read in
    /// Martlet's syntax and written again is read as the same.
    private func check(_ text: String) {
        for subject in Self.subjects {
            for syntax in Self.syntaxes {
                do throws(MartletError) {
                    let filter = try FilterParser.parse(text, subject: subject, syntax: syntax, now: 1_000)
                    if syntax == .martlet, let filter { checkWriting(of: filter, from: text, subject) }
                } catch {
                    #expect(error.code == .invalidArgument, "\(text.prefix(500))")
                    #expect(!error.message.isEmpty, "\(text.prefix(500))")
                }
            }
        }
    }

    private func checkWriting(of filter: Filter, from text: String, _ subject: SearchSubject) {
        guard let written = filter.text(subject: subject), written.utf8.count <= FilterLexer.longestText else { return }
        do throws(MartletError) {
            let again = try FilterParser.parse(written, subject: subject, syntax: .martlet, now: 1_000)
            #expect(again == filter, "\(text.prefix(500)) was written as \(written.prefix(500))")
        } catch {
            Issue.record("\(text.prefix(500)) was written as \(written.prefix(500)): \(error.message)")
        }
    }

    @Test("random bytes are read or refused")
    func bytes() {
        var dice = FilterDice(seed: 1)
        for _ in 0..<4_000 {
            let bytes = (0..<dice.below(60)).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
            check(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test("random pieces of filters are read or refused")
    func pieces() {
        var dice = FilterDice(seed: 2)
        for _ in 0..<8_000 {
            let separator = dice.below(3) == 0 ? "" : " "
            check((0..<1 + dice.below(12)).map { _ in dice.piece() }.joined(separator: separator))
        }
    }

    @Test("random valid filters are read, and written as they were meant")
    func valid() throws {
        var dice = FilterDice(seed: 3)
        for _ in 0..<3_000 {
            let text = dice.filter(depth: 4)
            let filter = try FilterParser.parse(text, subject: .runs, syntax: .martlet, now: 1_000)
            checkWriting(of: try #require(filter), from: text, .runs)
        }
    }

    @Test("damaged filters are read or refused")
    func damaged() {
        var dice = FilterDice(seed: 4)
        for _ in 0..<6_000 {
            check(dice.damaged(dice.filter(depth: 2)))
        }
    }

    @Test(
        "what is repeated without end is read or refused",
        arguments: [
            "(", ")", "NOT ", "not(", "((a) ", "'", "\"", "`", "\\", "a.", "a ", "AND ", "a OR ", "params.a = 'x' ",
            "IN (", "params.a IN ('x', ", "E'", "--", "/*", ";", ",", "=", "-", "%", "é", "\u{1F600}", "min(",
            "NOT LIKE ", "IS NULL ", "tags.`", "\n", "'a''", "1e", "$(",
        ]
    )
    func repeated(piece: String) {
        for count in [2, 63, 64, 65, 66, 301, 5_000, 65_536 / piece.utf8.count, 65_537] {
            check(String(repeating: piece, count: count))
        }
    }
}

/// Texts that are the same in every run of the tests.
private struct FilterDice {
    private var numbers: SeededNumbers

    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    mutating func next() -> UInt64 { numbers.next() }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
    mutating func pick(_ texts: [String]) -> String { texts[below(texts.count)] }

    mutating func piece() -> String {
        pick([
            "params.lr", "summary.x", "metrics.`a b`", "tags.\"x\"", "status", "started", "name", "duration",
            "dataset.name",
            "best(",
            "min(metrics.loss)", "(", ")", "AND", "or", "Not", "IN", "IS", "NULL", "LIKE", "ilike", "=", "!=", "<>",
            "==",
            "<=", ">", "'a'", "\"b\"", "E'\\''", "''", "'", "`", ",", ";", "-7d", "1.5", "-1e400", "nan", "now",
            "2024-01-01", "word", "~", "exists", "stalled", "me", "[a-", "user", "日本", "%", "_", "\\", "--", "/*", "*/",
            "params.", ".a", "1h", "9223372036854775808",
        ])
    }

    /// A filter on runs in Martlet's syntax.
    mutating func filter(depth: Int) -> String {
        switch depth > 0 ? below(6) : 5 {
        case 0: "(\(filter(depth: depth - 1)))"
        case 1: "NOT \(pick(["", "NOT "]))(\(filter(depth: depth - 1)))"
        case 2: "\(filter(depth: depth - 1)) \(pick(["and", "AND", ""])) \(filter(depth: depth - 1))"
        case 3, 4: "(\(filter(depth: depth - 1)) \(pick(["OR", "or"])) \(filter(depth: depth - 1)))"
        default: condition()
        }
    }

    private mutating func condition() -> String {
        let text = pick(["'a'", "\"b c\"", "'it''s'", "E'it\\'s \\\\'", "''", "'%_%'", "'日本'"])
        let number = pick(["1", "-0.5", "1e-7", "9007199254740993", "1e300", "0"])
        let textField = pick(["params.lr", "params.`a b`", "tags.\"x.y\"", "name", "user", "notes", "dataset.name"])
        let numberField = pick([
            "metrics.loss", "min(metrics.`a b`)", "best(metrics.\"val/acc\")", "metric.é", "summary.`a b`",
        ])
        switch below(9) {
        case 0: return "\(textField) \(pick(["=", "!=", "LIKE", "ILIKE", "not like", "NOT ILIKE"])) \(text)"
        case 1: return "\(textField) \(pick(["IN", "NOT IN"])) (\(text), 'z')"
        case 2: return "\(textField) IS \(pick(["", "NOT"])) NULL"
        case 3: return "\(numberField) \(pick(["=", "!=", "<", "<=", ">", ">="])) \(number)"
        case 4 where below(2) == 0: return "params.lr \(pick(["<", "<=", ">", ">="])) \(number)"
        case 4: return "\(numberField) IN (\(number), 2)"
        case 5: return "started \(pick(["<", ">="])) \(pick(["-7d", "2024-01-01", "1700000000000"]))"
        case 6: return "\(textField) ~ \(pick(["'^a'", "a|b", "'[a-c]+\\d'", "'.*'"]))"
        case 7:
            return pick([
                "status = stalled", "status in (stalled, failed)", "not status != stalled", "params.lr exists",
            ])
        default: return pick(["word", "'two words'", "resnet-50", "100%", "a_b"])
        }
    }

    /// The text with a few bytes lost, doubled, changed or moved.
    mutating func damaged(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for _ in 0...below(3) where !bytes.isEmpty {
            let place = below(bytes.count)
            switch below(4) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(bytes[place], at: below(bytes.count))
            case 2: bytes[place] = UInt8(truncatingIfNeeded: next())
            default: bytes.removeSubrange(place..<min(bytes.count, place + below(12)))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
