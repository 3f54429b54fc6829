import HTTPTypes
import Hummingbird
import MartletCore
import NIOCore

/// Files of runs: `/api/v1/runs/{id}/artifacts`.
struct ArtifactRoutes: NativeRoutes {
    let services: Services

    func add(to router: Router<MartletRequestContext>) {
        router.get("/api/v1/runs/{id}/artifacts", use: list)
        router.get("/api/v1/runs/{id}/artifacts/content", use: read)
        router.put("/api/v1/runs/{id}/artifacts/content", use: write)
        router.delete("/api/v1/runs/{id}/artifacts/content", use: delete)
    }

    private func list(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let folder = try ArtifactPath(request.queryItems.first("path") ?? "")
        let run = try await existingRun(context).id
        let entries = try await services.artifacts.list(folder, of: .run(run), as: context.principal)
        var json = JSONWriter(reserving: 256 * entries.count + 32)
        json.beginObject()
        json.key("entries")
        json.beginArray()
        for entry in entries { json.artifact(entry) }
        json.endArray()
        json.endObject()
        return answer(json, to: request, context)
    }

    private func read(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let run = try runID(context)
        return try await services.artifacts.content(of: .run(run), called: "run \(run)", request, context)
    }

    private func write(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let path = try ArtifactPath(request.queryItems.required("path"))
        let owner = try await existingRun(context)
        let run = owner.id
        guard owner.stage == .active else {
            throw MartletError(.failedPrecondition, "run \(run) is deleted; restore it first")
        }
        let body = BodyPieces(request)
        _ = try await services.artifacts.write(
            body,
            length: body.length,
            to: path,
            of: .run(run),
            as: context.principal
        )
        guard let entry = try await services.artifacts.entry(at: path, of: .run(run), as: context.principal) else {
            throw MartletError(.conflict, "'\(path)' was deleted while it was written; send it again")
        }
        var json = JSONWriter()
        json.artifact(entry)
        return answer(json, to: request, context)
    }

    private func delete(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let path = try ArtifactPath(request.queryItems.required("path"))
        guard !path.isRoot else { throw MartletError(.invalidArgument, "name the artifact to delete with 'path'") }
        try await services.artifacts.delete(path, of: .run(existingRun(context).id), as: context.principal)
        return noContent
    }

    /// - Throws: `notFound`: the tree of an unknown run would only be empty.
    private func existingRun(_ context: MartletRequestContext) async throws(MartletError) -> Run {
        let fields = RunFields(params: [], metrics: [], tags: [], inputs: false)
        return try await services.runs.run(runID(context), fields: fields, as: context.principal)
    }
}

extension ArtifactService {
    /// The file at `?path=…` of a tree; with `&inline=1` shown where it is harmless.
    /// - Parameter name: of the owner, for the message.
    func content(
        of owner: ArtifactOwner,
        called name: String,
        _ request: Request,
        _ context: MartletRequestContext
    ) async throws -> Response {
        let query = try request.queryItems
        let path = try ArtifactPath(query.required("path"))
        guard let entry = try await entry(at: path, of: owner, as: context.principal) else {
            throw MartletError(.notFound, "\(name) has no artifact '\(path)'")
        }
        return try await FileAnswer.response(
            to: request,
            entry: entry,
            isInline: query.first("inline") == "1",
            content: { range throws(MartletError) in try await read(entry, range: range, as: context.principal) }
        )
    }
}
