import ArgumentParser
import Configuration
import Foundation
import Logging
import MartletCore
import MartletHTTP
import ServiceLifecycle
import UnixSignals

/// `martlet serve`: the server, until it is told to stop.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Start the server.",
        discussion: """
            Each setting can also come from the environment (MARTLET_PORT=5001, MARTLET_BASE_PATH=/martlet) or from a
            JSON or YAML file (--config); flags win over the environment, that over the file.

            EXAMPLES
              martlet serve --port 5001 --data /srv/martlet
              martlet serve --base-path /martlet --public-host ml.example.org   behind a proxy
            """
    )

    @Option(help: "Address to listen on. (default: 127.0.0.1)")
    var host: String?
    @Option(help: "Port to listen on; 0 for any free one. (default: 5000)")
    var port: Int?
    @Option(help: "Folder that keeps everything. (default: ./martlet-data)")
    var data: String?
    @Option(help: "PostgreSQL 15 or later, as postgres://user@host/name. (default: SQLite in the data folder)")
    var database: String?
    @Option(help: "S3 store for files, as s3://bucket/prefix?endpoint=https://host. (default: the data folder)")
    var blobs: String?
    @Flag(inversion: .prefixedNo, help: "Move files from the data folder to that store. (default: --no-move-blobs)")
    var moveBlobs: Bool?
    @Option(help: "Path under which a proxy puts the server, e.g. /martlet.")
    var basePath: String?
    @Option(help: "Names, separated by commas, under which browsers reach the server through a proxy.")
    var publicHost: String?
    @Option(help: "auto, required or off; auto requires it where others can reach the server. (default: auto)")
    var login: String?
    @Flag(inversion: .prefixedNo, help: "Answer a network without login, under any name. (default: --no-open)")
    var open: Bool?
    @Option(help: "Serve the web interface from this folder instead of the built-in files; for its development.")
    var uiDir: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?
    @Option(help: "Largest body that is read as a whole, in bytes; artifacts have no limit. (default: 16777216)")
    var maxBodyBytes: Int?
    @Option(help: "Largest head of a request, in bytes. (default: 65536)")
    var maxHeaderBytes: Int?
    @Option(help: "Most connections at a time. (default: 4096)")
    var maxConnections: Int?
    @Option(help: "Most live event streams at a time. (default: 1000)")
    var maxEventStreams: Int?
    @Option(help: "Seconds until the head of a connection's first request must have come. (default: 20)")
    var headTimeout: Int?
    @Option(help: "Seconds that a peer may bring or take less than 1 KiB a second. (default: 30)")
    var slowTimeout: Int?
    @Option(help: "Seconds that a connection may stay without a request. (default: 120)")
    var idleTimeout: Int?
    @Option(help: "Seconds that requests in flight get at shutdown. (default: 10)")
    var shutdownGrace: Int?
    @Option(help: "JSON or YAML file with settings.")
    var config: String?

    func run() async throws {
        do {
            let settings = try await ServerSettings(flags: flags, file: config)
            try await serve(settings)
        } catch let error as SettingsError {
            throw ValidationError(error.description)
        } catch let error as MartletError {
            FileHandle.standardError.write(Data("martlet: \(error.message)\n".utf8))
            throw ExitCode(1)
        }
    }

    private var flags: [AbsoluteConfigKey: ConfigValue] {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        let texts = [
            "host": host, "data": data, "database": database, "blobs": blobs, "basePath": basePath,
            "publicHost": publicHost, "login": login, "uiDir": uiDir, "logLevel": logLevel,
        ]
        for (key, text) in texts {
            if let text { values[AbsoluteConfigKey([key])] = ConfigValue(.string(text), isSecret: false) }
        }
        let numbers = [
            "port": port, "maxBodyBytes": maxBodyBytes, "maxHeaderBytes": maxHeaderBytes,
            "maxConnections": maxConnections, "maxEventStreams": maxEventStreams, "headTimeout": headTimeout,
            "slowTimeout": slowTimeout, "idleTimeout": idleTimeout, "shutdownGrace": shutdownGrace,
        ]
        for (key, number) in numbers {
            if let number { values[AbsoluteConfigKey([key])] = ConfigValue(.int(number), isSecret: false) }
        }
        if let moveBlobs { values["moveBlobs"] = ConfigValue(.bool(moveBlobs), isSecret: false) }
        if let open { values["open"] = ConfigValue(.bool(open), isSecret: false) }
        return values
    }

    private func serve(_ settings: ServerSettings) async throws {
        Allocator.keepFreedMemory()
        var logger = Logger(label: "martlet", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = settings.logLevel
        let folder = URL(fileURLWithPath: settings.dataFolder).standardizedFileURL.path
        let live = try await liveServices(settings, folder: folder, environment: .live, logger: logger)
        let http = settings.http
        let code = try await live.prepareLogins(settings.adminPassword)
        let application = buildApplication(
            services: live.services,
            dialects: [
                MLflowDialect(services: live.services, basePath: http.basePath, linkKey: live.linkKey),
                WandBDialect(services: live.services, basePath: http.basePath, linkKey: live.linkKey),
            ],
            configuration: http,
            logger: logger,
            extraMetrics: {
                [("martlet_waiting_writes", "Writes that wait for the writer.", Double(live.waitingWrites()))]
            },
            onListening: { port in Self.greet(http, port: port, folder: folder, firstAccount: code) }
        )
        var group = ServiceGroupConfiguration(
            services: live.background + [application],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        group.maximumGracefulShutdownDuration = .seconds(settings.shutdownGrace)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            // The folder is closed in good order also when the server could not start.
            try? await live.close()
            throw Self.explained(error, http)
        }
        try await live.close()
        logger.info("stopped")
    }

    private static func explained(_ error: any Error, _ http: HTTPConfiguration) -> any Error {
        let text = String(describing: error)
        guard text.contains("bind") || text.contains("in use") || text.contains("Address") else { return error }
        return MartletError(
            .unavailable,
            "cannot listen on \(http.host):\(http.port): \(text); is another server running there? "
                + "Choose another port with --port"
        )
    }

    /// On standard output: where the server is, and what to paste.
    /// - Parameter firstAccount: the code that makes the first account; `nil` where none is to be made.
    private static func greet(_ http: HTTPConfiguration, port: Int, folder: String, firstAccount: String?) {
        let host = http.host.contains(":") ? "[\(http.host)]" : http.host
        let address = "http://\(host):\(port)\(http.basePath)"
        print("Martlet listens on \(address) (data in \(folder))")
        if let firstAccount {
            print("There is no admin yet. Make the first account, an admin, at")
            print("  \(address)/login#first=\(firstAccount)")
        }
        print("For mlflow, paste one of these:")
        print("  export MLFLOW_TRACKING_URI=\(address)")
        print("  mlflow.set_tracking_uri(\"\(address)\")")
        // Standard output of a pipe is buffered; whoever waits for the line must get it now.
        fflush(nil)
    }
}
