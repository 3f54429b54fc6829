import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import MartletCore
import MartletHTTP
import MartletStorage
import MartletSweepSearch
import MartletTesting

/// The whole wire side over a database in a scratch folder.
struct TestServer {
    let folder: ScratchFolder
    let clock = ManualClock()
    let services: Services
    var configuration = HTTPConfiguration()
    /// One for all requests: the key that signs links lives as long as it does.
    private let dialect: MLflowDialect
    private let database: any SQLDatabase

    /// - Parameter roles: by group of the provider.
    init(
        login policy: LoginPolicy = .off,
        provider: (any IdentityProvider)? = nil,
        roles: String = "*=viewer"
    ) async throws {
        folder = try ScratchFolder()
        let environment = Environment.manual(clock)
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        database = try await openTestDatabase(in: folder.path, now: clock.now)
        let store = SQLMetadataStore(database: database, environment: environment)
        try await store.prepare()
        let blobs = try await LocalBlobStore(
            folder: folder.path + "/blobs",
            database: database,
            environment: environment
        )
        var services = Services(
            store: store,
            blobs: blobs,
            searching: SweepConfigurations(),
            hashing: .scrypt(logarithm: 10),
            policy: policy,
            events: EventBus(capacity: 100, firstRevision: 1_000),
            environment: environment
        )
        services.identities = try provider.map { provider in
            IdentityService(
                provider: provider,
                roles: try GroupRoles(roles),
                key: [UInt8](repeating: 9, count: 32),
                store: store,
                logins: services.logins,
                hashing: .scrypt(logarithm: 10),
                environment: environment
            )
        }
        self.services = services
        dialect = MLflowDialect(
            services: services,
            basePath: configuration.basePath,
            linkKey: [UInt8](repeating: 7, count: 32)
        )
    }

    /// The application, which writes no log.
    var application: Application<MartletResponder> {
        buildApplication(
            services: services,
            dialects: [dialect],
            configuration: configuration,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    /// Sends one request to the routes, without a socket.
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        try await application.test(.router) { client in
            try await client.execute(
                uri: path,
                method: method,
                headers: headers,
                body: body.map { ByteBuffer(string: $0) }
            )
        }
    }

    /// A run in experiment 0.
    func makeRun() async throws -> Run {
        try await services.runs.create(CreateRun(experimentID: Experiment.ID(0), name: "r"), as: .local)
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }
}
