import MartletCore

/// Finds the number and the state of every series of a write that is stored.
///
/// A class, because the answers come after the questions: it belongs to one write.
final class SeriesLookup {
    /// Complete once the questions are answered.
    private(set) var found: [SeriesGroups]

    /// - Parameter shares: one for each run.
    /// - Throws: `invalidArgument` for columns that do not fit each other.
    init(_ shares: [PointWriter.Share]) throws(MartletError) {
        var found: [SeriesGroups] = []
        for share in shares where share.batch.pointCount > 0 { found.append(try SeriesGroups(share)) }
        self.found = found
    }

    /// Tells the experiments of the runs where they were not known before.
    func setExperiments(_ experiments: [Int64: Int64]) {
        for index in found.indices {
            if let experiment = experiments[found[index].run] { found[index].experiment = experiment }
        }
    }

    /// Asked in the transaction that writes, once the runs are held.
    func questions() -> [SQLQuestion] {
        let places = found.indices.flatMap { share in found[share].groups.indices.map { (share: share, group: $0) } }
        var (start, questions) = (0, [SQLQuestion]())
        while start < places.count {
            let query = Query.forCount(places.count - start)
            let some = Array(places[start..<min(start + query.size, places.count)])
            var arguments: [SQLValue] = []
            arguments.reserveCapacity(2 * query.size)
            for (share, group) in some {
                arguments.append(.integer(found[share].run))
                arguments.append(.text(found[share].names[found[share].groups[group].keyIndex]))
            }
            arguments += Array(repeating: .null, count: 2 * (query.size - some.count))
            questions.append(
                SQLQuestion(sql: query.sql, arguments: arguments) { row in
                    let (share, group) = some[Int(row.integer(0))]
                    self.found[share].groups[group].key = row.integer(1)
                    if !row.isNull(2) { self.found[share].groups[group].state = SeriesState(row, from: 2) }
                }
            )
            start += query.size
        }
        return questions
    }

    /// One statement for many series: few texts, each for a fixed number of them.
    private struct Query {
        let size: Int
        let sql: String

        private static let one = Query(size: 1)
        private static let some = Query(size: 16)
        private static let many = Query(size: 128)

        static func forCount(_ count: Int) -> Query { count == 1 ? one : count <= 16 ? some : many }

        private init(size: Int) {
            self.size = size
            let wanted = (0..<size).map {
                "(\($0), CAST($\(2 * $0 + 1) AS BIGINT), CAST($\(2 * $0 + 2) AS TEXT))"
            }.joined(separator: ", ")
            let state = SeriesState.columns.split(separator: ", ").map { "s.\($0)" }.joined(separator: ", ")
            // The order of the joins is the order of the text: names first, whatever the statistics say.
            sql = """
                WITH wanted (place, run, name) AS (VALUES \(wanted))
                SELECT w.place, k.id, \(state) FROM wanted w CROSS JOIN metric_key k
                LEFT JOIN metric_summary s ON s.run = w.run AND s.key = k.id WHERE k.name = w.name
                """
        }
    }
}
