import Foundation

/// An element of the XML that S3 stores answer with: no attributes, no mixed content.
///
/// A reader of its own, because of the whole of XML the protocol uses names, text and the five entities; anything
/// else, such as a document type, is refused.
struct S3Element: Sendable, Equatable {
    var name: String
    /// Empty for an element with children.
    var text = ""
    var children: [S3Element] = []

    /// Text of the first child of that name; empty when there is none.
    subscript(name: String) -> String { children.first { $0.name == name }?.text ?? "" }

    func all(_ name: String) -> [S3Element] { children.filter { $0.name == name } }

    /// The root. - Returns: `nil` for what is not such a document.
    init?(parsing bytes: [UInt8]) {
        var reader = S3XMLReader(rest: Substring(decoding: bytes, as: UTF8.self))
        guard let root = reader.document() else { return nil }
        self = root
    }

    init(name: String) { self.name = name }
}

private struct S3XMLReader {
    var rest: Substring
    private static let deepest = 16

    init(rest: Substring) { self.rest = rest }

    mutating func document() -> S3Element? {
        skipSpace()
        if rest.hasPrefix("<?") {
            guard let end = rest.range(of: "?>") else { return nil }
            rest = rest[end.upperBound...]
        }
        skipSpace()
        guard let root = element(depth: 0) else { return nil }
        skipSpace()
        return rest.isEmpty ? root : nil
    }

    private mutating func element(depth: Int) -> S3Element? {
        guard depth < Self.deepest, rest.first == "<", let end = rest.firstIndex(of: ">") else { return nil }
        let tag = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        guard let name = tag.split(whereSeparator: { $0.isWhitespace || $0 == "/" }).first, Self.isName(name) else {
            return nil
        }
        var element = S3Element(name: String(name))
        return tag.hasSuffix("/") ? element : finish(&element, depth)
    }

    private mutating func finish(_ element: inout S3Element, _ depth: Int) -> S3Element? {
        var text = ""
        while let open = rest.firstIndex(of: "<") {
            text += rest[..<open]
            rest = rest[open...]
            if rest.hasPrefix("</") {
                guard let end = rest.firstIndex(of: ">") else { return nil }
                let name = rest[rest.index(rest.startIndex, offsetBy: 2)..<end].trimmingCharacters(in: .whitespaces)
                rest = rest[rest.index(after: end)...]
                guard name == element.name, let plain = Self.unescaped(text) else { return nil }
                if element.children.isEmpty { element.text = plain }
                return element
            }
            guard let child = self.element(depth: depth + 1) else { return nil }
            element.children.append(child)
        }
        return nil
    }

    private mutating func skipSpace() { rest = rest.drop(while: \.isWhitespace) }

    private static func isName(_ name: Substring) -> Bool {
        name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.:".contains($0)) }
    }

    private static func unescaped(_ text: String) -> String? {
        guard text.contains("&") else { return text }
        var result = ""
        var rest = text[...]
        while let mark = rest.firstIndex(of: "&") {
            result += rest[..<mark]
            guard let end = rest[mark...].firstIndex(of: ";"),
                let character = character(rest[rest.index(after: mark)..<end])
            else { return nil }
            result += character
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func character(_ entity: Substring) -> String? {
        switch entity {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard entity.hasPrefix("#") else { return nil }
            let digits = entity.dropFirst()
            let number = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return number.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
        }
    }
}
