import Foundation
package import MartletCore
import Synchronization

/// A folder that is gone when the test is over.
///
/// A class, because its end of life removes the folder.
package final class ScratchFolder: Sendable {
    package let path: String

    package init() throws {
        path = NSTemporaryDirectory() + "martlet-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    // A folder that cannot be removed is left to the system's cleaning.
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Time that moves only when a test says so.
package final class ManualClock: Sendable {
    private let milliseconds: Mutex<Int64>

    package init(_ now: Int64 = 1_700_000_000_000) { milliseconds = Mutex(now) }

    package var now: Int64 { milliseconds.withLock { $0 } }
    package func advance(by amount: Int64) { milliseconds.withLock { $0 += amount } }
}

extension Environment {
    /// The clock's time, and ids that count: `00…01`, `00…02`.
    package static func manual(_ clock: ManualClock) -> Environment {
        let counter = Counter()
        return Environment(now: { clock.now }, newID: { counter.next() })
    }
}

/// Counts up from 1.
private final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> String {
        let number = value.withLock { value in
            value += 1
            return value
        }
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}

/// Tells the first time from the others.
package final class Attempts: Sendable {
    private let count = Mutex(0)

    package init() {}

    package func isFirst() -> Bool {
        count.withLock { count in
            count += 1
            return count == 1
        }
    }
}
