import Foundation

/// A value as a sweep's configuration and a run's parameters hold it: what JSON and YAML have in common.
///
/// Integers stay integers. `==` tells `1` from `1.0`; `canonical` does not.
package enum SweepValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([SweepValue])
    case object([String: SweepValue])

    /// The member of an object; `nil` when this is none or has none of that name.
    package subscript(key: String) -> SweepValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    /// The number, of either kind; `nil` for anything else, booleans and texts of digits too.
    package var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The integer, also where it is written with a fraction of zero (`3.0`); `nil` for anything else.
    package var integer: Int? {
        switch self {
        case .int(let value): value
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    package var text: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    package var items: [SweepValue]? {
        guard case .list(let items) = self else { return nil }
        return items
    }

    package var members: [String: SweepValue]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// The one form of all values that mean the same: whole doubles become integers, at every depth.
    ///
    /// Configurations go through YAML and JSON, in which `3000000.0`, `3e6` and `3000000` change places.
    package var canonical: SweepValue {
        switch self {
        // NaN is not equal to itself, so it would be a new value each time.
        case .double(let value): value.isNaN ? "NaN" : Int(exactly: value).map(SweepValue.int) ?? self
        case .list(let items): .list(items.map(\.canonical))
        case .object(let members): .object(members.mapValues(\.canonical))
        default: self
        }
    }

    /// Whether no value lies deeper than `limit` lists and objects. Looks no deeper than that.
    func isShallow(_ limit: Int) -> Bool {
        switch self {
        case .list(let items): limit > 0 && items.allSatisfy { $0.isShallow(limit - 1) }
        case .object(let members): limit > 0 && members.values.allSatisfy { $0.isShallow(limit - 1) }
        default: true
        }
    }
}

extension SweepValue: CustomStringConvertible {
    /// Compact JSON with the keys in order, for messages and as the name of a category. Not a wire format:
    /// NaN and infinities are written as words.
    package var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .double(let value): String(value)
        case .string(let value): Self.quoted(value)
        case .list(let items): "[" + items.map(\.description).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }
                .map { "\(Self.quoted($0.key)):\($0.value.description)" }.joined(separator: ",") + "}"
        }
    }

    /// The description, cut where a message would become unreadable.
    var brief: String {
        guard isShallow(8) else { return "a deeply nested value" }
        let whole = description
        return whole.count <= 60 ? whole : String(whole.prefix(59)) + "…"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension SweepValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: SweepValue...) { self = .list(elements) }

    /// Where a key occurs twice, the last one counts.
    package init(dictionaryLiteral elements: (String, SweepValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}
