import Foundation
import MartletCore

/// What an artifact holds, in the form that clients send and read: a JSON object of paths.
enum WandBManifest {
    /// Longest manifest that is read: some 800,000 files. While it is read it takes about five times as much memory.
    static let longest = 128 << 20

    /// How a manifest stands to what is there.
    enum Kind: String {
        /// All files.
        case full = "FULL"
        /// Files that come to those of a base.
        case incremental = "INCREMENTAL"
        /// Files of one of several programs that make the artifact together.
        case patch = "PATCH"
    }

    // MARK: reading

    /// - Throws: `invalidArgument` that names the file.
    static func entries(_ bytes: [UInt8]) throws(MartletError) -> [VersionEntry] {
        let json = try JSONParser.parse(bytes)
        guard case .object(let files)? = json["contents"] else {
            throw MartletError(.invalidArgument, "the manifest has no object \"contents\"")
        }
        var entries: [VersionEntry] = []
        entries.reserveCapacity(files.count)
        for file in files { entries.append(try entry(file.key, file.value)) }
        return entries
    }

    private static func entry(_ path: String, _ json: JSONValue) throws(MartletError) -> VersionEntry {
        guard case .string(let digest)? = json["digest"] else {
            throw MartletError(.invalidArgument, "the manifest gives no digest for '\(path.prefix(200))'")
        }
        let size: Int64?
        switch json["size"] {
        case nil, .null?: size = nil
        case .integer(let bytes)? where bytes >= 0: size = bytes
        default: throw wrong("size", of: path)
        }
        for name in ["ref", "birthArtifactID"] {
            switch json[name] {
            case nil, .null?, .string?: continue
            default: throw wrong(name, of: path)
            }
        }
        switch json["extra"] {
        case nil, .null?, .object?: break
        default: throw wrong("extra", of: path)
        }
        var entry = VersionEntry(path: path, size: size, md5: nil, source: nil, reference: nil)
        if case .string(let uri)? = json["ref"] {
            entry.reference = VersionFile.Reference(uri: uri, digest: digest, extra: extra(json["extra"]))
            return entry
        }
        entry.md5 = try hexadecimal(digest, of: path)
        if case .string(let birth)? = json["birthArtifactID"] {
            entry.source = WandBID.id(birth, of: "Artifact").map { ArtifactVersion.ID($0) }
        }
        return entry
    }

    private static func wrong(_ name: String, of path: String) -> MartletError {
        MartletError(.invalidArgument, "the manifest gives no legal \"\(name)\" for '\(path.prefix(200))'")
    }

    private static func extra(_ json: JSONValue?) -> String {
        guard let json, case .object(let members) = json, !members.isEmpty else { return "" }
        var writer = JSONWriter()
        writer.value(json)
        return writer.text
    }

    /// - Parameter digest: an MD5 in base64.
    static func hexadecimal(_ digest: String, of path: String) throws(MartletError) -> String {
        guard let data = Data(base64Encoded: digest), data.count == 16 else {
            throw MartletError(
                .invalidArgument,
                "the digest of '\(path.prefix(200))' is no MD5 in base64: '\(digest.prefix(100))'"
            )
        }
        return data.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    // MARK: writing

    static let head =
        #"{"version":1,"storagePolicy":"wandb-storage-policy-v1","storagePolicyConfig":{"storageLayout":"V2"},"contents":{"#

    /// The members of `contents` that stand for some files, without a comma before or after them.
    static func members(_ files: [VersionFile], of id: ArtifactVersion.ID) -> [UInt8] {
        let birth = WandBID.text("Artifact", id.rawValue)
        var bytes: [UInt8] = []
        for (index, file) in files.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            var key = JSONWriter()
            key.value(.string(file.path))
            bytes += key.bytes
            bytes.append(UInt8(ascii: ":"))
            var json = JSONWriter()
            json.beginObject()
            if let reference = file.reference {
                json.field("digest", reference.digest)
                json.field("ref", reference.uri)
                if !reference.extra.isEmpty, let extra = try? JSONParser.parse(Array(reference.extra.utf8)) {
                    json.key("extra")
                    json.value(extra)
                }
            } else {
                json.field("digest", file.md5.flatMap { ContentDigest.base64(ofHexadecimal: $0) } ?? "")
                json.field("birthArtifactID", birth)
            }
            json.key("size")
            json.integer(file.size)
            json.endObject()
            bytes += json.bytes
        }
        return bytes
    }
}
