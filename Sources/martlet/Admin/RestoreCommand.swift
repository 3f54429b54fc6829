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
            new folder appears when all of it is whole. With --database the tables go to an empty PostgreSQL,
            with --blobs the files that were in an S3 store to one.
            """
    )

    @Argument(help: "The folder of backups.")
    var source: String
    @Option(help: "The new data folder, which must not exist or be empty.")
    var data: String?
    @Option(help: "An empty PostgreSQL for the tables, as postgres://user@host/name. (default: SQLite)")
    var database: String?
    @Option(help: "S3 store for the files that were in one, at an unused prefix. (default: the data folder)")
    var blobs: String?
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
            if dryRun { return tell(try await restore.check(), in: nil) }
            let folder = InstallationOptions.absolute(data ?? "")
            try await StoreOptions.withStore(blobs) { store in
                let installation = Installation(folder: folder, database: database)
                tell(try await restore.run(to: installation, store: store), in: folder)
            }
        }
    }

    /// - Parameter folder: the new one; `nil` where nothing was written.
    private func tell(_ report: RestoreReport, in folder: String?) {
        var lines = ["snapshot \(report.snapshot): \(report.files) files, \(readable(report.bytes))"]
        if let folder {
            lines[0] += " restored to \(folder)"
            if report.objects > 0 { lines[0] += ", \(report.objects) of them in the S3 store" }
            if let rows = report.rows { lines[0] += ", \(rows) rows in PostgreSQL" }
        } else {
            lines[0] += ", all as they were backed up"
        }
        if report.elsewhere > 0 {
            lines.append("\(report.elsewhere) files are in an S3 store still: serve the folder with it (--blobs)")
        }
        var numbers = [
            ("createdAt", report.createdAt), ("files", Int64(report.files)), ("bytes", report.bytes),
            ("objects", Int64(report.objects)), ("elsewhere", report.elsewhere),
        ]
        if let rows = report.rows { numbers.append(("rows", rows)) }
        output.print(report.snapshot, numbers, lost: report.lost, lines)
    }
}
