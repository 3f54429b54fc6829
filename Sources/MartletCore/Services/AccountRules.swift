import Foundation

/// What accounts, passwords and tokens may look like.
package enum AccountRules {
    /// Characters.
    package static let longestName = 100
    /// Unicode scalars.
    package static let longestDisplayName = 200
    package static let shortestPassword = 8
    /// UTF-8 bytes: more would only cost the hash.
    package static let longestPassword = 1_024

    /// - Throws: `invalidArgument`.
    package static func checkName(_ name: String) throws(MartletError) {
        guard name.unicodeScalars.allSatisfy(isLegal), (1...longestName).contains(name.count) else {
            throw MartletError(
                .invalidArgument,
                "the name '\(name.prefix(100))' is not legal: use 1 to \(longestName) letters, digits and . _ - @ +"
            )
        }
    }

    /// - Throws: `invalidArgument`.
    package static func checkDisplayName(_ text: String) throws(MartletError) {
        try Rules.checkText(text, what: "display name", longest: longestDisplayName)
    }

    private static func isLegal(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else { return scalar.properties.isAlphabetic }
        return switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-", "@", "+": true
        default: false
        }
    }

    /// - Throws: `invalidArgument`, without the password in it.
    package static func checkPassword(_ password: String, of name: String) throws(MartletError) {
        guard password.count >= shortestPassword else {
            throw MartletError(.invalidArgument, "the password needs at least \(shortestPassword) characters")
        }
        guard password.utf8.count <= longestPassword else {
            throw MartletError(.invalidArgument, "the password has over \(longestPassword) bytes")
        }
        guard password.lowercased() != name.lowercased(), Set(password).count > 3 else {
            throw MartletError(.invalidArgument, "the password is easy to guess; choose another")
        }
    }

    /// Legal names like those that another system has for somebody, the best first: the first of them that has a
    /// letter or a digit, then the same with a number, at last with digits of the id.
    package static func names(like wanted: [String], id: String) -> [String] {
        let legal = wanted.map(legalName).first { $0.contains { $0.isLetter || $0.isNumber } } ?? "person"
        let endings = [""] + (2...9).map { "-\($0)" } + ["-\(id.suffix(12))"]
        return endings.map { String(legal.prefix(longestName - $0.count)) + $0 }
    }

    /// What is not legal in a name becomes one `-`.
    private static func legalName(_ text: String) -> String {
        var name = ""
        for scalar in text.precomposedStringWithCanonicalMapping.unicodeScalars.prefix(4 * longestName) {
            if isLegal(scalar) {
                name.unicodeScalars.append(scalar)
            } else if !name.isEmpty, !name.hasSuffix("-") {
                name += "-"
            }
        }
        return String(name.prefix(longestName))
    }

    /// As much of a text as a display name holds.
    package static func displayName(like text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value != 0 }.prefix(longestDisplayName)))
    }
}
