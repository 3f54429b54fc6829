import Foundation
import Testing

@testable import MartletSweeps

@Suite("Reading whatever comes")
struct ConfigurationFuzzTests {
    /// More of them with `SWEEPS_FUZZ_SEEDS=2000`.
    static let seeds = ProcessInfo.processInfo.environment["SWEEPS_FUZZ_SEEDS"].flatMap(Int.init) ?? 20

    @Test("random configurations are read or refused, and those that are read can be searched", arguments: 0..<seeds)
    func fuzz(_ seed: Int) {
        var fuzzer = Fuzzer(generator: SweepGenerator(seed: UInt64(seed)))
        var accepted = 0
        for _ in 0..<(isOptimised ? 120 : 40) {
            let written = fuzzer.configuration()
            guard let configuration = try? SweepConfiguration(written) else {
                #expect(problems(written).allSatisfy { !$0.isEmpty && $0.count < 1_000 })
                continue
            }
            accepted += 1
            check(configuration, UInt64(seed))
        }
        #expect(accepted > 8, "only \(accepted) were accepted, so the rest of the code is not reached")
    }

    /// Three runs in a row, with one that goes on, one that ended, and one without a metric.
    private func check(_ configuration: SweepConfiguration, _ seed: UInt64) {
        var runs: [SweepRun] = []
        for number in 0..<14 {
            guard let parameters = configuration.next(after: runs, seed: seed).parameters else { break }
            for parameter in configuration.parameters {
                let value = parameter.value(in: parameters)
                #expect(value != nil)
                guard case .continuous = parameter.distribution else { continue }
                #expect(value?.number?.isFinite == true, "\(parameter)")
            }
            var run = SweepRun(id: "\(number)", state: .finished, parameters: parameters)
            run.history = [Double(number % 5), .nan, Double(number % 3)]
            if number % 4 == 1 { run.state = .running }
            if number % 6 == 5 { run = SweepRun(id: "x", state: .crashed, parameters: parameters) }
            runs.append(run)
        }
        _ = configuration.stops(runs)
        _ = configuration.runCountExpected
        #expect(configuration.runCap.map { runs.count <= $0 } ?? true)
    }
}

/// Writes configurations that are nearly right: the known keys with values that often fit them. Every second one is
/// written with care: the first two values of each list below fit together.
private struct Fuzzer {
    var generator: SweepGenerator
    private var isCareful = false

    init(generator: SweepGenerator) { self.generator = generator }

    mutating func configuration() -> SweepValue {
        isCareful = generator.index(below: 2) == 0
        var members: [String: SweepValue] = [:]
        members["method"] = oneOf(["bayes", "random", "grid", "grid", "custom", 1, .null])
        members["parameters"] = rarely() ? anything(2) : parameters(depth: 0)
        if often() {
            members["metric"] = rarely() ? anything(2) : ["name": "loss", "goal": oneOf(["maximize", "minimize"])]
        }
        if rarely() { members["run_cap"] = oneOf([1, 5, 0, 2.5, "3"]) }
        if rarely() { members["early_terminate"] = stopping() }
        if rarely() { members[oneOf(["command", "name", "controller", "x"]).text ?? ""] = anything(2) }
        return rarely() && rarely() ? anything(3) : .object(members)
    }

    private mutating func parameters(depth: Int) -> SweepValue {
        var members: [String: SweepValue] = [:]
        for _ in 0..<1 + generator.index(below: 3) {
            let name = oneOf(["lr", "batch", "a.b", "", "ü", "optimizer"]).text ?? ""
            members[name] =
                generator.index(below: 5) == 0 && depth < 4 ? ["parameters": parameters(depth: depth + 1)] : parameter()
        }
        return .object(members)
    }

    private mutating func parameter() -> SweepValue {
        if rarely() && rarely() { return anything(2) }
        let names = SweepConfigurationReader.DistributionName.allCases
        let name = names[generator.index(below: names.count)]
        var members: [String: SweepValue] = [:]
        for key in name.keys where !(rarely() && rarely()) { members[key] = value(of: key) }
        if often() { members["distribution"] = .string(name.rawValue) }
        if rarely() && rarely() { members["surplus"] = 1 }
        return .object(members)
    }

    private mutating func value(of key: String) -> SweepValue {
        if rarely() && rarely() { return anything(2) }
        return switch key {
        case "values":
            oneOf([[1, 2, 3], ["a", "b", 1.5], [1.5], [], [["k": 1], ["k": 2]], [.double(.nan), 1]])
        case "probabilities": oneOf([[0, 0.5, 0.5], [0.2, 0.3, 0.5], [1], [0, 1], [2, -1]])
        case "min": oneOf([1, 2, 0.001, 0, -3, -1e308, 1e-300, 1e-9])
        case "max": oneOf([10, 700, 0.5, 3, 1, 1e308, 9_007_199_254_740_991])
        case "q": oneOf([1, 0.1, 2, 0, 1e-300, 1e300])
        case "mu": oneOf([0, -1, 5.5, 1e300, 700])
        case "sigma": oneOf([1, 0, 0.1, 1e300, -1])
        case "a", "b": oneOf([1, 0.5, 20, 1e-9, 1e9, 0])
        default: anything(2)
        }
    }

    private mutating func stopping() -> SweepValue {
        var members: [String: SweepValue] = ["type": oneOf(["hyperband", "hyperband", "hyperband", "x"])]
        for key in ["min_iter", "max_iter", "s", "eta", "strict"] where often() {
            members[key] = oneOf([1, 3, 27, 1.5, 0, true, .int(.max), "2"])
        }
        return .object(members)
    }

    private mutating func anything(_ depth: Int) -> SweepValue {
        switch generator.index(below: depth > 0 ? 9 : 7) {
        case 0: .null
        case 1: .bool(often())
        case 2: .int(Int(truncatingIfNeeded: generator.next()))
        case 3: .double(Double(bitPattern: generator.next()))
        case 4: .string(["", "min", "1e-3", "\u{0}\"\\"][generator.index(below: 4)])
        case 5: .int(generator.index(below: 5))
        case 6: .double(generator.unit())
        case 7: .list([anything(depth - 1), anything(depth - 1)])
        default: .object(["value": anything(depth - 1), "values": anything(depth - 1)])
        }
    }

    private mutating func oneOf(_ values: [SweepValue]) -> SweepValue {
        values[generator.index(below: isCareful ? min(2, values.count) : values.count)]
    }

    private mutating func often() -> Bool { isCareful || generator.index(below: 4) > 0 }

    private mutating func rarely() -> Bool { !isCareful && generator.index(below: 5) == 0 }
}
