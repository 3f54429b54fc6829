import ArgumentParser
import Configuration
import Foundation
import Logging
import MartletCore
import MartletHTTP
import MartletStorage

/// What `martlet serve` can be told. Flags win over the environment (`MARTLET_…`), that over the file, that over
/// defaults. See docs/configuration.md.
struct ServerSettings: Sendable {
    var http: HTTPConfiguration
    var dataFolder: String
    /// Address of a PostgreSQL database, which may hold a password; `nil` for SQLite in the data folder.
    var database: String?
    /// Where new files go; `nil` for the data folder.
    var blobs: S3Settings?
    /// Whether anybody must log in.
    var login: LoginPolicy
    /// Who else knows who people are; `nil` for nobody.
    var identities: IdentitySettings?
    /// Of the account `admin`, which is made with it where there is no account yet.
    var adminPassword: String?
    var logLevel: Logger.Level
    /// Seconds that requests in flight are given at shutdown.
    var shutdownGrace: Int

    /// - Throws: `SettingsError` that names the setting.
    init(flags: [AbsoluteConfigKey: ConfigValue], file: String?) async throws {
        let config = ConfigReader(providers: try await Self.providers(flags: flags, file: file))
        http = HTTPConfiguration()
        http.host = try await Self.string(config, "host") ?? http.host
        http.port = try await Self.int(config, "port", in: 0...65_535) ?? http.port
        http.basePath = HTTPConfiguration.normalizedBasePath(try await Self.string(config, "basePath") ?? "")
        http.isOpen = try await Self.bool(config, "open") ?? false
        http.publicHosts = (try await Self.string(config, "publicHost") ?? "")
            .split(separator: ",").map { RequestGuard.host(of: $0.trimmingCharacters(in: .whitespaces)) }
        http.uiDirectory = try await Self.string(config, "uiDir")
        http.largestBody = try await Self.int(config, "maxBodyBytes", in: 1_024...(1 << 30)) ?? http.largestBody
        http.largestHeader = try await Self.int(config, "maxHeaderBytes", in: 1_024...(1 << 20)) ?? http.largestHeader
        http.mostConnections = try await Self.int(config, "maxConnections", in: 1...1_000_000) ?? http.mostConnections
        http.mostEventStreams =
            try await Self.int(config, "maxEventStreams", in: 0...1_000_000) ?? http.mostEventStreams
        dataFolder = try await Self.string(config, "data") ?? "./martlet-data"
        database = try await Self.string(config, "database")
        guard database.map({ $0.hasPrefix("postgres://") || $0.hasPrefix("postgresql://") }) ?? true else {
            throw SettingsError(
                "the setting 'database' must be an address such as postgres://user@host/name; "
                    + "without it, SQLite in the data folder is used"
            )
        }
        adminPassword = try await Self.string(config, "adminPassword", isSecret: true)
        identities = try await Self.identities(config)
        login = try Self.policy(try await Self.string(config, "login") ?? "auto", http, identities)
        let movesBlobs = try await Self.bool(config, "moveBlobs") ?? false
        blobs = try await Self.string(config, "blobs").map { try S3Settings($0, movesFiles: movesBlobs) }
        guard blobs != nil || !movesBlobs else {
            throw SettingsError("the setting 'moveBlobs' needs a store to move files to; name it with 'blobs'")
        }
        http.patience = ConnectionPatience(
            head: try await Self.int(config, "headTimeout", in: 1...3_600) ?? 20,
            slow: try await Self.int(config, "slowTimeout", in: 1...3_600) ?? 30,
            idle: try await Self.int(config, "idleTimeout", in: 1...86_400) ?? 120
        )
        shutdownGrace = try await Self.int(config, "shutdownGrace", in: 0...3_600) ?? 10
        let level = try await Self.string(config, "logLevel") ?? "info"
        guard let level = Logger.Level(rawValue: level.lowercased()) else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw SettingsError("log level '\(level)' is unknown; use one of \(names)")
        }
        logLevel = level
    }

    private static func providers(
        flags: [AbsoluteConfigKey: ConfigValue],
        file: String?
    ) async throws -> [any ConfigProvider] {
        // A variable without a value is as good as none.
        let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "flags", values: flags),
            EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "martlet"),
        ]
        if let file = file ?? environment["MARTLET_CONFIG"], let settings = try await SettingsFile.provider(at: file) {
            providers.append(settings)
        }
        return providers
    }

    private static func string(
        _ config: ConfigReader,
        _ key: ConfigKey,
        isSecret: Bool = false
    ) async throws -> String? {
        do {
            let text = try await config.fetchString(forKey: key, isSecret: isSecret)
            return text?.isEmpty == true ? nil : text
        } catch {
            throw SettingsError("the setting '\(key)' must be a text")
        }
    }

    /// No flags: a secret must not stand in a command line, and what belongs together stands in one place.
    private static func identities(_ config: ConfigReader) async throws -> IdentitySettings? {
        try IdentitySettings(
            IdentitySettings.Texts(
                issuer: try await string(config, "oidcIssuer"),
                client: try await string(config, "oidcClient"),
                secret: try await string(config, "oidcSecret", isSecret: true),
                name: try await string(config, "oidcName"),
                groups: try await string(config, "oidcGroups"),
                roles: try await string(config, "oidcRoles")
            )
        )
    }

    private static func int(
        _ config: ConfigReader,
        _ key: ConfigKey,
        in range: ClosedRange<Int>
    ) async throws -> Int? {
        let value: Int?
        do {
            value = try await config.fetchInt(forKey: key)
        } catch {
            throw SettingsError("the setting '\(key)' must be a whole number")
        }
        guard let value else { return nil }
        guard range.contains(value) else {
            throw SettingsError(
                "the setting '\(key)' is \(value); it must be from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    private static func bool(_ config: ConfigReader, _ key: ConfigKey) async throws -> Bool? {
        do {
            return try await config.fetchBool(forKey: key)
        } catch {
            throw SettingsError("the setting '\(key)' must be true or false")
        }
    }

    /// Login is required as soon as others can reach the server, and with an identity provider, unless somebody said
    /// otherwise.
    /// - Throws: `SettingsError` for a server that others can reach without login by mistake.
    private static func policy(
        _ text: String,
        _ http: HTTPConfiguration,
        _ identities: IdentitySettings?
    ) throws -> LoginPolicy {
        let isReachable = !RequestGuard.isLoopback(RequestGuard.name(http.host))
        if identities != nil, text == "off" || (text == "auto" && http.isOpen) {
            throw SettingsError(
                "the setting 'oidcIssuer' names who people log in with, but nobody has to log in; "
                    + "leave it out, or leave out '\(text == "off" ? "login: off" : "open")'"
            )
        }
        switch text {
        case "auto" where http.isOpen: return .off
        case "auto":
            return isReachable || !http.publicHosts.isEmpty || identities != nil ? .required : .automatic
        case "required": return .required
        case "off":
            guard !isReachable || http.isOpen else {
                throw SettingsError(
                    "listening on \(http.host) without login would let everybody on the network read and change "
                        + "everything; leave out 'login: off', listen on 127.0.0.1 (through a proxy or a tunnel that "
                        + "checks who comes), or add --open to do it all the same"
                )
            }
            return .off
        default: throw SettingsError("the setting 'login' is '\(text)'; use auto, required or off")
        }
    }
}

/// A setting that cannot be used: what, why, and what to do.
struct SettingsError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
