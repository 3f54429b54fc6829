import MartletCore
import MartletTesting
import Testing

@testable import MartletStorage

@Suite("Checking versions and registered models")
struct CheckCollectionsTests {
    let scene: OperationScene

    /// A registered model with one version, of one file of a run.
    init() async throws {
        scene = try await OperationScene()
        try await scene.put([1, 2, 3], at: "model/weights.bin")
        let registry = try await scene.store.madeRegistry(of: .default)
        let model = try await scene.store.create(CreateRegisteredModel(name: "net"), in: registry)
        var create = CreateArtifactVersion(
            experimentID: model.collection.experimentID,
            collection: "net",
            type: model.collection.type,
            digest: ""
        )
        create.model = model.collection.id
        create.takesKnown = false
        create.runID = scene.run.id
        let pending = try await scene.store.create(create, id: ArtifactVersion.ID("first")).id
        try await scene.store.adopt(try ArtifactPath("model"), of: .run(scene.run.id), for: pending)
        let request = CreateModelVersion(
            model: "net",
            origin: ModelVersion.Origin(source: "runs:/\(scene.run.id)/model", location: "there"),
            runID: scene.run.id,
            tags: [MartletCore.Tag(key: "quality", value: "good")]
        )
        _ = try await scene.store.register(pending, digest: "same", request)
    }

    private func change(_ sql: String) async throws {
        try await scene.database.write { try $0.execute(sql) }
    }

    @Test("nothing is wrong with what was registered, and a repair leaves it as it is")
    func sound() async throws {
        #expect(try await scene.check().findings == [])
        #expect(try await scene.check(repairs: true).findings == [])
        let version = try await scene.store.version(ArtifactVersion.ID("first"))
        #expect(version.fileCount == 1 && version.size == 3)
    }

    @Test(
        "rows that lead to nothing are told, and removed by a repair",
        arguments: [
            (
                "INSERT INTO artifact_membership (collection, number, version, created_at) VALUES (1, 0, 'gone', 0)",
                "a membership of the version"
            ),
            ("INSERT INTO artifact_alias (collection, alias, number) VALUES (1, 'best', 9)", "an alias of the member"),
            (
                """
                INSERT INTO model_version (collection, number, stage, source, location, run_link, author)
                VALUES (1, 9, 0, '', '', '', '')
                """, "what a registry knows of the member"
            ),
            (
                """
                INSERT INTO artifact_reference (version, path, uri, digest, size, extra)
                VALUES ('gone', 'a', 's3://b/a', '', 1, '')
                """, "references of the version"
            ),
            (
                "INSERT INTO artifact_use (run_id, role, version, created_at) VALUES ('r', 0, 'gone', 0)",
                "uses of the version"
            ),
            ("INSERT INTO artifact_label (owner, label) VALUES ('version:gone', 'x')", "tags of what is not there"),
            ("INSERT INTO model_tag (owner, key, value) VALUES ('collection:77', 'a', 'b')", "tags of what is not"),
        ]
    )
    func strays(sql: String, what: String) async throws {
        try await change(sql)
        let findings = try await scene.check().findings
        #expect(findings.count == 1 && findings.first?.what.hasPrefix(what) == true && !findings[0].isRepaired)
        #expect(try await scene.check(repairs: true).isSound)
        try await sound()
    }

    @Test("a membership that goes takes its alias and its place in the registry along")
    func cascade() async throws {
        try await change("DELETE FROM artifact_version")
        let report = try await scene.check(repairs: true)
        // Its files, too: their owner is gone.
        #expect(report.isSound && report.findings.count >= 4)
        #expect(try await scene.check().findings == [])
    }

    @Test(
        "counts that are wrong are told, and made anew by a repair",
        arguments: [
            ("UPDATE artifact_collection SET next_number = 1", "the collection 1, 'net', would give a number again"),
            ("UPDATE artifact_version SET files = 7", "the files of the version 'first' are counted wrong"),
            ("UPDATE artifact_version SET bytes = 0", "the files of the version 'first' are counted wrong"),
        ]
    )
    func counts(sql: String, what: String) async throws {
        try await change(sql)
        #expect(try await scene.check().findings == [CheckFinding(what: what)])
        #expect(try await scene.check(repairs: true).isSound)
        try await sound()
    }

    @Test("`latest` goes to the last member that is left")
    func latest() async throws {
        try await change(
            "INSERT INTO artifact_membership (collection, number, version, created_at) VALUES (1, 9, 'gone', 0)"
        )
        try await change("UPDATE artifact_collection SET next_number = 10")
        try await change("UPDATE artifact_alias SET number = 9 WHERE alias = 'latest'")
        #expect(try await scene.check(repairs: true).isSound)
        #expect(try await scene.store.version(ArtifactVersion.ID("first")).aliases == ["latest"])
    }

    @Test("members of a collection that is lost are told and stay, with what is known of them")
    func lostCollection() async throws {
        try await change("DELETE FROM artifact_collection")
        for _ in 0..<2 {
            let report = try await scene.check(repairs: true)
            #expect(report.findings == [CheckFinding(what: "the collection of versions is not there: '1'")])
        }
        let kept = try await scene.database.read { connection in
            try ["artifact_membership", "artifact_alias", "model_version"].map { table in
                try connection.first("SELECT count(*) FROM \(table)") { $0.integer(0) }
            }
        }
        #expect(kept == [1, 1, 1])
    }

    @Test("what belongs nowhere is told and stays")
    func homeless() async throws {
        try await change("DELETE FROM artifact_membership")
        let report = try await scene.check(repairs: true)
        #expect(!report.isSound)
        let what = "the version is not in the collection that it was made in: 'first'"
        #expect(report.findings.contains(CheckFinding(what: what)))
        #expect(try await scene.store.version(ArtifactVersion.ID("first")).fileCount == 1)
        try await change("UPDATE artifact_collection SET experiment = 99")
        #expect(
            try await scene.check().findings.map(\.what).contains(
                "the collection is of an experiment that is not there: 'net'"
            )
        )
    }
}
