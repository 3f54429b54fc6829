import Logging
import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("Artifact versions")
struct ArtifactVersionTests {
    let folder: ScratchFolder
    let clock = ManualClock()
    let store: SQLMetadataStore
    let blobs: LocalBlobStore
    let experiment = Experiment.ID(0)

    init() async throws {
        folder = try ScratchFolder()
        let database = try await openTestDatabase(in: folder.path)
        store = SQLMetadataStore(database: database, environment: .manual(clock))
        try await store.prepare()
        blobs = try await LocalBlobStore(
            folder: folder.path + "/blobs",
            database: database,
            environment: .manual(clock),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    private func request(_ name: String = "data", digest: String = "") -> CreateArtifactVersion {
        CreateArtifactVersion(experimentID: experiment, collection: name, type: "dataset", digest: digest)
    }

    private func put(_ text: String, at path: String, of id: ArtifactVersion.ID) async throws -> VersionEntry {
        let bytes = [UInt8](text.utf8)
        let source = AsyncStream<[UInt8]> { stream in
            stream.yield(bytes)
            stream.finish()
        }
        let blob = try await blobs.store(
            source,
            length: Int64(bytes.count),
            as: .artifact(ArtifactPath(path), of: .version(id))
        )
        return VersionEntry(path: path, size: blob.size, md5: blob.md5, source: nil, reference: nil)
    }

    /// A committed version with files of these texts.
    private func commit(
        _ files: [String: String],
        id: String,
        digest: String,
        aliases: [String] = []
    ) async throws -> ArtifactVersion {
        var request = request(digest: digest)
        request.aliases = aliases
        let version = try await store.create(request, id: ArtifactVersion.ID(id))
        var entries: [VersionEntry] = []
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            entries.append(try await put(text, at: path, of: version.id))
        }
        try await store.fill(version.id, with: entries)
        return try await store.commit(version.id, digest: digest)
    }

    private func failure(_ body: () async throws -> Void) async -> MartletError.Code? {
        await #expect(throws: MartletError.self) { try await body() }?.code
    }

    @Test("versions are numbered from 0, the last is the latest, and each keeps its files")
    func numbers() async throws {
        let first = try await commit(["a": "1", "d/b": "22"], id: "a1", digest: "x", aliases: ["best"])
        let second = try await commit(["a": "3"], id: "a2", digest: "y", aliases: ["best"])
        #expect(first.number == 0 && first.state == .committed && first.aliases == ["best", "latest"])
        #expect(first.size == 3 && first.fileCount == 2)
        #expect(second.number == 1 && second.aliases == ["best", "latest"])
        #expect(try await store.version(first.id).aliases == [])
        let files = try await store.files(of: first.id, after: nil, limit: 10)
        #expect(files.map(\.path) == ["a", "d/b"])
        #expect(try await store.files(of: first.id, after: files[0], limit: 10).map(\.path) == ["d/b"])
        let collection = try #require(try await store.collection(named: "data", in: experiment))
        #expect(collection.versionCount == 2 && collection.lastNumber == 1 && collection.type == "dataset")
        let members = try await store.members(of: collection.id, before: nil, limit: 10)
        #expect(members.map(\.number) == [1, 0])
        #expect(try await store.member(of: collection.id, .alias("best"))?.version.id == second.id)
        #expect(try await store.member(of: collection.id, .number(0))?.version.id == first.id)
        #expect(try await store.member(of: collection.id, .digest("x"))?.version.id == first.id)
        #expect(try await store.member(of: collection.id, .alias("none")) == nil)
    }

    @Test("content that is known is the version that has it, with new aliases")
    func known() async throws {
        let first = try await commit(["a": "1"], id: "a1", digest: "x")
        var again = request(digest: "x")
        again.aliases = ["again"]
        again.tags = ["t"]
        again.runID = Run.ID("r")
        let found = try await store.create(again, id: ArtifactVersion.ID("a2"))
        #expect(found.id == first.id && found.aliases == ["again", "latest"] && found.tags == ["t"])
        #expect(try await store.versions(.output, of: Run.ID("r")).map(\.id) == [first.id])
        again.takesKnown = false
        #expect(try await store.create(again, id: ArtifactVersion.ID("a2")).state == .pending)
    }

    @Test("a committed version takes no files, and committing it again changes nothing")
    func sealed() async throws {
        let version = try await commit(["a": "1"], id: "a1", digest: "x")
        #expect(await failure { _ = try await put("2", at: "a", of: version.id) } == .conflict)
        #expect(await failure { _ = try await put("2", at: "new", of: version.id) } == .conflict)
        #expect(await failure { try await store.fill(version.id, with: []) } == .conflict)
        #expect(try await store.commit(version.id, digest: "other") == version)
        #expect(try await store.files(of: version.id, after: nil, limit: 10).count == 1)
    }

    @Test("a new version takes files of an old one that goes, and what is not wanted is dropped")
    func shared() async throws {
        let old = try await commit(["a": "1", "b": "2"], id: "a1", digest: "x")
        let next = try await store.create(request(digest: "y"), id: ArtifactVersion.ID("a2"))
        let fresh = try await put("3", at: "c", of: next.id)
        _ = try await put("4", at: "unwanted", of: next.id)
        var kept = try #require(try await store.files(of: old.id, at: ["a"]).first)
        let entry = VersionEntry(path: "moved/a", size: 1, md5: kept.md5, source: old.id, reference: nil)
        let reference = VersionFile.Reference(uri: "s3://b/k", digest: "etag", extra: "{\"versionID\":\"1\"}")
        let referred = VersionEntry(path: "far", size: 70, md5: nil, source: nil, reference: reference)
        try await store.fill(next.id, with: [fresh, entry, referred])
        let version = try await store.commit(next.id, digest: "y")
        #expect(version.fileCount == 3 && version.size == 72)
        try await store.delete(old.id, withAliases: true)
        let files = try await store.files(of: next.id, after: nil, limit: 10)
        #expect(files.map(\.path) == ["c", "moved/a", "far"])
        #expect(files.last?.reference == reference)
        kept = files[1]
        #expect(try await blobs.read(#require(kept.digest), range: nil).length == 1)
        #expect(try await store.files(of: next.id, after: files[1], limit: 10).map(\.path) == ["far"])
        #expect(try await store.files(of: next.id, after: files[2], limit: 10).isEmpty)
    }

    @Test("a file without content, or with another than is said, keeps a version from being committed")
    func lost() async throws {
        let version = try await store.create(request(), id: ArtifactVersion.ID("a1"))
        var entry = VersionEntry(
            path: "a",
            size: 1,
            md5: String(repeating: "0", count: 32),
            source: nil,
            reference: nil
        )
        #expect(await failure { try await store.fill(version.id, with: [entry]) } == .failedPrecondition)
        _ = try await put("1", at: "a", of: version.id)
        #expect(await failure { try await store.fill(version.id, with: [entry]) } == .failedPrecondition)
        entry.source = ArtifactVersion.ID("nobody")
        entry.path = "b"
        #expect(await failure { try await store.fill(version.id, with: [entry]) } == .failedPrecondition)
        #expect(try await store.version(version.id).state == .pending)
        let collection = try #require(try await store.collection(named: "data", in: experiment))
        #expect(collection.versionCount == 0)
    }

    @Test("content of the experiment's versions is known by its MD5, and of no other's")
    func claims() async throws {
        let first = try await commit(["a": "same"], id: "a1", digest: "x")
        let md5 = try #require(try await store.files(of: first.id, at: ["a"]).first?.md5)
        let entry = VersionEntry(path: "z", size: nil, md5: md5, source: nil, reference: nil)
        let next = try await store.create(request("more"), id: ArtifactVersion.ID("a2"))
        #expect(try await store.claim([entry], for: next.id) == ["z"])
        let elsewhere = try await store.createExperiment(CreateExperiment(workspace: .default, name: "other"))
        var foreign = request()
        foreign.experimentID = elsewhere.id
        let other = try await store.create(foreign, id: ArtifactVersion.ID("a3"))
        #expect(try await store.claim([entry], for: other.id).isEmpty)
    }

    @Test("a version with aliases is deleted with them only; `latest` goes to the one before, its number to nobody")
    func deletion() async throws {
        let first = try await commit(["a": "1"], id: "a1", digest: "x")
        let second = try await commit(["a": "2"], id: "a2", digest: "y", aliases: ["best"])
        #expect(await failure { try await store.delete(second.id, withAliases: false) } == .failedPrecondition)
        try await store.delete(second.id, withAliases: true)
        try await store.delete(second.id, withAliases: true)
        #expect(try await store.version(second.id).state == .deleted)
        #expect(try await store.version(first.id).aliases == ["latest"])
        #expect(try await store.files(of: second.id, after: nil, limit: 10).isEmpty)
        #expect(try await commit(["a": "2"], id: "a3", digest: "y").number == 2)
        let collection = try #require(try await store.collection(named: "data", in: experiment))
        try await store.delete(collection.id)
        #expect(await failure { _ = try await store.version(first.id) } == .notFound)
        #expect(try await store.collection(named: "data", in: experiment) == nil)
    }

    @Test("a portfolio holds versions of other collections under numbers and aliases of its own")
    func portfolios() async throws {
        let first = try await commit(["a": "1"], id: "a1", digest: "x")
        let second = try await commit(["a": "2"], id: "a2", digest: "y")
        let link = try await store.link(second.id, toPortfolio: "best", in: experiment, aliases: ["prod"])
        #expect(link.number == 0 && link.aliases == ["latest", "prod"] && link.collection.kind == .portfolio)
        let other = try await store.link(first.id, toPortfolio: "best", in: experiment, aliases: ["prod"])
        #expect(other.number == 1 && other.aliases == ["latest", "prod"])
        #expect(try await store.memberships(of: [second.id]).map(\.collection.name) == ["data", "best"])
        #expect(try await store.memberships(of: [second.id]).map(\.aliases) == [["latest"], []])
        try await store.unlink(first.id, from: link.collection.id)
        #expect(try await store.member(of: link.collection.id, .alias("latest"))?.version.id == second.id)
        #expect(await failure { try await store.unlink(first.id, from: link.collection.id) } == .notFound)
        #expect(
            await failure { _ = try await store.create(request("best"), id: ArtifactVersion.ID("a8")) } == .conflict
        )
        try await store.delete(link.collection.id)
        #expect(try await store.version(second.id).state == .committed)
    }

