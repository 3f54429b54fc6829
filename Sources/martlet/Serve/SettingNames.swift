/// The settings that a file may have.
enum SettingNames {
    static let all = [
        "host", "port", "data", "database", "blobs", "moveBlobs", "basePath", "publicHost", "login", "adminPassword",
        "open", "uiDir", "logLevel", "maxBodyBytes", "maxHeaderBytes", "maxConnections", "maxEventStreams",
        "headTimeout", "slowTimeout", "idleTimeout", "shutdownGrace",
        "oidcIssuer", "oidcClient", "oidcSecret", "oidcName", "oidcGroups", "oidcRoles",
    ]

    /// What to do about a name that is none of them, e.g. `server.prot`.
    static func advice(on name: String) -> String {
        let last = name.split(separator: ".").last.map(String.init) ?? name
        let advice = nearest(to: last).map { "did you mean '\($0)'?" } ?? "use one of \(all.joined(separator: ", "))"
        return last == name ? advice : "settings are not nested; \(advice)"
    }

    /// The name with the fewest changed letters, case and punctuation aside; `nil` when none is near.
    private static func nearest(to key: String) -> String? {
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
