import Foundation
import Hummingbird

/// `GET /metrics`: what the server counts, in the text form of Prometheus (version 0.0.4).
struct MetricsRoutes: Sendable {
    let metrics: ServerMetrics

    func add(to router: Router<MartletRequestContext>) {
        router.get("/metrics") { _, _ in
            var response = Response.text(await text())
            response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
            return response
        }
    }

    private func text() async -> String {
        let counts = metrics.current
        var text = MetricsText()
        text.head("martlet_requests_total", "counter", "Requests answered, by group of routes and status.")
        for group in ServerMetrics.Group.allCases {
            for (hundreds, count) in counts.requests[group.rawValue].enumerated() where count > 0 {
                text.line(
                    "martlet_requests_total",
                    labels: "group=\"\(group.name)\",status=\"\(hundreds)xx\"",
                    Double(count)
                )
            }
        }
        text.head("martlet_request_seconds", "summary", "Time until the head of the answer, by group of routes.")
        for group in ServerMetrics.Group.allCases {
            let label = "group=\"\(group.name)\""
            let seconds = Double(counts.time[group.rawValue].microseconds) / 1e6
            text.line("martlet_request_seconds_sum", labels: label, seconds)
            let answered = counts.requests[group.rawValue].reduce(0, +)
            text.line("martlet_request_seconds_count", labels: label, Double(answered))
        }
        text.gauge("martlet_event_streams", "Viewers that are told what changes.", Double(counts.eventStreams))
        text.gauge("martlet_connections", "Open connections.", Double(counts.connections))
        text.head("martlet_connections_cut_total", "counter", "Connections cut because the peer was too slow.")
        text.line("martlet_connections_cut_total", labels: "", Double(counts.cutOff))
        if let bytes = Self.residentBytes() {
            text.gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.", bytes)
        }
        for extra in await metrics.extra() { text.gauge(extra.name, extra.help, extra.value) }
        return text.text
    }

    /// The second field of `/proc/self/statm`, in pages; `nil` where there is no such file.
    private static func residentBytes() -> Double? {
        guard let statm = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = statm.split(separator: " ")
        return fields.count > 1 ? Double(fields[1]).map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) } : nil
    }
}

/// Lines of the text form.
private struct MetricsText {
    private(set) var text = ""

    mutating func head(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    mutating func line(_ name: String, labels: String, _ value: Double) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        head(name, "gauge", help)
        line(name, labels: "", value)
    }
}
