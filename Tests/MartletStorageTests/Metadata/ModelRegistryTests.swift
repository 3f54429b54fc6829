import Logging
import MartletCore
import MartletStorage
import MartletTesting
import Testing

@Suite("The model registry")
struct ModelRegistryTests {
    let folder: ScratchFolder
    let clock = ManualClock()
    let store: SQLMetadataStore
    let blobs: LocalBlobStore

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

    private func put(_ text: String, at path: String, of owner: ArtifactOwner) async throws {
        let bytes = [UInt8](text.utf8)
        let source = AsyncStream<[UInt8]> { stream in
            stream.yield(bytes)
            stream.finish()
        }
        _ = try await blobs.store(source, length: Int64(bytes.count), as: .artifact(ArtifactPath(path), of: owner))
    }

    private func run(_ id: String) async throws -> Run.ID {
        try await store.createRun(CreateRun(experimentID: Experiment.ID(0)), id: Run.ID(id)).id
    }

    /// Registers a version under a name that is there.
    private func register(
        _ model: RegisteredModel,
        id: String,
        run: Run.ID? = nil,
        files: (owner: ArtifactOwner, folder: ArtifactPath)? = nil,
        tags: [MartletCore.Tag] = []
    ) async throws -> ModelVersion {
        let collection = model.collection
        var create = CreateArtifactVersion(
            experimentID: collection.experimentID,
            collection: collection.name,
            type: collection.type,
            digest: ""
        )
        create.model = collection.id
        create.takesKnown = false
        create.runID = run
        let pending = try await store.create(create, id: ArtifactVersion.ID(id)).id
        if let files { try await store.adopt(files.folder, of: files.owner, for: pending) }
        let request = CreateModelVersion(
            model: collection.name,
            origin: ModelVersion.Origin(source: "runs:/\(run?.rawValue ?? "none")/model", location: "there"),
            runID: run,
            tags: tags
        )
        return try await store.register(pending, digest: "same", request)
    }

    private func model(_ name: String, in workspace: Workspace.ID = .default) async throws -> RegisteredModel {
        let registry = try await store.madeRegistry(of: workspace)
        return try await store.create(CreateRegisteredModel(name: name), in: registry)
    }

    private func failure(_ body: () async throws -> Void) async -> MartletError.Code? {
        await #expect(throws: MartletError.self) { try await body() }?.code
    }

    @Test("a registry is made once, and is in no list of experiments")
    func registry() async throws {
        #expect(try await store.registry(of: .default) == nil)
        let registry = try await store.madeRegistry(of: .default)
        #expect(try await store.madeRegistry(of: .default) == registry)
        #expect(try await store.registry(of: .default) == registry)
        var search = SearchExperiments(filter: nil, order: [], view: .all, limit: 10, offset: 0)
        #expect(try await store.searchExperiments(search).items.map(\.name) == ["Default"])
        search.ofRegistries = true
        #expect(try await store.searchExperiments(search).items.map(\.id) == [registry])
    }

    @Test("versions are numbered from 1 and never again, also those of the same content")
    func numbers() async throws {
        let net = try await model("net")
        let first = try await register(net, id: "a1")
        let second = try await register(net, id: "a2")
        #expect([first.number, second.number] == [1, 2])
        try await store.deleteVersion(2, of: net.collection.id)
        #expect(try await register(net, id: "a3").number == 3)
        #expect(await failure { _ = try await store.modelVersion(2, of: net.collection.id) } == .notFound)
        #expect(await failure { _ = try await model("net") } == .alreadyExists)
    }

    @Test("a version keeps the files that its folder had, whatever becomes of that")
    func files() async throws {
        let run = try await run("r1")
        for path in ["model/MLmodel", "model/data/w.bin", "model2/other", "else"] {
            try await put(path, at: path, of: .run(run))
        }
        let folder = (ArtifactOwner.run(run), try ArtifactPath("model"))
        let version = try await register(try await model("net"), id: "a1", run: run, files: folder).membership.version
        try await store.delete(.root, of: .run(run))
        let files = try await store.files(of: version.id, after: nil, limit: 10)
        #expect(files.map(\.path) == ["MLmodel", "data/w.bin"])
        #expect(version.fileCount == 2 && version.size == 13 + 16)
        #expect(try await store.versions(.output, of: run).map(\.id) == [version.id])
    }

    @Test("hundreds of files come in several transactions")
    func manyFiles() async throws {
        let run = try await run("r1")
        for number in 0..<520 { try await put("\(number)", at: "d\(number % 7)/\(number)", of: .run(run)) }
        let version = try await register(
            try await model("net"),
            id: "a1",
            files: (.run(run), .root)
        )
        #expect(version.membership.version.fileCount == 520)
    }

