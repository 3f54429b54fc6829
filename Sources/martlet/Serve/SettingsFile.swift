import Configuration
import Foundation
import MartletCore
import Synchronization

/// The file of `--config`: JSON or YAML, every name in it a known setting.
enum SettingsFile {
    /// The settings of a file; `nil` where it has nothing but comments.
    ///
    /// - Throws: `SettingsError` for a file that cannot be read, and for the first name in it, at any depth, that is
    ///   no setting.
    static func provider(at path: String) async throws -> (any ConfigProvider)? {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw SettingsError("the configuration file '\(path)' cannot be read; correct its name or leave it out")
        }
        let provider: (any ConfigProvider)?
        let names: [String]
        do {
            (provider, names) = try await isYAML(path) ? yaml(content, at: path) : json(content)
        } catch {
            throw SettingsError("the configuration file '\(path)' cannot be used: \(cause(error)); correct it")
        }
        if let unknown = names.first(where: { !SettingNames.all.contains($0) }) {
            throw SettingsError(
                "the configuration file '\(path)' has the unknown setting '\(unknown.prefix(100))'; "
                    + SettingNames.advice(on: unknown)
            )
        }
        return provider
    }

    private static func isYAML(_ path: String) -> Bool {
        [".yaml", ".yml"].contains { path.lowercased().hasSuffix($0) }
    }

    private static func cause(_ error: any Error) -> String {
        (error as? MartletError)?.message ?? String(describing: error)
    }

    // MARK: JSON

    /// Read by our own parser: that of swift-configuration takes `true` for the number 1.
    private static func json(_ content: Data) throws -> ((any ConfigProvider)?, names: [String]) {
        guard case .object(let members) = try JSONParser.parse([UInt8](content)) else {
            throw SettingsError("it must be an object")
        }
        var settings: [(name: String, value: ConfigValue?)] = []
        try collect(members, under: [], into: &settings)
        let names = settings.map(\.name)
        if let twice = Dictionary(grouping: names, by: \.self).first(where: { $0.value.count > 1 }) {
            throw SettingsError("it has the setting '\(twice.key.prefix(100))' twice")
        }
        let pairs = settings.compactMap { setting in setting.value.map { (AbsoluteConfigKey([setting.name]), $0) } }
        return (InMemoryProvider(name: "file", values: Dictionary(uniqueKeysWithValues: pairs)), names)
    }

    /// Names of nested objects are joined with dots; `null` is a setting without a value.
    private static func collect(
        _ members: [JSONValue.Member],
        under path: [String],
        into settings: inout [(name: String, value: ConfigValue?)]
    ) throws {
        for member in members {
            let path = path + [member.key]
            let content: ConfigContent?
            switch member.value {
            case .object(let members):
                try collect(members, under: path, into: &settings)
                continue
            case .null: content = nil
            case .bool(let flag): content = .bool(flag)
            case .integer(let number): content = .int(Int(number))
            case .number(let number): content = .double(number)
            case .string(let text): content = .string(text)
            case .array: content = .stringArray([])
            }
            settings.append((path.joined(separator: "."), content.map { ConfigValue($0, isSecret: false) }))
        }
    }

    // MARK: YAML

    private static func yaml(
        _ content: Data,
        at path: String
    ) async throws -> ((any ConfigProvider)?, names: [String]) {
        let lines = String(decoding: content, as: UTF8.self).split(whereSeparator: \.isNewline)
        let isEmpty = lines.allSatisfy { line in line.drop(while: \.isWhitespace).first.map { $0 == "#" } ?? true }
        if isEmpty { return (nil, []) }
        let place = ConfigReader(
            provider: InMemoryProvider(values: ["filePath": ConfigValue(.string(path), isSecret: false)])
        )
        let names = NameListener()
        let provider = try await FileProvider<YAMLSnapshot>(
            parsingOptions: .init(secretsSpecifier: .dynamic { name, _ in names.hear(name) }),
            config: place
        )
        return (provider, names.heard)
    }
}

/// Learns the names in a file from the one question that swift-configuration asks about each value: whether it is
/// secret. A class, because the parser holds on to the question.
private final class NameListener: Sendable {
    private let names = Mutex<[String]>([])

    var heard: [String] { names.withLock { $0 } }

    /// False: no setting is secret.
    func hear(_ name: String) -> Bool {
        names.withLock { $0.append(name) }
        return false
    }
}
