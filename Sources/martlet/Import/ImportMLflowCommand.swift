import ArgumentParser
import Foundation
import MartletCore
import MartletImport

/// `martlet import mlflow SOURCE`.
struct ImportMLflowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mlflow",
        abstract: "Import an MLflow store with everything in it.",
        discussion: """
            SOURCE is a database (mlflow.db), a folder of the file store (mlruns) or the address of a server. It is only
            read. A running Martlet server takes what is read; start the import again to go on after a break: what is
            whole is skipped.

            MARTLET_TOKEN is the token of an admin, where the server has logins. For a source behind a login:
            MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.

            EXAMPLES
              martlet import mlflow mlflow.db
              martlet import mlflow mlruns --dry-run
              martlet import mlflow http://mlflow.example.org:5000 --to http://127.0.0.1:5001 --json

            Ends with 0 when all came over, 1 when something did not (the report says what), 2 for a wrong command line.
            """
    )

    @Argument(help: "mlflow.db, a folder mlruns, or http(s)://server.")
    var source: String
    @Option(help: "Address of the Martlet server that takes it.")
    var to = "http://127.0.0.1:5000"
    @Option(help: "Folder of the artifacts, when it is not where the store says or beside it.")
    var artifacts: String?
    @Option(help: "Workspace of the Martlet server that it goes into.")
    var workspace: String?
    @Option(help: "Only the experiment of this name.")
    var experiment: String?
    @Flag(help: "Read and check everything, and say what would be done; write nothing.")
    var dryRun = false
    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        guard Self.isAddress(to) else { throw ValidationError("--to must be an address such as http://127.0.0.1:5000") }
        if artifacts != nil, Self.isAddress(source) {
            throw ValidationError("--artifacts goes with a database or a folder: a server has its own")
        }
    }

    func run() async throws {
        let report: ImportReport
        do throws(MartletError) {
            let importer = Importer(
                from: try await openSource(),
                to: MartletServer(address: to, token: Self.variable("MARTLET_TOKEN"), workspace: workspace),
                options: Importer.Options(experiment: experiment, isDryRun: dryRun),
                progress: ImportProgress()
            )
            report = await ProgressLine.shown(of: importer)
        } catch {
            FileHandle.standardError.write(Data("martlet: \(error.message)\n".utf8))
            throw ExitCode(1)
        }
        print(json ? try ReportText.json(report) : ReportText.text(report))
        if !report.isWhole { throw ExitCode(1) }
    }

    private func openSource() async throws(MartletError) -> any ImportSource {
        if Self.isAddress(source) { return MLflowServer(address: source, authorization: Self.authorization) }
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: source, isDirectory: &isFolder)
        if isFolder.boolValue {
            let database = source + "/mlflow.db"
            guard FileManager.default.fileExists(atPath: database) else {
                return try await MLflowFolder(path: source, artifacts: artifacts)
            }
            return try await MLflowDatabase(path: database, artifacts: artifacts)
        }
        let path = source.hasPrefix("sqlite:///") ? String(source.dropFirst("sqlite:///".count)) : source
        return try await MLflowDatabase(path: path, artifacts: artifacts)
    }

    private static func isAddress(_ text: String) -> Bool {
        ["http://", "https://"].contains { text.hasPrefix($0) && text.count > $0.count }
    }

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// As MLflow's own client takes it from the environment.
    private static var authorization: String? {
        if let user = variable("MLFLOW_TRACKING_USERNAME"), let password = variable("MLFLOW_TRACKING_PASSWORD") {
            return "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        }
        return variable("MLFLOW_TRACKING_TOKEN").map { "Bearer \($0)" }
    }
}
