import Dispatch
import Foundation
package import MartletCore

/// Where an installation keeps what it has: the data folder, and PostgreSQL's address if that has the tables.
package struct Installation: Sendable {
    package var folder: String
    package var database: String?

    package init(folder: String, database: String?) {
        self.folder = folder
        self.database = database
    }

    var blobs: String { folder + "/blobs" }
    /// The file of SQLite, where that is the database.
    var databaseFile: String { folder + "/martlet.db" }

    /// - Throws: `failedPrecondition` when the folder has no installation.
    package func check() throws(MartletError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw MartletError(.failedPrecondition, "there is no data folder '\(folder)'; name it with --data")
        }
        guard database == nil, !FileManager.default.fileExists(atPath: databaseFile) else { return }
        throw MartletError(
            .failedPrecondition,
            "the folder '\(folder)' has no martlet.db; name the data folder with --data, and a PostgreSQL with --database"
        )
    }

    /// The words for a folder that a server holds.
    func explained(_ error: MartletError) -> MartletError {
        guard error.code == .failedPrecondition, error.message.hasPrefix("another Martlet") else { return error }
        return MartletError(
            .failedPrecondition,
            "a server uses the data folder '\(folder)', and this needs it for itself: stop the server, run this again, "
                + "and start it after that"
        )
    }

    /// 32 hexadecimal digits that tell this data folder from others, made at the first question and durable then.
    ///
    /// A restored folder gets another, since its packs go their own way.
    func identity(_ environment: Environment) throws -> String {
        let path = folder + "/identity"
        if let known = FileManager.default.contents(atPath: path), known.count >= 32 {
            let text = String(decoding: known.prefix(32), as: UTF8.self)
            if text.allSatisfy(\.isHexDigit) { return text }
        }
        return try renewIdentity(environment)
    }

    func renewIdentity(_ environment: Environment) throws -> String {
        let id = environment.newID()
        try DurableFile.write(Array((id + "\n").utf8), to: folder + "/identity")
        return id
    }
}

/// A database of either engine, read beside the server: nothing is migrated, and nothing can be written.
///
/// A class, because it owns a connection and its thread.
package final class ReadOnlyDatabase: SQLDatabase {
    private enum Source {
        case sqlite(SQLiteFile)
        case postgres(PostgresLane)
    }

    package let dialect: SQLDialect
    private let thread = DispatchQueue(label: "martlet.operations")
    private let source: Confined<Source>

    /// - Throws: `unavailable`; `failedPrecondition` for a database of a newer or an older build.
    package init(_ installation: Installation) async throws(MartletError) {
        try installation.check()
        dialect = installation.database == nil ? .sqlite : .postgres
        do {
            if let address = installation.database {
                source = Confined(.postgres(PostgresLane(address: address, settings: PostgresDatabase.readerSettings)))
            } else {
                source = Confined(.sqlite(try SQLiteFile(installation.databaseFile, .readBeside)))
            }
        } catch {
            throw OperationFailure.refusal(error)
        }
        let schema = try await read { try SchemaVersion.current($0) }
        try SchemaVersion.checkNewest(schema)
    }

    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result {
        let source = source
        do {
            return try await thread.run {
                switch source.value {
                case .sqlite(let file): try file.snapshot(body)
                case .postgres(let lane): try lane.read(body)
                }
            }
        } catch {
            throw OperationFailure.refusal(error)
        }
    }

    package func write<Result: Sendable>(
        asking questions: @escaping @Sendable () -> [SQLQuestion],
        _ body: @escaping @Sendable (any SQLConnection) throws -> Result
    ) async throws(MartletError) -> Result {
        throw MartletError(.failedPrecondition, "this database was opened to be read only")
    }
}

/// The number of the newest migration of a database.
enum SchemaVersion {
    static func current(_ connection: any SQLConnection) throws -> Int64 {
        try connection.first("SELECT max(number) FROM schema_migration") { $0.integer(0) } ?? 0
    }

    static func checkKnown(_ schema: Int64) throws(MartletError) {
        guard schema <= Migrator.newest else {
            throw MartletError(
                .failedPrecondition,
                "the data was written by a newer Martlet (schema \(schema), this build knows \(Migrator.newest)): "
                    + "use the build of the server"
            )
        }
    }

    /// - Throws: `failedPrecondition` unless the schema is that of this build, for what reads columns by name.
    static func checkNewest(_ schema: Int64) throws(MartletError) {
        try checkKnown(schema)
        guard schema == Migrator.newest else {
            throw MartletError(
                .failedPrecondition,
                "the data has schema \(schema) and this build needs \(Migrator.newest): start this build's server "
                    + "once, which migrates it, or use the build of the server"
            )
        }
    }
}

/// What the operator is told of a failure: these messages go to a terminal and never to a client.
enum OperationFailure {
    static func refusal(_ error: any Error) -> MartletError {
        switch error {
        case let error as MartletError: error
        case is CancellationError: MartletError(.cancelled, "it was interrupted")
        case let failure as IOFailure where failure.code == ENOSPC || failure.code == EDQUOT:
            MartletError(.storageFull, "the disk is full; free space and try again")
        case let failure as FileFailure:
            MartletError(failure.cause.code == ENOSPC ? .storageFull : .unavailable, "\(failure)")
        case let failure as S3Failure:
            MartletError(failure.refusal.code, "\(failure.refusal.message) (\(failure))")
        case let error as PostgresError:
            MartletError(.unavailable, "the database failed: \(error.message)")
        case let error as SQLiteError:
            MartletError(.unavailable, "the database failed: \(error.message) (SQLite \(error.code))")
        case let error as CorruptBytes:
            MartletError(.internal, "\(error)")
        default:
            MartletError(.unavailable, "it failed: \(error)")
        }
    }
}

/// A system call that failed, and on which file.
struct FileFailure: Error, CustomStringConvertible {
    var path: String
    var cause: IOFailure
    var description: String { "'\(path)': \(cause)" }
}
