import Foundation
package import MartletCore

/// Which provider is asked, and as whom.
package struct OpenIDSettings: Sendable {
    /// As the provider writes it, slash at the end or not.
    package var issuer: String
    package var client: String
    /// `nil` for a public client, which shows nothing but who began the login (RFC 7636).
    package var secret: String?
    /// As people call the provider.
    package var name: String
    /// The claim of the ID token that lists the groups of a person.
    package var groupsClaim: String

    /// - Parameters:
    ///   - name: `nil` for the host of the issuer.
    ///   - isLoopback: whether a host always means this machine; such an issuer need not have TLS.
    /// - Throws: `invalidArgument` for an issuer that is no address to be trusted.
    package init(
        issuer: String,
        client: String,
        secret: String?,
        name: String?,
        groupsClaim: String,
        isLoopback: (String) -> Bool
    ) throws(MartletError) {
        guard let parts = URLComponents(string: issuer), let scheme = parts.scheme, let host = parts.encodedHost,
            !host.isEmpty, parts.user == nil, parts.query == nil, parts.fragment == nil
        else {
            throw MartletError(.invalidArgument, "it must look like https://host/path")
        }
        guard scheme == "https" || (scheme == "http" && isLoopback(host.lowercased())) else {
            throw MartletError(.invalidArgument, "it must begin with https, unless it is on this machine")
        }
        self.issuer = issuer
        self.client = client
        self.secret = secret
        self.name = name ?? host
        self.groupsClaim = groupsClaim
    }
}
