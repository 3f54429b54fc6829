import Foundation
import MartletCore

import struct Crypto.SHA256

/// Copies the files that the rows of a copied database name, where the backup does not have them.
struct BackupFiles {
    private let installation: Installation
    private let source: BlobFolder
    private let folder: BackupFolder
    private let environment: Environment
    private let progress: @Sendable (String) -> Void
    /// Folders whose new names must be synced.
    private var touched: Set<String> = []
    private var seen = 0

    init(
        installation: Installation,
        folder: BackupFolder,
        environment: Environment,
        _ progress: @escaping @Sendable (String) -> Void
    ) {
        self.installation = installation
        source = BlobFolder(existing: installation.blobs)
        self.folder = folder
        self.environment = environment
        self.progress = progress
    }

    mutating func copyAll(
        named database: SQLiteFile,
        to manifest: inout BackupManifest,
        _ report: inout BackupReport
    ) throws {
        try database.snapshot { connection in
            report.elsewhere = try BlobRows.countInStore(connection)
            try copyObjects(connection, to: &manifest, &report)
            try copyPacks(connection, to: &manifest, &report)
        }
        for folder in touched.sorted() { try DurableFile.sync(folder) }
        try DurableFile.sync(folder.objects)
        try DurableFile.sync(folder.packs)
    }

    // MARK: Objects

    private mutating func copyObjects(
        _ connection: any SQLConnection,
        to manifest: inout BackupManifest,
        _ report: inout BackupReport
    ) throws {
        let sql = "SELECT digest, size FROM blob WHERE kind = 0 ORDER BY digest"
        try connection.query(sql, []) { row in
            let (digest, size) = (Digest(row.text(0)), row.integer(1))
            let path = BackupFolder.path(of: digest)
            seen += 1
            if DurableFile.size(of: "\(folder.path)/\(path)") != size {
                progress("\(seen) files looked at, \(report.copiedFiles) copied (\(report.copiedBytes) bytes)")
                guard try copyObject(digest, size) else {
                    manifest.lost.append(path)
                    return
                }
                report.copiedFiles += 1
                report.copiedBytes += size
            }
            manifest.files.append(.init(digest: digest.rawValue, size: size, path: path))
        }
    }

    /// - Returns: false when the data folder does not have the content whole.
    private mutating func copyObject(_ digest: Digest, _ size: Int64) throws -> Bool {
        let original = source.object(digest)
        guard let file = try Self.open(original), try file.size() == size else { return false }
        let temporary = "\(folder.temporary)/\(digest.rawValue)"
        let target = try DurableFile.naming(temporary) { try OpenFile(temporary, O_RDWR | O_CREAT | O_TRUNC) }
        var hash = SHA256()
        try DurableFile.naming(temporary) {
            try DurableFile.copy(file, to: target, 0..<size, through: &hash)
            try DiskCalls.live.syncAll(target)
        }
        guard DurableFile.hexadecimal(hash) == digest.rawValue else {
            unlink(temporary)
            return false
        }
        let place = "\(folder.objects)/\(digest.rawValue.prefix(2))"
        if touched.insert(place).inserted { try DurableFile.makeFolder(place) }
        let name = "\(place)/\(digest.rawValue.dropFirst(2))"
        guard rename(temporary, name) == 0 else {
            throw FileFailure(path: name, cause: IOFailure(code: errno, call: "rename"))
        }
        return true
    }

    /// - Returns: `nil` when there is no such file.
    private static func open(_ path: String) throws -> OpenFile? {
        do {
            return try OpenFile(path, O_RDONLY)
        } catch let failure {
            guard failure.code == ENOENT else { throw FileFailure(path: path, cause: failure) }
            return nil
        }
    }

    // MARK: Packs

    /// A pack and the last record in it that a row names.
    private struct PackEnd {
        var number: Int64
        var last: Int64
        var size: Int64
        var end: Int64 { last + Int64(PackRecord.headerSize) + size }
    }

    /// The pack of the backup is not the beginning of the one of the data folder, which was restored or copied.
    private struct Diverged: Error {}

