/// One lexical token; its text is the bytes `start..<end` of the document.
struct Token {
    enum Kind: UInt8 {
        case end, name, int, float, string, blockString
        case bang, dollar, openParenthesis, closeParenthesis, spread, colon, equals, at
        case openBracket, closeBracket, openBrace, closeBrace, bar, ampersand
    }

    var kind: Kind
    var start: Int
    var end: Int
    /// What a string stands for once its escapes are read; empty for other tokens.
    var value = ""
}

extension Token.Kind {
    /// As error messages name it.
    var description: String {
        switch self {
        case .end: "<EOF>"
        case .name: "Name"
        case .int: "Int"
        case .float: "Float"
        case .string: "String"
        case .blockString: "BlockString"
        case .bang: "\"!\""
        case .dollar: "\"$\""
        case .openParenthesis: "\"(\""
        case .closeParenthesis: "\")\""
        case .spread: "\"...\""
        case .colon: "\":\""
        case .equals: "\"=\""
        case .at: "\"@\""
        case .openBracket: "\"[\""
        case .closeBracket: "\"]\""
        case .openBrace: "\"{\""
        case .closeBrace: "\"}\""
        case .bar: "\"|\""
        case .ampersand: "\"&\""
        }
    }

    /// The punctuator of one byte.
    init?(punctuator byte: UInt8) {
        switch byte {
        case UInt8(ascii: "!"): self = .bang
        case UInt8(ascii: "$"): self = .dollar
        case UInt8(ascii: "("): self = .openParenthesis
        case UInt8(ascii: ")"): self = .closeParenthesis
        case UInt8(ascii: ":"): self = .colon
        case UInt8(ascii: "="): self = .equals
        case UInt8(ascii: "@"): self = .at
        case UInt8(ascii: "["): self = .openBracket
        case UInt8(ascii: "]"): self = .closeBracket
        case UInt8(ascii: "{"): self = .openBrace
        case UInt8(ascii: "}"): self = .closeBrace
        case UInt8(ascii: "|"): self = .bar
        case UInt8(ascii: "&"): self = .ampersand
        default: return nil
        }
    }
}
