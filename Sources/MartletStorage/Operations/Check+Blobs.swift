import Dispatch
import Foundation
import MartletCore

/// A content as its row says, and what is wrong with its bytes.
struct CheckedBlob: Sendable {
    var digest: Digest
    var md5: String?
    var size: Int64
    var kind: Int64
    var place: PackPlace
    var problem: String?

    init(_ row: any SQLRow) {
        digest = Digest(row.text(0))
        md5 = row.optionalText(1)
        size = row.integer(2)
        kind = row.integer(3)
        place = PackPlace(pack: row.integer(4), offset: row.integer(5))
    }

    init(_ object: StoredObject, problem: String?) {
        digest = object.blob.digest
        md5 = object.blob.md5
        size = object.blob.size
        kind = 3
        place = PackPlace(pack: 0, offset: 0)
        self.problem = problem
    }

    static let columns = "digest, md5, size, kind, pack, pack_offset"
}

extension Check {
    /// Hashes every file and every record, and looks for what nothing names.
    func checkBlobs(_ report: inout CheckReport) async throws {
        let disk = BlobDisk(folder: BlobFolder(existing: installation.blobs))
        let queue = DispatchQueue(label: "martlet.check")
        try await checkFiles(disk, queue, &report)
        try await checkRecords(disk, queue, &report)
        try await checkTails(disk, queue, &report)
        try await countGarbage(disk, queue, &report)
    }

    private func checkFiles(_ disk: BlobDisk, _ queue: DispatchQueue, _ report: inout CheckReport) async throws {
        var last = ""
        while true {
            let after = last
            let page = try await database.read { connection in
                try connection.rows(
                    """
                    SELECT \(CheckedBlob.columns) FROM blob WHERE kind = 0 AND digest > $1 ORDER BY digest LIMIT 100
                    """,
                    [.text(after)]
                ) { CheckedBlob($0) }
            }
            guard let end = page.last else { return }
            last = end.digest.rawValue
            try await settle(try await queue.run { try page.map(disk.checkedFile) }, &report)
        }
    }

    private func checkRecords(_ disk: BlobDisk, _ queue: DispatchQueue, _ report: inout CheckReport) async throws {
        var last = PackPlace(pack: -1, offset: -1)
        while true {
            let after = last
            let page = try await database.read { connection in
                try connection.rows(
                    """
                    SELECT \(CheckedBlob.columns) FROM blob WHERE kind = 1 AND (pack, pack_offset) > ($1, $2)
                    ORDER BY pack, pack_offset LIMIT 500
                    """,
                    [.integer(after.pack), .integer(after.offset)]
                ) { CheckedBlob($0) }
            }
            guard let end = page.last else { return }
            last = end.place
            try await settle(try await queue.run { try page.map(disk.checkedRecord) }, &report)
        }
    }

    /// Counts the contents, and tells of what is wrong with them.
    func settle(_ page: [CheckedBlob], _ report: inout CheckReport) async throws {
        report.blobs += page.count
        report.bytes += page.reduce(0) { $0 + $1.size }
        progress("\(report.blobs) contents and \(report.bytes) bytes checked")
        for blob in page {
            guard let problem = blob.problem else { continue }
            let owners = try await database.read { try Self.names(of: blob.digest, $0) }
            let what = "the content \(blob.digest.rawValue.prefix(12))… \(problem)"
            if repairs { try await setAside(blob) }
            if owners.isEmpty {
                report.findings.append(CheckFinding(what: "\(what); nothing names it", isRepaired: repairs))
            }
            for owner in owners {
                report.findings.append(
                    CheckFinding(what: "\(what): the file is lost", run: owner.run, path: owner.path)
                )
            }
        }
    }

    /// The row goes, so that damaged bytes are not served and the same content can be stored again; the file is kept.
    private func setAside(_ blob: CheckedBlob) async throws {
        try await database.write { connection in
            _ = try connection.execute("DELETE FROM blob WHERE digest = $1", [.text(blob.digest.rawValue)])
        }
        let file = BlobFolder(existing: installation.blobs).object(blob.digest)
        guard blob.kind == 0, FileManager.default.fileExists(atPath: file) else { return }
        let folder = installation.blobs + "/damaged"
        try DurableFile.makeFolder(folder)
        try DurableFile.publish(file, as: "\(folder)/\(blob.digest.rawValue)")
    }

    /// Every file of a tree that needs the content, also as a part of a larger one.
    private static func names(
        of digest: Digest,
        _ connection: any SQLConnection
    ) throws -> [(run: String?, path: String)] {
        let wholes = try connection.rows(
            "SELECT DISTINCT blob FROM blob_part WHERE part = $1 ORDER BY blob",
            [.text(digest.rawValue)]
        ) { $0.text(0) }
        return try ([digest.rawValue] + wholes).flatMap { digest in
            try connection.rows(
                "SELECT owner, folder, name FROM artifact WHERE digest = $1 ORDER BY owner, folder, name",
                [.text(digest)]
            ) { place(owner: $0.text(0), folder: $0.text(1), name: $0.text(2)) }
        }
    }

