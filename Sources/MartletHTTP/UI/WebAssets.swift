import CWebUI
import Crypto
import Foundation
import MartletCore
import Synchronization

/// One file of the web interface, ready to send.
struct WebAsset: Sendable {
    var bytes: [UInt8]
    var type: String
    /// Quoted; of the content.
    var tag: String

    init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes
        type = ContentType.ofPage(named: name)
        let digest = SHA256.hash(data: bytes).prefix(12)
        tag = "\"" + digest.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined() + "\""
    }
}

/// The files of the web interface by their path below `web/`. A class, because all requests share what was prepared.
package final class WebAssets: Sendable {
    private struct Prepared {
        var assets: [String: WebAsset] = [:]
        var packed: [String: [UInt8]] = [:]
    }

    private let prepared = Mutex(Prepared())
    private let indexes: [String: Int32]
    private let folder: String?
    private let basePath: String

    /// - Parameter folder: read at each request instead of the embedded files; for development.
    package init(folder: String?, basePath: String) {
        self.folder = folder
        self.basePath = basePath
        var indexes: [String: Int32] = [:]
        for index in 0..<cwebui_file_count() {
            if let path = cwebui_file(index).pointee.path { indexes[String(cString: path)] = index }
        }
        self.indexes = indexes
    }

    /// Paths of the embedded files.
    package var embeddedPaths: [String] { indexes.keys.sorted() }

    /// - Throws: `notFound`.
    func asset(_ path: String) throws(MartletError) -> WebAsset {
        if let folder { return try read(path, in: folder) }
        if let asset = prepared.withLock({ $0.assets[path] }) { return asset }
        guard let index = indexes[path] else { throw Self.unknown(path) }
        let file = cwebui_file(index).pointee
        let asset = WebAsset(
            finished([UInt8](UnsafeBufferPointer(start: file.bytes, count: Int(file.length))), path),
            name: path
        )
        prepared.withLock { $0.assets[path] = asset }
        return asset
    }

    /// The file compressed; done once, at the first request for it.
    func packed(_ path: String, _ asset: WebAsset) -> [UInt8]? {
        if folder != nil { return nil }
        if let packed = prepared.withLock({ $0.packed[path] }) { return packed }
        guard let packed = Gzip.compress(asset.bytes, level: 9), packed.count < asset.bytes.count else { return nil }
        prepared.withLock { $0.packed[path] = packed }
        return packed
    }

    private func read(_ path: String, in folder: String) throws(MartletError) -> WebAsset {
        // The path is checked as an artifact's is: nothing outside the folder can be named.
        let checked = try ArtifactPath(path)
        guard !checked.isRoot, checked.description == path,
            let data = FileManager.default.contents(atPath: "\(folder)/\(path)")
        else { throw Self.unknown(path) }
        return WebAsset(finished([UInt8](data), path), name: path)
    }

    /// Pages learn where a proxy put the server.
    private func finished(_ bytes: [UInt8], _ path: String) -> [UInt8] {
        guard path == "index.html", !basePath.isEmpty else { return bytes }
        let page = String(decoding: bytes, as: UTF8.self)
        return Array(page.replacing("<base href=\"/\">", with: "<base href=\"\(basePath)/\">").utf8)
    }

    private static func unknown(_ path: String) -> MartletError {
        MartletError(.notFound, "nothing is at '\(path.prefix(200))'")
    }
}