    private mutating func copyPacks(
        _ connection: any SQLConnection,
        to manifest: inout BackupManifest,
        _ report: inout BackupReport
    ) throws {
        let ends = try connection.rows(
            """
            SELECT pack, pack_offset, size FROM blob AS b WHERE kind = 1 AND pack_offset =
              (SELECT max(pack_offset) FROM blob WHERE kind = 1 AND pack = b.pack) ORDER BY pack
            """
        ) { PackEnd(number: $0.integer(0), last: $0.integer(1), size: $0.integer(2)) }
        guard !ends.isEmpty else { return }
        let (before, counted) = (manifest, report)
        do {
            try copyPacks(ends, of: try installation.identity(environment), to: &manifest, &report)
        } catch is Diverged {
            progress("this data folder was restored or copied; its packs are copied anew")
            (manifest, report) = (before, counted)
            try copyPacks(ends, of: try installation.renewIdentity(environment), to: &manifest, &report)
        }
    }

    private mutating func copyPacks(
        _ ends: [PackEnd],
        of identity: String,
        to manifest: inout BackupManifest,
        _ report: inout BackupReport
    ) throws {
        let known = try knownPacks()
        try DurableFile.makeFolder("\(folder.packs)/\(identity)")
        touched.insert("\(folder.packs)/\(identity)")
        for end in ends {
            let name = (source.pack(end.number) as NSString).lastPathComponent
            let path = "packs/\(identity)/\(name)"
            progress("pack \(name)")
            guard let file = try Self.open(source.pack(end.number)) else {
                manifest.lost.append("packs/\(name)")
                continue
            }
            // What a pack lacks is lost; what is there is kept.
            let size = min(end.end, try file.size())
            if size < end.end { manifest.lost.append("packs/\(name)") }
            let entry = try copyPack(file, end, size, path, known[path], &report)
            manifest.files.append(entry)
        }
    }

    /// Appends to the pack of the backup what it lacks.
    private func copyPack(
        _ file: OpenFile,
        _ end: PackEnd,
        _ size: Int64,
        _ path: String,
        _ known: BackupManifest.File?,
        _ report: inout BackupReport
    ) throws -> BackupManifest.File {
        let target = try DurableFile.naming("\(folder.path)/\(path)") {
            try OpenFile("\(folder.path)/\(path)", O_RDWR | O_CREAT)
        }
        var hash = SHA256()
        let start = min(known?.size ?? 0, size)
        if let known, known.size == size, size == end.end {
            let header = try file.bytes(PackRecord.headerSize, at: end.last)
            guard try target.bytes(PackRecord.headerSize, at: end.last) == header else { throw Diverged() }
            return known
        }
        if let known, start > 0 {
            try DurableFile.naming(path) { try DurableFile.hash(file, 0..<start, into: &hash) }
            let copied = hash
            if start == known.size, DurableFile.hexadecimal(copied) != known.digest { throw Diverged() }
            if start < known.size { try checkPrefix(target, start, DurableFile.hexadecimal(copied)) }
        }
        if start < size {
            try DurableFile.naming("\(folder.path)/\(path)") {
                try DurableFile.copy(file, to: target, start..<size, through: &hash)
                try DiskCalls.live.syncAll(target)
            }
            report.copiedFiles += 1
            report.copiedBytes += size - start
        }
        return BackupManifest.File(digest: DurableFile.hexadecimal(hash), size: size, path: path)
    }

    private func checkPrefix(_ target: OpenFile, _ size: Int64, _ digest: String) throws {
        var hash = SHA256()
        try DurableFile.hash(target, 0..<size, into: &hash)
        if DurableFile.hexadecimal(hash) != digest { throw Diverged() }
    }

    /// Of each pack of the backup the longest stretch that a whole snapshot has.
    private func knownPacks() throws -> [String: BackupManifest.File] {
        var known: [String: BackupManifest.File] = [:]
        for name in try folder.snapshotNames() {
            // A damaged manifest tells nothing: its packs are compared and copied anew.
            guard let manifest = try? BackupManifest(at: folder.manifest(of: name)) else { continue }
            for file in manifest.files where file.path.hasPrefix("packs/") && file.size >= known[file.path]?.size ?? 0 {
                known[file.path] = file
            }
        }
        return known
    }
}
