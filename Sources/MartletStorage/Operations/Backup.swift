import Dispatch
import Foundation
package import MartletCore

/// What a backup did.
package struct BackupReport: Sendable, Equatable {
    package var snapshot = ""
    /// Files of the snapshot and their bytes.
    package var files = 0
    package var bytes: Int64 = 0
    /// Of those, what was copied now and not there from an earlier snapshot.
    package var copiedFiles = 0
    package var copiedBytes: Int64 = 0
    /// Files that the data folder, or the S3 store, had lost or damaged, as they stand below `blobs`.
    package var lost: [String] = []
    /// Blobs in an S3 store that was not named: they are not in the backup.
    package var elsewhere: Int64 = 0
}

/// Copies an installation into a folder of backups, while its server runs. See docs/backup.md.
///
/// First the database, as it is at one moment; then the files that its rows name, which neither change nor go while
/// the gate of the garbage collector is held; then the objects of the S3 store; the manifest last.
package struct Backup: Sendable {
    private let installation: Installation
    private let target: String
    private let store: S3Client?
    private let environment: Environment
    private let progress: @Sendable (String) -> Void
    private let queue = DispatchQueue(label: "martlet.backup")

    /// - Parameters:
    ///   - store: has the objects of the installation; without it they are left out and counted.
    ///   - progress: is told what is under way, often.
    package init(
        of installation: Installation,
        to target: String,
        store: S3Client?,
        environment: Environment,
        progress: @escaping @Sendable (String) -> Void
    ) {
        self.installation = installation
        self.target = target
        self.store = store
        self.environment = environment
        self.progress = progress
    }

    /// Durable once it returns; when it throws, there is no new snapshot.
    /// - Throws: `failedPrecondition` for a wrong folder, and for an S3 store that is not the installation's;
    ///   `storageFull`; `unavailable`.
    package func run() async throws(MartletError) -> BackupReport {
        do {
            try installation.check()
            let (folder, holds) = try await queue.run { try prepare() }
            defer { withExtendedLifetime(holds) {} }
            do {
                return try await snapshot(in: folder, takesMissing: false)
            } catch is ObjectsMissing {
                // The gate keeps away the collector of the server over this data folder, and no others.
                progress("objects are missing: another server may have collected them since; beginning anew")
                return try await snapshot(in: folder, takesMissing: true)
            }
        } catch {
            throw OperationFailure.refusal(error)
        }
    }

    /// The store lacks objects that the copy of the database names.
    private struct ObjectsMissing: Error {}

    /// A snapshot that has no name yet.
    private struct Draft: Sendable {
        var manifest: BackupManifest
        var report: BackupReport
        var partial: String
        var copy: String { partial + "/martlet.db" }
    }

    private func prepare() throws -> (BackupFolder, [FileHold]) {
        let folder = try BackupFolder(preparing: target)
        return (folder, [try folder.hold(), try CollectionGate.keep(installation.blobs, progress: progress)])
    }

    private func snapshot(in folder: BackupFolder, takesMissing: Bool) async throws -> BackupReport {
        var draft = try await queue.run { try makeDraft(in: folder) }
        if let store, draft.report.elsewhere > 0 {
            draft.report.elsewhere = 0
            let missing = try await BackupObjects(store: store, folder: folder, progress: progress)
                .fetchAll(named: draft.copy, to: &draft.manifest, &draft.report)
            guard missing.isEmpty || takesMissing else { throw ObjectsMissing() }
        }
        let whole = draft
        try await queue.run {
            try DurableFile.write(whole.manifest.encoded(), to: "\(whole.partial)/\(BackupManifest.fileName)")
            try DurableFile.publish(whole.partial, as: folder.folder(of: whole.manifest.name))
        }
        draft.report.files = draft.manifest.files.count
        draft.report.bytes = draft.manifest.bytes
        return draft.report
    }

    /// The database, and all that stands in the data folder.
    private func makeDraft(in folder: BackupFolder) throws -> Draft {
        let name = try freeName(in: folder)
        let partial = folder.folder(of: name) + ".partial"
        try folder.removeLeftovers()
        try DurableFile.makeFolder(partial)
        let schema = try DatabaseCopy(installation: installation, environment: environment, progress: progress)
            .make(at: partial + "/martlet.db")
        var manifest = BackupManifest(
            name: name,
            createdAt: environment.now(),
            schema: schema,
            engine: installation.database == nil ? "sqlite" : "postgres"
        )
        var report = BackupReport(snapshot: name)
        try addOwnFiles(of: name, at: partial, to: &manifest, &report)
        var files = BackupFiles(installation: installation, folder: folder, environment: environment, progress)
        try files.copyAll(named: try SQLiteFile(partial + "/martlet.db", .readAlone), to: &manifest, &report)
        report.lost = manifest.lost
        return Draft(manifest: manifest, report: report, partial: partial)
    }

    /// The database and the files that stand beside it in the data folder, which are the snapshot's own.
    private func addOwnFiles(
        of name: String,
        at partial: String,
        to manifest: inout BackupManifest,
        _ report: inout BackupReport
    ) throws {
        var names = ["martlet.db"]
        for file in try Self.besides(installation.folder) {
            try DurableFile.makeFolder(partial + "/files")
            let source = "\(installation.folder)/\(file)"
            guard let content = FileManager.default.contents(atPath: source) else {
                throw MartletError(.unavailable, "'\(source)' cannot be read")
            }
            try DurableFile.write([UInt8](content), to: "\(partial)/files/\(file)")
            names.append("files/\(file)")
        }
        progress("hashing the database")
        for file in names {
            let path = "\(partial)/\(file)"
            try DurableFile.sync(path)
            let (digest, size) = try DurableFile.digest(of: path)
            manifest.files.append(.init(digest: digest, size: size, path: "snapshots/\(name)/\(file)"))
            report.copiedFiles += 1
            report.copiedBytes += size
        }
        try DurableFile.sync(partial)
    }

    /// Small files of the data folder itself, such as keys: all but the database, locks and what is half written.
    private static func besides(_ folder: String) throws -> [String] {
        try DurableFile.naming(folder) { try BlobFolder.names(in: folder) }.filter { name in
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
            return !name.hasPrefix("martlet.db") && !["lock", "identity"].contains(name)
                && !name.hasSuffix(".partial") && !name.hasSuffix(".log") && status.st_size <= 16 << 20
        }.sorted()
    }

    /// The time in UTC, e.g. `20261125T212032Z`, with a number behind it where that is taken.
    private func freeName(in folder: BackupFolder) throws -> String {
        let time = Self.text(of: environment.now())
        var (name, number) = (time, 1)
        while FileManager.default.fileExists(atPath: folder.folder(of: name)) {
            number += 1
            name = "\(time)-\(number)"
        }
        return name
    }

    private static func text(of milliseconds: Int64) -> String {
        var (seconds, parts) = (time_t(milliseconds / 1_000), tm())
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y%m%dT%H%M%SZ", &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
