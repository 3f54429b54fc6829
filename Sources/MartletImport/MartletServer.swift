import AsyncHTTPClient
import Crypto
import Foundation
package import MartletCore
import NIOCore
import NIOHTTP1
import Synchronization

/// A running Martlet server, written to through `/api/v1/import/…`.
package struct MartletServer: ImportDestination {
    private let calls: HTTPCalls
    /// Where experiments and registered models go; `nil` for the default one.
    private let workspace: String?
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity",
            negativeInfinity: "-Infinity",
            nan: "NaN"
        )
        return encoder
    }()

    /// - Parameters:
    ///   - address: e.g. `http://127.0.0.1:5000`, with the base path where there is one.
    ///   - token: of an admin; `nil` for a server without logins.
    package init(address: String, token: String?, workspace: String? = nil) {
        self.workspace = workspace
        var base = address
        while base.hasSuffix("/") { base.removeLast() }
        calls = HTTPCalls(base: base, authorization: token.map { "Bearer \($0)" }, what: "the Martlet server")
    }

    package var summary: String { calls.base }

    private var place: [(String, String)] { workspace.map { [("workspace", $0)] } ?? [] }

    package func importExperiment(
        _ experiment: ImportedExperiment
    ) async throws(MartletError) -> ImportedExperimentPlace {
        let path = "/api/v1/import/experiments"
        let answer = try await calls.json(.POST, path, query: place, .json(try encoded(experiment)))
        guard let outcome = outcome(answer) else { throw unexpected("import/experiments") }
        guard case .string(let text)? = answer["id"] else { return ImportedExperimentPlace(outcome: outcome, id: nil) }
        return ImportedExperimentPlace(outcome: outcome, id: Experiment.ID(text))
    }

    package func states(runs: [Run.ID], models: [LoggedModel.ID]) async throws(MartletError) -> ImportStates {
        let question = ["runs": runs.map(\.rawValue), "models": models.map(\.rawValue)]
        let answer = try await calls.json(.POST, "/api/v1/import/states", .json(try encoded(question)))
        var states = ImportStates()
        guard case .object(let members)? = answer["runs"], case .array(let known)? = answer["models"] else {
            throw unexpected("import/states")
        }
        for member in members {
            guard case .string(let name)? = member.value["kind"],
                case .string(let revision)? = member.value["revision"],
                let kind = ImportStates.RunState.Kind(rawValue: name)
            else { throw unexpected("import/states") }
            states.runs[member.key] = ImportStates.RunState(kind: kind, revision: revision)
        }
        for id in known {
            if case .string(let text) = id { states.models.append(text) }
        }
        return states
    }

    package func importRun(_ run: ImportedRun, points: LogBatch) async throws(MartletError) -> ImportOutcome {
        let body = PointsBody.encode(head: try encoded(run), points: points)
        let answer = try await calls.json(.POST, "/api/v1/import/runs", .bytes(body, type: PointsBody.contentType))
        guard let outcome = outcome(answer) else { throw unexpected("import/runs") }
        return outcome
    }

    package func importPoints(_ points: LogBatch, of id: Run.ID) async throws(MartletError) {
        let body = PointsBody.encode(head: Array("{}".utf8), points: points)
        let path = "/api/v1/import/runs/\(id)/points"
        _ = try await calls.json(.POST, path, .bytes(body, type: PointsBody.contentType))
    }

    package func finish(_ id: Run.ID, stage: LifecycleStage) async throws(MartletError) {
        let path = "/api/v1/import/runs/\(id)/finish"
        _ = try await calls.json(.POST, path, query: [("stage", stage.rawValue)])
    }

    package func importModel(_ model: ImportedModel) async throws(MartletError) -> ImportOutcome {
        let answer = try await calls.json(.POST, "/api/v1/import/logged-models", .json(try encoded(model)))
        guard let outcome = outcome(answer) else { throw unexpected("import/logged-models") }
        return outcome
    }

    package func importRegisteredModel(
        _ model: ImportedRegisteredModel
    ) async throws(MartletError) -> ImportOutcome {
        let path = "/api/v1/import/registered-models"
        let answer = try await calls.json(.POST, path, query: place, .json(try encoded(model)))
        guard let outcome = outcome(answer) else { throw unexpected("import/registered-models") }
        return outcome
    }

    package func write(
        to path: ArtifactPath,
        of owner: ArtifactOwner,
        _ content: @Sendable () async throws(MartletError) -> FileContent
    ) async throws(MartletError) -> Int64 {
        let place: String
        switch owner {
        case .run(let id): place = "runs/\(id)"
        case .loggedModel(let id): place = "logged-models/\(id)"
        case .workspace, .version, .draft: throw MartletError(.internal, "no artifact of a workspace is imported")
        }
        let hash = RunningHash()
        let response = try await calls.answered(
            .PUT,
            "/api/v1/import/\(place)/artifacts/content",
            query: [("path", path.description)],
            timeout: .hours(24)
        ) { () async throws(MartletError) in
            hash.begin()
            return .file(hash.watching(try await content()))
        }
        let answer = try JSONParser.parse(try await calls.collected(response))
        let sent = hash.end()
        guard case .string(let digest)? = answer["digest"], case .integer(let size)? = answer["size"] else {
            throw unexpected("import/\(place)/artifacts/content")
        }
        guard digest == sent else {
            throw MartletError(.unavailable, "'\(path)' changed on its way: start the import again")
        }
        return size
    }

    private func encoded(_ value: some Encodable) throws(MartletError) -> [UInt8] {
        do {
            return [UInt8](try Self.encoder.encode(value))
        } catch {
            throw MartletError(.internal, "a request could not be written: \(error)")
        }
    }

    private func outcome(_ answer: JSONValue) -> ImportOutcome? {
        guard case .string(let name)? = answer["outcome"] else { return nil }
        return ImportOutcome(rawValue: name)
    }

    private func unexpected(_ path: String) -> MartletError {
        MartletError(
            .unprocessable,
            "\(calls.base) did not answer \(path) as a Martlet server of this version does; is it one?"
        )
    }
}

/// SHA-256 of what goes by.
private final class RunningHash: Sendable {
    private let state = Mutex(SHA256())

    func begin() { state.withLock { $0 = SHA256() } }
    func add(_ buffer: ByteBuffer) {
        state.withLock { hash in buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) } }
    }
    /// 64 lower-case hexadecimal digits.
    func end() -> String { state.withLock { hexadecimal($0.finalize()) } }

    func watching(_ content: FileContent) -> FileContent {
        FileContent(size: content.size, chunks: watched(content.chunks))
    }

    private func watched(
        _ chunks: some AsyncSequence<ByteBuffer, any Error> & Sendable
    ) -> any AsyncSequence<ByteBuffer, any Error> & Sendable {
        chunks.map { [self] buffer in
            add(buffer)
            return buffer
        }
    }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes {
        let digits = String(byte, radix: 16)
        text += digits.count == 1 ? "0" + digits : digits
    }
    return text
}
