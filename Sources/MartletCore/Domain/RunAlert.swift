/// What a program wants somebody to look at: a loss that is no number, an accuracy that is lower than it must be.
public struct RunAlert: Sendable, Equatable {
    public enum Severity: String, Codable, Sendable, CaseIterable {
        case info, warning, error
    }

    /// Grows with each alert; 0 before it is stored.
    public var id: Int64
    public var run: Run.ID
    public var title: String
    public var text: String
    public var severity: Severity
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAt: Int64

    public init(id: Int64 = 0, run: Run.ID, title: String, text: String, severity: Severity, createdAt: Int64) {
        self.id = id
        self.run = run
        self.title = title
        self.text = text
        self.severity = severity
        self.createdAt = createdAt
    }
}
