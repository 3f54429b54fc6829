/// Slows down who guesses passwords: after some failures each further try must wait, twice as long each time.
///
/// Counted for a name from one address, so that nobody can lock another out from elsewhere, and for the address as a
/// whole. Forgotten a quarter of an hour after the last failure. Bounded in memory.
package struct LoginThrottle: Sendable {
    private struct Failures {
        var count = 0
        /// Milliseconds since 1970-01-01 UTC.
        var last: Int64 = 0
    }

    private static let memory: Int64 = 15 * 60_000
    private static let longestWait: Int64 = 5 * 60_000
    private static let mostKeys = 10_000
    /// Failures that are free.
    package static let freeForName = 5
    package static let freeForAddress = 30

    private var failures: [String: Failures] = [:]

    package init() {}

    /// - Throws: `rateLimited` that says how long to wait.
    package func check(name: String, address: String, now: Int64) throws(MartletError) {
        let wait = max(
            wait(Self.key(name, address), free: Self.freeForName, now),
            wait(address, free: Self.freeForAddress, now)
        )
        guard wait > 0 else { return }
        let seconds = Int((wait + 999) / 1_000)
        throw MartletError(
            .rateLimited,
            "too many failed logins; try again in \(seconds) s",
            retryAfter: seconds
        )
    }

    package mutating func failed(name: String, address: String, now: Int64) {
        if failures.count >= Self.mostKeys {
            failures = failures.filter { $0.value.last > now - Self.memory }
            if failures.count >= Self.mostKeys { failures.removeAll() }
        }
        for key in [Self.key(name, address), address] {
            var entry = failures[key] ?? Failures()
            entry.count = entry.last > now - Self.memory ? entry.count + 1 : 1
            entry.last = now
            failures[key] = entry
        }
    }

    /// A success forgives the name, not the address.
    package mutating func succeeded(name: String, address: String) {
        failures[Self.key(name, address)] = nil
    }

    private func wait(_ key: String, free: Int, _ now: Int64) -> Int64 {
        guard let entry = failures[key], entry.last > now - Self.memory, entry.count >= free else { return 0 }
        let pause = min(Self.longestWait, 1_000 << Int64(min(entry.count - free, 20)))
        return entry.last + pause - now
    }

    private static func key(_ name: String, _ address: String) -> String { "\(name.lowercased())\n\(address)" }
}
