import Crypto
import CryptoExtras
import Foundation
import MartletCore
import Testing

@testable import MartletOpenID

/// A provider that signs, with a key of each kind.
struct Signer {
    let rsa: _RSA.Signing.PrivateKey
    let p256 = P256.Signing.PrivateKey()

    init() throws { rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048) }

    /// The public keys: `r` and `e`.
    var keys: [String: [String: String]] {
        get throws {
            let (numbers, point) = (try rsa.publicKey.getKeyPrimitives(), p256.publicKey.rawRepresentation)
            return [
                "r": [
                    "kty": "RSA", "kid": "r", "n": Base64URL.encode(numbers.modulus),
                    "e": Base64URL.encode(numbers.publicExponent),
                ],
                "e": [
                    "kty": "EC", "kid": "e", "crv": "P-256", "x": Base64URL.encode(point.prefix(32)),
                    "y": Base64URL.encode(point.suffix(32)),
                ],
            ]
        }
    }

    func token(_ header: [String: String], claims: String = "{}", signedBy algorithm: String) throws -> String {
        let head = try JSONSerialization.data(withJSONObject: header)
        let text = Base64URL.encode(head) + "." + Base64URL.encode(Data(claims.utf8))
        let data = Data(text.utf8)
        let signature: Data
        switch algorithm {
        case "RS256": signature = try rsa.signature(for: data, padding: .insecurePKCS1v1_5).rawRepresentation
        case "PS256": signature = try rsa.signature(for: data, padding: .PSS).rawRepresentation
        case "ES256": signature = try p256.signature(for: data).rawRepresentation
        case "HS256":
            let secret = SymmetricKey(data: Data(rsa.publicKey.pemRepresentation.utf8))
            signature = Data(HMAC<SHA256>.authenticationCode(for: data, using: secret))
        default: signature = Data()
        }
        return text + "." + Base64URL.encode(signature)
    }
}

func keySet(_ keys: [[String: String]]) throws -> KeySet {
    let data = try JSONSerialization.data(withJSONObject: ["keys": keys])
    return try KeySet(try JSONParser.parse([UInt8](data)))
}

@Suite("Who signed an ID token")
struct SignedTokenTests {
    let signer: Signer

    init() throws { signer = try Signer() }

    private func verdict(
        _ token: String,
        _ change: (inout [[String: String]]) -> Void = { _ in }
    ) throws -> KeySet.Verdict {
        var keys = try signer.keys.values.sorted { $0["kid"] ?? "" < $1["kid"] ?? "" }
        change(&keys)
        return try keySet(keys).verdict(on: try SignedToken(token))
    }

    @Test(
        "each algorithm that is believed, with the name of the key and without",
        arguments: ["RS256", "PS256", "ES256"]
    )
    func believed(_ algorithm: String) throws {
        let id = algorithm == "ES256" ? "e" : "r"
        for header in [["alg": algorithm, "kid": id], ["alg": algorithm]] {
            let token = try signer.token(header, signedBy: algorithm)
            #expect(try verdict(token) == .signed)
            // One bit of the signature, and of the content.
            #expect(try verdict(String(token.dropLast(3)) + "AAA") != .signed)
            let parts = token.split(separator: ".")
            #expect(try verdict("\(parts[0]).\(Base64URL.encode(Array("{ }".utf8))).\(parts[2])") != .signed)
        }
    }

    @Test(
        "no other algorithm is, whatever it is called",
        arguments: ["none", "None", "", "HS256", "RS1", "ES384", "RS256 "]
    )
    func others(_ algorithm: String) throws {
        let token = try signer.token(["alg": algorithm, "kid": "r"], signedBy: algorithm)
        #expect(throws: OpenIDFailure.self) { try SignedToken(token) }
    }

    @Test("a key of another kind, of another name or for another use did not sign")
    func otherKeys() throws {
        let token = try signer.token(["alg": "RS256", "kid": "r"], signedBy: "RS256")
        for change in [
            ("kid", "x"), ("use", "enc"), ("alg", "PS256"), ("kty", "oct"), ("n", "AQAB"), ("n", "+"), ("e", ""),
        ] {
            #expect(try verdict(token) { $0[1][change.0] = change.1 } == .unknownKey, "\(change)")
        }
        #expect(try verdict(token) { $0[1]["use"] = "sig" } == .signed)
        #expect(try verdict(token) { $0[1]["alg"] = "RS256" } == .signed)
        #expect(try verdict(token) { $0 = [] } == .unknownKey)
        // The name of one key, the signature of another.
        #expect(try verdict(try signer.token(["alg": "ES256", "kid": "r"], signedBy: "ES256")) == .unknownKey)
        #expect(try verdict(try signer.token(["alg": "RS256", "kid": "r"], signedBy: "PS256")) == .forged)
        // Without a name any may have signed, and a newer one too.
        let other = try Signer()
        #expect(try verdict(try other.token(["alg": "RS256"], signedBy: "RS256")) == .unknownKey)
        #expect(try verdict(try other.token(["alg": "RS256", "kid": "r"], signedBy: "RS256")) == .forged)
    }

    @Test(
        "what is no token is none",
        arguments: [
            "", ".", "..", "a.b.c", "e30.e30.", "e30.e30.AA", "e30.e30.AA.AA.AA", "bnVsbA.e30.AA", "e30=.e30.AA",
            "eyJhbGciOiJSUzI1NiJ9.W10.AA", "eyJhbGciOiJSUzI1NiJ9.e30.A+A",
            "eyJhbGciOiJSUzI1NiIsImNyaXQiOlsiZXhwIl19.e30.AA",
        ]
    )
    func malformed(_ text: String) {
        #expect(throws: OpenIDFailure.self) { try SignedToken(text) }
    }

    @Test("a set of keys without keys is none", arguments: ["{}", "[]", #"{"keys": {}}"#, "null"])
    func noSet(_ text: String) throws {
        let document = try JSONParser.parse(Array(text.utf8))
        #expect(throws: OpenIDFailure.self) { try KeySet(document) }
    }
}
