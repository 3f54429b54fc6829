import MartletCore

/// A JSON Web Token as it came (RFC 7515, compact form), its signature not yet checked.
struct SignedToken: Sendable {
    /// Those that are believed. Neither `none` nor one whose key is a shared secret, which a public key could be
    /// taken for (RFC 8725, section 2.1).
    enum Algorithm: String, Sendable {
        case rs256 = "RS256"
        case ps256 = "PS256"
        case es256 = "ES256"
    }

    var algorithm: Algorithm
    var keyID: String?
    var claims: JSONValue
    /// What is signed.
    var text: [UInt8]
    var signature: [UInt8]

    init(_ token: String) throws(OpenIDFailure) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64URL.decode(parts[2]) else {
            throw .untrusted("the ID token has not three parts")
        }
        let header = try Self.object(parts[0], "header")
        guard let name = header["alg"]?.text, let algorithm = Algorithm(rawValue: name) else {
            let name = OpenIDFailure.plain(header["alg"]?.text ?? "nothing")
            throw .untrusted("the ID token is signed by \(name); RS256, PS256 and ES256 are believed")
        }
        // What must be understood is not (RFC 7515, section 4.1.11).
        guard header["crit"] == nil else { throw .untrusted("the ID token has critical extensions") }
        self.algorithm = algorithm
        self.signature = signature
        keyID = header["kid"]?.text
        claims = try Self.object(parts[1], "content")
        text = Array((parts[0] + "." + parts[1]).utf8)
    }

    private static func object(_ part: Substring, _ what: String) throws(OpenIDFailure) -> JSONValue {
        guard let bytes = Base64URL.decode(part), let value = try? JSONParser.parse(bytes), case .object = value else {
            throw .untrusted("the \(what) of the ID token is no JSON object")
        }
        return value
    }
}
