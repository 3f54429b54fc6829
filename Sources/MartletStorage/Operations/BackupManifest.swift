import Foundation
import MartletCore

import struct Crypto.SHA256

/// What a snapshot of a backup consists of. Written last, it makes the snapshot exist. See docs/backup.md.
///
///     MARTLET BACKUP 1
///     {"name": …}
///     F <SHA-256> <bytes> <path below the backup's folder>      one line a file
///     L <path below `blobs` of the data folder>                 one line a file that was damaged before the backup
///     END <SHA-256 of all before this line>
struct BackupManifest: Sendable, Equatable {
    /// The first `size` bytes of a file: a pack of the backup may have grown since.
    struct File: Sendable, Equatable {
        var digest: String
        var size: Int64
        var path: String
    }

    var name: String
    /// Milliseconds since 1970-01-01 UTC.
    var createdAt: Int64
    var schema: Int64
    /// `sqlite` or `postgres`; the copy is SQLite in any case.
    var engine: String
    var files: [File] = []
    /// Files that the data folder had lost or damaged.
    var lost: [String] = []

    static let fileName = "MANIFEST"
    private static let firstLine = "MARTLET BACKUP 1"

    var bytes: Int64 { files.reduce(0) { $0 + $1.size } }

    /// Digests of the blobs that have a file of their own, lost ones included.
    var blobs: Set<String> {
        let names = (files.map(\.path) + lost).filter { $0.hasPrefix("objects/") }
        return Set(names.map { String($0.dropFirst("objects/".count)).replacing("/", with: "") })
    }

    func encoded() -> [UInt8] {
        var head = JSONWriter()
        head.beginObject()
        head.key("name")
        head.string(name)
        head.key("createdAt")
        head.integer(createdAt)
        head.key("schema")
        head.integer(schema)
        head.key("engine")
        head.string(engine)
        head.endObject()
        var text = Array((Self.firstLine + "\n").utf8) + head.bytes + [10]
        for file in files { text += Array("F \(file.digest) \(file.size) \(file.path)\n".utf8) }
        for path in lost { text += Array("L \(path)\n".utf8) }
        let end = ContentHash.hexadecimal(ContentHash.sha256(of: text[...]))
        return text + Array("END \(end)\n".utf8)
    }

    /// - Throws: `failedPrecondition` for one that is not whole or not as it was written.
    init(at path: String) throws(MartletError) {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw MartletError(.failedPrecondition, "'\(path)' cannot be read; the snapshot is not whole")
        }
        do {
            try self.init([UInt8](content))
        } catch {
            throw MartletError(
                .failedPrecondition,
                "'\(path)' is damaged (\(error.message)); restore another snapshot"
            )
        }
    }

    private init(_ bytes: [UInt8]) throws(MartletError) {
        // "END ", 64 digits and a line feed.
        let start = bytes.count - 69
        guard start > 0, bytes[start..<start + 4].elementsEqual("END ".utf8), bytes.last == 10 else {
            throw MartletError(.failedPrecondition, "it ends too early")
        }
        let seal = ContentHash.hexadecimal(ContentHash.sha256(of: bytes[..<start]))
        guard bytes[(start + 4)..<(start + 68)].elementsEqual(seal.utf8) else {
            throw MartletError(.failedPrecondition, "its checksum does not fit")
        }
        let lines = bytes[..<start].split(separator: 10)
        guard lines.count >= 2, lines[0].elementsEqual(Self.firstLine.utf8) else {
            throw MartletError(.failedPrecondition, "it is of an unknown version")
        }
        guard case .object(let head) = try? JSONParser.parse(Array(lines[1])) else {
            throw MartletError(.failedPrecondition, "its head cannot be read")
        }
        let field = { (key: String) in head.first { $0.key == key }?.value }
        guard case .string(let name) = field("name"), case .integer(let createdAt) = field("createdAt"),
            case .integer(let schema) = field("schema"), case .string(let engine) = field("engine")
        else { throw MartletError(.failedPrecondition, "its head lacks a field") }
        self.name = name
        self.createdAt = createdAt
        self.schema = schema
        self.engine = engine
        for line in lines.dropFirst(2) { try add(String(decoding: line, as: UTF8.self)) }
    }

    init(name: String, createdAt: Int64, schema: Int64, engine: String) {
        self.name = name
        self.createdAt = createdAt
        self.schema = schema
        self.engine = engine
    }

    private mutating func add(_ line: String) throws(MartletError) {
        let fields = line.split(separator: " ", maxSplits: line.hasPrefix("L ") ? 1 : 3).map(String.init)
        if fields.count == 2, fields[0] == "L" {
            lost.append(fields[1])
            return
        }
        guard fields.count == 4, fields[0] == "F", let size = Int64(fields[2]), size >= 0,
            !fields[3].hasPrefix("/"), !fields[3].split(separator: "/").contains("..")
        else { throw MartletError(.failedPrecondition, "it has a line that cannot be read") }
        files.append(File(digest: fields[1], size: size, path: fields[3]))
    }
}
