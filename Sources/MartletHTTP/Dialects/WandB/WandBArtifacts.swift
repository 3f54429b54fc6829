import Foundation
import HTTPTypes
import Hummingbird
import MartletCore
import NIOCore

/// The bytes of artifacts, by signed links: clients send and read them without their login.
extension WandBDialect {
    func addArtifactRoutes(to router: Router<MartletRequestContext>) {
        router.put("/wandb/artifacts/{version}/files/{md5}/**", use: putVersionFile)
        router.get("/wandb/artifacts/{version}/content/**", use: versionFile)
        router.put("/wandb/artifacts/{version}/drafts/{name}/{md5}", use: putDraft)
        router.get("/wandb/artifacts/{version}/manifest", use: manifest)
        router.put("/wandb/uploads/{upload}/{number}/{md5}", use: putPart)
        router.get("/artifactsV2/{region}/{entity}/{project}/{collection}/**", use: fileOfCollection)
    }

    /// A file of a pending version. What its MD5 does not fit is refused and not kept.
    private func putVersionFile(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try links.check(request)
        let version = try decodedParameter("version", context)
        let md5 = try decodedParameter("md5", context)
        let path = try ArtifactPath(
            try decodedPathTail(of: request, after: "/wandb/artifacts/\(version)/files/\(md5)/")
        )
        return try await put(request, to: path, of: .version(ArtifactVersion.ID(version)), md5)
    }

    private func putDraft(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try links.check(request)
        let version = try decodedParameter("version", context)
        let name = try decodedParameter("name", context)
        let md5 = try decodedParameter("md5", context)
        return try await put(request, to: try ArtifactPath(name), of: .draft(ArtifactVersion.ID(version)), md5)
    }

    /// - Parameter md5: hexadecimal, or `-` for one that is not known.
    private func put(
        _ request: Request,
        to path: ArtifactPath,
        of owner: ArtifactOwner,
        _ md5: String
    ) async throws(MartletError) -> Response {
        let pieces = BodyPieces(request)
        let blob = try await services.artifacts.write(
            pieces,
            length: pieces.length,
            to: path,
            of: owner,
            md5: md5 == "-" ? nil : md5,
            as: SignedLinks.holder
        )
        return Response(status: .ok, headers: [.eTag: "\"\(blob.md5 ?? blob.digest.rawValue)\""])
    }

    /// A part of a large file.
    private func putPart(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try links.check(request)
        let upload = try decodedParameter("upload", context)
        let md5 = try decodedParameter("md5", context)
        guard let number = Int(try decodedParameter("number", context)) else {
            throw MartletError(.invalidArgument, "the number of a part is a number")
        }
        let pieces = BodyPieces(request)
        let blob = try await services.artifacts.writePart(
            pieces,
            length: pieces.length,
            number: number,
            of: upload,
            md5: md5 == "-" ? nil : md5,
            as: SignedLinks.holder
        )
        return Response(status: .ok, headers: [.eTag: "\"\(blob.md5 ?? blob.digest.rawValue)\""])
    }

    private func versionFile(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try links.check(request)
        let version = try decodedParameter("version", context)
        let path = try ArtifactPath(try decodedPathTail(of: request, after: "/wandb/artifacts/\(version)/content/"))
        let files = try await services.versions.files(
            of: ArtifactVersion.ID(version),
            at: [path.description],
            as: SignedLinks.holder
        )
        guard let file = files.first else { throw MartletError(.notFound, "no such file: '\(path)'") }
        return try await answer(request, file, as: SignedLinks.holder)
    }

