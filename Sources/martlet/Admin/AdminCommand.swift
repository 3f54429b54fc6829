import ArgumentParser
import Foundation
import Logging
import MartletCore
import MartletStorage
import Synchronization

/// `martlet admin`: what the operator of an installation does beside its server.
struct AdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin",
        abstract: "Back up, restore, check and move an installation.",
        discussion: """
            Commands that only read (backup, usage, fsck, gc --dry-run) run beside the server; those that change the
            data folder need it for themselves and say so. All end with 0 when all is well, 1 when something failed or
            is wrong, 2 when the command line cannot be used.

            EXAMPLES
              martlet admin backup /backups/martlet --data /srv/martlet
              martlet admin restore /backups/martlet --data /srv/martlet-restored
              martlet admin fsck --data /srv/martlet
            """,
        subcommands: [
            BackupCommand.self, RestoreCommand.self, PruneCommand.self, FsckCommand.self, MigrateCommand.self,
            GarbageCommand.self, UsageCommand.self,
        ]
    )
}

/// Where the installation is.
struct InstallationOptions: ParsableArguments {
    @Option(help: "The data folder. (default: MARTLET_DATA, or ./martlet-data)")
    var data: String?
    @Option(
        help: "PostgreSQL that has the tables, as postgres://user@host/name. (default: MARTLET_DATABASE, or SQLite)"
    )
    var database: String?

    /// - Throws: `ValidationError` for an address that is no PostgreSQL.
    func installation() throws -> Installation {
        let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
        let folder = data ?? environment["MARTLET_DATA"] ?? "./martlet-data"
        let address = database ?? environment["MARTLET_DATABASE"]
        if let address { try Self.checkAddress(address) }
        return Installation(folder: Self.absolute(folder), database: address)
    }

    static func checkAddress(_ address: String) throws {
        guard address.hasPrefix("postgres://") || address.hasPrefix("postgresql://") else {
            throw ValidationError("a database is an address such as postgres://user@host/name")
        }
    }

    static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}

/// Which S3 store has the files of the installation.
struct StoreOptions: ParsableArguments {
    @Option(help: "S3 store that has files, as for martlet serve. (default: MARTLET_BLOBS, or none)")
    var blobs: String?

    /// Runs work with the store, or with none.
    func withStore<Result>(_ work: (S3Client?) async throws -> Result) async throws -> Result {
        let variable = ProcessInfo.processInfo.environment["MARTLET_BLOBS"].flatMap { $0.isEmpty ? nil : $0 }
        return try await Self.withStore(blobs ?? variable, work)
    }

    /// The connections end with the work.
    /// - Throws: `ValidationError` for an address that cannot be used, and without credentials.
    static func withStore<Result>(
        _ address: String?,
        _ work: (S3Client?) async throws -> Result
    ) async throws -> Result {
        guard let address else { return try await work(nil) }
        let client: S3Client
        do {
            client = try S3Settings(address, movesFiles: false).client(.live, operatorLogger)
        } catch let error as SettingsError {
            throw ValidationError(error.description)
        }
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(try await work(client))
        } catch {
            outcome = .failure(error)
        }
        try await client.close()
        return try outcome.get()
    }
}

/// How the command answers.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object on standard output.")
    var json = false
    @Flag(help: "No progress on standard error.")
    var quiet = false

    /// Tells of long work on standard error, a line every two seconds at most.
    var progress: @Sendable (String) -> Void {
        if quiet { return { _ in } }
        let last = Mutex(ContinuousClock.now - .seconds(1))
        return { text in
            let isDue = last.withLock { last in
                guard last.duration(to: .now) >= .seconds(2) else { return false }
                last = .now
                return true
            }
            if isDue { FileHandle.standardError.write(Data("martlet: \(text)\n".utf8)) }
        }
    }

    /// Prints what was done with a snapshot.
    func print(_ snapshot: String, _ numbers: [(String, Int64)], lost: [String], _ lines: [String]) {
        var json = JSONWriter()
        json.beginObject()
        json.key("snapshot")
        json.string(snapshot)
        json.numbers(numbers)
        json.key("lost")
        json.strings(lost)
        json.endObject()
        print(json, lines + lost.map { "lost before the backup: \($0)" })
    }

    /// Prints the object, or the lines.
    func print(_ json: JSONWriter, _ lines: [String]) {
        if self.json {
            Swift.print(String(decoding: json.bytes, as: UTF8.self))
        } else {
            for line in lines { Swift.print(line) }
        }
    }
}

/// Logs go to standard error and only where something is wrong.
let operatorLogger: Logger = {
    var logger = Logger(label: "martlet", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = .error
    return logger
}()

/// Runs a command's work and tells of a failure: one line on standard error, and the exit code 1.
func reportingFailure(_ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let error as MartletError {
        FileHandle.standardError.write(Data("martlet: \(error.message)\n".utf8))
        throw ExitCode(1)
    }
}

/// A length of time on the command line.
enum Age {
    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]

    /// - Throws: `ValidationError` that names the option.
    static func milliseconds(_ text: String, of option: String) throws -> Int64 {
        guard let last = text.last, let unit = units[last], let number = Int64(text.dropLast()),
            (0...1_000_000).contains(number)
        else { throw ValidationError("\(option) is a number and a unit, such as 30d, 12h or 2w") }
        return number * unit * 1_000
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

/// Bytes for people: `12.3 MB`.
func readable(_ bytes: Int64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"]
    var (value, unit) = (Double(bytes), 0)
    while value >= 1_000, unit < units.count - 1 {
        value /= 1_000
        unit += 1
    }
    return unit == 0 ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(units[unit])"
}
