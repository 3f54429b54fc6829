/// What one request of a program that streams its run adds to it: all of it is stored, or nothing.
///
/// A program sends lines again that it got no answer for. So a chunk says which lines it holds, and is refused unless
/// its streams stand at their beginning: the same line is never stored twice.
public struct StreamChunk: Sendable {
    /// Which of several programs that write at once it is from: each counts lines of its own. Empty for the only one.
    public var writer: String
    public var batch: LogBatch
    public var objects: [LoggedObject]
    public var console: [ConsoleLine]
    public var documents: [RunDocument: String]
    /// Lines of the history; `nil` for none.
    public var history: Range<Int64>?
    /// Lines of what the machine reported; `nil` for none.
    public var events: Range<Int64>?
    /// How many points at the beginning of the batch have steps that, as those of all objects, count from behind the last
    /// step of the run: writers that know nothing of each other cannot say them. `nil` where steps are as they stand.
    public var pointsAfterLast: Int?
    /// Printed lines, for one of several writers: they come after all others. `nil` where lines have their numbers.
    public var printed: Range<Int64>?

    public init(
        writer: String = "",
        batch: LogBatch = LogBatch(),
        objects: [LoggedObject] = [],
        console: [ConsoleLine] = [],
        documents: [RunDocument: String] = [:],
        history: Range<Int64>? = nil,
        events: Range<Int64>? = nil,
        printed: Range<Int64>? = nil
    ) {
        self.writer = writer
        self.batch = batch
        self.objects = objects
        self.console = console
        self.documents = documents
        self.history = history
        self.events = events
        self.printed = printed
    }

    /// The metric that each line of a history has: as many points as it has, the history has lines.
    public static let lineMark = "_timestamp"
}
