import Foundation
import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("Checking an installation")
struct CheckTests {
    let scene: OperationScene

    init() async throws {
        scene = try await OperationScene()
        try await scene.log(0..<9_000)
        try await scene.seal()
        try await scene.log(9_000..<9_050)
        try await scene.put(BlobStoreConformance.bytes(900, seed: 5), at: "notes/small.txt")
        try await scene.put(BlobStoreConformance.bytes(800, seed: 7), at: "other.txt")
        try await scene.put(BlobStoreConformance.bytes(200_000, seed: 6), at: "large.bin")
    }

    private var pack: String { scene.installation.blobs + "/packs/000001.pack" }

    /// Changes a byte in the middle of the bytes of a row.
    private func damageRow(_ table: String, _ column: String) async throws {
        try await scene.database.write { connection in
            let sql = "SELECT \(column) FROM \(table) WHERE length(\(column)) > 20 LIMIT 1"
            guard let bytes = try connection.first(sql, [], { $0.blob(0) }) else { return }
            var changed = bytes
            changed[bytes.count / 2] ^= 1
            try connection.execute(
                "UPDATE \(table) SET \(column) = $1 WHERE \(column) = $2",
                [.blob(changed), .blob(bytes)]
            )
        }
    }

    @Test("nothing is wrong with what was stored, and all of it is read")
    func sound() async throws {
        let report = try await scene.check()
        #expect(report.findings == [] && report.isSound)
        #expect(report.runs == 1 && report.series == 1 && report.chunks == 3 && report.points == 9_050)
        #expect(report.blobs == 3 && report.artifacts == 3 && report.bytes == 201_700)
    }

    @Test(
        "a damaged chunk and a damaged row of the log are told with their points",
        arguments: [
            ("metric_chunk_data", "data", "points are lost, of the steps"), ("point_log", "data", "50 points are lost"),
        ]
    )
    func damagedPoints(table: String, column: String, what: String) async throws {
        try await damageRow(table, column)
        for repairs in [false, true] {
            let report = try await scene.check(repairs: repairs)
            #expect(report.findings.count == 1 && !report.isSound)
            #expect(report.findings.first?.run == scene.run.id.rawValue)
            #expect(report.findings.first?.what.contains(what) == true)
        }
    }

