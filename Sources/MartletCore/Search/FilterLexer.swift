/// A piece of a filter's text.
struct FilterToken: Equatable {
    enum Kind: Equatable {
        /// A bare word, or a path such as `metrics."val/acc"`, quotes included.
        case name
        /// A quoted text without its quotes; doubled quotes and backslashes inside are kept, as MLflow keeps them.
        case string(String)
        case comparison
        case open
        case close
        case comma
        case semicolon
    }

    var kind: Kind
    /// As it was written.
    var text: String
    /// Offsets of its UTF-8 bytes.
    var start: Int
    var end: Int

    /// Whether it is the bare word `word`, given in upper case.
    func isKeyword(_ word: String) -> Bool {
        kind == .name && text.utf8.count == word.utf8.count && text.uppercased() == word
    }
}

/// Cuts a filter into tokens, in one pass over its bytes.
///
/// Quotes end as they do in `sqlparse` 0.5 (`keywords.py`), on which MLflow stands: `''` and `\'` do not end a text
/// unless nothing else does. `E'…'` is ours: there a backslash stands for the byte that follows it.
struct FilterLexer {
    /// Longest text, in bytes.
    static let longestText = 65_536

    private let bytes: [UInt8]
    private let syntax: SearchSyntax
    private var position = 0

    private init(bytes: [UInt8], syntax: SearchSyntax) {
        self.bytes = bytes
        self.syntax = syntax
    }

    /// - Throws: `invalidArgument` for a text that is too long, holds U+0000 or ends inside quotes.
    static func tokens(of text: String, syntax: SearchSyntax) throws(MartletError) -> [FilterToken] {
        let bytes = [UInt8](text.utf8)
        guard bytes.count <= longestText else {
            throw MartletError(.invalidArgument, "the filter is longer than \(longestText) bytes; shorten it")
        }
        guard !bytes.contains(0) else {
            throw MartletError(.invalidArgument, "the filter contains the character U+0000; remove it")
        }
        var lexer = FilterLexer(bytes: bytes, syntax: syntax)
        var tokens: [FilterToken] = []
        while let token = try lexer.next() { tokens.append(token) }
        return tokens
    }

    private mutating func next() throws(MartletError) -> FilterToken? {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
        guard position < bytes.count else { return nil }
        let start = position
        switch bytes[start] {
        case UInt8(ascii: "("): return punctuation(.open)
        case UInt8(ascii: ")"): return punctuation(.close)
        case UInt8(ascii: ","): return punctuation(.comma)
        case UInt8(ascii: ";") where syntax == .mlflow: return punctuation(.semicolon)
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "="): return comparison()
        case UInt8(ascii: "~") where syntax == .martlet:
            position += 1
            return token(.comparison, from: start)
        case UInt8(ascii: "!") where byte(at: start + 1) == UInt8(ascii: "="): return comparison()
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            position = try end(ofQuotesAt: start)
            return token(.string(text(start + 1, position - 1)), from: start)
        case UInt8(ascii: "e"), UInt8(ascii: "E"):
            if byte(at: start + 1) == UInt8(ascii: "'") { return try escapedString() }
            return try name()
        default: return try name()
        }
    }

    private mutating func punctuation(_ kind: FilterToken.Kind) -> FilterToken {
        position += 1
        return token(kind, from: position - 1)
    }

    private mutating func comparison() -> FilterToken {
        let start = position
        let pairs: Set<String> = [">=", "<=", "!=", "<>", "=="]
        position = start + 2 <= bytes.count && pairs.contains(text(start, start + 2)) ? start + 2 : start + 1
        return token(.comparison, from: start)
    }

    private mutating func escapedString() throws(MartletError) -> FilterToken {
        let start = position
        var value: [UInt8] = []
        position += 2
        while let byte = byte(at: position) {
            position += 1
            switch byte {
            case UInt8(ascii: "'"): return token(.string(String(decoding: value, as: UTF8.self)), from: start)
            case UInt8(ascii: "\\"):
                guard let escaped = self.byte(at: position) else { break }
                value.append(escaped)
                position += 1
            default: value.append(byte)
            }
        }
        throw unterminated(at: start)
    }

    /// A run of bytes up to a space, a quote, a parenthesis, a comma or an operator; after a dot, and at its start,
    /// a quoted piece belongs to it.
    private mutating func name() throws(MartletError) -> FilterToken {
        let start = position
        while let byte = byte(at: position), !endsName(byte) {
            let mayQuote = position == start || bytes[position - 1] == UInt8(ascii: ".")
            if Self.isQuote(byte) {
                guard mayQuote else { break }
                position = try end(ofQuotesAt: position)
            } else {
                position += 1
            }
        }
        if position == start { position += 1 }
        return token(.name, from: start)
    }

    private func endsName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "="):
            true
        case UInt8(ascii: ";"): syntax == .mlflow
        case UInt8(ascii: "~"): syntax == .martlet
        case UInt8(ascii: "!"): self.byte(at: position + 1) == UInt8(ascii: "=")
        default: Self.isSpace(byte)
        }
    }

    /// The offset after the closing quote.
    private func end(ofQuotesAt start: Int) throws(MartletError) -> Int {
        let quote = bytes[start]
        var index = start + 1
        var fallback: Int?
        while let byte = byte(at: index) {
            if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`"), self.byte(at: index + 1) == quote {
                fallback = index + 2
                index += 2
            } else if byte == quote {
                guard self.byte(at: index + 1) == quote else { return index + 1 }
                fallback = index + 1
                index += 2
            } else {
                index += 1
            }
        }
        guard let fallback else { throw unterminated(at: start) }
        return fallback
    }

    private func unterminated(at start: Int) -> MartletError {
        MartletError(
            .invalidArgument,
            "Invalid clause(s) in filter string: '\(text(start, bytes.count))': a quote is not closed"
        )
    }

    private func token(_ kind: FilterToken.Kind, from start: Int) -> FilterToken {
        FilterToken(kind: kind, text: text(start, position), start: start, end: position)
    }

    private func text(_ start: Int, _ end: Int) -> String { String(decoding: bytes[start..<end], as: UTF8.self) }

    private func byte(at index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`")
    }
}
