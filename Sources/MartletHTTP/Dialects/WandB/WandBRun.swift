import Foundation
import MartletCore

/// A run as W&B sees one.
struct WandBRun: Sendable {
    let run: Run
    /// The client's own id; ours for runs of other clients.
    let name: String
    let project: WandBProject
    let documents: [RunDocument: String]
    let now: Int64

    /// What is read of each run: params and metrics stand in the documents where W&B's client logged them.
    static let fields = RunFields(params: [], metrics: [], tags: nil, inputs: false)

    /// Opaque to clients.
    var id: String { WandBID.text("Run", run.id.rawValue) }

    var state: String {
        switch run.status {
        case .running where tag(.stop) == "1": "killed"
        case .running where run.isStalled(now: now): isPreempting ? "preempted" : "crashed"
        case .running: isPreempting ? "preempting" : "running"
        case .scheduled: "pending"
        case .finished: "finished"
        case .failed: isPreempting ? "preempted" : "failed"
        case .killed: "killed"
        }
    }

    var hasEnded: Bool { run.status != .running && run.status != .scheduled }

    private var isPreempting: Bool { tag(.preempting) == "1" }

    static func status(of state: String) throws(MartletError) -> RunStatus {
        switch state {
        case "running", "preempting": .running
        case "pending": .scheduled
        case "finished": .finished
        case "failed", "crashed": .failed
        case "killed", "preempted": .killed
        default: throw MartletError(.invalidArgument, "'\(state.prefix(100))' is no state of a run")
        }
    }

    /// Labels: tags without a value, and those that no key of a tag can be.
    var labels: [String] {
        let plain = run.tags.filter { $0.value.isEmpty && !$0.key.hasPrefix(WandBTag.prefix) }.map(\.key)
        return (plain + otherLabels).sorted()
    }

    var otherLabels: [String] {
        guard let text = tag(.labels), case .array(let labels)? = try? JSONText.lenient(text) else { return [] }
        return labels.compactMap { label in if case .string(let label) = label { label } else { nil } }
    }

    /// Where a fork begins: a run's own id, and the last step that it has from it.
    struct BranchPoint: Equatable {
        let run: String
        let step: Int64

        /// - Parameter config: as the client sends it.
        init?(_ config: String?) {
            guard let config, let json = try? JSONText.lenient(config),
                let point = json["_wandb"]?["value"]?["branch_point"], case .string(let run)? = point["run_id"]
            else { return nil }
            switch point["step"] {
            case .integer(let step)?: self.step = step
            case .number(let step)? where abs(step) < 9e15: self.step = Int64(step)
            default: return nil
            }
            self.run = run
        }
    }

    var branchPoint: BranchPoint? { BranchPoint(documents[.config]) }

    func tag(_ tag: WandBTag) -> String? { run.tags.first { $0.key == tag.key }?.value }
}

/// What W&B keeps of a run and Martlet has no field for.
enum WandBTag: String, CaseIterable {
    case group
    case jobType
    case description
    case commit
    case host
    case program
    case repository
    case sweep
    /// The run and the step that a fork goes on from, for people.
    case forkedFrom
    /// Labels with characters that no key has: a JSON list.
    case labels
    /// Whether somebody asked the program to stop.
    case stop
    /// Whether the program said that its machine will be taken from it.
    case preempting

    static let prefix = "wandb."

    var key: String { Self.prefix + rawValue }
}

/// Ids that clients hand back and do not look into: `base64(<Kind>:<id>)`.
enum WandBID {
    static func text(_ kind: String, _ id: String) -> String { Data("\(kind):\(id)".utf8).base64EncodedString() }

    /// `nil` for what is none of the kind.
    static func id(_ text: String, of kind: String) -> String? {
        guard let data = Data(base64Encoded: text), let plain = String(bytes: data, encoding: .utf8),
            plain.hasPrefix(kind + ":")
        else { return nil }
        return String(plain.dropFirst(kind.count + 1))
    }
}

/// Times as W&B writes them: ISO 8601 in UTC, without a zone.
enum WandBTime {
    static func text(milliseconds: Int64) -> String { text(microseconds: milliseconds * 1_000, digits: 3) }

    static func text(microseconds: Int64, digits: Int = 6) -> String {
        let seconds = microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000
        let rest = microseconds - seconds * 1_000_000
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        let date = [Int(parts.tm_year) + 1_900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)]
        let clock = [Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec)]
        let day = date.map { padded($0, 2) }.joined(separator: "-")
        let fraction = padded(Int(rest), 6).prefix(digits)
        return "\(day)T\(clock.map { padded($0, 2) }.joined(separator: ":")).\(fraction)"
    }

    /// Microseconds since 1970-01-01 UTC of `2026-11-23T12:22:50.668942`, with or without fraction and zone `Z`.
    static func microseconds(_ text: String) -> Int64? {
        let parts = text.split(separator: "T")
        guard parts.count == 2 else { return nil }
        let date = parts[0].split(separator: "-").compactMap { Int($0) }
        let clock = parts[1].drop { $0 == " " }.prefix { $0 != "Z" && $0 != "+" }.split(separator: ".")
        let times = (clock.first ?? "").split(separator: ":").compactMap { Int($0) }
        guard date.count == 3, times.count == 3 else { return nil }
        var broken = tm()
        (broken.tm_year, broken.tm_mon, broken.tm_mday) = (
            Int32(clamping: date[0] - 1_900), Int32(clamping: date[1] - 1), Int32(clamping: date[2])
        )
        (broken.tm_hour, broken.tm_min, broken.tm_sec) = (
            Int32(clamping: times[0]), Int32(clamping: times[1]), Int32(clamping: times[2])
        )
        let fraction = clock.count > 1 ? String((clock[1] + "000000").prefix(6)) : "0"
        return Int64(timegm(&broken)) * 1_000_000 + (Int64(fraction) ?? 0)
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
