/// Everything that the wire side needs, handed over once at start.
package struct Services: Sendable {
    package var workspaces: WorkspaceService
    package var experiments: ExperimentService
    package var runs: RunService
    package var runStreams: RunStreamService
    package var sweeps: SweepService
    package let views: SavedViewService
    package var loggedModels: LoggedModelService
    package var artifacts: ArtifactService
    package let versions: ArtifactVersionService
    package let models: ModelRegistryService
    package var accounts: AccountService
    package var logins: LoginService
    /// `nil` where people come in with passwords only.
    package var identities: IdentityService?
    package var access: AccessControl
    package var imports: ImportService
    package var events: EventBus
    package var environment: Environment

    package init(
        store: any MetadataStore & UploadStore & AccountStore & WorkspaceStore & SweepStore & SavedViewStore,
        blobs: any BlobStore,
        searching: any SweepSearch,
        hashing: SecretHashing,
        policy: LoginPolicy,
        events: EventBus,
        environment: Environment
    ) {
        let audit = AuditLog(store: store, environment: environment)
        let quotas = QuotaKeeper(store: store, environment: environment)
        let access = AccessControl(store: store)
        self.access = access
        experiments = ExperimentService(store: store, access: access, quotas: quotas, events: events, audit: audit)
        runs = RunService(store: store, access: access, events: events, environment: environment, audit: audit)
        runStreams = RunStreamService(store: store, access: access, events: events)
        sweeps = SweepService(
            store: store,
            search: searching,
            access: access,
            events: events,
            environment: environment
        )
        views = SavedViewService(store: store, access: access, events: events, environment: environment)
        loggedModels = LoggedModelService(store: store, access: access, events: events, environment: environment)
        artifacts = ArtifactService(
            store: store,
            access: access,
            uploads: store,
            blobs: blobs,
            quotas: quotas,
            events: events
        )
        versions = ArtifactVersionService(store: store, access: access, events: events, environment: environment)
        models = ModelRegistryService(store: store, access: access, events: events, environment: environment)
        logins = LoginService(store: store, hashing: hashing, environment: environment, policy: policy)
        accounts = AccountService(
            store: store,
            access: access,
            logins: logins,
            hashing: hashing,
            environment: environment
        )
        workspaces = WorkspaceService(
            store: store,
            access: access,
            logins: logins,
            events: events,
            environment: environment
        )
        imports = ImportService(store: store, artifacts: artifacts, models: models, events: events)
        self.events = events
        self.environment = environment
    }
}
