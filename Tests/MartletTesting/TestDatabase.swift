import Foundation
import Logging
package import MartletStorage

/// The engine that this run of the tests uses: `scripts/test` runs them once for each.
package enum TestEngine: Sendable {
    case sqlite
    /// An empty database of a server that is there for the tests: `postgres://…`.
    case postgres(address: String)

    package static let current: TestEngine =
        ProcessInfo.processInfo.environment["MARTLET_TEST_POSTGRES"].map { .postgres(address: $0) } ?? .sqlite

    package static var isSQLite: Bool {
        if case .sqlite = current { true } else { false }
    }
}

private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// The server's own schema, which the schemas of the tests are made beside.
private let server = Task { () -> PostgresDatabase? in
    guard case .postgres(let address) = TestEngine.current else { return nil }
    return try await PostgresDatabase(address: address, readers: 1, now: 0, logger: logger)
}

/// The address of an empty schema of its own on the server; `nil` for SQLite.
package func newTestAddress() async throws -> String? {
    guard case .postgres(let address) = TestEngine.current, let server = try await server.value else { return nil }
    let schema = "t" + UUID().uuidString.replacing("-", with: "").lowercased()
    try await server.write { try $0.execute("CREATE SCHEMA \(schema)") }
    return address + "?options=-csearch_path%3D\(schema)"
}

/// An empty database: a file in the folder, or a schema of its own on the server.
package func openTestDatabase(in folder: String, now: Int64 = 0) async throws -> any SQLDatabase {
    try await openTestDatabase(in: folder, address: try await newTestAddress(), now: now)
}

/// The database of an address; without one, a file in the folder.
package func openTestDatabase(in folder: String, address: String?, now: Int64 = 0) async throws -> any SQLDatabase {
    guard let address else { return try SQLiteDatabase(folder: folder, now: now, logger: logger) }
    return try await PostgresDatabase(address: address, readers: 1, now: now, logger: logger)
}
