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
        for field in request.headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, parts[0].allSatisfy({ $0 != "=" }), parts[0].trimmed == name else { continue }
                let secret = parts[1].trimmed
                if secret.utf8.count == 64, secret.utf8.allSatisfy({ isHexadecimal($0) }) { return secret }
            }
        }
        return nil
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

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