    @Test("a stage has one latest version, and the others of it are archived on request")
    func stages() async throws {
        let id = try await model("net").collection.id
        let registry = try await store.madeRegistry(of: .default)
        let net = try await store.registeredModel("net", in: registry)
        for name in ["a1", "a2", "a3"] { _ = try await register(net, id: name) }
        _ = try await store.updateVersion(1, of: id, ModelVersionChanges(stage: .production))
        clock.advance(by: 5)
        let moved = ModelVersionChanges(stage: .production, archivesOthers: true)
        let second = try await store.updateVersion(2, of: id, moved)
        #expect(second.stage == .production && second.membership.version.updatedAt == clock.now)
        let first = try await store.modelVersion(1, of: id)
        #expect(first.stage == .archived && first.membership.version.updatedAt == clock.now)
        let latest = try await store.registeredModel("net", in: registry).latest
        #expect(latest.map(\.number) == [3, 2, 1] && latest.map(\.stage) == [.none, .production, .archived])
    }

    @Test("an alias moves, goes with its version, and `latest` is none")
    func aliases() async throws {
        let net = try await model("net")
        let id = net.collection.id
        for name in ["a1", "a2"] { _ = try await register(net, id: name) }
        try await store.setAlias("best", to: 1, in: id)
        try await store.setAlias("best", to: 2, in: id)
        #expect(try await store.modelVersion(1, of: id).membership.aliases == [])
        #expect(try await store.modelVersion(2, of: id).membership.aliases == ["best"])
        let registry = net.collection.experimentID
        let known = try await store.registeredModel("net", in: registry).aliases
        #expect(known == [RegisteredModel.Alias(name: "best", number: 2)])
        #expect(await failure { try await store.setAlias("best", to: 9, in: id) } == .notFound)
        try await store.deleteVersion(2, of: id)
        #expect(try await store.registeredModel("net", in: registry).aliases == [])
    }

    @Test("searches find by name, run, number and tags")
    func searches() async throws {
        let (run, net) = (try await run("r1"), try await model("net"))
        let registry = net.collection.experimentID
        _ = try await register(net, id: "a1", run: run, tags: [MartletCore.Tag(key: "kind", value: "good")])
        _ = try await register(try await model("other"), id: "b1")
        try await store.setTag(("team", "vision"), of: net.collection.id)
        func versions(_ text: String) async throws -> [String] {
            let filter = try FilterParser.parse(text, subject: .modelVersions, syntax: .mlflow, now: 0)
            let search = SearchModelRegistry(filter: filter, order: [], limit: 10, offset: 0)
            return try await store.searchModelVersions(search, in: registry).items.map { "\($0.model) \($0.number)" }
        }
        #expect(try await versions("name LIKE '%e%'") == ["net 1", "other 1"])
        #expect(try await versions("run_id = 'r1'") == ["net 1"])
        #expect(try await versions("run_id != 'r1'") == ["other 1"])
        #expect(try await versions("tags.kind ILIKE 'GO%' AND version_number < 2") == ["net 1"])
        #expect(try await versions("source_path = 'runs:/none/model'") == ["other 1"])
        let filter = try FilterParser.parse("tags.team = 'vision'", subject: .registeredModels, syntax: .mlflow, now: 0)
        let search = SearchModelRegistry(filter: filter, order: [], limit: 1, offset: 0)
        let found = try await store.searchRegisteredModels(search, in: registry)
        #expect(found.items.map(\.collection.name) == ["net"] && !found.hasMore)
        #expect(found.items[0].tags == [MartletCore.Tag(key: "team", value: "vision")])
    }

