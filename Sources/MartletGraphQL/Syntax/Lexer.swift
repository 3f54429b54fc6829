/// Cuts a document into tokens (GraphQL specification, October 2021, section 2.1), one at a time.
///
/// Every read is inside the text, whatever the text is. Messages are those of graphql-js 16.
struct Lexer {
    let bytes: [UInt8]
    var index = 0
    private var remainingTokens: Int
    private let mostTokens: Int

    init(_ bytes: [UInt8], mostTokens: Int) {
        self.bytes = bytes
        self.mostTokens = mostTokens
        remainingTokens = mostTokens
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { index = 3 }
    }

    /// The byte at a place; 0 after the end. A real 0 is no part of any token, so the two need not be told apart.
    func byte(_ place: Int) -> UInt8 { place < bytes.count ? bytes[place] : 0 }

    /// - Throws: `syntax`, or `limit` once there are too many.
    mutating func next() throws(GraphQLError) -> Token {
        skipIgnored()
        guard index < bytes.count else { return Token(kind: .end, start: bytes.count, end: bytes.count) }
        remainingTokens -= 1
        guard remainingTokens >= 0 else {
            throw failure(.limit, "Document contains more than \(mostTokens) tokens. Parsing aborted.", at: index)
        }
        let start = index
        let first = bytes[start]
        if Self.isNameStart(first) {
            while Self.isNamePart(byte(index)) { index += 1 }
            return Token(kind: .name, start: start, end: index)
        }
        if let kind = Token.Kind(punctuator: first) {
            index += 1
            return Token(kind: kind, start: start, end: index)
        }
        switch first {
        case UInt8(ascii: "."):
            guard byte(start + 1) == first, byte(start + 2) == first else { throw unexpectedCharacter(at: start) }
            index += 3
            return Token(kind: .spread, start: start, end: index)
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "-"), 48...57: return try number()
        default: throw unexpectedCharacter(at: start)
        }
    }

    func text(_ token: Token) -> String { String(decoding: bytes[token.start..<token.end], as: UTF8.self) }

    /// Whether a token is this word.
    func matches(_ token: Token, _ word: StaticString) -> Bool {
        guard token.kind == .name, token.end - token.start == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { $0.elementsEqual(bytes[token.start..<token.end]) }
    }

    /// Whitespace, commas, byte order marks and comments.
    private mutating func skipIgnored() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0a, 0x0d, UInt8(ascii: ","): index += 1
            case 0xef where byte(index + 1) == 0xbb && byte(index + 2) == 0xbf: index += 3
            case UInt8(ascii: "#"):
                while index < bytes.count, bytes[index] != 0x0a, bytes[index] != 0x0d { index += 1 }
            default: return
            }
        }
    }

    // MARK: numbers

    private mutating func number() throws(GraphQLError) -> Token {
        let start = index
        var kind = Token.Kind.int
        if byte(index) == UInt8(ascii: "-") { index += 1 }
        if byte(index) == UInt8(ascii: "0") {
            index += 1
            if Self.isDigit(byte(index)) {
                throw syntax("Invalid number, unexpected digit after 0: \(character(at: index)).", at: index)
            }
        } else {
            try digits()
        }
        if byte(index) == UInt8(ascii: ".") {
            kind = .float
            index += 1
            try digits()
        }
        if byte(index) | 0x20 == UInt8(ascii: "e") {
            kind = .float
            index += 1
            if byte(index) == UInt8(ascii: "+") || byte(index) == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        if byte(index) == UInt8(ascii: ".") || Self.isNameStart(byte(index)) { throw expectedDigit() }
        return Token(kind: kind, start: start, end: index)
    }

    private mutating func digits() throws(GraphQLError) {
        guard Self.isDigit(byte(index)) else { throw expectedDigit() }
        while Self.isDigit(byte(index)) { index += 1 }
    }

    private func expectedDigit() -> GraphQLError {
        syntax("Invalid number, expected digit but got: \(character(at: index)).", at: index)
    }

    // MARK: classes of bytes

    static func isDigit(_ byte: UInt8) -> Bool { 48...57 ~= byte }
    static func isNameStart(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || byte == UInt8(ascii: "_")
    }
    static func isNamePart(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) }
}

extension Lexer {
    // MARK: errors

    func syntax(_ message: String, at place: Int) -> GraphQLError {
        failure(.syntax, "Syntax Error: " + message, at: place)
    }

    func failure(_ kind: GraphQLError.Kind, _ message: String, at place: Int) -> GraphQLError {
        GraphQLError(kind, message, at: [location(of: place)])
    }

    /// O(bytes before the place): only errors need it.
    func location(of place: Int) -> GraphQLError.Location { Self.location(of: place, in: bytes) }

    static func location(of place: Int, in bytes: [UInt8]) -> GraphQLError.Location {
        var location = GraphQLError.Location(line: 1, column: 1)
        for index in 0..<min(place, bytes.count) {
            switch bytes[index] {
            // The second half of a line end of two bytes counts nothing.
            case 0x0a where index > 0 && bytes[index - 1] == 0x0d: break
            case 0x0a, 0x0d: location = GraphQLError.Location(line: location.line + 1, column: 1)
            case 0x80..<0xc0: break
            default: location.column += 1
            }
        }
        return location
    }

    /// The character at a place as messages show it.
    func character(at place: Int) -> String {
        guard place < bytes.count else { return "<EOF>" }
        let piece = String(decoding: bytes[place..<min(place + 4, bytes.count)], as: UTF8.self)
        guard let scalar = piece.unicodeScalars.first else { return "<EOF>" }
        if 0x20..<0x7f ~= scalar.value { return scalar == "\"" ? "'\"'" : "\"\(scalar)\"" }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private func unexpectedCharacter(at place: Int) -> GraphQLError {
        if bytes[place] == UInt8(ascii: "'") {
            return syntax(
                "Unexpected single quote character ('), did you mean to use a double quote (\")?",
                at: place
            )
        }
        return syntax("Unexpected character: \(character(at: place)).", at: place)
    }
}
