import Foundation
import HTTPTypes
package import Hummingbird
import Logging
package import MartletCore
import MartletGraphQL
import NIOCore

/// The protocol of Weights & Biases, as the Python package 0.31 speaks it. See docs/compatibility.md.
///
/// A translation: an entity is a workspace, a project an experiment, a run has the client's own short id beside ours.
package struct WandBDialect: Dialect {
    typealias Context = MartletRequestContext

    let services: Services
    let links: SignedLinks
    let basePath: String
    private let executor: GraphQLExecutor<WandBContext>

    /// Longest body of a question, which may hold a 10 MB argument, and of streamed lines.
    private static let longestBody = 32 << 20

    /// - Parameters:
    ///   - basePath: where a proxy puts the server: empty, or `/` and names; for URLs in answers.
    ///   - linkKey: signs links; the same on all servers of an installation.
    package init(services: Services, basePath: String, linkKey: [UInt8]) {
        self.services = services
        self.basePath = basePath
        links = SignedLinks(basePath: basePath, key: linkKey, now: services.environment.now)
        executor = WandBSchema.executor()
    }

    package var pathPrefixes: [String] { ["/graphql", "/files/", "/wandb/", "/artifactsV2/"] }

    package var publicPrefixes: [String] { ["/wandb/files/", "/wandb/artifacts/", "/wandb/uploads/"] }

    package func addRoutes(to router: Router<MartletRequestContext>) {
        router.post("/graphql", use: graphQL)
        router.post("/files/{entity}/{project}/{run}/file_stream", use: fileStream)
        router.put("/wandb/files/{run}/**", use: putFile)
        router.get("/wandb/files/{run}/**", use: file)
        addArtifactRoutes(to: router)
    }

    /// The form that clients read: the first message is what they show.
    package func response(to error: MartletError) -> Response {
        var json = JSONWriter()
        json.beginObject()
        json.key("errors")
        json.beginArray()
        json.beginObject()
        json.field("message", error.message)
        json.endObject()
        json.endArray()
        json.endObject()
        return .json(json.bytes, status: HTTPResponse.Status(code: WandBErrors.status(of: error.code)))
    }

    // MARK: questions

    private func graphQL(_ request: Request, _ context: Context) async throws -> Response {
        let body = try await collectBody(request, upTo: Self.longestBody)
        let question = try WandBQuestion.read(body)
        let asked = WandBContext(dialect: self, principal: context.principal, request: request)
        let answer = try await executor.execute(question, context: asked)
        for error in answer.errors {
            guard let cause = error.cause as? MartletError, cause.code == .internal else { continue }
            context.requestLogger.error("a field of an answer failed", metadata: ["error": "\(cause.message)"])
        }
        return .json(answer.body, status: HTTPResponse.Status(code: answer.status))
    }
}

/// The body of a question.
enum WandBQuestion {
    static func read(_ body: ByteBuffer) throws(MartletError) -> GraphQLRequest {
        let json: JSONValue
        switch body.withUnsafeReadableBytes({ JSONParser.result(of: $0.bindMemory(to: UInt8.self)) }) {
        case .success(let value): json = value
        case .failure(let failure): throw failure.asMartletError
        }
        guard case .string(let query) = json["query"] else {
            throw MartletError(.invalidArgument, "the body must be {\"query\": …, \"variables\": …}")
        }
        var name: String?
        if case .string(let text) = json["operationName"] { name = text }
        let variables: GraphQLValue
        switch json["variables"] {
        case nil: variables = .null
        // Some clients send them as text.
        case .string(let text)?: variables = GraphQLValue(try JSONParser.parse(Array(text.utf8)))
        case let value?: variables = GraphQLValue(value)
        }
        return GraphQLRequest(query: query, operationName: name, variables: variables)
    }
}

extension GraphQLValue {
    init(_ json: JSONValue) {
        self =
            switch json {
            case .null: .null
            case .bool(let value): .bool(value)
            case .integer(let value): .int(value)
            case .number(let value): .double(value)
            case .string(let text): .string(text)
            case .array(let elements): .list(elements.map { GraphQLValue($0) })
            case .object(let members):
                .object(members.map { Member(key: $0.key, value: GraphQLValue($0.value)) })
            }
    }
}

/// Statuses that make the client behave: what will not get better is told with one that it never repeats.
enum WandBErrors {
    static func status(of code: MartletError.Code) -> Int {
        switch code {
        case .failedPrecondition: 400
        case .conflict, .alreadyExists: 409
        case .storageFull, .quotaExceeded: 413
        default: code.status
        }
    }

    static func translated(_ error: any Error) throws(CancellationError) -> GraphQLError {
        if let error = error as? CancellationError { throw error }
        guard let error = error as? MartletError else {
            var hidden = GraphQLError("Internal server error.", status: 500)
            hidden.cause = error
            return hidden
        }
        var told = GraphQLError(error.message, status: status(of: error.code))
        told.cause = error
        return told
    }
}
