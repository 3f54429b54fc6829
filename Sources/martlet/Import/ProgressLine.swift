import Foundation
import MartletImport

/// Says on standard error how far an import is: one line that changes on a terminal, a line every ten seconds elsewhere.
enum ProgressLine {
    static func shown(of importer: Importer) async -> ImportReport {
        let isTerminal = isatty(STDERR_FILENO) == 1
        let pause = Duration.seconds(isTerminal ? 1 : 10)
        return await withTaskGroup(of: ImportReport?.self) { group in
            group.addTask { await importer.run() }
            group.addTask {
                var last = importer.progress.now
                while (try? await Task.sleep(for: pause)) != nil {
                    let now = importer.progress.now
                    let rate = Double(now.points - last.points) / Double(pause.components.seconds)
                    let line = text(now) + ", \(grouped(Int(rate))) points/s"
                    write(isTerminal ? "\r\u{1b}[K\(line)" : "\(line)\n")
                    last = now
                }
                return nil
            }
            var report: ImportReport?
            while let result = await group.next() {
                guard let result else { continue }
                report = result
                group.cancelAll()
            }
            if isTerminal { write("\r\u{1b}[K") }
            guard let report else { preconditionFailure("an import always ends with a report") }
            return report
        }
    }

    private static func text(_ counts: ImportProgress.Counts) -> String {
        "\(grouped(counts.runs)) runs, \(grouped(counts.points)) points, \(grouped(counts.files)) files "
            + "(\(ReportText.size(counts.bytes)))"
    }

    private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    /// `1,234,567`.
    static func grouped(_ number: Int) -> String {
        var text = String(number.magnitude)
        var place = text.endIndex
        while let next = text.index(place, offsetBy: -3, limitedBy: text.startIndex), next > text.startIndex {
            text.insert(",", at: next)
            place = next
        }
        return (number < 0 ? "-" : "") + text
    }
}
