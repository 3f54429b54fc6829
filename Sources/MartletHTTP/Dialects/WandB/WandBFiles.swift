import HTTPTypes
import Hummingbird
import MartletCore

/// Files of runs, by signed links: clients send them without their login.
extension WandBDialect {
    func putFile(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let (run, path) = try place(request, context)
        let pieces = BodyPieces(request)
        let blob = try await services.artifacts.write(
            pieces,
            length: pieces.length,
            to: path,
            of: .run(run),
            as: SignedLinks.holder
        )
        return Response(status: .ok, headers: [.eTag: "\"\(blob.md5 ?? blob.digest.rawValue)\""])
    }

    func file(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let (run, path) = try place(request, context)
        let entry = try await services.artifacts.entry(at: path, of: .run(run), as: SignedLinks.holder)
        guard let entry, !entry.isFolder else { throw MartletError(.notFound, "no such file: '\(path)'") }
        // Always an attachment: what others uploaded must not run as a page of this server.
        return try await FileAnswer.response(to: request, entry: entry, isInline: false) {
            range throws(MartletError) in
            try await services.artifacts.read(entry, range: range, as: SignedLinks.holder)
        }
    }

    private func place(_ request: Request, _ context: Context) throws(MartletError) -> (Run.ID, ArtifactPath) {
        try links.check(request)
        let run = try decodedParameter("run", context)
        let path = try ArtifactPath(try decodedPathTail(of: request, after: "/wandb/files/\(run)/"))
        return (Run.ID(run), path)
    }

    /// The path of a file that a client names, `./` before it and empty parts left out.
    /// - Throws: `invalidArgument` for one that might lead out of its folder.
    static func path(_ name: String) throws(MartletError) -> ArtifactPath {
        try ArtifactPath(name.split(separator: "/").filter { $0 != "." }.joined(separator: "/"))
    }
}
