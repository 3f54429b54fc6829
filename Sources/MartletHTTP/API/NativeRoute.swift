import HTTPTypes
import Hummingbird
import MartletCore

/// What the native handlers share: reading ids and bodies, answering.
protocol NativeRoutes: Sendable {
    func add(to router: Router<MartletRequestContext>)
}

extension NativeRoutes {
    /// The run that the path names. - Throws: `notFound` for what cannot be a run's id.
    func runID(_ context: MartletRequestContext) throws(MartletError) -> Run.ID {
        let text = try decodedParameter("id", context)
        guard isRunID(text) else {
            throw MartletError(.notFound, "run '\(text.prefix(64))' does not exist: an id has 32 hexadecimal digits")
        }
        return Run.ID(text)
    }

    func isRunID(_ text: String) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    func runIDs(_ texts: [String]) throws(MartletError) -> [Run.ID] {
        for text in texts where !isRunID(text) {
            throw MartletError(.invalidArgument, "'\(text.prefix(64))' is no run id: one has 32 hexadecimal digits")
        }
        return texts.map { Run.ID($0) }
    }

    /// The experiment that the path names. - Throws: `notFound` for what cannot be one's id.
    func experimentID(_ context: MartletRequestContext) throws(MartletError) -> Experiment.ID {
        let text = try decodedParameter("id", context)
        guard let id = Experiment.ID(text) else {
            throw MartletError(.notFound, "experiment '\(text.prefix(64))' does not exist: an id is a decimal number")
        }
        return id
    }

    func experimentIDs(_ fields: JSONFields) throws(MartletError) -> [Experiment.ID] {
        guard let texts = try fields.strings("experimentIDs") else { throw fields.missing("experimentIDs") }
        guard texts.count <= 1_000 else { throw fields.wrong("experimentIDs", "at most 1000 ids") }
        var ids: [Experiment.ID] = []
        for text in texts {
            guard let id = Experiment.ID(text) else {
                throw MartletError(
                    .invalidArgument,
                    "'\(text.prefix(64))' is no experiment id: one is a decimal number"
                )
            }
            ids.append(id)
        }
        return ids
    }

    func body(_ request: Request, upTo limit: Int) async throws(MartletError) -> JSONFields {
        try JSONFields(try await collectBody(request, upTo: limit))
    }

    /// A JSON answer, compressed where that pays.
    func answer(
        _ json: JSONWriter,
        to request: Request,
        _ context: MartletRequestContext,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        let isWorthIt = json.bytes.count > 1_024 && !context.isFromThisMachine
        if isWorthIt, Gzip.isAccepted(by: request), let packed = Gzip.compress(json.bytes, level: 1) {
            return .json(packed, status: status, headers: [.contentEncoding: "gzip", .vary: "Accept-Encoding"])
        }
        return .json(json.bytes, status: status)
    }

    var noContent: Response { Response(status: .noContent) }
}
