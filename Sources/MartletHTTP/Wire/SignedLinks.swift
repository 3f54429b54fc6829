import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import MartletCore

/// URLs that need no login: a path of this server, valid for a while, signed with a key that all servers share.
struct SignedLinks: Sendable {
    /// What a signed link allows, whoever holds it: it names one thing, and may do that anywhere.
    static let holder = Principal(name: "the holder of a signed link", role: .admin)

    /// Names as they stand in a path, each percent-encoded.
    static func encoded(_ names: [String]) -> String {
        var bytes: [UInt8] = []
        for (index, name) in names.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: "/")) }
            for byte in name.utf8 {
                if isPlain[Int(byte)] {
                    bytes.append(byte)
                } else {
                    bytes += [UInt8(ascii: "%"), upperDigits[Int(byte >> 4)], upperDigits[Int(byte & 15)]]
                }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// RFC 3986, 2.3: bytes that are never escaped.
    private static let isPlain: [Bool] = {
        let plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8
        return (0...255).map { plain.contains(UInt8($0)) }
    }()
    private static let upperDigits = Array("0123456789ABCDEF".utf8)
    private static let digits = Array("0123456789abcdef".utf8)

    private let basePath: String
    private let now: @Sendable () -> Int64
    private let key: SymmetricKey

    /// - Parameters:
    ///   - key: 32 secret bytes.
    ///   - now: milliseconds since 1970-01-01 UTC.
    init(basePath: String, key: [UInt8], now: @escaping @Sendable () -> Int64) {
        self.basePath = basePath
        self.key = SymmetricKey(data: key)
        self.now = now
    }

    /// An absolute URL at the host that the client spoke to.
    ///
    /// - Parameter path: percent-encoded, without the base path.
    func url(for method: HTTPRequest.Method, path: String, validFor duration: Duration, _ request: Request) -> String {
        let expires = now() + duration.components.seconds * 1_000
        let signature = Self.hexadecimal(code(method, path, expires))
        return request.publicAddress(of: path, basePath: basePath) + "?expires=\(expires)&signature=\(signature)"
    }

    /// - Throws: `permissionDenied` for a link that is not ours, was changed, or is too old.
    func check(_ request: Request) throws(MartletError) {
        let query = try request.queryItems
        guard let expires = query.first("expires").flatMap({ Int64($0) }), let signature = query.first("signature"),
            let bytes = Self.bytes(signature),
            HMAC<SHA256>.isValidAuthenticationCode(
                bytes,
                authenticating: text(request.method, request.uri.path, expires),
                using: key
            )
        else { throw MartletError(.permissionDenied, "the link is not valid; ask for a new one") }
        guard expires > now() else {
            throw MartletError(.permissionDenied, "the link has expired; ask for a new one")
        }
    }

    private func code(_ method: HTTPRequest.Method, _ path: String, _ expires: Int64) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: text(method, path, expires), using: key))
    }

    private func text(_ method: HTTPRequest.Method, _ path: String, _ expires: Int64) -> Data {
        // What may be read may also be asked for its head.
        Data("\(method == .head ? "GET" : method.rawValue)\n\(path)\n\(expires)".utf8)
    }

    private static func hexadecimal(_ bytes: Data) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(_ text: String) -> Data? {
        let digits = text.utf8.compactMap(PercentDecoding.hexValue)
        guard text.utf8.count == 64, digits.count == 64 else { return nil }
        return Data(stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
    }
}
