import Foundation
import GRDBSQLite
import MartletCore

/// Walks the rows of one run in MLflow's table `metrics`, in the order in which they were written.
struct MLflowDatabasePoints: PointReader {
    let reader: SQLiteReader
    let run: Run.ID
    /// key, timestamp, step, value, is_nan; NULL for what an old store lacks.
    let columns: String
    private var last = Int64.min
    private var isAtEnd = false

    init(reader: SQLiteReader, run: Run.ID, columns: String) {
        self.reader = reader
        self.run = run
        self.columns = columns
    }

    mutating func next() async throws(MartletError) -> Found<LogBatch>? {
        guard !isAtEnd else { return nil }
        let sql = """
            SELECT rowid, \(columns) FROM metrics WHERE run_uuid = ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3
            """
        let arguments: [SourceSQLValue] = [
            .text(run.rawValue), .integer(last), .integer(Int64(PointLimits.most)),
        ]
        let run = run
        let page = try await reader.read { queries in
            var page = Page()
            try queries.query(sql, arguments) { page.add($0) }
            return (page.batch, page.problems(of: run), page.count, page.last)
        }
        isAtEnd = page.2 < PointLimits.most
        last = page.3
        return page.2 == 0 ? nil : Found(page.0, problems: page.1)
    }

    /// Rows on their way into columns. Keys mostly come in turns: each is first compared with the one that followed
    /// the last time.
    private struct Page {
        var batch = LogBatch()
        var count = 0
        var last = Int64.min
        private var places: [String: Int] = [:]
        private var guess = 0
        private var refused: [String: Int] = [:]

        mutating func add(_ row: SourceRow) {
            count += 1
            last = sqlite3_column_int64(row.handle, 0)
            let time = row.integer(2)
            let step = row.isNull(3) ? 0 : row.integer(3)
            let isNaN = row.integer(5) == 1
            guard let time, let step, let value = isNaN ? .nan : row.real(4) else {
                refused[row.text(1) ?? "", default: 0] += 1
                return
            }
            batch.keyIndexes.append(UInt32(place(of: row)))
            batch.steps.append(step)
            batch.times.append(time)
            batch.values.append(value)
        }

        private mutating func place(of row: SourceRow) -> Int {
            if guess < batch.keys.count, Self.matches(&batch.keys[guess], row) {
                defer { guess = guess + 1 == batch.keys.count ? 0 : guess + 1 }
                return guess
            }
            let key = row.text(1) ?? ""
            let place = places[key] ?? batch.keys.count
            if place == batch.keys.count {
                places[key] = place
                batch.keys.append(key)
            }
            guess = place + 1 == batch.keys.count ? 0 : place + 1
            return place
        }

        private static func matches(_ key: inout String, _ row: SourceRow) -> Bool {
            guard let text = sqlite3_column_text(row.handle, 1) else { return false }
            let count = Int(sqlite3_column_bytes(row.handle, 1))
            return key.withUTF8 { bytes in
                guard bytes.count == count, let base = bytes.baseAddress else { return false }
                return memcmp(base, text, count) == 0
            }
        }

        func problems(of run: Run.ID) -> [ImportProblem] {
            refused.map { key, count in
                ImportProblem(
                    .refused,
                    of: "run \(run)",
                    "\(count) points of the metric '\(key.prefix(100))' are no numbers"
                )
            }
        }
    }
}
