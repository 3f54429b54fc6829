// swift-tools-version:6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// Tests see what is internal: `scripts/test` sets the variable, so that its one release build serves both.
let tested =
    Context.environment["MARTLET_ENABLE_TESTING"] == nil ? settings : settings + [.unsafeFlags(["-enable-testing"])]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "martlet",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "martlet", targets: ["martlet"])
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration.git", exact: "1.4.0", traits: [.defaults, "YAML"]),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", exact: "1.35.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // What things are and what is allowed. Imports nothing but Foundation.
        .target(name: "MartletCore", swiftSettings: tested),

        // Towards the disk. Never sees HTTP.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(
            name: "MartletStorage",
            dependencies: [
                "MartletCore", "CLibPQ", "CZstd", grdb, sqlite, asyncHTTPClient, crypto, cryptoExtras, lifecycle,
                logging, nioCore, nioHTTP1,
            ],
            swiftSettings: tested
        ),

        // GraphQL: reads documents and answers them from tables of resolvers. Knows nothing of Martlet.
        .target(name: "MartletGraphQL", swiftSettings: tested),

        // Chooses the parameters of the next run of a sweep, and which runs to stop. Knows nothing of Martlet.
        .target(name: "MartletSweeps", swiftSettings: tested),

        // Introduces that search to the core. Never sees storage or the wire.
        .target(
            name: "MartletSweepSearch",
            dependencies: ["MartletCore", "MartletSweeps", yams],
            swiftSettings: tested
        ),

        // Towards the wire. Never sees storage.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CWebUI"),
        .target(
            name: "MartletHTTP",
            dependencies: [
                "MartletCore", "MartletGraphQL", "CWebUI", "CZlib", hummingbird, httpTypes, nioHTTPTypes,
                asyncHTTPClient, crypto,
                cryptoExtras,
                lifecycle, logging, nioCore, nioPosix,
            ],
            swiftSettings: tested
        ),

        // Reads what other tools have kept, writes to a server. Never sees storage or the server's wire side.
        .target(
            name: "MartletImport",
            dependencies: [
                "MartletCore", grdb, sqlite, asyncHTTPClient, crypto, nioCore, nioHTTP1, nioPosix, yams,
            ],
            swiftSettings: tested
        ),

        // Asks an identity provider who people are. Never sees storage or the server's wire side.
        .target(
            name: "MartletOpenID",
            dependencies: ["MartletCore", asyncHTTPClient, crypto, cryptoExtras, logging, nioCore, nioHTTP1],
            swiftSettings: tested
        ),

        .systemLibrary(name: "CMalloc"),

        // The one place that introduces storage to HTTP.
        .executableTarget(
            name: "martlet",
            dependencies: [
                "CMalloc", "MartletCore", "MartletStorage", "MartletHTTP", "MartletImport", "MartletOpenID",
                "MartletSweepSearch", argumentParser, configuration, hummingbird, lifecycle, logging, unixSignals,
            ],
            swiftSettings: settings
        ),

        .target(
            name: "MartletTesting",
            dependencies: ["MartletCore", "MartletStorage", logging],
            path: "Tests/MartletTesting",
            swiftSettings: settings
        ),
        .testTarget(name: "MartletCoreTests", dependencies: ["MartletCore", "MartletTesting"]),
        .testTarget(name: "MartletGraphQLTests", dependencies: ["MartletGraphQL"]),
        .testTarget(name: "MartletSweepsTests", dependencies: ["MartletSweeps"]),
        .testTarget(
            name: "MartletSweepSearchTests",
            dependencies: ["MartletCore", "MartletStorage", "MartletSweepSearch", "MartletTesting"]
        ),
        .testTarget(
            name: "MartletImportTests",
            dependencies: ["MartletCore", "MartletImport", "MartletTesting", grdb]
        ),
        .testTarget(
            name: "MartletOpenIDTests",
            dependencies: ["MartletCore", "MartletOpenID", crypto, cryptoExtras]
        ),
        .testTarget(
            name: "MartletStorageTests",
            dependencies: ["MartletStorage", "MartletTesting", logging, nioCore, nioPosix]
        ),
        .testTarget(
            name: "MartletHTTPTests",
            dependencies: [
                "MartletCore", "MartletGraphQL", "MartletHTTP", "MartletStorage", "MartletSweepSearch",
                "MartletTesting", hummingbird, hummingbirdTesting, httpTypes, logging,
            ]
        ),
    ]
)
