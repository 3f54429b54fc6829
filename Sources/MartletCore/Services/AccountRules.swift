/// What accounts, passwords and tokens may look like.
package enum AccountRules {
    /// Characters.
    package static let longestName = 100
    package static let shortestPassword = 8
    /// UTF-8 bytes: more would only cost the hash.
    package static let longestPassword = 1_024

    /// - Throws: `invalidArgument`.
    package static func checkName(_ name: String) throws(MartletError) {
        let isLegal = name.unicodeScalars.allSatisfy { scalar in
            if scalar.isASCII {
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-", "@", "+": return true
                default: return false
                }
            }
            return scalar.properties.isAlphabetic
        }
        guard isLegal, (1...longestName).contains(name.count) else {
            throw MartletError(
                .invalidArgument,
                "the name '\(name.prefix(100))' is not legal: use 1 to \(longestName) letters, digits and . _ - @ +"
            )
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
}
