/// What a resolver gives for a field.
@usableFromInline
package enum GraphQLOutput: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    /// Written as null when it is NaN or infinite.
    case double(Double)
    case string(String)
    /// One JSON value, spliced as it is and not looked at; no bytes are null. Only for scalars.
    case raw([UInt8])
    case list([GraphQLOutput])
    /// An object whose type's table has the resolvers; see `object(_:as:)`.
    case boxed(type: String?, any AnyObject & Sendable)
    /// An object whose fields are at hand; see `record(_:as:)`.
    case record(type: String?, [Member])

    @usableFromInline
    package struct Member: Sendable {
        package var key: String
        package var value: GraphQLOutput

        package init(key: String, value: GraphQLOutput) {
            self.key = key
            self.value = value
        }
    }
}

extension GraphQLOutput {
    /// An object with resolvers for `Value`. The type's name may be left out where the field is declared with an
    /// object type; an interface or a union needs it.
    @inlinable
    package static func object<Value: Sendable>(_ value: Value, as type: String? = nil) -> GraphQLOutput {
        .boxed(type: type, GraphQLBox(value))
    }

    /// As `object(_:as:)`, and null for `nil`.
    @inlinable
    package static func object<Value: Sendable>(_ value: Value?, as type: String? = nil) -> GraphQLOutput {
        guard let value else { return .null }
        return .boxed(type: type, GraphQLBox(value))
    }

    @inlinable
    package static func objects<Value: Sendable>(
        _ values: some Sequence<Value>,
        as type: String? = nil
    ) -> GraphQLOutput {
        .list(values.map { .boxed(type: type, GraphQLBox($0)) })
    }

    /// An object whose fields are these; those that it lacks are null. Which fields may be asked for is still what the
    /// type declares, and the resolvers of that type are not called. At a scalar it is written as a JSON object.
    package static func record(
        _ members: KeyValuePairs<String, GraphQLOutput>,
        as type: String? = nil
    ) -> GraphQLOutput {
        .record(type: type, members.map { Member(key: $0.key, value: $0.value) })
    }

    /// A Swift value, optional or not.
    @inlinable
    package static func value(_ value: some GraphQLLeaf) -> GraphQLOutput { value.graphQL }

    /// A client's value, given back.
    package init(_ value: GraphQLValue) {
        self =
            switch value {
            case .null: .null
            case .bool(let value): .bool(value)
            case .int(let value): .int(value)
            case .double(let value): .double(value)
            case .string(let text), .enumeration(let text): .string(text)
            case .list(let elements): .list(elements.map { GraphQLOutput($0) })
            case .object(let members):
                .record(type: nil, members.map { Member(key: $0.key, value: GraphQLOutput($0.value)) })
            }
    }

    var isNull: Bool {
        switch self {
        case .null: true
        case .raw(let bytes): bytes.isEmpty
        default: false
        }
    }
}

extension GraphQLOutput: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral
{
    @inlinable
    package init(stringLiteral text: String) { self = .string(text) }
    @inlinable
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    @inlinable
    package init(integerLiteral value: Int64) { self = .int(value) }
    @inlinable
    package init(floatLiteral value: Double) { self = .double(value) }
    @inlinable
    package init(arrayLiteral elements: GraphQLOutput...) { self = .list(elements) }
}
