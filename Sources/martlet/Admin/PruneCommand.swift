import ArgumentParser
import MartletCore
import MartletStorage

/// `martlet admin prune`.
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove old snapshots from a folder of backups, and the files that only they had.",
        discussion: """
            A snapshot stays when one of the rules keeps it; the newest always stays.

            EXAMPLES
              martlet admin prune /backups/martlet --keep-last 7 --keep-within 30d
            """
    )

    @Argument(help: "The folder of backups.")
    var target: String
    @Option(help: "Keep so many of the newest snapshots.")
    var keepLast: Int?
    @Option(help: "Keep snapshots younger than that: a number and s, m, h, d or w.")
    var keepWithin: String?
    @Flag(help: "Print what would go and remove nothing.")
    var dryRun = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard keepLast != nil || keepWithin != nil else {
            throw ValidationError("say what stays with --keep-last or --keep-within")
        }
        guard keepLast ?? 1 >= 1 else { throw ValidationError("--keep-last is a number from 1") }
        _ = try retention()
    }

    func run() async throws {
        let retention = try retention()
        try await reportingFailure {
            let pruning = BackupPruning(
                of: InstallationOptions.absolute(target),
                keeping: retention,
                environment: .live,
                progress: output.progress
            )
            let report = try await pruning.run(isDry: dryRun)
            var json = JSONWriter()
            json.beginObject()
            json.key("dryRun")
            json.bool(dryRun)
            for (key, names) in [("kept", report.kept), ("removed", report.removed)] {
                json.key(key)
                json.strings(names)
            }
            json.numbers([("files", Int64(report.files)), ("bytes", report.bytes)])
            json.endObject()
            let verb = dryRun ? "would remove" : "removed"
            output.print(
                json,
                report.removed.map { "\(verb) \($0)" } + [
                    "\(report.kept.count) snapshots stay; \(verb) \(report.files) files (\(readable(report.bytes)))"
                ]
            )
        }
    }

    private func retention() throws -> BackupRetention {
        BackupRetention(last: keepLast, age: try keepWithin.map { try Age.milliseconds($0, of: "--keep-within") })
    }
}
