import Foundation
import MartletCore

/// The settings that a file may have.
enum SettingNames {
    static let all = [
        "host", "port", "data", "basePath", "publicHost", "open", "uiDir", "logLevel", "maxBodyBytes",
        "maxHeaderBytes", "maxConnections", "maxEventStreams", "shutdownGrace",
    ]

    /// - Throws: `SettingsError` that names the first setting of the file that does not exist, and the nearest that does.
    static func check(file: String) throws {
        guard let content = FileManager.default.contents(atPath: file) else { return }
        for key in keys(of: String(decoding: content, as: UTF8.self)) where !all.contains(key) {
            throw SettingsError(
                "the configuration file '\(file)' has the unknown setting '\(key.prefix(100))'; "
                    + (nearest(to: key).map { "did you mean '\($0)'?" } ?? "use one of \(all.joined(separator: ", "))")
            )
        }
    }

    /// The names at the top of a JSON or YAML file. What is neither is left to its parser to refuse.
    static func keys(of text: String) -> [String] {
        // What is no JSON may still be YAML.
        if case .object(let members)? = try? JSONParser.parse(Array(text.utf8)) { return members.map(\.key) }
        return text.split(whereSeparator: \.isNewline).compactMap(yamlKey)
    }

    /// The name before the colon of a line that is not indented.
    private static func yamlKey(_ line: Substring) -> String? {
        guard let first = line.first, !first.isWhitespace, !"#-%{[".contains(first),
            let colon = line.firstIndex(of: ":")
        else { return nil }
        return line[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: " \t\"'"))
    }

    /// The name with the fewest changed letters, case and punctuation aside; `nil` when none is near.
    static func nearest(to key: String) -> String? {
        let wanted = letters(key)
        guard wanted.count <= 40 else { return nil }
        let ranked = all.map { (name: $0, distance: distance(wanted, letters($0))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(2, letters(best.name).count / 3) ? best.name : nil
    }

    private static func letters(_ text: String) -> [Character] {
        text.lowercased().filter { $0.isLetter || $0.isNumber }
    }

    /// Insertions, deletions and exchanges that turn one text into the other (Wagner and Fischer 1974).
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let change = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(change, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
