import Foundation
import HTTPTypes
import Hummingbird
import MartletCore
import NIOCore

/// What importers send: `/api/v1/import/…`. See docs/import.md.
struct ImportRoutes: NativeRoutes {
    let services: Services
    let largestBody: Int

    func add(to router: Router<MartletRequestContext>) {
        router.post("/api/v1/import/experiments", use: experiment)
        router.post("/api/v1/import/states", use: states)
        router.post("/api/v1/import/runs", use: run)
        router.post("/api/v1/import/runs/{id}/points", use: points)
        router.put("/api/v1/import/runs/{id}/artifacts/content") { request, context in
            try await write(request, to: .run(try runID(context)), context)
        }
        router.post("/api/v1/import/runs/{id}/finish", use: finish)
        router.put("/api/v1/import/logged-models/{id}/artifacts/content") { request, context in
            try await write(request, to: .loggedModel(try modelID(context)), context)
        }
        router.post("/api/v1/import/logged-models", use: model)
        router.post("/api/v1/import/registered-models", use: registeredModel)
    }

    private func experiment(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        let now = services.environment.now()
        let id = try fields.string("id")
        if let id, Experiment.ID(id) == nil { throw fields.wrong("id", "a decimal number as a string") }
        let imported = ImportedExperiment(
            id: id.flatMap { Experiment.ID($0) },
            name: try fields.requiredString("name"),
            stage: try fields.choice("stage", of: LifecycleStage.self) ?? .active,
            createdAt: try fields.integer("createdAt") ?? now,
            updatedAt: try fields.integer("updatedAt") ?? now,
            purpose: try fields.string("purpose") ?? "",
            tags: Dictionary(try fields.tags("tags").map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }),
            isDryRun: try fields.bool("isDryRun") ?? false
        )
        let place = try await services.imports.importExperiment(imported, as: context.principal)
        var json = JSONWriter()
        json.beginObject()
        json.field("outcome", place.outcome.rawValue)
        json.key("id")
        if let id = place.id { json.string(id.description) } else { json.null() }
        json.endObject()
        return answer(json, to: request, context)
    }

    private func states(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        let states = try await services.imports.states(
            runs: (try fields.strings("runs") ?? []).map { Run.ID($0) },
            models: (try fields.strings("models") ?? []).map { LoggedModel.ID($0) },
            as: context.principal
        )
        var json = JSONWriter(reserving: 128 * states.runs.count + 64)
        json.beginObject()
        json.key("runs")
        json.beginObject()
        for (id, state) in states.runs {
            json.key(id)
            json.beginObject()
            json.field("kind", state.kind.rawValue)
            json.field("revision", state.revision)
            json.endObject()
        }
        json.endObject()
        json.key("models")
        json.beginArray()
        for id in states.models { json.string(id) }
        json.endArray()
        json.endObject()
        return answer(json, to: request, context)
    }

    private func run(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let (head, points) = try pointsBody(try await collectBody(request, upTo: largestBody))
        let imported: ImportedRun = try decoded(ByteBuffer(bytes: head))
        let outcome = try await services.imports.importRun(imported, points: points, as: context.principal)
        return answer(outcome, to: request, context)
    }

    private func points(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try runID(context)
        // Before the body is looked at: of an unknown run nothing else matters.
        try await services.imports.requireOpen(id, as: context.principal)
        let (_, points) = try pointsBody(try await collectBody(request, upTo: largestBody))
        try await services.imports.importPoints(points, of: id, as: context.principal)
        return noContent
    }

    private func finish(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let id = try runID(context)
        let name = try request.queryItems.first("stage") ?? LifecycleStage.active.rawValue
        guard let stage = LifecycleStage(rawValue: name) else {
            throw MartletError(.invalidArgument, "stage is 'active' or 'deleted'")
        }
        try await services.imports.finish(id, stage: stage, as: context.principal)
        return noContent
    }

    private func model(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let imported: ImportedModel = try decoded(try await collectBody(request, upTo: largestBody))
        return answer(
            try await services.imports.importModel(imported, as: context.principal),
            to: request,
            context
        )
    }

    private func registeredModel(_ request: Request, _ context: MartletRequestContext) async throws -> Response {
        let fields = try await body(request, upTo: largestBody)
        let outcome = try await services.imports.importRegisteredModel(
            try registeredModel(fields),
            digest: { ContentDigest.digest(of: $0) },
            as: context.principal
        )
        return answer(outcome, to: request, context)
    }

    private func registeredModel(_ fields: JSONFields) throws(MartletError) -> ImportedRegisteredModel {
        var versions: [ImportedRegisteredModel.Version] = []
        for version in try fields.objects("versions") ?? [] {
            let created = try version.requiredInteger("createdAt")
            versions.append(
                ImportedRegisteredModel.Version(
                    number: try version.requiredInteger("number"),
                    description: try version.string("description") ?? "",
                    source: try version.string("source") ?? "",
                    location: try version.string("location") ?? "",
                    runID: try version.string("runID").map { Run.ID($0) },
                    runLink: try version.string("runLink") ?? "",
                    user: try version.string("user") ?? "",
                    stage: try version.choice("stage", of: ModelVersion.Stage.self) ?? .none,
                    tags: try texts("tags", of: version),
                    createdAt: created,
                    updatedAt: try version.integer("updatedAt") ?? created
                )
            )
        }
        var aliases: [String: Int64] = [:]
        if let fields = try fields.object("aliases") {
            for alias in fields.names { aliases[alias] = try fields.requiredInteger(alias) }
        }
        let created = try fields.requiredInteger("createdAt")
        return ImportedRegisteredModel(
            name: try fields.requiredString("name"),
            type: try fields.string("type") ?? "model",
            description: try fields.string("description") ?? "",
            tags: try texts("tags", of: fields),
            aliases: aliases,
            createdAt: created,
            updatedAt: try fields.integer("updatedAt") ?? created,
            versions: versions
        )
    }

    private func texts(_ key: String, of fields: JSONFields) throws(MartletError) -> [String: String] {
        let pairs = try fields.texts(key) ?? []
        return Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// - Throws: `notFound` for what cannot be a model's id.
    private func modelID(_ context: MartletRequestContext) throws(MartletError) -> LoggedModel.ID {
        let id = LoggedModel.ID(try decodedParameter("id", context))
        do throws(MartletError) {
            try ImportService.checkModelID(id)
        } catch {
            throw MartletError(.notFound, error.message)
        }
        return id
    }

    private func write(
        _ request: Request,
        to owner: ArtifactOwner,
        _ context: MartletRequestContext
    ) async throws -> Response {
        let path = try ArtifactPath(request.queryItems.required("path"))
        let body = BodyPieces(request)
        let blob = try await services.imports.write(
            body,
            length: body.length,
            to: path,
            of: owner,
            as: context.principal
        )
        var json = JSONWriter()
        json.beginObject()
        json.field("digest", blob.digest.rawValue)
        json.field("size", blob.size)
        json.endObject()
        return answer(json, to: request, context)
    }

    // MARK: bodies

    private func answer(
        _ outcome: ImportOutcome,
        to request: Request,
        _ context: MartletRequestContext
    ) -> Response {
        var json = JSONWriter()
        json.beginObject()
        json.field("outcome", outcome.rawValue)
        json.endObject()
        return answer(json, to: request, context)
    }

    private func pointsBody(_ body: ByteBuffer) throws(MartletError) -> (head: [UInt8], points: LogBatch) {
        let result = body.withUnsafeReadableBytes { bytes in
            Result { () throws(MartletError) in try PointsBody.decode(bytes) }
        }
        return try result.get()
    }

    /// A value as its own `Codable` writes it; NaN and infinities as strings.
    private func decoded<Value: Decodable>(_ body: ByteBuffer) throws(MartletError) -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "Infinity",
            negativeInfinity: "-Infinity",
            nan: "NaN"
        )
        do {
            return try decoder.decode(Value.self, from: Data(body.readableBytesView))
        } catch DecodingError.keyNotFound(let key, let place) {
            throw MartletError(.invalidArgument, "the field '\(name(place.codingPath + [key]))' is missing")
        } catch DecodingError.typeMismatch(_, let place), DecodingError.valueNotFound(_, let place) {
            throw MartletError(.invalidArgument, "the field '\(name(place.codingPath))' has another type")
        } catch DecodingError.dataCorrupted(let place) where !place.codingPath.isEmpty {
            throw MartletError(.invalidArgument, "the field '\(name(place.codingPath))' cannot be that")
        } catch {
            throw MartletError(.invalidArgument, "the body is not JSON")
        }
    }

    private func name(_ path: [any CodingKey]) -> String {
        path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
}
