import HTTPTypes
import Hummingbird
import Synchronization

/// Names requests in answers and logs.
enum RequestIdentifier {
    /// The client's own `X-Request-ID` when it is harmless, else a fresh one of 12 hexadecimal digits.
    static func of(_ request: Request) -> String {
        if let sent = request.headers[.requestID], isHarmless(sent) { return sent }
        return fresh()
    }

    private static func isHarmless(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
            default: false
            }
        }
    }

    private static let next = Atomic<UInt64>(UInt64.random(in: .min ... .max))

    static func fresh() -> String {
        var value = next.wrappingAdd(1, ordering: .relaxed).newValue
        // At most 15 bytes: Swift keeps such a string without an allocation.
        return String(unsafeUninitializedCapacity: 12) { digits in
            for place in 0..<12 {
                let digit = UInt8(truncatingIfNeeded: value & 15)
                digits[11 - place] = digit < 10 ? 48 + digit : 87 + digit
                value >>= 4
            }
            return 12
        }
    }
}
