import Hummingbird
import MartletCore

/// The table of contents of the wire side: who answers what.
func addRoutes(to router: Router<MartletRequestContext>, _ parts: Parts) {
    let services = parts.services
    let limit = parts.configuration.largestBody
    // The native API, /api/v1
    VersionRoutes(version: parts.configuration.version, environment: services.environment).add(to: router)
    let basePath = parts.configuration.basePath
    let attempts = services.identities.map { AttemptCookie(key: $0.key, basePath: basePath) }
    SessionRoutes(
        services: services,
        authenticator: parts.authenticator,
        attempts: attempts,
        basePath: basePath
    ).add(to: router)
    AccountRoutes(services: services).add(to: router)
    WorkspaceRoutes(services: services).add(to: router)
    ExperimentRoutes(services: services, largestBody: limit).add(to: router)
    RunRoutes(services: services, largestBody: limit).add(to: router)
    RunSearchRoutes(services: services, largestBody: limit).add(to: router)
    RunExportRoutes(services: services, largestBody: limit).add(to: router)
    MetricRoutes(services: services, largestBody: limit).add(to: router)
    HistoryRoutes(services: services).add(to: router)
    RunStreamRoutes(services: services).add(to: router)
    ArtifactRoutes(services: services).add(to: router)
    CollectionRoutes(services: services).add(to: router)
    ArtifactVersionRoutes(services: services).add(to: router)
    ModelRoutes(services: services).add(to: router)
    SweepRoutes(services: services, largestBody: limit).add(to: router)
    SavedViewRoutes(services: services, largestBody: limit).add(to: router)
    LoggedModelRoutes(services: services, largestBody: limit).add(to: router)
    ImportRoutes(services: services, largestBody: limit).add(to: router)
    // Live events, /api/v1/events
    EventStreamRoutes(
        events: services.events,
        access: services.access,
        metrics: parts.metrics,
        most: parts.configuration.mostEventStreams,
        clock: parts.clock
    ).add(to: router)
    // Other tools' protocols
    for dialect in parts.dialects { dialect.addRoutes(to: router) }
    // Logins through an identity provider, /login/oidc
    if let identities = services.identities, let attempts {
        IdentityRoutes(
            identities: identities,
            logins: services.logins,
            attempts: attempts,
            basePath: basePath
        ).add(to: router)
    }
    // For operators, /metrics
    MetricsRoutes(metrics: parts.metrics).add(to: router)
    // The pages
    WebUIRoutes(configuration: parts.configuration).add(to: router)
}
