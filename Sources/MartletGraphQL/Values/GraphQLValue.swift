/// A value that a client sent: as a literal in the document or as a variable.
package enum GraphQLValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    /// Also a whole number that does not fit 64 bits.
    case double(Double)
    case string(String)
    /// The bare name in a document; the same value arrives as a string when it is a variable.
    case enumeration(String)
    case list([GraphQLValue])
    /// In the order of the text. Where a key occurs twice, the last one counts.
    case object([Member])

    package struct Member: Sendable, Equatable {
        package var key: String
        package var value: GraphQLValue

        package init(key: String, value: GraphQLValue) {
            self.key = key
            self.value = value
        }
    }

    /// The member of an object; `nil` when this is none or has none of that name. O(members).
    package subscript(key: String) -> GraphQLValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// As JSON. Doubles that JSON has no text for become null. O(size).
    package var json: [UInt8] {
        var writer = AnswerWriter()
        writer.value(self)
        return writer.bytes
    }
}
