import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import MartletCore

/// The cookie that a browser carries through a login at an identity provider, sealed with a key that all servers of an
/// installation share: nobody reads or changes it, and any of them goes on with what another began.
struct AttemptCookie: Sendable {
    enum Content: Codable, Sendable {
        /// On the way to the provider.
        case attempt(LoginAttempt)
        /// On the way back to the login page: why nobody came in.
        case refusal(String)
    }

    static let name = "martlet_attempt"
    /// Seconds that a refusal waits for the login page.
    private static let refusalLength: Int64 = 60
    private let key: SymmetricKey
    private let basePath: String

    /// - Parameter key: 32 secret bytes.
    init(key: [UInt8], basePath: String) {
        self.key = SymmetricKey(data: key)
        self.basePath = basePath
    }

    /// What gives a browser the content; without one, what takes it away.
    func field(_ content: Content?, isSecure: Bool) throws(MartletError) -> HTTPField {
        let (value, seconds): (String, Int64) =
            switch content {
            case nil: ("", 0)
            case .attempt?: (try sealed(content), IdentityService.patience / 1_000)
            case .refusal?: (try sealed(content), Self.refusalLength)
            }
        let rest = "; Max-Age=\(seconds); Path=\(basePath)/; SameSite=Lax; HttpOnly" + (isSecure ? "; Secure" : "")
        return HTTPField(name: .setCookie, value: "\(Self.name)=\(value)\(rest)")
    }

    /// `nil` when there is none that we sealed.
    func content(of request: Request) -> Content? {
        for value in request.cookies(named: Self.name) {
            // What cannot be opened is somebody else's.
            if let bytes = Base64URL.decode(value), let box = try? AES.GCM.SealedBox(combined: bytes),
                let text = try? AES.GCM.open(box, using: key, authenticating: Self.purpose),
                let content = try? JSONDecoder().decode(Content.self, from: text)
            {
                return content
            }
        }
        return nil
    }

    private static let purpose = Data(name.utf8)

    private func sealed(_ content: Content?) throws(MartletError) -> String {
        do {
            let text = try JSONEncoder().encode(content)
            guard let bytes = try AES.GCM.seal(text, using: key, authenticating: Self.purpose).combined else {
                throw MartletError(.internal, "a login attempt was sealed with a nonce of another length")
            }
            return Base64URL.encode(bytes)
        } catch {
            throw MartletError(.internal, "a login attempt could not be sealed: \(error)")
        }
    }
}
