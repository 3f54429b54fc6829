import Crypto
import Foundation
import MartletCore

/// What versions of artifacts are called by their content, as programs of W&B compute it.
enum ContentDigest {
    /// - Parameter text: hexadecimal digits, an even number of them.
    static func base64(ofHexadecimal text: String) -> String? {
        var data = Data()
        var rest = Substring(text)
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            data.append(byte)
            rest = rest.dropFirst(2)
        }
        return data.base64EncodedString()
    }

    /// What an artifact with these files is called: an MD5 over paths and digests, by path.
    static func digest(of entries: [VersionEntry]) -> String {
        var hash = Insecure.MD5()
        hash.update(data: Array("wandb-artifact-manifest-v1\n".utf8))
        let lines = entries.map { entry in
            let digest = entry.reference?.digest ?? entry.md5.flatMap { base64(ofHexadecimal: $0) } ?? ""
            return (Array(entry.path.utf8), Array(":\(digest)\n".utf8))
        }
        for (path, digest) in lines.sorted(by: { $0.0.lexicographicallyPrecedes($1.0) }) {
            hash.update(data: path)
            hash.update(data: digest)
        }
        return hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    static func digest(of files: [VersionFile]) -> String {
        digest(
            of: files.map { file in
                VersionEntry(path: file.path, size: file.size, md5: file.md5, source: nil, reference: file.reference)
            }
        )
    }
}
