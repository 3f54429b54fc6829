import ArgumentParser

/// `martlet import`: what other tools have kept.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over what another tool has kept.",
        subcommands: [ImportMLflowCommand.self]
    )
}
