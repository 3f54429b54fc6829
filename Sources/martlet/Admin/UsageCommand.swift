import ArgumentParser
import MartletCore
import MartletStorage

/// `martlet admin usage`.
struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Show what each experiment stores."
    )

    @OptionGroup var options: InstallationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let installation = try options.installation()
        try await reportingFailure {
            let usage = try await StorageCount.usage(of: try await ReadOnlyDatabase(installation))
            output.print(json(usage), lines(usage))
        }
    }

    private func json(_ usage: StorageUsage) -> JSONWriter {
        var json = JSONWriter()
        json.beginObject()
        json.key("experiments")
        json.beginArray()
        for experiment in usage.experiments {
            json.beginObject()
            json.key("id")
            json.string(experiment.id.description)
            json.key("name")
            json.string(experiment.name)
            json.key("deleted")
            json.bool(experiment.deleted)
            let numbers = [
                ("runs", experiment.runs), ("deletedRuns", experiment.deletedRuns), ("points", experiment.points),
                ("metricBytes", experiment.metricBytes), ("artifacts", experiment.artifacts),
                ("artifactBytes", experiment.artifactBytes),
            ]
            json.numbers(numbers)
            if let quota = experiment.quotaBytes { json.numbers([("quotaBytes", quota)]) }
            json.endObject()
        }
        json.endArray()
        json.numbers([("blobs", usage.blobs), ("blobBytes", usage.blobBytes), ("usedBytes", usage.usedBytes)])
        if let quota = usage.quotaBytes { json.numbers([("quotaBytes", quota)]) }
        json.endObject()
        return json
    }

    private func lines(_ usage: StorageUsage) -> [String] {
        usage.experiments.map { experiment in
            "\(experiment.id) \(experiment.name)\(experiment.deleted ? " (deleted)" : ""): "
                + "\(experiment.runs) runs (\(experiment.deletedRuns) deleted), \(experiment.points) points in "
                + "\(readable(experiment.metricBytes)), \(experiment.artifacts) artifacts of "
                + readable(experiment.artifactBytes)
                + quota(experiment.quotaBytes, experiment.metricBytes + experiment.artifactBytes)
        } + [
            "contents without doubles: \(usage.blobs), \(readable(usage.blobBytes))",
            "used by all: \(readable(usage.usedBytes))\(quota(usage.quotaBytes, usage.usedBytes))",
        ]
    }

    /// How much of a limit is used.
    private func quota(_ limit: Int64?, _ used: Int64) -> String {
        guard let limit else { return "" }
        let share = limit > 0 ? " (\(Int((Double(used) / Double(limit) * 100).rounded())) %)" : ""
        return "; quota \(readable(limit))\(share)"
    }
}

extension JSONWriter {
    /// Members of an object, each a number.
    mutating func numbers(_ members: [(String, Int64)]) {
        for (key, value) in members {
            self.key(key)
            integer(value)
        }
    }
}
