import MartletCore

/// Filters of sweeps, in the language of those of runs: Mongo's operators over the fields of a sweep.
///
/// A project has few sweeps: they are read and compared one by one.
struct WandBSweepFilter {
    /// Of a project; those that are older are not found.
    static let mostSweeps = 10_000
    private static let deepest = 32

    private let json: JSONValue

    /// - Parameter text: JSON; `nil` or empty for no filter.
    /// - Throws: `invalidArgument`.
    init(_ text: String?) throws(MartletError) {
        guard let text, !text.isEmpty else {
            json = .object([])
            return
        }
        json = try JSONParser.parse(Array(text.utf8))
        guard case .object = json else { throw MartletError(.invalidArgument, "filters: an object is expected") }
    }

    var isEmpty: Bool { json == .object([]) }

    /// - Throws: `invalidArgument` that says which part is not understood.
    func matches(_ sweep: WandBSweep) throws(MartletError) -> Bool { try Self.matches(json, sweep, depth: 0) }

    private static func matches(_ json: JSONValue, _ sweep: WandBSweep, depth: Int) throws(MartletError) -> Bool {
        guard depth < deepest else { throw MartletError(.invalidArgument, "filters: nested over \(deepest) levels") }
        guard case .object(let members) = json else {
            throw MartletError(.invalidArgument, "filters: an object is expected")
        }
        // All parts are looked at, so that a mistake is told whatever the sweeps are.
        var matchesAll = true
        for member in members {
            switch member.key {
            case "$and", "$or", "$nor":
                guard case .array(let parts) = member.value else {
                    throw MartletError(.invalidArgument, "filters: \(member.key) takes a list")
                }
                var results: [Bool] = []
                for part in parts { results.append(try matches(part, sweep, depth: depth + 1)) }
                let isTrue = member.key == "$and" ? results.allSatisfy(\.self) : results.contains(true)
                if isTrue == (member.key == "$nor") { matchesAll = false }
            case "$not":
                if try matches(member.value, sweep, depth: depth + 1) { matchesAll = false }
            default:
                if try !compare(member.key, member.value, sweep) { matchesAll = false }
            }
        }
        return matchesAll
    }

    private static func compare(_ name: String, _ json: JSONValue, _ sweep: WandBSweep) throws(MartletError) -> Bool {
        let value = try value(of: name, sweep)
        guard case .object(let operators) = json, operators.contains(where: { $0.key.hasPrefix("$") }) else {
            return value == JSONText.plain(json)
        }
        var matchesAll = true
        for one in operators {
            let isTrue = try compare(value, one.key, one.value)
            matchesAll = matchesAll && isTrue
        }
        return matchesAll
    }

    private static func compare(_ value: String?, _ name: String, _ json: JSONValue) throws(MartletError) -> Bool {
        switch name {
        case "$exists": return (value != nil) == (json != .bool(false))
        case "$in", "$nin":
            guard case .array(let choices) = json else {
                throw MartletError(.invalidArgument, "filters: \(name) takes a list")
            }
            return choices.contains { JSONText.plain($0) == value } == (name == "$in")
        case "$eq": return value == JSONText.plain(json)
        case "$ne": return value != JSONText.plain(json)
        case "$not": return try !compare(value, "$eq", json)
        case "$gt": return value.map { $0 > JSONText.plain(json) } ?? false
        case "$gte": return value.map { $0 >= JSONText.plain(json) } ?? false
        case "$lt": return value.map { $0 < JSONText.plain(json) } ?? false
        case "$lte": return value.map { $0 <= JSONText.plain(json) } ?? false
        case "$regex":
            let pattern: TextPattern
            do {
                pattern = try TextPattern(JSONText.plain(json))
            } catch {
                throw MartletError(error.code, "filters: \(error.message)")
            }
            return value.map { pattern.isFound(in: $0) } ?? false
        default: throw WandBFilter.unknown("operator", name)
        }
    }

    private static func value(of name: String, _ sweep: WandBSweep) throws(MartletError) -> String? {
        switch name {
        case "name", "id", "sweep": sweep.sweep.name
        case "display_name", "displayName": sweep.sweep.displayName.isEmpty ? nil : sweep.sweep.displayName
        case "description": sweep.sweep.description.isEmpty ? nil : sweep.sweep.description
        case "state": sweep.state
        case "method", "config.method": sweep.plan.outline.method
        case "user", "username": sweep.sweep.user
        case "created_at", "createdAt": WandBTime.text(milliseconds: sweep.sweep.createdAt)
        case "updated_at", "updatedAt": WandBTime.text(milliseconds: sweep.sweep.updatedAt)
        default: throw WandBFilter.unknown("field of a sweep", name)
        }
    }
}
