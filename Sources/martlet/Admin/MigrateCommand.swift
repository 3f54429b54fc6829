import ArgumentParser
import Foundation
import MartletCore
import MartletStorage

/// `martlet admin migrate`.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Move the tables of an installation from SQLite to PostgreSQL.",
        discussion: """
            The server must be stopped. Files of artifacts stay in the data folder, and so does martlet.db, untouched.
            A migration that was interrupted goes on when the same command is given again.
            """
    )

    @Option(help: "The data folder with martlet.db.")
    var from: String
    @Option(help: "An empty PostgreSQL, as postgres://user@host/name.")
    var to: String
    @OptionGroup var output: OutputOptions

    func validate() throws { try InstallationOptions.checkAddress(to) }

    func run() async throws {
        try await reportingFailure {
            let tables = try await DatabaseMove(
                folder: InstallationOptions.absolute(from),
                address: to,
                environment: .live,
                progress: output.progress
            ).run(logger: operatorLogger)
            var json = JSONWriter()
            json.beginObject()
            json.key("tables")
            json.beginArray()
            for table in tables {
                json.beginObject()
                json.key("name")
                json.string(table.name)
                json.key("rows")
                json.integer(table.rows)
                json.key("sha256")
                json.string(table.digest)
                json.endObject()
            }
            json.endArray()
            json.endObject()
            let rows = tables.reduce(0) { $0 + $1.rows }
            let lines = tables.map { "\($0.name): \($0.rows) rows, the same on both sides" }
            let advice = "\(rows) rows moved; from now on start the server with --data \(from) and --database"
            output.print(json, lines + [advice])
        }
    }
}
