import ArgumentParser
import Foundation
import MartletCore
import MartletStorage

/// `martlet admin gc`.
struct GarbageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove for good what was deleted long enough ago, and the files that nothing names.",
        discussion: """
            Prints first what will go. The server must be stopped, except for --dry-run. Files that nothing names are
            also collected by the server itself, once a day.
            """
    )

    @OptionGroup var options: InstallationOptions
    @OptionGroup var store: StoreOptions
    @Flag(help: "Print what would go and remove nothing.")
    var dryRun = false
    @Option(help: "What was deleted longer ago goes: a number and s, m, h, d or w.")
    var olderThan = "30d"
    @OptionGroup var output: OutputOptions

    func validate() throws { _ = try Age.milliseconds(olderThan, of: "--older-than") }

    func run() async throws {
        let installation = try options.installation()
        let time = Environment.live.now() - (try Age.milliseconds(olderThan, of: "--older-than"))
        try await reportingFailure {
            if dryRun {
                let plan = try await Purge(of: try await ReadOnlyDatabase(installation), deletedBefore: time).plan()
                output.print(json(plan, nil), ["would remove \(text(plan))"])
                return
            }
            let opened = try await OpenInstallation(installation, environment: .live, logger: operatorLogger)
            let outcome: Result<(PurgePlan, GarbageReport), any Error>
            do {
                outcome = .success(try await collect(opened, deletedBefore: time))
            } catch {
                outcome = .failure(error)
            }
            try await opened.close()
            let (gone, garbage) = try outcome.get()
            output.print(json(gone, garbage), ["removed \(text(gone))", text(garbage)])
        }
    }

    private func collect(
        _ opened: OpenInstallation,
        deletedBefore time: Int64
    ) async throws -> (PurgePlan, GarbageReport) {
        let purge = Purge(of: opened.database, deletedBefore: time)
        let plan = try await purge.plan()
        FileHandle.standardError.write(Data("martlet: removing \(text(plan))\n".utf8))
        let gone = try await purge.run(progress: output.progress)
        return (gone, try await store.withStore { try await opened.collectGarbage(in: $0) })
    }

    private func text(_ plan: PurgePlan) -> String {
        "\(plan.experiments) experiments, \(plan.runs) runs, \(plan.models) models: \(plan.points) points "
            + "(\(readable(plan.metricBytes))), \(plan.artifacts) artifacts (\(readable(plan.artifactBytes)))"
    }

    private func text(_ report: GarbageReport) -> String {
        "collected \(report.blobs) contents (\(readable(report.bytes))), \(report.strayFiles) stray files, "
            + "\(report.packs) packs, \(report.uploads) uploads"
    }

    private func json(_ plan: PurgePlan, _ report: GarbageReport?) -> JSONWriter {
        var json = JSONWriter()
        json.beginObject()
        json.key("dryRun")
        json.bool(report == nil)
        json.numbers([
            ("experiments", Int64(plan.experiments)), ("runs", Int64(plan.runs)), ("models", Int64(plan.models)),
            ("points", plan.points), ("metricBytes", plan.metricBytes), ("artifacts", plan.artifacts),
            ("artifactBytes", plan.artifactBytes),
        ])
        if let report {
            json.numbers([
                ("collectedBlobs", Int64(report.blobs)), ("collectedBytes", report.bytes),
                ("strayFiles", Int64(report.strayFiles)), ("packs", Int64(report.packs)),
                ("uploads", Int64(report.uploads)),
            ])
        }
        json.endObject()
        return json
    }
}
