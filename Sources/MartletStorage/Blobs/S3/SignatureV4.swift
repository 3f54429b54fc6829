import Foundation

import struct Crypto.HMAC
import struct Crypto.SHA256
import struct Crypto.SymmetricKey

/// Who asks an S3 store. Never printed: its description holds no secret.
package struct S3Credentials: Sendable, Equatable {
    package var accessKey: String
    package var secretKey: String
    /// Of temporary credentials; `nil` for others.
    package var sessionToken: String?

    package init(accessKey: String, secretKey: String, sessionToken: String?) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }
}

extension S3Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "S3Credentials" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Signs requests as AWS does, version 4 ("Signature Version 4 signing process" of the IAM user guide; "Authenticating
/// requests" of the S3 API reference, with its single encoding of the path).
struct SignatureV4: Sendable {
    typealias Pair = (name: String, value: String)

    /// What a request says that is signed. Its query and its headers are in any order.
    struct Request {
        var method: String
        /// Percent-encoded.
        var path: String
        /// Not encoded.
        var query: [Pair] = []
        /// All that are sent of `Host`, `Content-MD5`, `Range` and `x-amz-…`; names in any case.
        var headers: [Pair]
        /// SHA-256 of the body in hexadecimal, or `UNSIGNED-PAYLOAD`.
        var payloadHash: String
    }

    var credentials: S3Credentials
    var region: String
    var service = "s3"

    /// The field `Authorization`. - Parameter time: milliseconds since 1970-01-01 UTC; the same as in `x-amz-date`.
    func authorization(_ request: Request, at time: Int64) -> String {
        let stamp = Self.stamp(time)
        let names = Self.canonical(request.headers).map(\.name).joined(separator: ";")
        let signature = signature(Self.canonicalRequest(request), stamp)
        return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope(stamp)), "
            + "SignedHeaders=\(names), Signature=\(signature)"
    }

    /// The query of an address that whoever has it may use for a while.
    /// - Parameter expires: seconds, at most a week.
    func presignedQuery(_ request: Request, at time: Int64, expires: Int) -> String {
        let stamp = Self.stamp(time)
        var request = request
        request.query += [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "\(credentials.accessKey)/\(scope(stamp))"),
            ("X-Amz-Date", stamp),
            ("X-Amz-Expires", String(expires)),
            ("X-Amz-SignedHeaders", Self.canonical(request.headers).map(\.name).joined(separator: ";")),
        ]
        if let token = credentials.sessionToken { request.query.append(("X-Amz-Security-Token", token)) }
        request.payloadHash = "UNSIGNED-PAYLOAD"
        let signature = signature(Self.canonicalRequest(request), stamp)
        return Self.canonical(query: request.query) + "&X-Amz-Signature=" + signature
    }

    private func scope(_ stamp: String) -> String { "\(stamp.prefix(8))/\(region)/\(service)/aws4_request" }

    private func signature(_ canonicalRequest: String, _ stamp: String) -> String {
        let hash = ContentHash.hexadecimal(ContentHash.sha256(of: Array(canonicalRequest.utf8)[...]))
        let text = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope(stamp))\n\(hash)"
        var key = Array("AWS4\(credentials.secretKey)".utf8)
        for part in [String(stamp.prefix(8)), region, service, "aws4_request", text] {
            key = Array(HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: SymmetricKey(data: key)))
        }
        return ContentHash.hexadecimal(key)
    }
}

// MARK: - Canonical forms

extension SignatureV4 {
    /// The form that both sides hash.
    static func canonicalRequest(_ request: Request) -> String {
        let headers = canonical(request.headers)
        return [
            request.method,
            request.path,
            canonical(query: request.query),
            headers.map { "\($0.name):\($0.value)\n" }.joined(),
            headers.map(\.name).joined(separator: ";"),
            request.payloadHash,
        ].joined(separator: "\n")
    }

    /// The query as it is signed and as it is sent.
    static func canonical(query: [Pair]) -> String {
        query.map { (encode($0.name, slashes: true), encode($0.value, slashes: true)) }
            .sorted { Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8)) || ($0.0 == $1.0 && $0.1 < $1.1) }
            .map { "\($0)=\($1)" }
            .joined(separator: "&")
    }

    private static func canonical(_ headers: [Pair]) -> [Pair] {
        headers.map { header in
            let words = header.value.split(separator: " ", omittingEmptySubsequences: true)
            return (header.name.lowercased(), words.joined(separator: " "))
        }.sorted { $0.name < $1.name }
    }

    /// Percent-encodes all but the unreserved characters of RFC 3986.
    /// - Parameter slashes: whether they are encoded too.
    static func encode(_ text: String, slashes: Bool) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x2f where !slashes: encoded.append("/")
            default: encoded += "%" + ContentHash.hexadecimal([byte]).uppercased()
            }
        }
        return encoded
    }

    /// `20150830T123600Z`. - Parameter time: milliseconds since 1970-01-01 UTC.
    static func stamp(_ time: Int64) -> String {
        var seconds = time_t(time / 1_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: Int32, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return padded(parts.tm_year + 1_900, 4) + padded(parts.tm_mon + 1) + padded(parts.tm_mday)
            + "T" + padded(parts.tm_hour) + padded(parts.tm_min) + padded(parts.tm_sec) + "Z"
    }
}
