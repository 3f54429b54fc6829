/// One parameter of a sweep: a leaf of the configuration's `parameters`.
package struct SweepParameter: Sendable, Hashable {
    /// The names of the groups around it and its own; one name for a parameter that is not nested.
    package let path: [String]
    package let distribution: SweepDistribution

    package init(path: [String], distribution: SweepDistribution) {
        self.path = path
        self.distribution = distribution
    }

    /// The path joined by dots, for people: a name may itself contain dots.
    package var name: String { path.joined(separator: ".") }

    var isConstant: Bool {
        if case .constant = distribution { true } else { false }
    }

    /// Its value among a run's parameters: by its path, or under its dotted name where nesting was flattened.
    /// `nil` when the run has none.
    package func value(in parameters: [String: SweepValue]) -> SweepValue? {
        guard let first = path.first else { return nil }
        var value = parameters[first]
        for key in path.dropFirst() { value = value?[key] }
        return value ?? parameters[name]
    }
}
