import Foundation

/// Bytes as text that needs no escapes in an address, a cookie or a token: base64url without padding (RFC 4648,
/// section 5).
package enum Base64URL {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// `nil` for a text with any other character, padding included.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let text = String(text)
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard isPlain else { return nil }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let padded = text.replacing("-", with: "+").replacing("_", with: "/") + padding
        return Data(base64Encoded: padded).map { [UInt8]($0) }
    }
}
