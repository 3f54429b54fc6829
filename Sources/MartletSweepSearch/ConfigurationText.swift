import MartletCore
import MartletSweeps
import Yams

/// The text of a sweep configuration: JSON, or YAML 1.1 as Yams reads it.
enum ConfigurationText {
    /// Values in all, those that an alias stands for each time: a text of a few bytes may mean billions.
    private static let mostValues = 100_000
    private static let deepest = 64

    /// - Throws: `invalidArgument` that tells line and column.
    static func value(_ text: String) throws(MartletError) -> SweepValue {
        if text.first(where: { !$0.isWhitespace }) == "{", let json = try? JSONParser.parse(Array(text.utf8)) {
            return SweepJSON.value(json)
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw MartletError(.invalidArgument, "the sweep configuration is no YAML: \(reason(error))")
        } catch {
            throw MartletError(.invalidArgument, "the sweep configuration is no YAML")
        }
        guard let node else { throw MartletError(.invalidArgument, "the sweep configuration is empty") }
        var left = mostValues
        return try value(node, depth: 0, &left)
    }

    private static func value(_ node: Node, depth: Int, _ left: inout Int) throws(MartletError) -> SweepValue {
        left -= 1
        guard left >= 0, depth <= deepest else {
            throw MartletError(
                .invalidArgument,
                "the sweep configuration has over \(mostValues) values, or is nested over \(deepest) levels"
            )
        }
        switch node {
        case .scalar(let scalar): return self.scalar(scalar, node.tag.description)
        case .sequence(let items):
            var values: [SweepValue] = []
            for item in items { values.append(try value(item, depth: depth + 1, &left)) }
            return .list(values)
        case .mapping(let mapping):
            var members: [String: SweepValue] = [:]
            for (key, item) in mapping {
                guard case .scalar(let name) = key else {
                    throw MartletError(.invalidArgument, "the sweep configuration has a key that is no text")
                }
                members[name.string] = try value(item, depth: depth + 1, &left)
            }
            return .object(members)
        case .alias(let alias):
            throw MartletError(
                .invalidArgument,
                "the sweep configuration has the alias '\(alias.anchor.rawValue.prefix(60))' that nothing is behind"
            )
        }
    }

    private static func scalar(_ scalar: Node.Scalar, _ tag: String) -> SweepValue {
        switch tag {
        case Tag.Name.null.rawValue: return .null
        case Tag.Name.bool.rawValue: return Bool.construct(from: scalar).map { .bool($0) } ?? .string(scalar.string)
        case Tag.Name.int.rawValue:
            if let value = Int.construct(from: scalar) { return .int(value) }
            return Double(scalar.string).map { .double($0) } ?? .string(scalar.string)
        case Tag.Name.float.rawValue:
            return Double.construct(from: scalar).map { .double($0) } ?? .string(scalar.string)
        default: return .string(scalar.string)
        }
    }

    private static func reason(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let keys, _): "the same key twice: \(keys.prefix(5))"
        default: "it cannot be read"
        }
    }
}
