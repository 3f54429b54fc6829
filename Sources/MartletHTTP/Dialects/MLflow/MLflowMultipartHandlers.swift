import Foundation
import HTTPTypes
import Hummingbird
import MartletCore

/// Parallel transfer of large files: uploads in parts, and downloads in ranges of a signed URL.
///
/// The client (`store/artifact/http_artifact_repo.py`, 3.18) sends each part to its own URL, without its login and
/// without MLflow's errors, as it would to an object store; here the URLs lead back to this server.
extension MLflowDialect {
    /// How long a large upload may take.
    private static let uploadValidity = Duration.seconds(24 * 3_600)
    /// The client asks for a new URL when a download fails.
    private static let downloadValidity = Duration.seconds(3_600)
    private static let mostParts: Int64 = 100_000

    /// `POST mpu/create/<folder>` with `{"path": <local file>, "num_parts": n}`.
    func createUpload(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let folder = try Self.tail(of: request, after: "/mlflow-artifacts/mpu/create")
        let message = try await MLflowMessage.read(request)
        let (owner, path) = try Self.uploadPlace(folder, message, in: context.principal.currentWorkspace)
        let parts = try message.integer("num_parts") ?? 1
        guard (1...Self.mostParts).contains(parts) else {
            throw MLflowErrors.invalid("num_parts must be between 1 and \(Self.mostParts), got \(parts)")
        }
        let upload = try await services.artifacts.beginUpload(to: path, of: owner, as: context.principal)
        return Self.json { writer in
            writer.mlflowField("upload_id", upload)
            writer.key("credentials")
            writer.beginArray()
            for number in 1...parts {
                let path = "/api/2.0/mlflow-artifacts/signed-part/\(upload)/\(number)"
                writer.beginObject()
                writer.mlflowField("url", links.url(for: .put, path: path, validFor: Self.uploadValidity, request))
                writer.key("part_number")
                writer.integer(number)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    /// `PUT signed-part/<upload>/<number>?expires=…&signature=…` with the bytes of one part.
    func putSignedPart(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try links.check(request)
        let upload = try decodedParameter("upload", context)
        guard let number = Int(try decodedParameter("number", context)) else {
            throw MLflowErrors.invalid("the number of a part is a number")
        }
        let pieces = BodyPieces(request)
        let blob: StoredBlob
        do {
            blob = try await services.artifacts.writePart(
                pieces,
                length: pieces.length,
                number: number,
                of: upload,
                as: SignedLinks.holder
            )
        } catch {
            throw Self.ofUpload(upload, error)
        }
        return Response(status: .ok, headers: [.eTag: "\"\(blob.md5 ?? blob.digest.rawValue)\""])
    }

    /// `POST mpu/complete/<folder>` with `{"path", "upload_id", "parts": [{"part_number", "etag", "url"}]}`.
    func completeUpload(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let folder = try Self.tail(of: request, after: "/mlflow-artifacts/mpu/complete")
        let message = try await MLflowMessage.read(request)
        let (owner, _) = try Self.uploadPlace(folder, message, in: context.principal.currentWorkspace)
        let upload = try message.required("upload_id")
        let parts = try message.messages("parts")
        guard !parts.isEmpty else { throw MLflowErrors.missing("parts") }
        var numbers: [Int] = []
        for part in parts { numbers.append(Int(clamping: try part.requiredInteger("part_number"))) }
        do {
            try await services.artifacts.completeUpload(
                upload,
                parts: numbers.sorted(),
                of: owner,
                as: context.principal
            )
        } catch {
            throw Self.ofUpload(upload, error)
        }
        return Self.emptyObject
    }

    func abortUpload(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let message = try await MLflowMessage.read(request)
        let upload = try message.required("upload_id")
        do {
            try await services.artifacts.abortUpload(upload, as: context.principal)
        } catch {
            throw Self.ofUpload(upload, error)
        }
        return Self.emptyObject
    }

    /// `GET presigned/<path>`: where the file can be read in ranges by several connections.
    func presignedDownload(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        let path = try Self.tail(of: request, after: "/mlflow-artifacts/presigned")
        let entry = try await file(at: path, as: context.principal)
        let workspace = context.principal.currentWorkspace
        let target = "/api/2.0/mlflow-artifacts/signed/\(workspace)/" + SignedLinks.encoded(path.names)
        let url = links.url(for: .get, path: target, validFor: Self.downloadValidity, request)
        return Self.json { writer in
            writer.mlflowField("url", url)
            writer.key("headers")
            writer.beginObject()
            writer.endObject()
            writer.key("file_size")
            writer.integer(entry.size ?? 0)
        }
    }

    func signedArtifact(_ request: Request, _ context: Context) async throws(MartletError) -> Response {
        try links.check(request)
        guard let workspace = Int64(try decodedParameter("workspace", context)) else {
            throw MartletError(.notFound, "nothing is at this path")
        }
        let path = try Self.tail(of: request, after: "/mlflow-artifacts/signed/\(workspace)")
        var principal = SignedLinks.holder
        principal.workspace = Workspace.ID(workspace)
        return try await content(at: path, request, as: principal)
    }

    // MARK: helpers

    /// Where an upload goes: into the folder of the path, under the name of the local file.
    private static func uploadPlace(
        _ folder: ArtifactPath,
        _ message: MLflowMessage,
        in workspace: Workspace.ID
    ) throws(MartletError) -> (ArtifactOwner, ArtifactPath) {
        let local = try message.required("path")
        let name = local.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
        let path = try safePath(folder.isRoot ? name : "\(folder)/\(name)")
        let (owner, inner) = try MLflowArtifactURI.place(of: path, in: workspace)
        guard !inner.isRoot else { throw MLflowErrors.invalid("Invalid path: an artifact needs a name") }
        return (owner, inner)
    }

    private static func ofUpload(_ upload: String, _ error: MartletError) -> MartletError {
        guard error.code == .notFound else { return error }
        return MartletError(.notFound, "No multipart upload with id '\(upload)'; it was aborted or never begun")
    }
}
