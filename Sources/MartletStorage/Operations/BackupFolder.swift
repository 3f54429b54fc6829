import Foundation
import MartletCore

/// A folder of backups: objects and packs that snapshots share, and a folder for each snapshot.
struct BackupFolder: Sendable {
    let path: String
    private static let mark = "MARTLET BACKUP FOLDER 1\n"

    var objects: String { path + "/objects" }
    /// Where the file of a blob stands, below the folder and below `blobs` of a data folder.
    static func path(of digest: Digest) -> String {
        "objects/\(digest.rawValue.prefix(2))/\(digest.rawValue.dropFirst(2))"
    }
    var packs: String { path + "/packs" }
    var snapshots: String { path + "/snapshots" }
    var temporary: String { path + "/temp" }

    init(existing path: String) throws(MartletError) {
        self.path = path
        guard FileManager.default.contents(atPath: path + "/martlet-backup") == Data(Self.mark.utf8) else {
            throw MartletError(.failedPrecondition, "'\(path)' is no folder of Martlet backups")
        }
    }

    /// Makes what is missing.
    /// - Throws: `failedPrecondition` for a folder with something else in it.
    init(preparing path: String) throws {
        self.path = path
        let mark = path + "/martlet-backup"
        try DurableFile.makeFolder(path)
        if !FileManager.default.fileExists(atPath: mark) {
            let names = try DurableFile.naming(path) { try BlobFolder.names(in: path) }
            guard names.allSatisfy({ $0.hasPrefix("martlet-backup") || $0 == "lost+found" }) else {
                throw MartletError(
                    .failedPrecondition,
                    "'\(path)' is neither empty nor a folder of Martlet backups; choose another"
                )
            }
            try DurableFile.write(Array(Self.mark.utf8), to: mark)
        }
        for folder in [objects, packs, snapshots, temporary] { try DurableFile.makeFolder(folder) }
        try DurableFile.sync(path)
    }

    /// Names of the whole snapshots, oldest first.
    func snapshotNames() throws -> [String] {
        try DurableFile.naming(snapshots) { try BlobFolder.names(in: snapshots) }
            .filter { !$0.hasSuffix(".partial") && FileManager.default.fileExists(atPath: manifest(of: $0)) }
            .sorted()
    }

    func folder(of snapshot: String) -> String { "\(snapshots)/\(snapshot)" }
    func manifest(of snapshot: String) -> String { "\(folder(of: snapshot))/\(BackupManifest.fileName)" }

    /// - Throws: `notFound` for an unknown name and for a backup without a whole snapshot.
    func manifest(named name: String?) throws -> BackupManifest {
        let names = try snapshotNames()
        guard let newest = names.last else {
            throw MartletError(.notFound, "'\(path)' has no whole snapshot")
        }
        guard let name else { return try BackupManifest(at: manifest(of: newest)) }
        guard names.contains(name) else {
            throw MartletError(
                .notFound,
                "'\(path)' has no whole snapshot '\(name)'; it has \(names.suffix(20).joined(separator: ", "))"
            )
        }
        return try BackupManifest(at: manifest(of: name))
    }

    /// Keeps other backups to the folder away for as long as the value lives.
    func hold() throws -> FileHold {
        if let hold = try DurableFile.naming(path, { try FileHold(path + "/lock", isShared: false, waits: false) }) {
            return hold
        }
        throw MartletError(.failedPrecondition, "a backup to '\(path)' is under way; wait for its end")
    }

    /// Removes what interrupted backups left.
    func removeLeftovers() throws {
        let partial = try BlobFolder.names(in: snapshots).filter { $0.hasSuffix(".partial") }.map {
            "\(snapshots)/\($0)"
        }
        for path in partial + (try BlobFolder.names(in: temporary).map { "\(temporary)/\($0)" }) {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                throw MartletError(.unavailable, "'\(path)' of an interrupted backup cannot be removed; remove it")
            }
        }
    }
}
