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
        newID: { randomID() }
    )
}

/// A random UUID (version 4) without dashes, straight from the system's generator: Foundation's opens a file for each.
private func randomID() -> String {
    var generator = SystemRandomNumberGenerator()
    let high = generator.next() & ~0xf000 | 0x4000
    let low = generator.next() & ~(0b11 << 62) | (0b10 << 62)
    return String(unsafeUninitializedCapacity: 32) { digits in
        for (place, shift) in stride(from: 60, through: 0, by: -4).enumerated() {
            digits[place] = digit(high >> shift)
            digits[16 + place] = digit(low >> shift)
        }
        return 32
    }
}

private func digit(_ value: UInt64) -> UInt8 {
    let value = UInt8(value & 15)
    return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
