/// Everything that the wire side needs, handed over once at start.
package struct Services: Sendable {
    package var experiments: ExperimentService
    package var runs: RunService
    package var loggedModels: LoggedModelService
    package var artifacts: ArtifactService
    package var accounts: AccountService
    package var logins: LoginService
    /// `nil` where people come in with passwords only.
    package var identities: IdentityService?
    package var access: AccessControl
    package var imports: ImportService
    package var events: EventBus
    package var environment: Environment

    package init(
        store: any MetadataStore & UploadStore & AccountStore,
        blobs: any BlobStore,
        hashing: SecretHashing,
        policy: LoginPolicy,
        events: EventBus,
        environment: Environment
    ) {
        let audit = AuditLog(store: store, environment: environment)
        let quotas = QuotaKeeper(store: store, environment: environment)
        experiments = ExperimentService(store: store, quotas: quotas, events: events, audit: audit)
        runs = RunService(store: store, events: events, environment: environment, audit: audit)
        loggedModels = LoggedModelService(store: store, events: events, environment: environment)
        artifacts = ArtifactService(store: store, uploads: store, blobs: blobs, quotas: quotas, events: events)
        logins = LoginService(store: store, hashing: hashing, environment: environment, policy: policy)
        accounts = AccountService(store: store, logins: logins, hashing: hashing, environment: environment)
        access = AccessControl(store: store)
        imports = ImportService(store: store, artifacts: artifacts, events: events)
        self.events = events
        self.environment = environment
    }
}
