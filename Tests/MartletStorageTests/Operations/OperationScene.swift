import Foundation
import Logging
import MartletCore
import MartletTesting

@testable import MartletStorage

/// An installation with one run in a folder, and a folder of backups beside it.
struct OperationScene {
    let folder: ScratchFolder
    let clock = ManualClock()
    let environment: Environment
    let installation: Installation
    let database: any SQLDatabase
    let store: SQLMetadataStore
    let blobs: LocalBlobStore
    let run: Run

    var target: String { folder.path + "/backups" }
    var restored: String { folder.path + "/restored" }

    init() async throws {
        folder = try ScratchFolder()
        environment = .manual(clock)
        installation = Installation(folder: folder.path + "/data", database: try await newTestAddress())
        try FileManager.default.createDirectory(atPath: installation.folder, withIntermediateDirectories: true)
        database = try await openTestDatabase(in: installation.folder, address: installation.database)
        store = SQLMetadataStore(database: database, environment: environment)
        try await store.prepare()
        blobs = try await LocalBlobStore(folder: installation.blobs, database: database, environment: environment)
        let request = CreateRun(experimentID: Experiment.ID(0), name: "first", startedAt: 5)
        run = try await store.createRun(request, id: Run.ID(environment.newID()))
    }

    /// Points of `loss` with the steps of a range.
    func log(_ steps: Range<Int64>) async throws {
        var batch = LogBatch(tags: [Tag(key: "last", value: "\(steps.upperBound)")])
        for step in steps { batch.append(key: "loss", step: step, time: 10 * step, value: 1 / Double(step + 1)) }
        _ = try await store.log(batch, to: run.id)
    }

    @discardableResult
    func put(_ bytes: [UInt8], at path: String) async throws -> StoredBlob {
        let name = BlobName.artifact(try ArtifactPath(path), of: .run(run.id))
        return try await blobs.store(Pieces(bytes, pieceSize: 50_000), length: nil, as: name)
    }

    func seal() async throws { try await Sealer(database: database, backlog: SealBacklog()).sealEverything() }

    func backup(_ store: S3Client? = nil) async throws -> BackupReport {
        clock.advance(by: 1_000)
        return try await Backup(of: installation, to: target, store: store, environment: environment) { _ in }.run()
    }

    @discardableResult
    func restore(
        _ snapshot: String? = nil,
        to path: String? = nil,
        store: S3Client? = nil
    ) async throws -> RestoreReport {
        let installation = Installation(folder: path ?? restored, database: nil)
        return try await Restore(from: target, snapshot: snapshot, environment: environment) { _ in }
            .run(to: installation, store: store)
    }

    func check(repairs: Bool = false) async throws -> CheckReport {
        let scope = CheckScope(repairs: repairs, store: nil, readsObjects: false)
        return try await Check(of: installation, database, scope) { _ in }.run()
    }

    /// Changes one byte of a file.
    func damage(_ path: String, at place: Double = 0.5) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[min(bytes.count - 1, Int(Double(bytes.count) * place))] ^= 1
        try bytes.write(to: URL(filePath: path))
    }

    func cut(_ path: String) throws {
        let bytes = try Data(contentsOf: URL(filePath: path))
        try bytes.prefix(bytes.count / 2).write(to: URL(filePath: path))
    }

    /// Paths of the files below a folder whose last name has the ending.
    func files(in path: String, ending: String = "") throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path).map { "\(path)/\($0)" }.filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) && !isFolder.boolValue
                && name.hasSuffix(ending)
        }.sorted()
    }
}

/// A data folder that was restored, opened as a server would.
struct RestoredScene {
    let installation: Installation
    let database: any SQLDatabase
    let store: SQLMetadataStore
    let blobs: LocalBlobStore

    init(_ folder: String, _ environment: Environment) async throws {
        installation = Installation(folder: folder, database: nil)
        database = try SQLiteDatabase(folder: folder, now: 0, logger: Logger(label: "test"))
        store = SQLMetadataStore(database: database, environment: environment)
        blobs = try await LocalBlobStore(folder: installation.blobs, database: database, environment: environment)
    }

    func content(of path: String, of run: Run.ID) async throws -> [UInt8] {
        guard let digest = try await store.entry(at: ArtifactPath(path), of: .run(run))?.digest else { return [] }
        return try await blobs.read(digest, range: nil).whole()
    }

    func steps(_ run: Run.ID) async throws -> [Int64] {
        try await database.read { connection in
            let number = try SQLMetadataStore.row(of: run, on: connection).number
            return try MetricReader.history(run: number, key: "loss", after: nil, limit: 1_000_000, on: connection)
                .steps
        }
    }

    func check(_ store: S3Client? = nil) async throws -> CheckReport {
        let scope = CheckScope(repairs: false, store: store, readsObjects: true)
        return try await Check(of: installation, database, scope) { _ in }.run()
    }
}
