import ArgumentParser
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
            """,
        version: HTTPConfiguration().version,
        subcommands: [ServeCommand.self]
    )
}
