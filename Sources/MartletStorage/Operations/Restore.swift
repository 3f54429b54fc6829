import Dispatch
import Foundation
package import MartletCore

import struct Crypto.SHA256

/// What a restore did, or would do.
package struct RestoreReport: Sendable, Equatable {
    package var snapshot = ""
    /// Milliseconds since 1970-01-01 UTC when the snapshot was made.
    package var createdAt: Int64 = 0
    package var files = 0
    package var bytes: Int64 = 0
    /// Files that were lost before the backup was made, below `blobs`.
    package var lost: [String] = []
    /// Rows that were written to PostgreSQL; `nil` for SQLite.
    package var rows: Int64?
    /// Files that went to the S3 store.
    package var objects = 0
    /// Blobs whose objects are not in the backup, which was made without the S3 store that has them.
    package var elsewhere: Int64 = 0
}

/// Makes a data folder from a snapshot of a backup. See docs/backup.md.
///
/// Every byte is checked against the manifest on its way into a folder beside the new one, which gets its name last.
package struct Restore: Sendable {
    private let source: String
    private let snapshot: String?
    private let environment: Environment
    private let progress: @Sendable (String) -> Void
    private let queue = DispatchQueue(label: "martlet.restore")

    /// - Parameter snapshot: its name; `nil` for the newest.
    package init(
        from source: String,
        snapshot: String?,
        environment: Environment,
        progress: @escaping @Sendable (String) -> Void
    ) {
        self.source = source
        self.snapshot = snapshot
        self.environment = environment
        self.progress = progress
    }

    /// Reads the whole snapshot and writes nothing.
    /// - Throws: `failedPrecondition` that names the first file that is not as the manifest says.
    package func check() async throws(MartletError) -> RestoreReport {
        do {
            return try await queue.run {
                let (folder, manifest) = try self.manifest()
                for file in manifest.files { try transfer(file, of: folder, to: nil) }
                return report(of: manifest)
            }
        } catch {
            throw OperationFailure.refusal(error)
        }
    }

    /// Durable once it returns; when it throws, neither the folder nor rows are there, nor objects while the store
    /// still takes orders.
    /// - Parameter store: takes the files that were in an S3 store; without it they go to the folder.
    /// - Throws: `failedPrecondition` for a target that is not empty, for a store in use, and for a backup that is not
    ///   as it was made.
    package func run(to installation: Installation, store: S3Client?) async throws(MartletError) -> RestoreReport {
        let target = installation.folder
        let partial = "\(target).restoring-\(environment.newID().prefix(8))"
        do {
            defer { try? FileManager.default.removeItem(atPath: partial) }
            let (folder, manifest, files) = try await queue.run {
                try Self.requireEmpty(target)
                let (folder, manifest) = try self.manifest()
                return (folder, manifest, try fill(partial, from: folder, manifest, sparing: store != nil))
            }
            var report = report(of: manifest)
            report.elsewhere = files.elsewhere
            let sending = store.map { RestoreObjects(store: $0, folder: folder, environment: environment, progress) }
            let sent = try await sending?.send(files.spared)
            do {
                report.rows = try await queue.run { try finish(partial, sent, as: installation) }
            } catch {
                if let sent { await sending?.undo(sent) }
                throw error
            }
            report.objects = files.spared.count
            return report
        } catch {
            throw OperationFailure.refusal(error)
        }
    }

    /// - Returns: rows that went to PostgreSQL.
    private func finish(_ partial: String, _ sent: SentObjects?, as installation: Installation) throws -> Int64? {
        let copy = partial + "/martlet.db"
        if let sent { try RestoredBlobs(copy).pointAtObjects(sent) }
        let rows = try installation.database.map { try load(copy, into: $0) }
        // An empty folder gives way to the new one.
        try DurableFile.publish(partial, as: installation.folder)
        return rows
    }

    private func manifest() throws -> (BackupFolder, BackupManifest) {
        let folder = try BackupFolder(existing: source)
        return (folder, try folder.manifest(named: snapshot))
    }

    private func report(of manifest: BackupManifest) -> RestoreReport {
        RestoreReport(
            snapshot: manifest.name,
            createdAt: manifest.createdAt,
            files: manifest.files.count,
            bytes: manifest.bytes,
            lost: manifest.lost
        )
    }

    private static func requireEmpty(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        guard try DurableFile.naming(path, { try BlobFolder.names(in: path) }).isEmpty else {
            throw MartletError(.failedPrecondition, "'\(path)' is not empty; restore into a new folder")
        }
    }

    // MARK: Files

    /// - Parameter sparing: whether the files that were in an S3 store are left for one.
    /// - Returns: those files, and how many blobs are in a store that the backup was made without.
    private func fill(
        _ partial: String,
        from folder: BackupFolder,
        _ manifest: BackupManifest,
        sparing: Bool
    ) throws -> (spared: [BackupManifest.File], elsewhere: Int64) {
        let subfolders = ["/blobs/objects", "/blobs/packs", "/blobs/temp", "/blobs", ""].map { partial + $0 }
        for path in subfolders.reversed() { try DurableFile.makeFolder(path) }
        var folders: Set<String> = []
        func restore(_ file: BackupManifest.File) throws {
            let path = "\(partial)/\(try Self.place(of: file, manifest))"
            let parent = (path as NSString).deletingLastPathComponent
            if folders.insert(parent).inserted { try DurableFile.makeFolder(parent) }
            try transfer(file, of: folder, to: path)
        }
        let isObject = { (file: BackupManifest.File) in file.path.hasPrefix("objects/") }
        for file in manifest.files where !isObject(file) { try restore(file) }
        let blobs = RestoredBlobs(partial + "/martlet.db")
        let stored = try blobs.inStore()
        let elsewhere = stored.subtracting(manifest.blobs)
        if sparing { try Self.requireNone(elsewhere) }
        var spared: [BackupManifest.File] = []
        for (index, file) in manifest.files.enumerated() where isObject(file) {
            progress("\(index) of \(manifest.files.count) files restored")
            if sparing, stored.contains(file.digest) { spared.append(file) } else { try restore(file) }
        }
        for path in folders.sorted() + subfolders { try DurableFile.sync(path) }
        if spared.isEmpty { try blobs.pointAtFiles(stored, but: elsewhere) }
        return (spared, Int64(elsewhere.count))
    }

    private static func requireNone(_ elsewhere: Set<String>) throws(MartletError) {
        guard !elsewhere.isEmpty else { return }
        throw MartletError(
            .failedPrecondition,
            "\(elsewhere.count) files of this snapshot are in an S3 store that the backup was made without: restore it "
                + "without --blobs, and serve it with that store"
        )
    }

    /// Where a file of the backup stands in a data folder.
    private static func place(of file: BackupManifest.File, _ manifest: BackupManifest) throws -> String {
        let names = file.path.split(separator: "/").map(String.init)
        switch (names.first, names.count) {
        case ("objects", 3): return "blobs/" + file.path
        case ("packs", 3): return "blobs/packs/" + names[2]
        case ("snapshots", 3) where names[1] == manifest.name: return names[2]
        case ("snapshots", 4) where names[1] == manifest.name && names[2] == "files": return names[3]
        default:
            throw MartletError(.failedPrecondition, "the manifest names '\(file.path)', which is no file of a backup")
        }
    }

    /// Reads the file against its digest, and writes it where a path is given.
    private func transfer(_ file: BackupManifest.File, of folder: BackupFolder, to path: String?) throws {
        let original = "\(folder.path)/\(file.path)"
        var hash = SHA256()
        do {
            let source = try OpenFile(original, O_RDONLY)
            let range = 0..<file.size
            if let path {
                try DurableFile.naming(path) {
                    let target = try OpenFile(path, O_RDWR | O_CREAT | O_EXCL)
                    try copy(source, original, to: target, range, through: &hash)
                    try DiskCalls.live.syncAll(target)
                }
            } else {
                progress("checking \(file.path)")
                try DurableFile.hash(source, range, into: &hash)
            }
            // Packs may have grown since the snapshot; everything else is as long as it was.
            let isWhole = try file.path.hasPrefix("packs/") || source.size() == file.size
            guard isWhole, DurableFile.hexadecimal(hash) == file.digest else {
                throw Self.tampered(file, "its content is not what was backed up")
            }
        } catch let failure as IOFailure {
            throw Self.tampered(file, failure.description)
        }
    }

    /// A failure of the original is one of the backup, and not of the file that is written.
    private func copy(
        _ source: OpenFile,
        _ original: String,
        to target: OpenFile,
        _ range: Range<Int64>,
        through hash: inout SHA256
    ) throws {
        guard try source.size() >= range.upperBound else {
            throw MartletError(.failedPrecondition, "the backup is damaged: '\(original)' is too short")
        }
        try DurableFile.copy(source, to: target, range, through: &hash)
    }

    static func tampered(_ file: BackupManifest.File, _ cause: String) -> MartletError {
        MartletError(
            .failedPrecondition,
            "the backup is damaged: '\(file.path)': \(cause); restore another snapshot or copy of the backup"
        )
    }

    // MARK: PostgreSQL

    /// Brings the copy to the newest schema and its rows to PostgreSQL; then it is not needed any more.
    private func load(_ copy: String, into address: String) throws -> Int64 {
        let file = try SQLiteFile(copy, .fill)
        try file.connection.begin()
        try Migrator.migrate(file.connection, now: environment.now())
        try file.connection.commit()
        let report = try PostgresLoad(address: address, environment: environment, progress: progress)
            .run(from: file, source: environment.newID())
        unlink(copy)
        return report.reduce(0) { $0 + $1.rows }
    }
}
