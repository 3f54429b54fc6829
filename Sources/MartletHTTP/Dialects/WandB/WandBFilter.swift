import MartletCore

/// Filters and orders as W&B's clients write them: Mongo's operators over `config.x`, `summary_metrics.y` and a run's
/// own fields.
///
/// They become a `Filter`, so that runs of every client are found by them. Config values are params, which are texts:
/// numbers are compared as the search does it.
struct WandBFilter {
    private static let deepest = 32
    /// Milliseconds since 1970-01-01 UTC: who did not report for long has crashed.
    let now: Int64
    /// Whose runs are searched.
    let entity: String

    /// - Parameter text: JSON; `nil` or empty for no filter.
    /// - Throws: `invalidArgument` that says which part is not understood.
    static func filter(_ text: String?, of entity: String = "", now: Int64) throws(MartletError) -> Filter? {
        guard let text, !text.isEmpty else { return nil }
        let filter = try WandBFilter(now: now, entity: entity).filter(try JSONParser.parse(Array(text.utf8)), depth: 0)
        if case .all(let parts) = filter, parts.isEmpty { return nil }
        return filter
    }

    private func filter(_ json: JSONValue, depth: Int) throws(MartletError) -> Filter {
        guard depth < Self.deepest else {
            throw MartletError(.invalidArgument, "filters: nested over \(Self.deepest) levels")
        }
        guard case .object(let members) = json else {
            throw MartletError(.invalidArgument, "filters: an object is expected")
        }
        var parts: [Filter] = []
        for member in members { parts.append(try condition(member.key, member.value, depth: depth)) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private func condition(_ key: String, _ value: JSONValue, depth: Int) throws(MartletError) -> Filter {
        switch key {
        case "$and": return .all(try filters(value, depth))
        case "$or":
            let parts = try filters(value, depth)
            return parts.isEmpty ? .all([]) : .any(parts)
        case "$nor": return .not(.any(try filters(value, depth)))
        case "$not": return .not(try filter(value, depth: depth + 1))
        default: break
        }
        guard !key.hasPrefix("$") else { throw Self.unknown("operator", key) }
        if case .object(let operators) = value, operators.contains(where: { $0.key.hasPrefix("$") }) {
            var parts: [Filter] = []
            for one in operators { parts.append(try comparison(key, one.key, one.value, depth: depth)) }
            return parts.count == 1 ? parts[0] : .all(parts)
        }
        return try comparison(key, "$eq", value, depth: depth)
    }

    private func filters(_ json: JSONValue, _ depth: Int) throws(MartletError) -> [Filter] {
        guard case .array(let elements) = json else {
            throw MartletError(.invalidArgument, "filters: $and and $or take a list")
        }
        var parts: [Filter] = []
        for element in elements { parts.append(try filter(element, depth: depth + 1)) }
        return parts
    }

    // MARK: comparisons

    private func comparison(
        _ key: String,
        _ name: String,
        _ value: JSONValue,
        depth: Int
    ) throws(MartletError) -> Filter {
        if key == "entity" || key == "entityName" { return ofEntity(name, value) }
        switch name {
        case "$not":
            guard case .object = value else { return .not(try comparison(key, "$eq", value, depth: depth)) }
            return .not(try condition(key, value, depth: depth + 1))
        case "$exists":
            let wants = value != .bool(false)
            return WandBField(key).exists(wants)
        case "$in", "$nin":
            guard case .array(let values) = value else {
                throw MartletError(.invalidArgument, "filters: \(name) takes a list")
            }
            var parts: [Filter] = []
            for one in values { parts.append(try WandBField(key).compare(.equal, one, now: now)) }
            // What is not there is in no list.
            return name == "$in" ? .any(parts) : .not(.any(parts))
        case "$eq": return try WandBField(key).compare(.equal, value, now: now)
        case "$ne": return .not(try WandBField(key).compare(.equal, value, now: now))
        case "$gt": return try WandBField(key).compare(.greater, value, now: now)
        case "$gte": return try WandBField(key).compare(.greaterOrEqual, value, now: now)
        case "$lt": return try WandBField(key).compare(.less, value, now: now)
        case "$lte": return try WandBField(key).compare(.lessOrEqual, value, now: now)
        case "$regex": return try WandBField(key).compare(.matches, value, now: now)
        default: throw Self.unknown("operator", name)
        }
    }

    /// All runs of a search are one entity's.
    private func ofEntity(_ name: String, _ value: JSONValue) -> Filter {
        let isOwn: Bool
        switch (name, value) {
        case ("$in", .array(let names)): isOwn = names.contains(.string(entity))
        case ("$nin", .array(let names)): isOwn = !names.contains(.string(entity))
        case ("$ne", _), ("$not", .string): isOwn = value != .string(entity)
        case ("$exists", _): isOwn = value != .bool(false)
        default: isOwn = value == .string(entity)
        }
        return isOwn ? .all([]) : .any([])
    }

    static func unknown(_ what: String, _ name: String) -> MartletError {
        MartletError(.invalidArgument, "filters: the \(what) '\(name.prefix(100))' is not known")
    }

    // MARK: orders

    /// `-created_at`, `+summary_metrics.loss`; without a sign ascending. Newest first when there is none.
    static func order(_ text: String?) throws(MartletError) -> [SearchOrder] {
        guard let text, !text.isEmpty else { return [SearchOrder(field: .attribute(.createdAt), descending: true)] }
        var orders: [SearchOrder] = []
        for part in text.split(separator: ",") {
            let isDescending = part.hasPrefix("-")
            let name = String(part.drop { $0 == "-" || $0 == "+" || $0 == " " })
            guard let field = WandBField(name).ordered else { throw unknown("field of the order", name) }
            var order = SearchOrder(field: field, descending: isDescending)
            if case .param = field { order.readsNumbers = true }
            orders.append(order)
        }
        return orders
    }
}

/// A field of a run, by W&B's name for it.
enum WandBField {
    case search(SearchField)
    case state
    case labels
    case name
    /// What only some clients have.
    case nothing

    init(_ name: String) {
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        switch (parts[safe: 0] ?? "", parts[safe: 1]) {
        case ("config", let key?): self = .search(.param(key: Self.plain(key)))
        case ("summary_metrics", let key?), ("summaryMetrics", let key?), ("summary", let key?):
            self = .search(.summary(key: key))
        // What was logged at all.
        case ("keys_info", let key?) where key.hasPrefix("keys."):
            self = .search(.summary(key: String(key.dropFirst(5))))
        case ("tags", _): self = .labels
        case ("state", nil): self = .state
        case ("name", nil): self = .name
        case ("display_name", nil), ("displayName", nil): self = .search(.attribute(.name))
        case ("created_at", nil), ("createdAt", nil): self = .search(.attribute(.createdAt))
        case ("updated_at", nil), ("updatedAt", nil), ("heartbeat_at", nil), ("heartbeatAt", nil):
            self = .search(.attribute(.heartbeatAt))
        case ("duration", nil): self = .search(.attribute(.duration))
        case ("notes", nil): self = .search(.attribute(.notes))
        case ("username", nil), ("user", _): self = .search(.attribute(.user))
        case ("group", nil): self = .search(.tag(key: WandBTag.group.key))
        case ("jobType", nil), ("job_type", nil): self = .search(.tag(key: WandBTag.jobType.key))
        case ("sweep", nil), ("sweep_name", nil), ("sweepName", nil): self = .search(.tag(key: WandBTag.sweep.key))
        case ("commit", nil): self = .search(.tag(key: WandBTag.commit.key))
        case ("host", nil): self = .search(.tag(key: WandBTag.host.key))
        default: self = .nothing
        }
    }

    /// W&B's own path of a value, `lr.value` or `net.value.depth`, without the part in it that is always there.
    private static func plain(_ key: String) -> String {
        if key.hasSuffix(".value") { return String(key.dropLast(6)) }
        return key.replacing(".value.", with: ".", maxReplacements: 1)
    }

    /// What runs can be ordered by.
    var ordered: SearchField? {
        switch self {
        case .search(let field): field
        case .state: .attribute(.status)
        case .name: .attribute(.foreignID)
        case .labels, .nothing: nil
        }
    }

    func exists(_ wants: Bool) -> Filter {
        let exists: Filter =
            switch self {
            case .search(.attribute), .state, .name: .all([])
            case .search(let field):
                .any([.comparison(.init(field: field, relation: .isNotNull, value: .none)), Self.object(field)])
            case .labels:
                .any(
                    [SearchField.label, .tag(key: WandBTag.labels.key)].map { field in
                        .comparison(.init(field: field, relation: .isNotNull, value: .none))
                    }
                )
            case .nothing: .any([])
            }
        return wants ? exists : .not(exists)
    }

    /// The members of an object are params of their own.
    private static func object(_ field: SearchField) -> Filter {
        guard case .param(let key) = field else { return .any([]) }
        return .comparison(.init(field: .paramGroup(key: key), relation: .isNotNull, value: .none))
    }

    /// - Throws: `invalidArgument` for a value that cannot be compared.
    func compare(_ relation: Filter.Relation, _ value: JSONValue, now: Int64) throws(MartletError) -> Filter {
        if value.isNull {
            // A value that a program gave as None, as params spell it.
            guard relation == .equal, case .search(let field) = self, case .param = field else { return exists(false) }
            return .any([exists(false), .comparison(.init(field: field, relation: .equal, value: .text("None")))])
        }
        if relation == .matches { try Self.checkPattern(try Self.text(value)) }
        switch self {
        case .nothing: return .any([])
        case .labels: return try label(relation, value)
        case .state: return try Self.state(relation, try Self.text(value), now)
        case .name:
            return .comparison(
                .init(field: .attribute(.foreignID), relation: relation, value: .text(try Self.text(value)))
            )
        case .search(let field):
            return .comparison(
                .init(field: field, relation: relation, value: try Self.value(value, of: field, relation))
            )
        }
    }

    private static func checkPattern(_ text: String) throws(MartletError) {
        do {
            _ = try TextPattern(text)
        } catch {
            throw MartletError(error.code, "filters: \(error.message)")
        }
    }

    private func label(_ relation: Filter.Relation, _ value: JSONValue) throws(MartletError) -> Filter {
        let key = try Self.text(value)
        guard relation == .equal else {
            return .comparison(.init(field: .label, relation: relation, value: .text(key)))
        }
        guard Rules.isWellFormed(key) else {
            var json = JSONWriter()
            json.string(key)
            // In the list of those that no key can be, which is JSON.
            let pattern = "%\(json.text)%"
            return .comparison(.init(field: .tag(key: WandBTag.labels.key), relation: .like, value: .text(pattern)))
        }
        return .comparison(.init(field: .tag(key: key), relation: .equal, value: .text("")))
    }

    private static let states = [
        "running", "crashed", "finished", "failed", "killed", "pending", "preempting", "preempted",
    ]

    private static func state(_ relation: Filter.Relation, _ state: String, _ now: Int64) throws(MartletError) -> Filter
    {
        if relation == .matches {
            let pattern = try TextPattern(state)
            var parts: [Filter] = []
            for one in states where pattern.isFound(in: one) { parts.append(try Self.state(.equal, one, now)) }
            return .any(parts)
        }
        guard relation == .equal else {
            throw MartletError(.invalidArgument, "filters: state is compared by $eq, $ne, $in and $regex")
        }
        // A state that nothing has matches nothing.
        guard let status = try? WandBRun.status(of: state) else { return .any([]) }
        let latest = Filter.Value.integer(now - Run.stalledAfterMilliseconds)
        let isSilent = Filter.comparison(.init(field: .attribute(.heartbeatAt), relation: .less, value: latest))
        let has = { (status: RunStatus) in
            Filter.comparison(.init(field: .attribute(.status), relation: .equal, value: .text(status.rawValue)))
        }
        let preempts = Filter.comparison(
            .init(field: .tag(key: WandBTag.preempting.key), relation: .equal, value: .text("1"))
        )
        switch state {
        case "running": return .all([has(.running), .not(isSilent), .not(preempts)])
        case "crashed": return .all([has(.running), isSilent, .not(preempts)])
        case "failed": return .all([has(.failed), .not(preempts)])
        case "preempting": return .all([has(.running), .not(isSilent), preempts])
        case "preempted": return .all([.any([has(.failed), .all([has(.running), isSilent])]), preempts])
        default: return has(status)
        }
    }

    private static func value(
        _ json: JSONValue,
        of field: SearchField,
        _ relation: Filter.Relation
    ) throws(MartletError) -> Filter.Value {
        switch field {
        case .summary:
            switch json {
            case .integer(let value): return .number(Double(value))
            case .number(let value): return .number(value)
            default: return .text(try text(json))
            }
        case .attribute(.createdAt), .attribute(.heartbeatAt):
            if case .integer(let value) = json { return .integer(value) }
            let written = try text(json)
            guard let time = WandBTime.microseconds(written.contains("T") ? written : written + "T00:00:00") else {
                throw MartletError(.invalidArgument, "filters: a time reads 2026-11-23T12:22:50")
            }
            return .integer(time / 1_000)
        case .attribute(.duration):
            guard case .integer(let seconds) = json else {
                throw MartletError(.invalidArgument, "filters: the duration is a number of seconds")
            }
            return .integer(seconds * 1_000)
        case .param:
            // A number is compared as one, whatever the other client wrote: `1.0` is 1.
            switch (relation, json) {
            case (.matches, _): return .text(try text(json))
            case (_, .integer(let value)): return .number(Double(value))
            case (_, .number(let value)): return .number(value)
            default: return .text(try text(json))
            }
        default: return .text(try text(json))
        }
    }

    private static func text(_ json: JSONValue) throws(MartletError) -> String {
        switch json {
        case .array, .object:
            throw MartletError(.invalidArgument, "filters: a list or an object is compared with nothing")
        default: return JSONText.plain(json)
        }
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