    @Test("what one run made and another used is told from both sides")
    func lineage() async throws {
        let version = try await commit(["a": "1"], id: "a1", digest: "x")
        let run = try await store.createRun(CreateRun(experimentID: experiment, name: "x"), id: Run.ID("r1"))
        try await store.note(.input, of: run.id, version.id)
        try await store.note(.input, of: run.id, version.id)
        #expect(try await store.runs(.input, of: version.id) == [run.id])
        #expect(try await store.versions(.input, of: run.id).map(\.id) == [version.id])
        #expect(try await store.versions(.output, of: run.id).isEmpty)
    }

    @Test("versions whose time is over are found, and pending ones that nobody touched")
    func expiry() async throws {
        var short = request(digest: "x")
        short.lifetime = 60
        let version = try await store.create(short, id: ArtifactVersion.ID("a1"))
        _ = try await store.commit(version.id, digest: "x")
        let idle = try await store.create(request(), id: ArtifactVersion.ID("a2"))
        let now = clock.now
        #expect(try await store.expiredVersions(at: now + 59_999, pendingSince: now, limit: 9).isEmpty)
        #expect(try await store.expiredVersions(at: now + 60_000, pendingSince: now, limit: 9) == [version.id])
        #expect(try await store.expiredVersions(at: now, pendingSince: now + 1, limit: 9) == [idle.id])
        var changes = VersionChanges()
        changes.lifetime = .some(nil)
        _ = try await store.update(version.id, changes)
        #expect(try await store.expiredVersions(at: .max, pendingSince: now, limit: 9).isEmpty)
    }
}
