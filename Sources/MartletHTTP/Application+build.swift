package import Hummingbird
package import Logging
package import MartletCore

/// A value that the composition adds to `/metrics`.
package typealias ExtraMetrics = @Sendable () async -> [(name: String, help: String, value: Double)]

/// All routes of the server: the native API, live events, the web interface and the dialects.
package func buildRouter(
    services: Services,
    dialects: [any Dialect],
    configuration: HTTPConfiguration
) -> Router<MartletRequestContext> {
    router(Parts(services: services, dialects: dialects, configuration: configuration))
}

/// The server, ready to run. It listens once it runs and then calls `onListening` with its port.
///
/// Graceful shutdown ends event streams, lets requests finish, and closes idle connections.
package func buildApplication(
    services: Services,
    dialects: [any Dialect],
    configuration: HTTPConfiguration,
    logger: Logger,
    clock: any Clock<Duration> & Sendable = ContinuousClock(),
    extraMetrics: @escaping ExtraMetrics = { [] },
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
) -> Application<MartletResponder> {
    let parts = Parts(
        services: services,
        dialects: dialects,
        configuration: configuration,
        clock: clock,
        extra: extraMetrics
    )
    let router = router(parts)
    let responder = MartletResponder(
        routes: router.buildResponder(),
        requestGuard: RequestGuard(configuration, acceptsAddresses: { services.logins.isRequired }),
        errors: ErrorRendering(dialects: dialects, routes: RouteTable(router)),
        metrics: parts.metrics,
        authenticator: parts.authenticator,
        workspaces: WorkspaceChoice(workspaces: services.workspaces, dialects: dialects)
    )
    var quiet = logger
    // Hummingbird says where it listens at `info`; the command says it better.
    quiet.logLevel = max(logger.logLevel, .notice)
    if logger.logLevel <= .debug { quiet.logLevel = logger.logLevel }
    return Application(
        responder: responder,
        server: .http1(
            configuration: .init(
                additionalChannelHandlers: [
                    ConnectionGuard(
                        patience: configuration.patience,
                        largestHeader: configuration.largestHeader,
                        metrics: parts.metrics
                    )
                ],
                idleTimeout: nil,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: configuration.largestHeader,
                    maxHeaderListSize: configuration.largestHeader,
                    maxHeaderFieldCount: LargeHead.mostFields
                )
            )
        ),
        configuration: ApplicationConfiguration(
            address: .hostname(configuration.host, port: configuration.port),
            backlog: 1_024,
            availableConnectionsDelegate: .maximum(configuration.mostConnections, logger: quiet)
        ),
        onServerRunning: { channel in await onListening(channel.localAddress?.port ?? configuration.port) },
        logger: quiet
    )
}

/// What routes are made from.
struct Parts: Sendable {
    let services: Services
    let dialects: [any Dialect]
    let configuration: HTTPConfiguration
    let metrics: ServerMetrics
    let authenticator: Authenticator
    let clock: any Clock<Duration> & Sendable

    init(
        services: Services,
        dialects: [any Dialect],
        configuration: HTTPConfiguration,
        clock: any Clock<Duration> & Sendable = ContinuousClock(),
        extra: @escaping ExtraMetrics = { [] }
    ) {
        self.services = services
        self.dialects = dialects
        self.configuration = configuration
        self.clock = clock
        metrics = ServerMetrics(extra: extra)
        authenticator = Authenticator(logins: services.logins, open: configuration.principal, dialects: dialects)
    }
}

private func router(_ parts: Parts) -> Router<MartletRequestContext> {
    let router = Router(context: MartletRequestContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: FrameworkErrors())
    addRoutes(to: router, parts)
    return router
}
