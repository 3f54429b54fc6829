/// A JSON text in memory.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number without fraction and exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number; finite, unless the reader was told to take bare NaN.
    case number(Double)
    case string(String)
    case array([JSONValue])
    /// In the order of the text. Where a key occurs twice, the last one counts; see `subscript(_:)`.
    case object([Member])

    package struct Member: Sendable, Equatable {
        package var key: String
        package var value: JSONValue

        package init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The member of an object; `nil` when this is none or has none of that name. O(members).
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    package var isNull: Bool { self == .null }
}
