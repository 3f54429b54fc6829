import Crypto
import CryptoExtras
import MartletCore

/// The keys by which a provider signs (RFC 7517). Keys of other kinds and for other uses are left out.
struct KeySet: Sendable {
    enum Verdict: Sendable {
        case signed
        case forged
        /// No key of the set could have signed it: there may be a newer set.
        case unknownKey
    }

    private struct Key: Sendable {
        enum Material: Sendable {
            case rsa(_RSA.Signing.PublicKey)
            case p256(P256.Signing.PublicKey)
        }

        var id: String?
        /// The only one that it is for; `nil` for any that fits.
        var algorithm: String?
        var material: Material
    }

    private let keys: [Key]

    /// - Throws: `unusable` for a document without a list of keys.
    init(_ document: JSONValue) throws(OpenIDFailure) {
        guard case .array(let items)? = document["keys"] else { throw .unusable("the provider's key set has no keys") }
        keys = items.compactMap(Self.key)
    }

    func verdict(on token: SignedToken) -> Verdict {
        let fitting = keys.filter { Self.fits($0, token) }
        if fitting.contains(where: { Self.isSigned(token, by: $0) }) { return .signed }
        return fitting.isEmpty || token.keyID == nil ? .unknownKey : .forged
    }

    private static func key(_ item: JSONValue) -> Key? {
        guard item["use"]?.text ?? "sig" == "sig" else { return nil }
        if let operations = item["key_ops"], !operations.texts.contains("verify") { return nil }
        guard let material = material(item) else { return nil }
        return Key(id: item["kid"]?.text, algorithm: item["alg"]?.text, material: material)
    }

    /// `nil` for a key of another kind, and for one that cannot be read or is too short.
    private static func material(_ item: JSONValue) -> Key.Material? {
        func bytes(_ name: String) -> [UInt8]? { item[name]?.text.flatMap { Base64URL.decode($0) } }
        switch item["kty"]?.text {
        case "RSA":
            guard let modulus = bytes("n"), let exponent = bytes("e"),
                let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent), key.keySizeInBits >= 2_048
            else { return nil }
            return .rsa(key)
        case "EC":
            guard item["crv"]?.text == "P-256", let x = bytes("x"), let y = bytes("y"), x.count == 32, y.count == 32,
                let key = try? P256.Signing.PublicKey(rawRepresentation: x + y)
            else { return nil }
            return .p256(key)
        default: return nil
        }
    }

    private static func fits(_ key: Key, _ token: SignedToken) -> Bool {
        guard token.keyID == nil || key.id == token.keyID,
            key.algorithm == nil || key.algorithm == token.algorithm.rawValue
        else { return false }
        return switch (key.material, token.algorithm) {
        case (.rsa, .rs256), (.rsa, .ps256), (.p256, .es256): true
        default: false
        }
    }

    private static func isSigned(_ token: SignedToken, by key: Key) -> Bool {
        let digest = SHA256.hash(data: token.text)
        switch key.material {
        case .rsa(let key):
            let signature = _RSA.Signing.RSASignature(rawRepresentation: token.signature)
            let padding: _RSA.Signing.Padding = token.algorithm == .ps256 ? .PSS : .insecurePKCS1v1_5
            return key.isValidSignature(signature, for: digest, padding: padding)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: token.signature) else {
                return false
            }
            return key.isValidSignature(signature, for: digest)
        }
    }
}
