import ArgumentParser
import MartletCore
import MartletStorage

/// `martlet admin backup`.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy all of an installation into a folder of backups, while its server runs.",
        discussion: """
            The first backup copies everything; later ones to the same folder copy the database and the files that are
            new. Each is a snapshot of its own, which `martlet admin restore` takes by its name. Files in an S3 store are
            fetched with --blobs; its credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
            """
    )

    @Argument(help: "The folder of backups, which is made where there is none.")
    var target: String
    @OptionGroup var options: InstallationOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let installation = try options.installation()
        try await reportingFailure {
            try await store.withStore { store in
                let report = try await Backup(
                    of: installation,
                    to: InstallationOptions.absolute(target),
                    store: store,
                    environment: .live,
                    progress: output.progress
                ).run()
                tell(report)
                if !report.lost.isEmpty {
                    throw MartletError(
                        .failedPrecondition,
                        "the backup is not whole: \(report.lost.count) files were lost or damaged before; "
                            + "see martlet admin fsck"
                    )
                }
            }
        }
    }

    private func tell(_ report: BackupReport) {
        var lines = [
            "snapshot \(report.snapshot): \(report.files) files, \(readable(report.bytes)); copied now: "
                + "\(report.copiedFiles) files, \(readable(report.copiedBytes))"
        ]
        if report.elsewhere > 0 {
            lines.append(
                "\(report.elsewhere) files are in an S3 store and not in the backup: name the store with --blobs, or "
                    + "back it up with its own tools"
            )
        }
        let numbers = [
            ("files", Int64(report.files)), ("bytes", report.bytes), ("copiedFiles", Int64(report.copiedFiles)),
            ("copiedBytes", report.copiedBytes), ("elsewhere", report.elsewhere),
        ]
        output.print(report.snapshot, numbers, lost: report.lost, lines)
    }
}