    @Test(
        "what searches know of a summary is made anew, but for what is logged as well",
        arguments: [
            ("DELETE FROM summary_value", false), ("UPDATE summary_value SET number = 9 WHERE key = 'best'", false),
            ("UPDATE summary_value SET key = 'other' WHERE key = 'note'", false),
            ("UPDATE summary_value SET number = 9 WHERE key = 'loss'", true),
        ]
    )
    func summaries(statement: String, isSound: Bool) async throws {
        let chunk = StreamChunk(documents: [.summary: #"{"best": 2, "note": "x", "loss": 7}"#])
        _ = try await scene.store.append(chunk, to: scene.run.id)
        #expect(try await scene.check().findings == [])
        try await scene.database.write { try $0.execute(statement) }
        let report = try await scene.check()
        #expect(report.isSound == isSound)
        #expect(report.findings.map(\.run) == (isSound ? [] : [scene.run.id.rawValue]))
        #expect(try await scene.check(repairs: true).isSound)
        #expect(try await scene.check().findings == [])
    }

    @Test(
        "damaged pyramids, counts and summaries are made anew",
        arguments: [
            "UPDATE metric_summary SET max_value = 7", "UPDATE metric_summary SET count = count + 1",
            "UPDATE metric_summary SET last_value = 0.25, last_step = 3", "DELETE FROM metric_summary",
            "UPDATE metric_chunk SET least_step = -1", "UPDATE metric_chunk SET flags = 8",
            "DELETE FROM metric_chunk_cells",
        ]
    )
    func repairs(statement: String) async throws {
        let before = try await scene.store.run(scene.run.id, fields: .all)
        try await scene.database.write { try $0.execute(statement) }
        #expect(try await scene.check().isSound == false)
        let report = try await scene.check(repairs: true)
        #expect(!report.findings.isEmpty && report.isSound)
        #expect(try await scene.check().findings == [])
        #expect(try await scene.store.run(scene.run.id, fields: .all) == before)
    }

    @Test(
        "a damaged coarse or fine pyramid is made anew",
        arguments: [
            ("metric_chunk", "cells"), ("metric_chunk_cells", "data"),
        ]
    )
    func pyramids(table: String, column: String) async throws {
        try await damageRow(table, column)
        #expect(try await scene.check().findings.count == 1)
        #expect(try await scene.check(repairs: true).isSound)
        #expect(try await scene.check().findings == [])
    }

    @Test(
        "a damaged file is told by run and path, and can be sent again after a repair",
        arguments: [
            "large.bin", "notes/small.txt",
        ]
    )
    func damagedFile(path: String) async throws {
        let object = try #require(try scene.files(in: scene.installation.blobs + "/objects").first)
        if path != "large.bin" {
            // What stands behind the records is nobody's.
            let url = URL(filePath: pack)
            try Data(contentsOf: url).withoutZerosAtEnd.write(to: url)
        }
        try scene.damage(path == "large.bin" ? object : pack, at: path == "large.bin" ? 0.5 : 0.2)
        let report = try await scene.check()
        #expect(report.findings.map(\.path) == [path] && report.findings.map(\.run) == [scene.run.id.rawValue])
        #expect(try await scene.check(repairs: true).findings.map(\.path) == [path])
        let isLarge = path == "large.bin"
        let bytes = BlobStoreConformance.bytes(isLarge ? 200_000 : 900, seed: isLarge ? 6 : 5)
        let again = try await LocalBlobStore(
            folder: scene.installation.blobs,
            database: scene.database,
            environment: scene.environment
        )
        _ = try await again.store(
            Pieces(bytes, pieceSize: 9_000),
            length: nil,
            as: .artifact(try ArtifactPath(path), of: .run(scene.run.id))
        )
        #expect(try await scene.check().findings == [])
    }

    @Test("a missing file and a missing row are told by run and path")
    func missing() async throws {
        let object = try #require(try scene.files(in: scene.installation.blobs + "/objects").first)
        try FileManager.default.removeItem(atPath: object)
        #expect(try await scene.check().findings.map(\.path) == ["large.bin"])
        try await scene.database.write { try $0.execute("DELETE FROM blob") }
        let report = try await scene.check()
        #expect(Set(report.findings.map(\.path)) == ["large.bin", "notes/small.txt", "other.txt"])
    }

    @Test("the torn end of a pack is cut by a repair")
    func tornTail() async throws {
        let url = URL(filePath: pack)
        let whole = try Data(contentsOf: url)
        #expect(try await scene.check(repairs: true).findings == [])
        #expect(try Data(contentsOf: url) == whole, "zeros that wait for records are no torn end")
        let records = whole.withoutZerosAtEnd
        let torn = records + records.dropFirst(16).prefix(200)
        try (torn + whole.dropFirst(torn.count)).write(to: url)
        #expect(try await scene.check(repairs: true).findings.count == 1)
        #expect(try Data(contentsOf: url) == records)
        #expect(try await scene.check(repairs: true).findings == [])
    }

    @Test("a part of a composed file that is damaged is told by the name of the whole")
    func composed() async throws {
        let part = try await scene.put(BlobStoreConformance.bytes(100_000, seed: 9), at: "part")
        let whole = try await scene.blobs.compose([part, part])
        try await scene.database.write { connection in
            let name = try CheckedName(.artifact(try ArtifactPath("whole"), of: .run(scene.run.id)), connection)
            try name.give(to: whole, now: 0, connection)
        }
        #expect(try await scene.check().findings == [])
        try scene.damage(BlobFolder(existing: scene.installation.blobs).object(part.digest))
        #expect(try await Set(scene.check().findings.map(\.path)) == ["part", "whole"])
        try await scene.database.write { connection in
            try connection.execute("UPDATE blob_part SET part_offset = part_offset + 1")
        }
        let problems = try await scene.check().findings.filter { $0.what.contains("parts that do not fit") }
        #expect(problems.map(\.path) == ["whole"])
    }

    @Test("rows of a run that is gone, and payloads without a chunk, are removed by a repair")
    func strays() async throws {
        try await scene.database.write { connection in
            try connection.execute("INSERT INTO metric_seal (run, generation) VALUES (99, 1)")
            try connection.execute("INSERT INTO metric_chunk_data (data) VALUES ($1)", [.blob([1])])
        }
        #expect(try await scene.check().findings.count == 2)
        #expect(try await scene.check(repairs: true).isSound)
        #expect(try await scene.check().findings == [])
    }

    @Test("what nothing names is counted and not wrong")
    func garbage() async throws {
        _ = try await scene.blobs.store(Pieces([1, 2, 3], pieceSize: 10), length: nil, as: nil)
        let report = try await scene.check()
        #expect(report.isSound && report.garbageBlobs == 1 && report.garbageBytes == 3)
    }
}

@Suite("Purging what was deleted")
struct PurgeTests {
    private static let day: Int64 = 86_400_000

    @Test(
        "every table with a column `run` is known to go with the run or to outlive it",
        .enabled(if: TestEngine.isSQLite)
    )
    func tables() async throws {
        let scene = try await OperationScene()
        let tables = try await scene.database.read { connection in
            try connection.rows(
                """
                SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c ON c.name = 'run'
                WHERE m.type = 'table' ORDER BY m.name
                """
            ) { $0.text(0) }
        }
        #expect(Set(tables) == Set(Purge.tablesOfRun + Purge.tablesThatOutlive))
    }

    @Test("a run goes with all that names it once it was deleted long enough ago, and its files are collected")
    func runGoes() async throws {
        let scene = try await OperationScene()
        try await scene.log(0..<5_000)
        try await scene.seal()
        try await scene.log(5_000..<5_010)
        try await scene.put(BlobStoreConformance.bytes(100_000), at: "large.bin")
        let other = try await scene.store.createRun(
            CreateRun(experimentID: Experiment.ID(0), name: "kept"),
            id: Run.ID("kept")
        )
        _ = try await scene.store.moveRuns([scene.run.id], to: .deleted)
        let purge = Purge(of: scene.database, deletedBefore: scene.clock.now)
        #expect(try await purge.plan() == PurgePlan())
        scene.clock.advance(by: 2 * Self.day)
        let due = Purge(of: scene.database, deletedBefore: scene.clock.now - Self.day)
        let plan = try await due.plan()
        #expect(plan.runs == 1 && plan.points == 5_010 && plan.artifacts == 1 && plan.artifactBytes == 100_000)
        #expect(plan.metricBytes > 1_000)
        #expect(try await due.run { _ in } == plan)
        let left = try await scene.database.read { connection in
            try (Purge.tablesOfRun + ["metric_chunk_data", "metric_chunk_cells", "artifact"]).filter { table in
                try connection.first("SELECT 1 FROM \(table) LIMIT 1") { _ in true } ?? false
            }
        }
        #expect(left == [])
        #expect(try await scene.store.run(other.id, fields: .all).name == "kept")
        let day = Duration.seconds(86_400)
        #expect(try await scene.blobs.collectGarbage(olderThan: day, uploadsOlderThan: day).blobs == 1)
        #expect(try await scene.check().findings == [])
    }

    @Test("a run that was restored stays, and an experiment goes with its runs and its name is free again")
    func experimentGoes() async throws {
        let scene = try await OperationScene()
        let experiment = try await scene.store.createExperiment(CreateExperiment(name: "a"))
        _ = try await scene.store.createRun(CreateRun(experimentID: experiment.id, name: "x"), id: Run.ID("r2"))
        try await scene.store.moveExperiment(experiment.id, to: .deleted)
        _ = try await scene.store.moveRuns([scene.run.id], to: .deleted)
        _ = try await scene.store.moveRuns([scene.run.id], to: .active)
        scene.clock.advance(by: Self.day)
        let purge = Purge(of: scene.database, deletedBefore: scene.clock.now)
        let gone = try await purge.run { _ in }
        #expect(gone.runs == 1 && gone.experiments == 1)
        #expect(try await scene.store.run(scene.run.id, fields: .all).stage == .active)
        #expect(try await scene.store.createExperiment(CreateExperiment(name: "a")).id != experiment.id)
    }

    @Test("usage counts points, bytes and files by experiment")
    func usage() async throws {
        let scene = try await OperationScene()
        try await scene.log(0..<100)
        try await scene.put([1, 2, 3], at: "a")
        try await scene.put([1, 2, 3], at: "b")
        let usage = try await StorageCount.usage(of: scene.database)
        #expect(usage.experiments.map(\.name) == ["Default"])
        #expect(usage.experiments.first?.points == 100 && usage.experiments.first?.artifactBytes == 6)
        #expect(usage.blobs == 1 && usage.blobBytes == 3)
    }
}
