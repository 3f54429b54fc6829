import ArgumentParser
import Foundation
import MartletCore
import MartletStorage

/// `martlet admin fsck`.
struct FsckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck",
        abstract: "Read everything that is stored and check it.",
        discussion: """
            Decodes every chunk of metrics, makes every summary anew and compares, hashes every file of an artifact, and
            follows every reference. Ends with 1 when something is wrong. Runs beside the server, except with --repair.
            Objects in an S3 store are looked at with --blobs, and read with --deep.
            """
    )

    @OptionGroup var options: InstallationOptions
    @OptionGroup var store: StoreOptions
    @Flag(help: "Read all objects of the S3 store and hash them, not only their sizes.")
    var deep = false
    @Flag(help: "Mend what can be mended; the server must be stopped.")
    var repair = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let installation = try options.installation()
        try await reportingFailure {
            try await store.withStore { store in
                let scope = CheckScope(repairs: repair, store: store, readsObjects: deep)
                let report = try await check(installation, scope)
                output.print(json(report), lines(report))
                if !report.isSound { throw ExitCode(1) }
            }
        }
    }

    private func check(_ installation: Installation, _ scope: CheckScope) async throws -> CheckReport {
        guard repair else {
            let database = try await ReadOnlyDatabase(installation)
            return try await Check(of: installation, database, scope, progress: output.progress).run()
        }
        let opened = try await OpenInstallation(installation, environment: .live, logger: operatorLogger)
        let outcome: Result<CheckReport, any Error>
        do {
            let check = Check(of: installation, opened.database, scope, progress: output.progress)
            outcome = .success(try await check.run())
        } catch {
            outcome = .failure(error)
        }
        try await opened.close()
        return try outcome.get()
    }

    private func json(_ report: CheckReport) -> JSONWriter {
        var json = JSONWriter()
        json.beginObject()
        json.key("sound")
        json.bool(report.isSound)
        json.numbers([
            ("runs", Int64(report.runs)), ("series", Int64(report.series)), ("chunks", Int64(report.chunks)),
            ("points", report.points), ("blobs", Int64(report.blobs)), ("bytes", report.bytes),
            ("artifacts", Int64(report.artifacts)), ("garbageBlobs", Int64(report.garbageBlobs)),
            ("garbageBytes", report.garbageBytes), ("strayFiles", Int64(report.strayFiles)),
            ("strayObjects", Int64(report.strayObjects)), ("strayObjectBytes", report.strayObjectBytes),
            ("elsewhere", report.elsewhere),
        ])
        json.key("findings")
        json.beginArray()
        for finding in report.findings {
            json.beginObject()
            json.key("what")
            json.string(finding.what)
            json.key("run")
            if let run = finding.run { json.string(run) } else { json.null() }
            json.key("path")
            if let path = finding.path { json.string(path) } else { json.null() }
            json.key("repaired")
            json.bool(finding.isRepaired)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json
    }

    private func lines(_ report: CheckReport) -> [String] {
        let findings = report.findings.map { finding in
            let place = [finding.run.map { "run \($0)" }, finding.path].compactMap { $0 }.joined(separator: ", ")
            return (finding.isRepaired ? "repaired: " : "WRONG: ") + (place.isEmpty ? "" : place + ": ") + finding.what
        }
        var garbage =
            "garbage: \(report.garbageBlobs) contents (\(readable(report.garbageBytes))), "
            + "\(report.strayFiles) stray files"
        if report.strayObjects > 0 {
            garbage += ", \(report.strayObjects) stray objects (\(readable(report.strayObjectBytes)))"
        }
        let unseen =
            report.elsewhere > 0
            ? ["\(report.elsewhere) files in an S3 store were not looked at: name it with --blobs"] : []
        return findings + unseen + [
            "\(report.runs) runs, \(report.series) series, \(report.chunks) chunks, \(report.points) points; "
                + "\(report.blobs) contents of \(readable(report.bytes)), \(report.artifacts) artifacts",
            garbage,
            report.isSound ? "all is well" : "\(report.findings.count { !$0.isRepaired }) findings",
        ]
    }
}
