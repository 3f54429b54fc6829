import Foundation
import GRDB
import MartletCore
import MartletTesting
import Testing

@testable import MartletImport

/// The tables that are read, as MLflow 3.17.2 makes them; constraints that no test needs are left out.
private let schema = """
    CREATE TABLE experiments (experiment_id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(256) NOT NULL,
      artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT,
      workspace VARCHAR(63) DEFAULT 'default' NOT NULL);
    CREATE TABLE experiment_tags (key VARCHAR(250) NOT NULL, value TEXT, experiment_id INTEGER NOT NULL);
    CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(250), user_id VARCHAR(256),
      status VARCHAR(9), start_time BIGINT, end_time BIGINT, lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200),
      experiment_id INTEGER, deleted_time BIGINT);
    CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
      run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL);
    CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
    CREATE TABLE latest_metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT, step BIGINT NOT NULL,
      is_nan BOOLEAN NOT NULL, run_uuid VARCHAR(32) NOT NULL);
    CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL);
    CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(8000), run_uuid VARCHAR(32) NOT NULL);
    INSERT INTO experiments VALUES (3, 'e', '/x/3', 'active', 5, 6, 'default');
    INSERT INTO experiment_tags VALUES ('mlflow.note.content', 'why', 3), ('a', 'b', 3);
    """

@Suite("MLflow's database as a source")
struct MLflowDatabaseTests {
    let folder: ScratchFolder
    private let run = String(repeating: "a", count: 32)
    private var path: String { folder.path + "/mlflow.db" }

    init() throws { folder = try ScratchFolder() }

    private func fill(_ sql: String...) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { database in
            for text in [schema] + sql { try database.execute(sql: text) }
        }
        try queue.close()
    }

    private func run(_ column: String = "artifact_uri", _ value: String = "''") -> String {
        """
        INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri,
          experiment_id) VALUES ('\(run)', 'n', 'u', 'FAILED', 10, 20, 'deleted', '', 3);
        UPDATE runs SET \(column) = \(value);
        """
    }

    private func onlyRun() async throws -> (MLflowDatabase, SourceRun) {
        let source = try await MLflowDatabase(path: path, artifacts: nil)
        let experiment = try #require(try await source.experiments().value.first)
        let page = try await source.runs(of: experiment, after: nil)
        #expect(page.next == nil)
        return (source, try #require(page.runs.first))
    }

    @Test("an experiment and a run are read with all their fields")
    func fields() async throws {
        try fill(
            run(),
            "INSERT INTO params VALUES ('p', '1', '\(run)')",
            "INSERT INTO tags VALUES ('mlflow.note.content', 'noted', '\(run)'), ('t', 'v', '\(run)')"
        )
        let (source, found) = try await onlyRun()
        let experiment = try #require(try await source.experiments().value.first)
        #expect(experiment.imported.purpose == "why" && experiment.imported.tags == ["a": "b"])
        #expect(experiment.imported.createdAt == 5 && experiment.imported.id == Experiment.ID(3))
        #expect(found.run.status == .failed && found.run.stage == .deleted && found.run.notes == "noted")
        #expect(found.run.params == [Param(key: "p", value: "1")] && found.run.tags == [Tag(key: "t", value: "v")])
        #expect(found.run.startedAt == 10 && found.run.endedAt == 20 && found.problems.isEmpty)
    }

    @Test("more points than one request carries come in pieces, none twice and none lost")
    func pages() async throws {
        let count = PointLimits.most * 2 + 7
        try fill(
            run(),
            """
            WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < \(count))
            INSERT INTO metrics SELECT 'm' || (i % 3), i * 0.5, 1000 + i, '\(run)', i, i % 10 = 0 FROM n
            """
        )
        let (source, found) = try await onlyRun()
        var reader = try await source.points(of: found)
        var steps: Set<Int64> = []
        var pieces = 0
        while let piece = try await reader.next() {
            pieces += 1
            #expect(piece.value.pointCount <= PointLimits.most && piece.problems.isEmpty)
            for (place, step) in piece.value.steps.enumerated() {
                #expect(steps.insert(step).inserted)
                let key = piece.value.keys[Int(piece.value.keyIndexes[place])]
                let value = piece.value.values[place]
                guard key == "m\(step % 3)", step % 10 == 0 ? value.isNaN : value == Double(step) * 0.5 else {
                    Issue.record("point \(step) is \(key) \(value)")
                    return
                }
            }
        }
        #expect(steps.count == count && pieces == 3)
    }

    @Test("points that are no numbers are counted and the others come")
    func wrongTypes() async throws {
        try fill(
            run(),
            """
            INSERT INTO metrics VALUES ('m', 1, 1, '\(run)', 1, 0), ('m', 'x', 1, '\(run)', 1, 0),
              ('m', 1, 'x', '\(run)', 1, 0), ('m', 1, 1, '\(run)', 'x', 0), ('m', 'x', 1, '\(run)', 2, 1)
            """
        )
        let (source, found) = try await onlyRun()
        var reader = try await source.points(of: found)
        let piece = try #require(try await reader.next())
        #expect(piece.value.steps == [1, 2] && piece.value.values[0] == 1 && piece.value.values[1].isNaN)
        #expect(piece.problems.map(\.message) == ["3 points of the metric 'm' are no numbers"])
    }

    @Test(
        "a store cannot name any folder of the machine",
        arguments: ["/etc", "file:///etc", "../x", "file:///x/../etc", "s3://bucket/x"]
    )
    func foreignFolders(location: String) async throws {
        try fill(run("artifact_uri", "'\(location)'"))
        let (source, found) = try await onlyRun()
        let files = try await source.files(of: found.artifacts)
        #expect(files.value.isEmpty && files.problems.count == 1)
    }

    @Test("the revision is another one when the run has changed")
    func revision() async throws {
        try fill(run())
        let first = try await onlyRun().1.revision
        #expect(try await onlyRun().1.revision == first)
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE runs SET status = 'FINISHED'") }
        #expect(try await onlyRun().1.revision != first)
    }

    @Test("what is no store of MLflow is told")
    func noStore() async throws {
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE a (b)") }
        let error = await #expect(throws: MartletError.self) {
            _ = try await MLflowDatabase(path: path, artifacts: nil)
        }
        #expect(error?.message.contains("no table 'experiments'") == true)
    }
}
