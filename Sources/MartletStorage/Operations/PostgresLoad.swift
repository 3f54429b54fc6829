import Foundation
import MartletCore

/// A table that was copied.
package struct CopiedTable: Sendable, Equatable {
    package var name: String
    package var rows: Int64
    /// SHA-256 over all values in the order of the primary key, the same on both sides.
    package var digest: String
}

/// Brings all rows of a SQLite database to an empty PostgreSQL, in transactions of some thousand rows.
///
/// A table `martlet_migration` there says whose rows they are until all is checked, so that the same can go on after
/// an interruption and nothing else can. Used by one thread at a time.
struct PostgresLoad {
    let address: String
    let environment: Environment
    let progress: (String) -> Void

    /// - Parameter source: tells the source from others: only the same may go on.
    /// - Throws: `failedPrecondition` for a database that is not empty, and when the rows differ in the end.
    func run(from file: SQLiteFile, source: String) throws -> [CopiedTable] {
        let writer = PostgresWriter(
            lane: PostgresLane(address: address, settings: PostgresDatabase.writerSettings)
        )
        defer { writer.disconnect() }
        let tables = try TableShape.all(of: file.connection)
        try SchemaVersion.checkNewest(try SchemaVersion.current(file.connection))
        try claim(writer, tables, for: source)
        for table in tables { try copy(table, from: file.connection, to: writer) }
        let copied = try tables.map { try verify($0, file.connection, writer) }
        try inTransaction(writer) {
            try setCounters(writer, file.connection)
            try writer.execute("DROP TABLE martlet_migration")
        }
        // Autovacuum would find out in a minute; the first questions need not wait for it.
        try writer.connected().execute("ANALYZE", [])
        return copied
    }

    private func inTransaction(_ writer: PostgresWriter, _ body: () throws -> Void) throws {
        do {
            try writer.begin()
            try body()
            try writer.commit()
        } catch {
            writer.rollBack()
            throw error
        }
    }

    private func exists(_ table: String, _ writer: PostgresWriter) throws -> Bool {
        try writer.first(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1",
            [.text(table)]
        ) { _ in true } ?? false
    }

    /// Makes the tables in an empty schema, or finds that they are those of the same load.
    private func claim(_ writer: PostgresWriter, _ tables: [TableShape], for source: String) throws {
        try inTransaction(writer) {
            if try exists("martlet_migration", writer) {
                let owner = try writer.first("SELECT source FROM martlet_migration") { $0.text(0) }
                guard owner == source else {
                    throw MartletError(
                        .failedPrecondition,
                        "this PostgreSQL holds the unfinished migration of another data folder; use an empty database"
                    )
                }
                progress("going on with the unfinished migration")
                return
            }
            if try exists("schema_migration", writer) {
                try SchemaVersion.checkNewest(try SchemaVersion.current(writer))
                // The workspace comes with the tables.
                for table in tables where table.name != "workspace" {
                    let isFilled = try writer.first("SELECT 1 FROM \(table.name) LIMIT 1") { _ in true } ?? false
                    guard !isFilled else {
                        throw MartletError(
                            .failedPrecondition,
                            "this PostgreSQL is not empty (table \(table.name) has rows); use an empty database"
                        )
                    }
                }
            }
            try Migrator.migrate(writer, now: environment.now())
            for table in tables { try writer.execute("DELETE FROM \(table.name)") }
            try writer.execute("CREATE TABLE martlet_migration (source TEXT NOT NULL)")
            try writer.execute("INSERT INTO martlet_migration (source) VALUES ($1)", [.text(source)])
        }
    }

    private func copy(_ table: TableShape, from source: any SQLConnection, to writer: PostgresWriter) throws {
        let last = try table.lastKey(writer.connected())
        var rows = 0
        try table.copy(from: source, after: last) { batch in
            try Task.checkCancellation()
            try inTransaction(writer) {
                for row in batch { try writer.send(table.insert, row) }
            }
            rows += batch.count
            progress("table \(table.name): \(rows) rows")
        }
    }

    private func verify(
        _ table: TableShape,
        _ source: any SQLConnection,
        _ writer: PostgresWriter
    ) throws -> CopiedTable {
        progress("checking table \(table.name)")
        let expected = try table.digest(source)
        var found = (rows: Int64(0), digest: "")
        // A cursor lives in a transaction.
        try inTransaction(writer) { found = try table.digest(writer.connected()) }
        guard found == expected else {
            throw MartletError(
                .failedPrecondition,
                "table \(table.name) has \(found.rows) rows in PostgreSQL and \(expected.rows) at the source, or they "
                    + "differ: the source was changed since the migration began; begin anew with an empty database"
            )
        }
        return CopiedTable(name: table.name, rows: expected.rows, digest: expected.digest)
    }

    /// Numbers that count themselves go on behind the greatest that was ever given.
    private func setCounters(_ writer: PostgresWriter, _ source: any SQLConnection) throws {
        try M0020_log_numbers.pass(
            try source.first("SELECT max(seq) FROM point_log") { $0.integer(0) } ?? 0,
            on: writer
        )
        let columns = try writer.connected().rows(
            """
            SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
            WHERE table_schema = current_schema() AND is_identity = 'YES' ORDER BY 1
            """
        ) { (table: $0.text(0), column: $0.text(1)) }
        for (table, column) in columns {
            let present = try source.first("SELECT max(\"\(column)\") FROM \(table)") { $0.integer(0) } ?? 0
            let counted =
                try source.first("SELECT seq FROM sqlite_sequence WHERE name = $1", [.text(table)]) {
                    $0.integer(0)
                } ?? 0
            let next = max(present, counted, 0) + 1
            try writer.query(
                "SELECT setval(pg_get_serial_sequence($1, $2), $3, false)",
                [
                    .text(table), .text(column), .integer(next),
                ]
            ) { _ in }
        }
    }
}
