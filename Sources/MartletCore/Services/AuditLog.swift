/// Notes what people with accounts do to what others made. Where nobody logs in there is nobody to name.
package struct AuditLog: Sendable {
    private let store: any AccountStore
    private let environment: Environment

    package init(store: any AccountStore, environment: Environment) {
        self.store = store
        self.environment = environment
    }

    package func record(
        _ action: AuditEntry.Action,
        _ subject: String,
        as principal: Principal
    ) async throws(MartletError) {
        guard principal.account != nil else { return }
        try await store.record(AuditEntry(action, subject, as: principal, at: environment.now()))
    }
}
