/// A value that is no number, logged at a step: a text, a list, an image, a table; as the JSON that the client sent.
public struct LoggedObject: Sendable, Equatable {
    public var key: String
    public var step: Int64
    /// Milliseconds since 1970-01-01 UTC.
    public var time: Int64
    public var json: String

    public init(key: String, step: Int64, time: Int64, json: String) {
        self.key = key
        self.step = step
        self.time = time
        self.json = json
    }
}

/// What is known of the objects that a run logged under one key.
public struct ObjectKey: Sendable, Equatable {
    public var key: String
    /// Steps that have one.
    public var count: Int64
    public var lastStep: Int64
    public var lastJSON: String

    public init(key: String, count: Int64, lastStep: Int64, lastJSON: String) {
        self.key = key
        self.count = count
        self.lastStep = lastStep
        self.lastJSON = lastJSON
    }
}

/// One line that a run printed. A line of the same number takes its place, as a progress bar does.
public struct ConsoleLine: Sendable, Equatable {
    /// From 0.
    public var number: Int64
    /// Microseconds since 1970-01-01 UTC; `nil` when the client did not say.
    public var time: Int64?
    public var isError: Bool
    /// Which of several processes printed it. Empty when not said.
    public var label: String
    public var text: String

    public init(number: Int64, time: Int64?, isError: Bool, label: String, text: String) {
        self.number = number
        self.time = time
        self.isError = isError
        self.label = label
        self.text = text
    }
}

/// A JSON text that is kept with a run, given back as it was sent.
public enum RunDocument: String, Sendable, CaseIterable {
    /// What the run was given, with what the client adds.
    case config
    /// What the user sums the run up by. Martlet's own summaries of metrics are beside it, never mixed with it.
    case summary
    /// Names of nested objects whose members became metrics with dotted keys: a JSON list.
    case nestedKeys
    /// Names of metrics that the machine reported: a JSON list.
    case machineKeys

    /// Whether it is a list that grows: what is stored is added to what is there, whoever writes at the same time.
    public var isList: Bool { self == .nestedKeys || self == .machineKeys }
}

/// How far the streams of a run are: lines that are stored.
public struct StreamState: Sendable, Equatable {
    public var historyLines: Int64
    public var eventLines: Int64
    public var consoleLines: Int64

    public init(historyLines: Int64 = 0, eventLines: Int64 = 0, consoleLines: Int64 = 0) {
        self.historyLines = historyLines
        self.eventLines = eventLines
        self.consoleLines = consoleLines
    }
}

/// What a run logged at some steps, by metric and by object.
public struct StepTable: Sendable {
    public struct Series: Sendable {
        public var key: String
        /// Ascending, where the run logged in order.
        public var steps: [Int64]
        public var values: [Double]

        public init(key: String, steps: [Int64], values: [Double]) {
            self.key = key
            self.steps = steps
            self.values = values
        }
    }

    /// By key.
    public var series: [Series]
    /// By key and step.
    public var objects: [LoggedObject]

    public init(series: [Series], objects: [LoggedObject]) {
        self.series = series
        self.objects = objects
    }
}
