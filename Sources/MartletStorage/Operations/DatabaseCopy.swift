import Foundation
import MartletCore

/// Copies the database of an installation, as it is at one moment, into one file of SQLite: the portable form.
struct DatabaseCopy {
    let installation: Installation
    let environment: Environment
    let progress: @Sendable (String) -> Void

    /// The file is on the disk once it returns. - Returns: the schema of the copy, which is that of the original.
    func make(at path: String) throws -> Int64 {
        progress("copying the database")
        if let address = installation.database {
            try copyPostgres(address, to: path)
        } else {
            try SQLiteFile(installation.databaseFile, .readBeside).copy(to: path) { done, whole in
                progress("database: \(done) of \(whole) bytes")
            }
        }
        try DurableFile.sync(path)
        return try SQLiteFile(path, .readAlone).snapshot { try SchemaVersion.current($0) }
    }

    private func copyPostgres(_ address: String, to path: String) throws {
        let lane = PostgresLane(address: address, settings: PostgresDatabase.readerSettings)
        let now = environment.now()
        try lane.read { source in
            // A lost connection begins anew.
            unlink(path)
            let schema = try SchemaVersion.current(source)
            try SchemaVersion.checkKnown(schema)
            let target = try SQLiteFile(path, .fill)
            try target.connection.begin()
            try Migrator.migrate(target.connection, now: now, upTo: schema)
            let tables = try TableShape.all(of: target.connection)
            for table in tables { try target.connection.execute("DELETE FROM \(table.name)") }
            for table in tables {
                try table.copy(from: source, after: nil) { rows in
                    for row in rows { try target.connection.execute(table.insert, row) }
                    progress("table \(table.name)")
                }
            }
            try target.connection.commit()
        }
    }
}
