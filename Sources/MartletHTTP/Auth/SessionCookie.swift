import HTTPTypes
import Hummingbird
import MartletCore

/// The cookie of a login of the web pages. No script can read it, no other site can make a browser send it with a
/// change.
enum SessionCookie {
    static let name = "martlet_session"
    /// Stands beside it, holds nothing, and tells the pages that there is a login to ask about.
    static let marker = "martlet_login"

    /// `nil` when there is none that could be ours.
    static func secret(of request: Request) -> String? {
        request.cookies(named: name).first { $0.utf8.count == 64 && $0.utf8.allSatisfy { isHexadecimal($0) } }
    }

    /// Fields that give a browser the secret; without one, those that take it away.
    static func fields(_ secret: String?, basePath: String, isSecure: Bool) -> HTTPFields {
        let seconds = secret == nil ? 0 : LoginService.sessionLength / 1_000
        let rest = "; Max-Age=\(seconds); Path=\(basePath)/; SameSite=Lax" + (isSecure ? "; Secure" : "")
        var fields = HTTPFields()
        fields.append(HTTPField(name: .setCookie, value: "\(name)=\(secret ?? "")\(rest); HttpOnly"))
        fields.append(HTTPField(name: .setCookie, value: "\(marker)=\(secret == nil ? "" : "1")\(rest)"))
        return fields
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte)
    }
}

extension LoginService {
    /// Ends the login that a browser had: each has a new secret, and one that somebody planted is worth nothing.
    func leave(_ request: Request) async throws(MartletError) {
        if let old = SessionCookie.secret(of: request) { try await logout(old, as: .unknown) }
    }
}