    static func place(owner: String, folder: String, name: String) -> (run: String?, path: String) {
        let path = folder.isEmpty ? name : "\(folder)/\(name)"
        return owner.hasPrefix("run:") ? (String(owner.dropFirst(4)), path) : (nil, "\(owner): \(path)")
    }

    // MARK: Packs

    private func checkTails(_ disk: BlobDisk, _ queue: DispatchQueue, _ report: inout CheckReport) async throws {
        let packs = try await queue.run { try disk.folder.packNumbers() }
        // A server may be appending to the newest one.
        for pack in repairs ? packs : packs.dropLast() {
            let end = try await database.read { try BlobRows.end(of: pack, $0) }
            let repairs = repairs
            let torn = try await queue.run { try disk.tornBytes(of: pack, behind: end, cuts: repairs) }
            guard let torn else { continue }
            report.findings.append(
                CheckFinding(
                    what: torn > 0
                        ? "pack \(pack) ends with \(torn) bytes that are no whole record"
                        : "pack \(pack) does not begin as a pack",
                    isRepaired: repairs && torn > 0
                )
            )
        }
    }

    // MARK: Garbage

    private func countGarbage(_ disk: BlobDisk, _ queue: DispatchQueue, _ report: inout CheckReport) async throws {
        progress("looking for what nothing names")
        let unnamed = try await database.read { connection in
            try connection.first(
                """
                SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM blob WHERE kind <> 2
                AND \(BlobRows.unnamed)
                """
            ) { (Int($0.integer(0)), $0.integer(1)) }
        }
        (report.garbageBlobs, report.garbageBytes) = unnamed ?? (0, 0)
        let files = try await queue.run { try disk.objects() }
        for start in stride(from: 0, to: files.count, by: 500) {
            let page = files[start..<min(start + 500, files.count)]
            report.strayFiles += try await database.read { connection in
                try page.count { try BlobRows.row($0, connection)?.place != .file }
            }
        }
    }
}

/// The bytes of blobs, read without the store.
private struct BlobDisk: Sendable {
    let folder: BlobFolder

    func checkedFile(_ blob: CheckedBlob) throws -> CheckedBlob {
        var blob = blob
        do {
            let (digest, size) = try DurableFile.digest(of: folder.object(blob.digest))
            if size != blob.size {
                blob.problem = "has \(size) bytes and not \(blob.size)"
            } else if digest != blob.digest.rawValue {
                blob.problem = "is not what was stored"
            }
        } catch let failure as FileFailure {
            blob.problem = failure.cause.code == ENOENT ? "is missing" : "cannot be read (\(failure.cause))"
        }
        return blob
    }

    func checkedRecord(_ blob: CheckedBlob) throws -> CheckedBlob {
        var blob = blob
        do {
            let file = try OpenFile(folder.pack(blob.place.pack), O_RDONLY)
            let record = try file.bytes(PackRecord.headerSize + Int(blob.size), at: blob.place.offset)
            let header = PackRecord.header(record[...])
            if header == nil {
                blob.problem = "has a damaged header in pack \(blob.place.pack)"
            } else if header?.size != Int(blob.size) {
                blob.problem = "has another size in pack \(blob.place.pack)"
            } else if PackRecord.content(of: record, digest: blob.digest) == nil {
                blob.problem = "is not what was stored in pack \(blob.place.pack)"
            } else if let md5 = blob.md5, let header, md5 != ContentHash.hexadecimal(header.hash.md5) {
                blob.problem = "has another MD5 in pack \(blob.place.pack)"
            }
        } catch let failure {
            blob.problem =
                failure.code == ENOENT
                ? "is missing with pack \(blob.place.pack)" : "cannot be read in pack \(blob.place.pack) (\(failure))"
        }
        return blob
    }

    /// - Parameter end: behind the last record that a row names.
    /// - Returns: bytes behind the last whole record; 0 for a pack that is none; `nil` when all is well.
    func tornBytes(of pack: Int64, behind end: Int64?, cuts: Bool) throws -> Int64? {
        let file = try OpenFile(folder.pack(pack), cuts ? O_RDWR : O_RDONLY)
        let size = try file.size()
        let headerSize = PackRecord.packHeader.count
        guard size >= headerSize, try file.bytes(headerSize, at: 0) == PackRecord.packHeader else { return 0 }
        let start = end ?? Int64(headerSize)
        // Records that are missing were told one by one.
        guard size > start else { return nil }
        let whole = try PackScanner.scan(file, from: start) { _, _ in }
        if try PackScanner.isSpare(file, from: whole) { return nil }
        if cuts {
            try file.truncate(to: whole)
            try DiskCalls.live.syncAll(file)
        }
        return size - whole
    }

    func objects() throws -> [Digest] {
        try BlobFolder.names(in: folder.objects).flatMap { prefix in
            try BlobFolder.names(in: "\(folder.objects)/\(prefix)").map { Digest(prefix + $0) }
        }
    }
}
