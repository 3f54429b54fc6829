import Foundation

/// The time of day and fresh ids, injected so that tests choose them.
package struct Environment: Sendable {
    /// Milliseconds since 1970-01-01 UTC.
    package var now: @Sendable () -> Int64
    /// 32 lower-case hexadecimal digits.
    package var newID: @Sendable () -> String

    package init(now: @escaping @Sendable () -> Int64, newID: @escaping @Sendable () -> String) {
        self.now = now
        self.newID = newID
    }

    package static let live = Environment(
        now: { Int64(Date().timeIntervalSince1970 * 1_000) },
        newID: { UUID().uuidString.replacing("-", with: "").lowercased() }
    )
}
