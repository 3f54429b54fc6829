import MartletCore

/// What filters and orders at hand may ask for: collections, versions, sweeps, projects.
protocol WandBFilterable: Sendable {
    /// What it is called in messages.
    static var title: String { get }
    /// The fields by their names; `nil` for a value that it has not.
    static var fields: [String: @Sendable (Self) -> JSONValue?] { get }
    /// A field whose name is made of a part that is known and one that is not; `nil` for no such one.
    static func field(_ name: String) -> (@Sendable (Self) -> JSONValue?)?
}

extension WandBFilterable {
    static func field(_ name: String) -> (@Sendable (Self) -> JSONValue?)? { nil }

    fileprivate static func known(_ name: String) -> (@Sendable (Self) -> JSONValue?)? { fields[name] ?? field(name) }
}

/// A filter in the form of MongoDB over values at hand, of which there are few enough.
///
/// Filters of runs, of which there may be very many, become queries: see `WandBFilter`.
struct WandBMatch<Thing: WandBFilterable>: Sendable {
    private indirect enum Condition: Sendable {
        case all([Condition])
        case any([Condition])
        case not(Condition)
        case compare(String, String, JSONValue)
        case matches(String, TextPattern)
    }

    private let condition: Condition

    /// Whether it accepts everything, or all that is committed, as everything here is.
    var isTrivial: Bool {
        switch condition {
        case .all(let parts): parts.isEmpty
        case .compare("state", "$eq", .string("COMMITTED")): true
        default: false
        }
    }

    /// - Throws: `invalidArgument`.
    init(_ text: String?) throws(MartletError) {
        guard let text, !text.isEmpty, text != "null" else {
            condition = .all([])
            return
        }
        let whole = try Self.condition(try JSONParser.parse(Array(text.utf8)), depth: 0)
        condition = if case .all(let parts) = whole, parts.count == 1 { parts[0] } else { whole }
    }

    private static func condition(_ json: JSONValue, depth: Int) throws(MartletError) -> Condition {
        guard case .object(let members) = json, depth < 20 else {
            throw MartletError(.invalidArgument, "a filter is a JSON object, at most 20 deep")
        }
        var parts: [Condition] = []
        for member in members {
            switch member.key {
            case "$and": parts.append(.all(try list(member.value, depth)))
            case "$or": parts.append(.any(try list(member.value, depth)))
            case "$nor": parts.append(.not(.any(try list(member.value, depth))))
            case "$not": parts.append(.not(try condition(member.value, depth: depth + 1)))
            default:
                guard !member.key.hasPrefix("$") else { throw WandBFilter.unknown("operator", member.key) }
                parts.append(try comparison(member.key, member.value))
            }
        }
        return .all(parts)
    }

    private static func list(_ json: JSONValue, _ depth: Int) throws(MartletError) -> [Condition] {
        guard case .array(let elements) = json else {
            throw MartletError(.invalidArgument, "$and, $or and $nor take a list of filters")
        }
        var conditions: [Condition] = []
        for element in elements { conditions.append(try condition(element, depth: depth + 1)) }
        return conditions
    }

    private static func comparison(_ field: String, _ json: JSONValue) throws(MartletError) -> Condition {
        guard Thing.known(field) != nil else { throw WandBFilter.unknown("field of \(Thing.title)", field) }
        guard case .object(let members) = json else { return .compare(field, "$eq", json) }
        var parts: [Condition] = []
        for member in members {
            switch (member.key, member.value) {
            case ("$regex", .string(let pattern)): parts.append(.matches(field, try TextPattern(pattern)))
            case ("$contains", .string), ("$eq", _), ("$ne", _), ("$in", .array), ("$nin", .array), ("$gt", _),
                ("$gte", _), ("$lt", _), ("$lte", _), ("$exists", _):
                parts.append(.compare(field, member.key, member.value))
            case ("$not", let inner): parts.append(.not(try comparison(field, inner)))
            default: throw WandBFilter.unknown("operator", member.key)
            }
        }
        return .all(parts)
    }

    func accepts(_ thing: Thing) -> Bool { Self.accepts(condition, thing) }

    private static func accepts(_ condition: Condition, _ thing: Thing) -> Bool {
        switch condition {
        case .all(let parts): parts.allSatisfy { accepts($0, thing) }
        case .any(let parts): parts.contains { accepts($0, thing) }
        case .not(let part): !accepts(part, thing)
        case .matches(let field, let pattern): texts(value(field, thing)).contains { pattern.isFound(in: $0) }
        case .compare(let field, let operation, let wanted): compare(value(field, thing), operation, wanted)
        }
    }

    private static func value(_ field: String, _ thing: Thing) -> JSONValue? { Thing.known(field)?(thing) }

    private static func texts(_ value: JSONValue?) -> [String] {
        switch value {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap { texts($0) }
        default: []
        }
    }

    /// A list has a value when one of its elements has.
    private static func compare(_ value: JSONValue?, _ operation: String, _ wanted: JSONValue) -> Bool {
        let values: [JSONValue] = if case .array(let elements)? = value { elements } else { value.map { [$0] } ?? [] }
        switch operation {
        case "$eq": return values.contains(wanted)
        case "$ne": return !values.contains(wanted)
        case "$in": return if case .array(let all) = wanted { values.contains { all.contains($0) } } else { false }
        case "$nin": return if case .array(let all) = wanted { !values.contains { all.contains($0) } } else { true }
        case "$exists": return (wanted == .bool(true)) == !values.isEmpty
        case "$contains":
            return if case .string(let part) = wanted { texts(value).contains { $0.contains(part) } } else { false }
        default: return values.contains { isOrdered($0, operation, wanted) }
        }
    }

    private static func isOrdered(_ value: JSONValue, _ operation: String, _ wanted: JSONValue) -> Bool {
        switch (value, wanted) {
        case (.string(let left), .string(let right)): isOrdered(left, operation, right)
        case (.integer(let left), .integer(let right)): isOrdered(left, operation, right)
        case (.integer(let left), .number(let right)): isOrdered(Double(left), operation, right)
        case (.number(let left), .integer(let right)): isOrdered(left, operation, Double(right))
        case (.number(let left), .number(let right)): isOrdered(left, operation, right)
        default: false
        }
    }

    private static func isOrdered<Value: Comparable>(_ left: Value, _ operation: String, _ right: Value) -> Bool {
        switch operation {
        case "$gt": left > right
        case "$gte": left >= right
        case "$lt": left < right
        default: left <= right
        }
    }
}
