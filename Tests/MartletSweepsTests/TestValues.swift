import Foundation

@testable import MartletSweeps

extension SweepConfiguration {
    /// For tests that need a valid one: random search unless said otherwise.
    init(
        _ method: Method,
        _ parameters: SweepValue,
        _ more: [String: SweepValue] = [:]
    ) throws {
        var members = more
        members["method"] = .string(method.rawValue)
        members["parameters"] = parameters
        try self.init(.object(members))
    }

    /// The next step with a seed of its own.
    func next(after runs: [SweepRun] = [], seed: UInt64 = 1) -> SweepStep {
        var generator = SweepGenerator(seed: seed, stream: runs.count)
        return next(after: runs, using: &generator)
    }
}

extension SweepStep {
    var parameters: [String: SweepValue]? {
        guard case .run(let parameters) = self else { return nil }
        return parameters
    }
}

/// What reading a configuration finds wrong; empty when it can be used.
func problems(_ value: SweepValue) -> [String] {
    do {
        _ = try SweepConfiguration(value)
        return []
    } catch {
        return error.problems
    }
}

/// Whether the target is built for speed: what takes milliseconds then takes seconds otherwise.
var isOptimised: Bool {
    #if DEBUG
    false
    #else
    true
    #endif
}
