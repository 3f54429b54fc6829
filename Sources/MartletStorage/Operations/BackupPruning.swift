import Dispatch
import Foundation
package import MartletCore

/// Which snapshots of a backup stay. The newest one always does.
package struct BackupRetention: Sendable {
    /// So many of the newest; `nil` for no such rule.
    package var last: Int?
    /// Those that are younger, in milliseconds; `nil` for no such rule. One rule that holds is enough.
    package var age: Int64?

    package init(last: Int?, age: Int64?) {
        self.last = last
        self.age = age
    }
}

/// What a pruning removed, or would remove.
package struct PruneReport: Sendable, Equatable {
    /// Names, oldest first.
    package var kept: [String] = []
    package var removed: [String] = []
    /// Files of blobs and packs that no kept snapshot names, and their bytes.
    package var files = 0
    package var bytes: Int64 = 0
}

/// Removes old snapshots from a folder of backups, and the files that only they had. See docs/backup.md.
package struct BackupPruning: Sendable {
    private let target: String
    private let retention: BackupRetention
    private let environment: Environment
    private let progress: @Sendable (String) -> Void

    package init(
        of target: String,
        keeping retention: BackupRetention,
        environment: Environment,
        progress: @escaping @Sendable (String) -> Void
    ) {
        self.target = target
        self.retention = retention
        self.environment = environment
        self.progress = progress
    }

    /// Can be interrupted and begun again.
    /// - Parameter isDry: removes nothing.
    /// - Throws: `failedPrecondition` while a backup runs, and for a damaged manifest: what it names is not known.
    package func run(isDry: Bool) async throws(MartletError) -> PruneReport {
        do {
            return try await DispatchQueue(label: "martlet.prune").run { try perform(isDry: isDry) }
        } catch {
            throw OperationFailure.refusal(error)
        }
    }

    private func perform(isDry: Bool) throws -> PruneReport {
        let folder = try BackupFolder(existing: target)
        let hold = try folder.hold()
        defer { withExtendedLifetime(hold) {} }
        let manifests = try folder.snapshotNames().map { try BackupManifest(at: folder.manifest(of: $0)) }
        let kept = kept(of: manifests)
        var report = PruneReport(kept: kept.map(\.name))
        report.removed = manifests.map(\.name).filter { !report.kept.contains($0) }
        if !isDry {
            for name in report.removed { try remove(name, from: folder) }
            try folder.removeLeftovers()
        }
        // Only now: a snapshot that is there has all of its files.
        try removeUnnamed(in: folder, kept, isDry: isDry, &report)
        return report
    }

    private func kept(of manifests: [BackupManifest]) -> [BackupManifest] {
        let (count, now) = (manifests.count, environment.now())
        return manifests.enumerated().filter { index, manifest in
            index == count - 1 || index >= count - (retention.last ?? 0)
                || retention.age.map { now - manifest.createdAt < $0 } ?? false
        }.map(\.element)
    }

    /// Without its name it is no snapshot any more; what is left of it the next backup clears away.
    private func remove(_ name: String, from folder: BackupFolder) throws {
        progress("removing the snapshot \(name)")
        let path = folder.folder(of: name)
        try DurableFile.publish(path, as: path + ".partial")
    }

    private func removeUnnamed(
        in folder: BackupFolder,
        _ kept: [BackupManifest],
        isDry: Bool,
        _ report: inout PruneReport
    ) throws {
        let named = Set(kept.flatMap { $0.files.map(\.path) })
        for kind in ["objects", "packs"] {
            for group in try BlobFolder.names(in: "\(folder.path)/\(kind)") {
                progress("\(report.files) files removed")
                for file in try BlobFolder.names(in: "\(folder.path)/\(kind)/\(group)") {
                    let path = "\(folder.path)/\(kind)/\(group)/\(file)"
                    guard !named.contains("\(kind)/\(group)/\(file)") else { continue }
                    report.files += 1
                    report.bytes += DurableFile.size(of: path) ?? 0
                    guard !isDry, unlink(path) != 0, errno != ENOENT else { continue }
                    throw FileFailure(path: path, cause: IOFailure(code: errno, call: "unlink"))
                }
            }
        }
    }
}