    @Test("what a removed workspace registered moves to the default registry, unless a name is taken")
    func workspaces() async throws {
        let team = try await store.createWorkspace(named: "team", WorkspaceChanges(), nil)
        let net = try await model("net", in: team.id)
        _ = try await register(net, id: "a1")
        let taken = try await model("net")
        #expect(
            await failure { try await store.removeWorkspace(team.id, .keepExperiments, nil) } == .failedPrecondition
        )
        #expect(await failure { try await store.removeWorkspace(team.id, .onlyEmpty, nil) } == .failedPrecondition)
        try await store.delete(taken.collection.id)
        try await store.removeWorkspace(team.id, .keepExperiments, nil)
        let registry = try #require(try await store.registry(of: .default))
        let moved = try await store.registeredModel("net", in: registry)
        #expect(moved.latest.map(\.number) == [1] && moved.latest[0].membership.version.experimentID == registry)
    }

    @Test("a registry in which somebody logged a run is not removed as an empty one, nor merged")
    func registriesWithRuns() async throws {
        let team = try await store.createWorkspace(named: "team", WorkspaceChanges(), nil)
        let net = try await model("net", in: team.id)
        let registry = net.collection.experimentID
        let run = try await store.createRun(CreateRun(experimentID: registry), id: Run.ID("r1")).id
        try await store.delete(net.collection.id)
        #expect(await failure { try await store.removeWorkspace(team.id, .onlyEmpty, nil) } == .failedPrecondition)
        _ = try await model("other")
        #expect(
            await failure { try await store.removeWorkspace(team.id, .keepExperiments, nil) } == .failedPrecondition
        )
        #expect(try await store.experiments(ofRuns: [run]) == [registry])
    }

    @Test("the registry of models stays while it has some, and comes back from the bin when it is wanted")
    func binned() async throws {
        let net = try await model("net")
        let registry = net.collection.experimentID
        #expect(await failure { try await store.moveExperiment(registry, to: .deleted) } == .failedPrecondition)
        let rename = ExperimentChanges(name: "wandb-registry-other")
        #expect(await failure { _ = try await store.updateExperiment(registry, rename) } == .failedPrecondition)
        try await store.delete(net.collection.id)
        try await store.moveExperiment(registry, to: .deleted)
        let bin = SearchExperiments(filter: nil, order: [], view: .deleted, limit: 10, offset: 0)
        #expect(try await store.searchExperiments(bin).items.map(\.id) == [registry])
        #expect(try await model("net").collection.experimentID == registry)
    }

    @Test("a model that is gone takes no version, and a version whose model went is removed")
    func strays() async throws {
        let net = try await model("net")
        var create = CreateArtifactVersion(
            experimentID: net.collection.experimentID,
            collection: "net",
            type: "model",
            digest: ""
        )
        create.model = net.collection.id
        let pending = try await store.create(create, id: ArtifactVersion.ID("a1")).id
        try await store.abandon(pending)
        #expect(await failure { _ = try await store.version(pending) } == .notFound)
        try await store.delete(net.collection.id)
        #expect(await failure { _ = try await store.create(create, id: ArtifactVersion.ID("a2")) } == .notFound)
    }

    @Test("a copy of a version has its references, and a single file is a model too")
    func copies() async throws {
        let net = try await model("net")
        let own = CreateArtifactVersion(experimentID: Experiment.ID(0), collection: "c", type: "model", digest: "x")
        let source = try await store.create(own, id: ArtifactVersion.ID("w1")).id
        let reference = VersionFile.Reference(uri: "s3://b/k", digest: "e", extra: "")
        let entry = VersionEntry(path: "far", size: 3, md5: nil, source: nil, reference: reference)
        try await store.fill(source, with: [entry])
        _ = try await store.commit(source, digest: "x")
        let copy = try await register(net, id: "a1", files: (.version(source), .root)).membership.version
        #expect(try await store.files(of: copy.id, after: nil, limit: 9).map(\.reference) == [reference])
        let run = try await run("r1")
        try await put("bytes", at: "models/net.pkl", of: .run(run))
        let file = try await register(net, id: "a2", files: (.run(run), try ArtifactPath("models/net.pkl")))
        #expect(try await store.files(of: file.membership.version.id, after: nil, limit: 9).map(\.path) == ["net.pkl"])
    }

    @Test("files of a committed version are not deleted from its tree")
    func committedFiles() async throws {
        let run = try await run("r1")
        try await put("bytes", at: "m/w.bin", of: .run(run))
        let id = try await register(try await model("net"), id: "a1", files: (.run(run), try ArtifactPath("m")))
            .membership.version.id
        for path in ["w.bin", ""] {
            let path = try ArtifactPath(path)
            #expect(await failure { try await store.delete(path, of: .version(id)) } == .conflict)
        }
    }

    @Test("a version that was linked from elsewhere leaves, and is not deleted")
    func links() async throws {
        let net = try await model("net")
        let own = CreateArtifactVersion(experimentID: Experiment.ID(0), collection: "c", type: "model", digest: "x")
        let id = try await store.create(own, id: ArtifactVersion.ID("w1")).id
        _ = try await store.commit(id, digest: "x")
        let link = try await store.link(id, toPortfolio: "net", in: net.collection.experimentID, aliases: [])
        #expect(link.number == 1)
        #expect(try await store.modelVersion(1, of: net.collection.id).origin == ModelVersion.Origin())
        _ = try await store.updateVersion(1, of: net.collection.id, ModelVersionChanges(stage: .staging))
        try await store.deleteVersion(1, of: net.collection.id)
        #expect(try await store.version(id).state == .committed)
        #expect(try await register(net, id: "a1").stage == .none)
    }
}
