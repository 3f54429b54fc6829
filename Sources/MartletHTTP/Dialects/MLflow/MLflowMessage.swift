import Hummingbird
import MartletCore

/// The fields of one request, from its JSON body or its query, read with MLflow's rules and words
/// (`server/handlers.py` 3.18, `_get_request_message`).
///
/// Unknown fields are ignored; `null` is as good as absent; a field may also be spelled in camel case.
struct MLflowMessage {
    private enum Source {
        case json(JSONValue)
        case query(QueryItems)
    }

    private let source: Source
    /// Why the body could not be read. Told when a required field is asked for.
    private var failure: MartletError?
    /// What stands before the names of its fields in messages, e.g. `metrics[0].`.
    private var path = ""

    /// Longest JSON body that is read.
    static let longestBody = 32 << 20

    init(_ json: JSONValue, path: String = "") {
        source = .json(json)
        self.path = path
    }

    init(_ query: QueryItems) {
        source = .query(query)
    }

    /// The query of a GET that has one; else the body.
    ///
    /// - Throws: `invalidArgument` for another content type than JSON and for a JSON body that is no object.
    static func read(_ request: Request) async throws(MartletError) -> MLflowMessage {
        if request.method == .get {
            let query = try request.queryItems
            if !query.isEmpty { return MLflowMessage(query) }
        }
        try checkContentType(request)
        let body = try await collectBody(request, upTo: longestBody)
        return body.withUnsafeReadableBytes { parse($0.bindMemory(to: UInt8.self)) }
    }

    static func checkContentType(_ request: Request) throws(MartletError) {
        guard request.method == .post || request.method == .put else { return }
        guard let type = request.headers[.contentType] else {
            throw MLflowErrors.invalid("Bad Request. Content-Type header is missing.")
        }
        if type == "application/json" { return }
        let name = type.prefix { $0 != ";" }.filter { $0 != " " }
        guard name.lowercased() == "application/json" else {
            throw MLflowErrors.invalid("Bad Request. Content-Type must be one of ['application/json'].")
        }
    }

    static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> MLflowMessage {
        guard !bytes.isEmpty else { return MLflowMessage(.object([])) }
        switch JSONParser.result(of: bytes) {
        case .success(.string(let text)):
            // Old clients encode twice.
            var text = text
            let inner = text.withUTF8 { JSONParser.result(of: $0) }
            if case .success(let value) = inner, case .object = value { return MLflowMessage(value) }
            return failed(MLflowErrors.invalid("the body is not a JSON object"))
        case .success(.object(let members)):
            return MLflowMessage(.object(members))
        case .success(.null):
            return MLflowMessage(.object([]))
        case .success:
            return failed(MLflowErrors.invalid("the body is not a JSON object"))
        case .failure(let failure):
            return failed(failure.asMartletError)
        }
    }

    private static func failed(_ failure: MartletError) -> MLflowMessage {
        var message = MLflowMessage(.object([]))
        message.failure = failure
        return message
    }

    /// - Throws: what is wrong with the body, for requests that need no field.
    func checkReadable() throws(MartletError) {
        if let failure { throw failure }
    }

    // MARK: fields

    /// The value of a field; `nil` when it is absent or null.
    func value(_ name: String) throws(MartletError) -> JSONValue? {
        switch source {
        case .query(let items):
            return items.first(name).map { .string($0) }
        case .json(let object):
            let value = object[name]
            if name.contains("_"), let other = object[Self.camelCase(name)] {
                guard value == nil else {
                    throw MLflowErrors.invalid(
                        "Request specifies both '\(name)' and '\(Self.camelCase(name))'; provide only one of them."
                    )
                }
                return other.isNull ? nil : other
            }
            return value?.isNull == true ? nil : value
        }
    }

