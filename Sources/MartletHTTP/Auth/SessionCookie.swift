import HTTPTypes
import Hummingbird
import MartletCore

/// The cookie of a login of the web pages. No script can read it, no other site can make a browser send it with a
/// change.
enum SessionCookie {
    static let name = "martlet_session"

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

    static func set(_ secret: String, basePath: String, isSecure: Bool) -> String {
        "\(name)=\(secret); Max-Age=\(LoginService.sessionLength / 1_000)" + rest(basePath, isSecure)
    }

    static func clear(basePath: String, isSecure: Bool) -> String { "\(name)=; Max-Age=0" + rest(basePath, isSecure) }

    private static func rest(_ basePath: String, _ isSecure: Bool) -> String {
        "; Path=\(basePath)/; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
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
