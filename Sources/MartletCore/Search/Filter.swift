/// A condition on experiments, runs, logged or registered models or versions of these, however it was written.
///
/// A condition on something that an object does not have never holds, not even `!=` (as in MLflow).
/// NaN matches only `!=`.
public indirect enum Filter: Sendable, Equatable {
    case all([Filter])
    case any([Filter])
    case not(Filter)
    case comparison(Comparison)
    /// A free word: name, notes, purpose, its client's id, values of tags, labels or parameters contain it, whatever the
    /// case.
    case word(String)

    /// Whether some condition is about a metric.
    package var namesMetric: Bool {
        switch self {
        case .all(let parts), .any(let parts): parts.contains { $0.namesMetric }
        case .not(let part): part.namesMetric
        case .comparison(let condition): if case .metric = condition.field { true } else { false }
        case .word: false
        }
    }

    public struct Comparison: Sendable, Equatable {
        public var field: SearchField
        public var relation: Relation
        public var value: Value

        public init(field: SearchField, relation: Relation, value: Value) {
            self.field = field
            self.relation = relation
            self.value = value
        }
    }

    public enum Relation: String, Sendable, Equatable {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        /// `%` and `_` are wildcards; case matters.
        case like = "LIKE"
        case ilike = "ILIKE"
        /// A `TextPattern` that is found somewhere in the text.
        case matches = "~"
        case among = "IN"
        case notAmong = "NOT IN"
        case isNull = "IS NULL"
        case isNotNull = "IS NOT NULL"
    }

    public enum Value: Sendable, Equatable {
        case number(Double)
        case integer(Int64)
        case text(String)
        case texts([String])
        case numbers([Double])
        case none
    }
}

/// What a condition or an order looks at.
public enum SearchField: Sendable, Equatable, Hashable {
    case attribute(SearchAttribute)
    case metric(key: String, statistic: MetricStatistic)
    /// What the user summed the run up by, a number or a text; where he wrote nothing, the latest value of the metric.
    case summary(key: String)
    case param(key: String)
    case tag(key: String)
    /// Any tag without a value, compared by its key: a run may have many, and one that fits is enough.
    case label
    /// Any parameter below a name, as `net.depth` is below `net`: whether there is one.
    case paramGroup(key: String)
    case datasetName
    case datasetDigest
    case datasetContext
}

/// A number that the summary of a metric holds.
public enum MetricStatistic: String, Sendable, Equatable, Hashable, CaseIterable {
    case last
    case min
    case max
    case mean
    case count
    /// `min` or `max`, whichever the goal's direction (or the metric's name) makes the better one.
    case best
}

/// Own fields of experiments, runs and logged models. Which of them an object has is the parser's concern.
public enum SearchAttribute: String, Sendable, Equatable, Hashable, CaseIterable {
    case id
    case name
    case status
    case user
    case artifactURI
    case startedAt
    case endedAt
    case createdAt
    case updatedAt
    case experimentID
    case modelType
    case sourceRunID
    case purpose
    case notes
    /// `endedAt - startedAt` in milliseconds.
    case duration
    /// When a run last reported.
    case heartbeatAt
    /// What the client calls a run.
    case foreignID
    /// The number of a version of a registered model.
    case versionNumber
    /// Where a version of a registered model came from.
    case source
}

/// One key of an order.
public struct SearchOrder: Sendable, Equatable {
    public var field: SearchField
    public var descending: Bool
    /// For scores of logged models: of which dataset.
    public var datasetName: String?
    public var datasetDigest: String?
    /// Whether texts that are numbers are ordered as such, before all others.
    public var readsNumbers: Bool

    public init(
        field: SearchField,
        descending: Bool,
        datasetName: String? = nil,
        datasetDigest: String? = nil,
        readsNumbers: Bool = false
    ) {
        self.field = field
        self.descending = descending
        self.datasetName = datasetName
        self.datasetDigest = datasetDigest
        self.readsNumbers = readsNumbers
    }
}
