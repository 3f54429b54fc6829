import ArgumentParser
import Foundation
import MartletHTTP

/// The root of the command line.
@main
struct Martlet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "Self-hosted experiment tracking: runs, metrics, parameters, artifacts; live in the browser.",
        discussion: """
            EXAMPLES
              martlet serve                            on http://127.0.0.1:5000, data in ./martlet-data
              martlet serve --port 0 --data /srv/runs  on any free port
              martlet import mlflow mlflow.db          takes over what MLflow has kept
            """,
        version: HTTPConfiguration().version,
        subcommands: [ServeCommand.self, AdminCommand.self, ImportCommand.self]
    )

    /// Ends with 0 when all went well, 1 when something failed, 2 when the command line or a setting cannot be used.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch  where exitCode(for: error) == .validationFailure {
            FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
            Foundation.exit(2)
        } catch {
            exit(withError: error)
        }
    }
}