    private static func camelCase(_ name: String) -> String {
        let parts = name.split(separator: "_")
        return parts.prefix(1).joined() + parts.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    func string(_ name: String) throws(MartletError) -> String? {
        guard let value = try value(name) else { return nil }
        guard case .string(let text) = value else { throw MLflowErrors.wrongType(path + name, value) }
        return text
    }

    /// A string that must be there and must not be empty.
    func required(_ name: String) throws(MartletError) -> String {
        guard let text = try string(name), !text.isEmpty else { throw missing(name) }
        return text
    }

    private func missing(_ name: String) -> MartletError {
        var error = MLflowErrors.missing(path + name)
        if let failure { error.message += " (\(failure.message))" }
        return error
    }

    /// What is refused of a field, named with its place.
    func invalid(_ name: String, _ value: JSONValue, _ hint: String) -> MartletError {
        MLflowErrors.invalid("Invalid value \(PythonText.json(value)) for parameter '\(path + name)' supplied: \(hint)")
    }

    /// A 64-bit integer, also as a string or as a number without fraction.
    func integer(_ name: String) throws(MartletError) -> Int64? {
        guard let value = try value(name) else { return nil }
        switch value {
        case .integer(let value): return value
        case .number(let real):
            if let exact = Int64(exactly: real) { return exact }
        case .string(let text):
            if let parsed = JSONNumberText.integer(text) { return parsed }
        default: break
        }
        throw MLflowErrors.wrongType(path + name, value)
    }

    func requiredInteger(_ name: String) throws(MartletError) -> Int64 {
        guard let value = try integer(name) else { throw missing(name) }
        return value
    }

    /// A number, also as a string; `NaN`, `Infinity` and `-Infinity` as strings only.
    func requiredReal(_ name: String) throws(MartletError) -> Double {
        guard let value = try value(name) else { throw missing(name) }
        switch value {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .string(""): throw missing(name)
        case .string("NaN"): return .nan
        case .string("Infinity"): return .infinity
        case .string("-Infinity"): return -.infinity
        case .string(let text):
            if let parsed = JSONNumberText.real(text) { return parsed }
        default: break
        }
        throw MLflowErrors.wrongType(path + name, value)
    }

    func bool(_ name: String) throws(MartletError) -> Bool? {
        guard let value = try value(name) else { return nil }
        switch (value, source) {
        case (.bool(let value), _): return value
        case (.string(let text), .query):
            if text.lowercased() == "true" { return true }
            if text.lowercased() == "false" { return false }
            throw MLflowErrors.invalid("Invalid boolean value: \(text), must be 'true' or 'false'.")
        default: throw MLflowErrors.wrongType(path + name, value)
        }
    }

    /// A list of strings; empty when absent.
    func strings(_ name: String) throws(MartletError) -> [String] {
        if case .query(let items) = source { return items.all(name) }
        guard let value = try value(name) else { return [] }
        guard case .array(let elements) = value else { throw MLflowErrors.wrongType(path + name, value) }
        var texts: [String] = []
        for element in elements {
            guard case .string(let text) = element else { throw MLflowErrors.wrongType(path + name, value) }
            texts.append(text)
        }
        return texts
    }

    /// A list of objects, each named by its place; empty when absent.
    func messages(_ name: String) throws(MartletError) -> [MLflowMessage] {
        guard let value = try value(name) else { return [] }
        guard case .array(let elements) = value else { throw MLflowErrors.wrongType(path + name, value) }
        var messages: [MLflowMessage] = []
        messages.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard case .object = element else { throw MLflowErrors.wrongType("\(path)\(name)[\(index)]", element) }
            messages.append(MLflowMessage(element, path: "\(path)\(name)[\(index)]."))
        }
        return messages
    }

    func message(_ name: String) throws(MartletError) -> MLflowMessage? {
        guard let value = try value(name) else { return nil }
        guard case .object = value else { throw MLflowErrors.wrongType(path + name, value) }
        return MLflowMessage(value, path: "\(path)\(name).")
    }

    // MARK: fields that many requests have

    /// `run_id`, or its old name `run_uuid`.
    func runID() throws(MartletError) -> Run.ID {
        if let text = try string("run_id"), !text.isEmpty { return Run.ID(text) }
        if let text = try string("run_uuid"), !text.isEmpty { return Run.ID(text) }
        throw missing("run_id")
    }

    func experimentID() throws(MartletError) -> Experiment.ID {
        try MLflowRules.experimentID(try required("experiment_id"))
    }

    /// Objects with `key` and `value`; the key is required, a missing value is empty.
    func pairs(_ name: String) throws(MartletError) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        for message in try messages(name) {
            pairs.append((try message.required("key"), try message.string("value") ?? ""))
        }
        return pairs
    }
}
