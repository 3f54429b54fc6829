import Foundation
import MartletCore
import MartletImport

/// The report of an import, for people and for programs.
enum ReportText {
    static func json(_ report: ImportReport) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }

    /// Problems that the text shows; all of them are in the JSON.
    private static let mostProblems = 50

    static func text(_ report: ImportReport) -> String {
        var lines = [
            report.isDryRun ? "Nothing was written. This would be imported:" : "Imported:",
            "  from \(report.source)",
            "  to   \(report.destination)",
            "  experiments  \(experiments(report))",
        ]
        lines += report.experiments.filter { $0.to != $0.from }.map { line in
            "    '\(line.name)' was \(line.from) and \(report.isDryRun ? "gets" : "is") \(line.to ?? "a number of its own")"
        }
        lines.append("  runs         \(counts(report.runs))")
        lines.append("  models       \(counts(report.models))")
        lines.append("  registered   \(counts(report.registeredModels))")
        lines.append("  points       \(ProgressLine.grouped(report.points))\(rate(report))")
        lines.append("  files        \(ProgressLine.grouped(report.files)) (\(size(report.bytes)))")
        if !report.notCarried.isEmpty {
            lines.append("Not imported, because Martlet has no place for them yet:")
            lines += report.notCarried.sorted { $0.key < $1.key }
                .map { "  \(ProgressLine.grouped($0.value)) \($0.key)" }
        }
        if !report.problems.isEmpty {
            lines.append("Problems: \(report.problems.count)")
            lines += report.problems.prefix(mostProblems).map { "  \($0.kind.rawValue): \($0.of): \($0.message)" }
            if report.problems.count > mostProblems {
                lines.append("  … \(report.problems.count - mostProblems) more; --json shows all")
            }
        }
        if let reason = report.stoppedBecause {
            lines.append("The import ended early: \(reason)")
            lines.append("Start it again to go on: what is whole is skipped.")
        }
        return lines.joined(separator: "\n")
    }

    private static func experiments(_ report: ImportReport) -> String {
        let merged = report.experiments.filter { $0.outcome == .merged }.count
        return "\(report.experiments.count - merged) new, \(merged) into one of the same name"
    }

    private static func counts(_ counts: ImportReport.Counts) -> String {
        var parts = ["\(ProgressLine.grouped(counts.created)) new"]
        for (number, what) in [
            (counts.resumed, "completed"), (counts.present, "there already"), (counts.conflicts, "in conflict"),
            (counts.failed, "failed"),
        ] where number > 0 {
            parts.append("\(ProgressLine.grouped(number)) \(what)")
        }
        return parts.joined(separator: ", ")
    }

    private static func rate(_ report: ImportReport) -> String {
        guard report.seconds > 0.5 else { return "" }
        let rate = ProgressLine.grouped(Int(Double(report.points) / report.seconds))
        return " in \(String(format: "%.1f", report.seconds)) s (\(rate) points/s)"
    }

    static func size(_ bytes: Int64) -> String {
        var (number, unit) = (Double(bytes), 0)
        let units = ["bytes", "kB", "MB", "GB", "TB"]
        while number >= 1_000, unit + 1 < units.count {
            number /= 1_000
            unit += 1
        }
        return unit == 0 ? "\(bytes) bytes" : String(format: "%.1f %@", number, units[unit])
    }
}
