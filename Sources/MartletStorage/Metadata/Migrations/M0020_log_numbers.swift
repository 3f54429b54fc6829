/// Numbers of log rows from a sequence: a row costs PostgreSQL a third less than with a look for the run's greatest.
///
/// PostgreSQL only; for SQLite the look is cheap. The steps are wide, so that a server of an older build that counts on
/// from the greatest does not meet the next number.
struct M0020_log_numbers: Migration {
    let number: Int64 = 20
    static let sequence = "point_log_number"
    static let step: Int64 = 100_000

    func statements(for dialect: SQLDialect) -> [String] {
        guard dialect == .postgres else { return [] }
        return ["CREATE SEQUENCE \(Self.sequence) AS BIGINT INCREMENT BY \(Self.step)"]
    }

    func fill(_ connection: any SQLConnection) throws {
        guard connection.dialect == .postgres else { return }
        try Self.pass(try connection.first("SELECT max(seq) FROM point_log") { $0.integer(0) } ?? 0, on: connection)
    }

    /// The next number is above a number.
    static func pass(_ number: Int64, on connection: any SQLConnection) throws {
        let next = (number / step + 1) * step
        try connection.query("SELECT setval('\(sequence)', $1, false)", [.integer(next)]) { _ in }
    }
}
