import Dispatch
import Foundation
package import MartletCore

/// Something that is wrong.
package struct CheckFinding: Sendable, Equatable {
    package var what: String
    /// Id of the run that lost something; `nil` when it is no run's.
    package var run: String?
    /// Metric, or path of an artifact.
    package var path: String?
    package var isRepaired = false
}

/// What a check read and found.
package struct CheckReport: Sendable, Equatable {
    package var runs = 0
    package var series = 0
    package var chunks = 0
    package var points: Int64 = 0
    package var blobs = 0
    package var bytes: Int64 = 0
    package var artifacts = 0
    /// Contents that nothing names: not wrong, the garbage collector takes them.
    package var garbageBlobs = 0
    package var garbageBytes: Int64 = 0
    package var strayFiles = 0
    /// Objects of the S3 store that no row names: not wrong either. Uploads that are under way are among them.
    package var strayObjects = 0
    package var strayObjectBytes: Int64 = 0
    /// Contents in an S3 store that was not named, so that they were not looked at.
    package var elsewhere: Int64 = 0
    package var findings: [CheckFinding] = []

    package var isSound: Bool { findings.allSatisfy(\.isRepaired) }
}

/// How a check looks at what is stored.
package struct CheckScope: Sendable {
    /// Mends what can be mended: needs a database that can be written, and the data folder for this process alone.
    package var repairs: Bool
    /// Has the objects of the installation; without it they are counted and not looked at.
    package var store: S3Client?
    /// Whether objects are read as a whole and hashed; else the store is asked for their sizes.
    package var readsObjects: Bool

    package init(repairs: Bool, store: S3Client?, readsObjects: Bool) {
        self.repairs = repairs
        self.store = store
        self.readsObjects = readsObjects
    }
}

/// Reads all that an installation stores and checks it; mends what can be. See docs/backup.md.
package struct Check: Sendable {
    let installation: Installation
    let database: any SQLDatabase
    let scope: CheckScope
    let progress: @Sendable (String) -> Void

    package init(
        of installation: Installation,
        _ database: any SQLDatabase,
        _ scope: CheckScope,
        progress: @escaping @Sendable (String) -> Void
    ) {
        self.installation = installation
        self.database = database
        self.scope = scope
        self.progress = progress
    }

    var repairs: Bool { scope.repairs }

    /// O(all that is stored). Memory does not grow with the data, but for the numbers of the chunks.
    package func run() async throws(MartletError) -> CheckReport {
        var report = CheckReport()
        do {
            let schema = try await database.read { try SchemaVersion.current($0) }
            try SchemaVersion.checkNewest(schema)
            let (blobs, progress) = (installation.blobs, progress)
            // Files whose rows were read stay until the end.
            let gate = try await DispatchQueue(label: "martlet.gate").run {
                try CollectionGate.keep(blobs, progress: progress)
            }
            defer { withExtendedLifetime(gate) {} }
            try await checkEngine(&report)
            try await checkStrayRows(&report)
            try await checkRuns(&report)
            try await checkChunkIDs(&report)
            try await checkSummaries(&report)
            try await checkBlobs(&report)
            try await checkObjects(&report)
            try await checkCollections(&report)
            try await checkReferences(&report)
        } catch {
            throw OperationFailure.refusal(error)
        }
        return report
    }

    /// SQLite's own check of its pages and indexes.
    private func checkEngine(_ report: inout CheckReport) async throws {
        guard installation.database == nil else { return }
        progress("checking the pages of the database")
        let lines = try await database.read { connection in
            try connection.rows("PRAGMA integrity_check(20)") { $0.text(0) }
        }
        for line in lines where line != "ok" { report.findings.append(CheckFinding(what: "database: \(line)")) }
    }

    /// Rows of runs that are not there.
    private func checkStrayRows(_ report: inout CheckReport) async throws {
        for table in Purge.tablesOfRun {
            let runs = try await database.read { connection in
                try connection.rows(
                    """
                    SELECT DISTINCT run FROM \(table) AS t
                    WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.number = t.run) ORDER BY run
                    """
                ) { $0.integer(0) }
            }
            for run in runs {
                if repairs {
                    try await database.write { connection in
                        _ = try connection.execute("DELETE FROM \(table) WHERE run = $1", [.integer(run)])
                    }
                }
                report.findings.append(
                    CheckFinding(
                        what: "table \(table) has rows of the run number \(run), which is not there",
                        isRepaired: repairs
                    )
                )
            }
        }
    }

    /// Payloads and pyramids without their chunk.
    private func checkChunkIDs(_ report: inout CheckReport) async throws {
        let strays = try await database.read { connection in
            var known: Set<Int64> = []
            try connection.scan("SELECT id FROM metric_chunk", []) { row in
                known.insert(row.integer(0))
                return true
            }
            return try ["metric_chunk_data", "metric_chunk_cells"].map { table in
                var ids: [Int64] = []
                try connection.scan("SELECT id FROM \(table)", []) { row in
                    if !known.contains(row.integer(0)) { ids.append(row.integer(0)) }
                    return true
                }
                return (table: table, ids: ids)
            }
        }
        for (table, ids) in strays where !ids.isEmpty {
            if repairs {
                try await database.write { connection in
                    for id in ids { try connection.execute("DELETE FROM \(table) WHERE id = $1", [.integer(id)]) }
                }
            }
            report.findings.append(
                CheckFinding(what: "table \(table) has \(ids.count) rows without a chunk", isRepaired: repairs)
            )
        }
    }
}