    /// A file by the artifact that it came with and its MD5: how clients ask when no link is at hand.
    private func fileOfCollection(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let names = try decodedPathTail(of: request, after: "/artifactsV2/").split(separator: "/").map(String.init)
        guard names.count >= 6 else { throw MartletError(.notFound, "nothing is at this path") }
        let versions = names.compactMap { WandBID.id($0, of: "Artifact") }.map { ArtifactVersion.ID($0) }
        let digest = names.dropFirst(4).first { $0.utf8.count == 32 && $0.utf8.allSatisfy(Self.isHexadecimal) }
        guard let version = versions.last, let digest else {
            throw MartletError(.notFound, "no artifact and no MD5 is named in this path")
        }
        let asked = WandBContext(dialect: self, principal: context.principal, request: request)
        let place = try await asked.requiredCollection(names[3], names[2], names[1])
        let members = try await services.versions.memberships(of: version, as: context.principal)
        guard members.contains(where: { $0.collection.id == place.collection.id }) else {
            throw MartletError(.notFound, "the artifact is not in the collection '\(names[3])'")
        }
        if let file = try await services.versions.file(of: version, md5: digest, as: context.principal) {
            return try await answer(request, file, as: context.principal)
        }
        throw MartletError(.notFound, "the artifact has no file with the MD5 \(digest)")
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte) }

    private func answer(
        _ request: Request,
        _ file: VersionFile,
        as principal: Principal
    ) async throws(MartletError) -> Response {
        guard file.digest != nil else {
            throw MartletError(.notFound, "'\(file.path)' is a reference and its content is not stored here")
        }
        let entry = ArtifactEntry(
            name: file.path.split(separator: "/").last.map(String.init) ?? file.path,
            path: file.path,
            isFolder: false,
            size: file.size,
            digest: file.digest,
            md5: file.md5,
            modifiedAt: file.modifiedAt
        )
        return try await FileAnswer.response(to: request, entry: entry, isInline: false) {
            range throws(MartletError) in
            try await services.artifacts.read(entry, range: range, as: principal)
        }
    }

    /// What a version holds, written while it is read.
    private func manifest(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try links.check(request)
        let id = ArtifactVersion.ID(try decodedParameter("version", context))
        let versions = services.versions
        // A version that is not there is told before the answer begins.
        _ = try await versions.version(id, as: SignedLinks.holder)
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: WandBManifest.head))
            var last: VersionFile?
            repeat {
                let page = try await versions.files(of: id, after: last, limit: 5_000, as: SignedLinks.holder)
                var bytes = WandBManifest.members(page, of: id)
                if last != nil, !page.isEmpty { bytes.insert(UInt8(ascii: ","), at: 0) }
                try await writer.write(ByteBuffer(bytes: bytes))
                last = page.count == 5_000 ? page.last : nil
            } while last != nil
            try await writer.write(ByteBuffer(string: "}}"))
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/json"], body: body)
    }
}

extension WandBContext {
    /// Makes a version visible that holds what its manifests say.
    func commit(_ id: ArtifactVersion.ID) async throws(MartletError) -> ArtifactVersion {
        let version = try await services.versions.version(id, as: principal)
        if version.state == .committed { return version }
        let drafts = try await services.artifacts.list(.root, of: .draft(id), as: principal)
        let entries: [VersionEntry]
        let full = drafts.first { $0.name == "full" }
        if let full {
            entries = try WandBManifest.entries(try await bytes(full))
        } else {
            entries = try await merged(drafts, id)
        }
        return try await services.versions.commit(
            id,
            with: entries,
            digest: ContentDigest.digest(of: entries),
            isAnnounced: full != nil,
            as: principal
        )
    }

    /// Files of the base, and of each manifest in the order in which they came; the last one of a path is meant.
    private func merged(
        _ drafts: [ArtifactEntry],
        _ id: ArtifactVersion.ID
    ) async throws(MartletError) -> [VersionEntry] {
        guard !drafts.isEmpty else {
            throw MartletError(.failedPrecondition, "the artifact has no manifest yet; send it, then commit")
        }
        var entries: [String: VersionEntry] = [:]
        for draft in drafts.sorted(by: { ($0.modifiedAt, $0.name) < ($1.modifiedAt, $1.name) }) {
            let parts = draft.name.split(separator: ".")
            if parts.first == "incremental", parts.count == 2 {
                let base = ArtifactVersion.ID(String(parts[1]))
                _ = try await services.versions.version(base, as: principal)
                for entry in try await files(of: base) where entries[entry.path] == nil { entries[entry.path] = entry }
            }
            for entry in try WandBManifest.entries(try await bytes(draft)) { entries[entry.path] = entry }
        }
        return entries.values.sorted { $0.path < $1.path }
    }

    private func files(of base: ArtifactVersion.ID) async throws(MartletError) -> [VersionEntry] {
        var entries: [VersionEntry] = []
        var last: VersionFile?
        repeat {
            let page = try await services.versions.files(of: base, after: last, limit: 5_000, as: principal)
            entries += page.map { file in
                VersionEntry(path: file.path, size: file.size, md5: file.md5, source: base, reference: file.reference)
            }
            last = page.count == 5_000 ? page.last : nil
        } while last != nil
        return entries
    }

    private func bytes(_ draft: ArtifactEntry) async throws(MartletError) -> [UInt8] {
        guard let size = draft.size, size <= WandBManifest.longest else {
            throw MartletError(.tooLarge, "a manifest has at most \(WandBManifest.longest) bytes")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(size))
        do {
            for try await piece in try await services.artifacts.read(draft, range: nil, as: principal) {
                bytes += piece
            }
        } catch let error as MartletError {
            throw error
        } catch {
            throw MartletError(.internal, "the manifest could not be read: \(error)")
        }
        return bytes
    }
}
