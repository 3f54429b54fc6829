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
            new. Each is a snapshot of its own, which `martlet admin restore` takes by its name.
            """
    )

    @Argument(help: "The folder of backups, which is made where there is none.")
    var target: String
    @OptionGroup var options: InstallationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let installation = try options.installation()
        try await reportingFailure {
            let report = try await Backup(
                of: installation,
                to: InstallationOptions.absolute(target),
                environment: .live,
                progress: output.progress
            ).run()
            output.print(json(report), lines(report))
            if !report.lost.isEmpty {
                throw MartletError(
                    .failedPrecondition,
                    "the backup is whole, but \(report.lost.count) files of the data folder were lost or damaged "
                        + "before; see martlet admin fsck"
                )
            }
        }
    }

    private func json(_ report: BackupReport) -> JSONWriter {
        var json = JSONWriter()
        json.beginObject()
        json.key("snapshot")
        json.string(report.snapshot)
        json.key("files")
        json.integer(Int64(report.files))
        json.key("bytes")
        json.integer(report.bytes)
        json.key("copiedFiles")
        json.integer(Int64(report.copiedFiles))
        json.key("copiedBytes")
        json.integer(report.copiedBytes)
        json.key("elsewhere")
        json.integer(report.elsewhere)
        json.key("lost")
        json.strings(report.lost)
        json.endObject()
        return json
    }

    private func lines(_ report: BackupReport) -> [String] {
        var lines = [
            "snapshot \(report.snapshot): \(report.files) files, \(readable(report.bytes)); copied now: "
                + "\(report.copiedFiles) files, \(readable(report.copiedBytes))"
        ]
        if report.elsewhere > 0 {
            lines.append("\(report.elsewhere) contents are stored outside of the data folder and need a backup there")
        }
        return lines + report.lost.map { "lost before the backup: \($0)" }
    }
}

extension JSONWriter {
    /// A list of texts.
    mutating func strings(_ texts: [String]) {
        beginArray()
        for text in texts { string(text) }
        endArray()
    }
}
