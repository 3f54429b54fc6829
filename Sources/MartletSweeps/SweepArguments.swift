/// The parameters of a run, and the form in which W&B's agent and run configuration carry them.
package enum SweepArguments {
    /// Values by path, nested: `["optimizer", "lr"]: 0.1` becomes `{"optimizer": {"lr": 0.1}}`.
    static func nested(_ values: [[String]: SweepValue]) -> [String: SweepValue] {
        var groups: [String: [[String]: SweepValue]] = [:]
        var nested: [String: SweepValue] = [:]
        for (path, value) in values {
            guard let first = path.first else { continue }
            if path.count == 1 {
                nested[first] = value
            } else {
                groups[first, default: [:]][Array(path.dropFirst())] = value
            }
        }
        for (name, group) in groups { nested[name] = .object(Self.nested(group)) }
        return nested
    }

    /// What an agent's `run` command carries as `args`: `{"lr": {"value": 0.1}, "optimizer": {"value": {"lr": 0.1}}}`.
    /// Only the first level has the word `value`; a group of nested parameters is one object inside it.
    ///
    /// Source: `HyperParameterSet.to_config` of the Python package `sweeps` 0.3.0.
    package static func agentForm(_ parameters: [String: SweepValue]) -> SweepValue {
        .object(parameters.mapValues { .object(["value": $0]) })
    }

    /// The parameters that a W&B run configuration carries: the reverse of `agentForm`. Members without `value`, and
    /// those whose name begins with `_` (`_wandb`), are left out. Empty for anything but an object.
    package static func parameters(_ agentForm: SweepValue) -> [String: SweepValue] {
        (agentForm.members ?? [:]).filter { !$0.key.hasPrefix("_") }.compactMapValues { $0["value"] }
    }
}
