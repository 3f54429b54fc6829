import ArgumentParser
import Foundation
import MartletCore
import MartletStorage

/// `martlet admin restore`.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a data folder from a snapshot of a backup.",
        discussion: """
            Every byte is checked against the manifest of the snapshot; a backup that was changed or cut is refused. The
            new folder appears when all of it is whole. With --database the tables go to an empty PostgreSQL.
            """
    )

    @Argument(help: "The folder of backups.")
    var source: String
    @Option(help: "The new data folder, which must not exist or be empty.")
    var data: String?
    @Option(help: "An empty PostgreSQL for the tables, as postgres://user@host/name. (default: SQLite)")
    var database: String?
    @Option(help: "Name of the snapshot. (default: the newest)")
    var snapshot: String?
    @Flag(help: "Check the snapshot and write nothing.")
    var dryRun = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let database { try InstallationOptions.checkAddress(database) }
        if data == nil, !dryRun { throw ValidationError("name the new data folder with --data, or use --dry-run") }
    }

    func run() async throws {
        try await reportingFailure {
            let restore = Restore(
                from: InstallationOptions.absolute(source),
                snapshot: snapshot,
                environment: .live,
                progress: output.progress
            )
            let folder = InstallationOptions.absolute(data ?? "")
            let report =
                dryRun
                ? try await restore.check()
                : try await restore.run(to: Installation(folder: folder, database: database))
            output.print(json(report), lines(report, folder))
        }
    }

    private func json(_ report: RestoreReport) -> JSONWriter {
        var json = JSONWriter()
        json.beginObject()
        json.key("snapshot")
        json.string(report.snapshot)
        json.key("createdAt")
        json.integer(report.createdAt)
        json.key("files")
        json.integer(Int64(report.files))
        json.key("bytes")
        json.integer(report.bytes)
        json.key("lost")
        json.strings(report.lost)
        if let rows = report.rows {
            json.key("rows")
            json.integer(rows)
        }
        json.endObject()
        return json
    }

    private func lines(_ report: RestoreReport, _ folder: String) -> [String] {
        let what = "snapshot \(report.snapshot): \(report.files) files, \(readable(report.bytes))"
        let lost = report.lost.map { "lost before the backup: \($0)" }
        if dryRun { return ["\(what), all as they were backed up"] + lost }
        let rows = report.rows.map { ", \($0) rows in PostgreSQL" } ?? ""
        return ["\(what) restored to \(folder)\(rows)"] + lost
    }
}
