package import MartletCore
import MartletSweeps

/// The search that sweeps ask: W&B's sweep configurations, by `MartletSweeps`.
package struct SweepConfigurations: SweepSearch {
    package init() {}

    package func plan(_ configuration: String) throws(MartletError) -> any SweepPlan {
        let value = try ConfigurationText.value(configuration)
        do {
            return SearchPlan(configuration: try SweepConfiguration(value))
        } catch {
            throw MartletError(.invalidArgument, "the sweep configuration cannot be used:\n\(error.description)")
        }
    }
}

/// One configuration, read and checked.
struct SearchPlan: SweepPlan {
    let configuration: SweepConfiguration

    var outline: SweepOutline {
        SweepOutline(
            method: configuration.method.rawValue,
            metric: configuration.metric?.name,
            minimizes: configuration.metric?.goal != .maximize,
            program: configuration.program,
            name: configuration.name ?? "",
            description: configuration.description ?? "",
            expectedRuns: configuration.runCountExpected,
            stopsEarly: configuration.earlyTermination != nil && !configuration.hasLocalController,
            warnings: configuration.warnings
        )
    }

    func next(after trials: [SweepTrial], seed: UInt64, stream: Int64) -> SweepSuggestion {
        var generator = SweepGenerator(seed: seed, stream: Int(stream))
        switch configuration.next(after: trials.map { run($0) }, using: &generator) {
        case .run(let parameters): return .run(SweepJSON.text(.object(parameters)))
        case .exhausted: return .exhausted
        case .external: return .external
        }
    }

    func isExhausted(after trials: [SweepTrial]) -> Bool {
        if configuration.hasLocalController || configuration.method == .custom { return false }
        if let cap = configuration.runCap, trials.count >= cap { return true }
        guard configuration.method == .grid else { return false }
        return next(after: trials, seed: 0, stream: 0) == .exhausted
    }

    func stops(_ trials: [SweepTrial], histories: [Run.ID: [Double]]) -> [Run.ID] {
        let runs = trials.map { run($0, history: histories[$0.run] ?? []) }
        return configuration.stops(runs).map { Run.ID($0.runID) }
    }

    func best(of trials: [SweepTrial]) -> (trial: SweepTrial, value: Double)? {
        guard let goal = configuration.metric?.goal else { return nil }
        let candidates = trials.compactMap { trial in run(trial).best(goal).map { (trial: trial, value: $0) } }
        return goal == .minimize
            ? candidates.min { $0.value < $1.value } : candidates.max { $0.value < $1.value }
    }

    func importance(of trials: [SweepTrial]) -> SweepImportance {
        let pairs = trials.compactMap { trial in trial.metric.map { (SweepJSON.members(trial.parameters), $0.last) } }
        var generator = SweepGenerator(seed: 1)
        let importance = ParameterImportance(parameters: pairs.map(\.0), metric: pairs.map(\.1), using: &generator)
        return SweepImportance(
            parameters: importance.parameters.map { parameter in
                SweepImportance.Parameter(
                    name: parameter.name,
                    importance: parameter.importance,
                    correlation: parameter.correlation,
                    rankCorrelation: parameter.rankCorrelation
                )
            },
            explained: importance.explained,
            runs: importance.runs
        )
    }

    private func run(_ trial: SweepTrial, history: [Double] = []) -> SweepRun {
        let minimizes = configuration.metric?.goal != .maximize
        return SweepRun(
            id: trial.run.rawValue,
            state: SweepRun.State(rawValue: trial.state.rawValue) ?? .running,
            parameters: SweepJSON.members(trial.parameters),
            history: history,
            best: minimizes ? trial.metric?.min : trial.metric?.max,
            last: trial.metric?.last,
            wasStoppedEarly: trial.isStopped
        )
    }
}

/// Values of a search as JSON, and back.
enum SweepJSON {
    /// Empty for what is no JSON object.
    static func members(_ text: String) -> [String: SweepValue] {
        // Only texts that this server wrote come here.
        guard let json = try? JSONParser.parse(Array(text.utf8), takesBareNaN: true) else { return [:] }
        return value(json).members ?? [:]
    }

    static func value(_ json: JSONValue) -> SweepValue {
        switch json {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .int(Int(value))
        case .number(let value): .double(value)
        case .string(let text): .string(text)
        case .array(let items): .list(items.map { value($0) })
        case .object(let members):
            .object(Dictionary(members.map { ($0.key, value($0.value)) }, uniquingKeysWith: { _, last in last }))
        }
    }

    /// The members of objects by name.
    static func text(_ value: SweepValue) -> String {
        var json = JSONWriter()
        json.value(self.json(value))
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func json(_ value: SweepValue) -> JSONValue {
        switch value {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .integer(Int64(value))
        case .double(let value): .number(value)
        case .string(let text): .string(text)
        case .list(let items): .array(items.map { json($0) })
        case .object(let members):
            .object(members.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: json($0.value)) })
        }
    }
}
