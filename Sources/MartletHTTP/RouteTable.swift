import Hummingbird

/// The routes that are registered, to tell "no such path" from "not with this method".
struct RouteTable: Sendable {
    private struct Route: Sendable {
        var names: [String]
        var method: String
    }

    private let routes: [Route]

    init(_ router: Router<MartletRequestContext>) {
        routes = router.routes.map { route in
            Route(names: route.path.components.map(\.description), method: route.method.rawValue)
        }
    }

    /// Methods that a path takes, sorted; empty for an unknown path. O(routes): for failures only.
    func methods(at path: String) -> [String] {
        let names = path.split(separator: "/").map(String.init)
        let matching = routes.filter { route in
            // A capture at the root would make every path of one name a known one.
            route.names.first?.hasPrefix("{") != true && Self.matches(route.names, names)
        }
        // As in the router, the path with more literal names wins: `runs/search` is not `runs/{id}`.
        let closest = matching.map { Self.literals($0.names) }.max() ?? 0
        return Set(matching.filter { Self.literals($0.names) == closest }.map(\.method)).sorted()
    }

    private static func literals(_ pattern: [String]) -> Int {
        pattern.reduce(0) { $0 + ($1.hasPrefix("{") || $1.hasPrefix("*") ? 0 : 1) }
    }

    private static func matches(_ pattern: [String], _ names: [String]) -> Bool {
        for (place, part) in pattern.enumerated() {
            if part == "**" { return place < names.count }
            guard place < names.count else { return false }
            guard part == names[place] || (part.hasPrefix("{") && part.hasSuffix("}")) || part == "*" else {
                return false
            }
        }
        return pattern.count == names.count
    }
}
