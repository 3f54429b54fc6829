import Foundation
import MartletCore

/// Filters and orders of the native API: the search language in full, with free words. See docs/search.md.
enum SearchText {
    /// `nil` for a blank filter. - Throws: `invalidArgument`.
    static func filter(
        _ text: String?,
        of subject: SearchSubject,
        now: Int64,
        me: String? = nil
    ) throws(MartletError) -> Filter? {
        guard let text, !text.isEmpty else { return nil }
        return try FilterParser.parse(text, subject: subject, syntax: .martlet, now: now, me: me)
    }

    /// The user that `user = me` means. Without logins it is the user of the system, as mlflow's clients name it.
    static func user(of principal: Principal) -> String {
        principal == .local ? ProcessInfo.processInfo.userName : principal.name
    }

    /// - Throws: `invalidArgument`.
    static func order(_ clauses: [String], of subject: SearchSubject) throws(MartletError) -> [SearchOrder] {
        try OrderParser.parse(clauses, subject: subject, syntax: .martlet)
    }
}
