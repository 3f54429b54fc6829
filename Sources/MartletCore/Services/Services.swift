/// Everything that the wire side needs, handed over once at start.
package struct Services: Sendable {
    package var experiments: ExperimentService
    package var runs: RunService
    package var loggedModels: LoggedModelService
    package var artifacts: ArtifactService
    package var imports: ImportService
    package var events: EventBus
    package var environment: Environment

    package init(
        store: any MetadataStore & UploadStore,
        blobs: any BlobStore,
        events: EventBus,
        environment: Environment
    ) {
        experiments = ExperimentService(store: store, events: events)
        runs = RunService(store: store, events: events, environment: environment)
        loggedModels = LoggedModelService(store: store, events: events, environment: environment)
        artifacts = ArtifactService(store: store, uploads: store, blobs: blobs, events: events)
        imports = ImportService(store: store, artifacts: artifacts, events: events)
        self.events = events
        self.environment = environment
    }
}
