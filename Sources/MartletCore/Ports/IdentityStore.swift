/// Which account belongs to whom of an identity provider. Every method is one transaction, durable once it returns.
package protocol IdentityStore: Sendable {
    /// `nil` for somebody who was not here yet.
    func account(of identity: Identity.Key) async throws(MartletError) -> Account?
    /// Sets the role in the default workspace to what the provider says, whoever is left as admin.
    /// - Parameters:
    ///   - endsLogins: whether the account's logins end as well.
    ///   - entry: `nil` where the role stays.
    /// - Throws: `notFound`.
    func follow(
        _ role: Principal.Role,
        of account: Account.ID,
        endsLogins: Bool,
        _ entry: AuditEntry?
    ) async throws(MartletError) -> Account
    /// Takes a login attempt for good: true once for each, whichever server asks.
    /// - Parameters:
    ///   - hash: of what is secret of it.
    ///   - end: when it need not be remembered any longer; milliseconds since 1970-01-01 UTC.
    func take(attempt hash: Digest, until end: Int64, now: Int64) async throws(MartletError) -> Bool
}
