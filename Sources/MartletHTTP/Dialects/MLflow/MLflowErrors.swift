import HTTPTypes
import Hummingbird
import MartletCore

/// MLflow's error bodies and statuses (`exceptions.py`, 3.18).
enum MLflowErrors {
    static func response(to error: MartletError) -> Response {
        guard error.code != .unauthenticated else { return unauthenticated(error) }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("error_code")
        writer.string(name(of: error.code))
        writer.key("message")
        writer.string(error.message)
        writer.endObject()
        return .json(writer.bytes, status: HTTPResponse.Status(code: status(of: error.code)))
    }

    /// As MLflow's own login answers: the client asks its user for `MLFLOW_TRACKING_USERNAME` or `_TOKEN`.
    private static func unauthenticated(_ error: MartletError) -> Response {
        var response = Response.text(
            "You are not authenticated: \(error.message). Set MLFLOW_TRACKING_TOKEN, or "
                + "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
        )
        response.status = .unauthorized
        response.headers[.wwwAuthenticate] = "Basic realm=\"mlflow\""
        return response
    }

    static func name(of code: MartletError.Code) -> String {
        switch code {
        case .invalidArgument, .failedPrecondition, .conflict, .unprocessable, .tooLarge: "INVALID_PARAMETER_VALUE"
        case .unauthenticated: "UNAUTHENTICATED"
        case .permissionDenied: "PERMISSION_DENIED"
        case .notFound: "RESOURCE_DOES_NOT_EXIST"
        case .alreadyExists: "RESOURCE_ALREADY_EXISTS"
        case .rateLimited: "REQUEST_LIMIT_EXCEEDED"
        case .cancelled: "CANCELLED"
        case .internal: "INTERNAL_ERROR"
        case .unimplemented: "NOT_IMPLEMENTED"
        case .unavailable: "TEMPORARILY_UNAVAILABLE"
        case .storageFull, .quotaExceeded: "RESOURCE_EXHAUSTED"
        }
    }

    /// MLflow has 400 for names that are taken and for parameters that differ.
    static func status(of code: MartletError.Code) -> Int {
        switch code {
        case .alreadyExists, .conflict, .unprocessable: 400
        default: code.status
        }
    }

    // MARK: MLflow's words

    /// What the client sent is refused.
    static func invalid(_ message: String) -> MartletError { MartletError(.invalidArgument, message) }

    static func missing(_ parameter: String) -> MartletError {
        invalid("Missing value for required parameter '\(parameter)'.\(apiDocs)")
    }

    static func wrongType(_ parameter: String, _ value: JSONValue) -> MartletError {
        let text = PythonText.json(value)
        return invalid(
            "Invalid value \(text) for parameter '\(parameter)' supplied:  Hint: Value was of type "
                + "'\(PythonText.typeName(of: value))'.\(apiDocs)"
        )
    }

    static let apiDocs = " See the API docs for more information about request parameters."

    /// The store's refusals of a write to a run, said as MLflow says them.
    static func ofRun(_ id: Run.ID, _ error: MartletError, isBatch: Bool = true) -> MartletError {
        switch error.code {
        case .notFound:
            return MartletError(.notFound, "Run with id=\(id) not found")
        case .failedPrecondition:
            return MartletError(
                .failedPrecondition,
                "The run \(id) must be in the 'active' state. Current state is deleted."
            )
        case .conflict where !error.paramConflicts.isEmpty:
            return paramsChanged(error.paramConflicts, of: id, isBatch: isBatch)
        default:
            return error
        }
    }

    private static func paramsChanged(_ conflicts: [ParamConflict], of id: Run.ID, isBatch: Bool) -> MartletError {
        if !isBatch, let conflict = conflicts.first {
            return invalid(
                "Changing param values is not allowed. Param with key='\(conflict.key)' was already logged with "
                    + "value='\(conflict.storedValue)' for run ID='\(id)'. Attempted logging new value "
                    + "'\(conflict.newValue)'."
            )
        }
        let list = conflicts.map { conflict in
            "{'key': \(PythonText.quoted(conflict.key)), 'old_value': \(PythonText.quoted(conflict.storedValue)), "
                + "'new_value': \(PythonText.quoted(conflict.newValue))}"
        }
        return invalid(
            "Changing param values is not allowed. Params were already logged='[\(list.joined(separator: ", "))]' "
                + "for run ID='\(id)'."
        )
    }

    static func noExperiment(_ id: String) -> MartletError {
        MartletError(.notFound, "No Experiment with id=\(id) exists")
    }

    static func inactiveExperiment(_ id: Experiment.ID) -> MartletError {
        MartletError(
            .failedPrecondition,
            "The experiment \(id) must be in the 'active' state. Current state is deleted."
        )
    }

    static func noModel(_ id: LoggedModel.ID) -> MartletError {
        MartletError(.notFound, "Logged model with ID '\(id)' not found.")
    }
}

/// Values as Python prints them: clients match on whole messages.
enum PythonText {
    /// As `json.dumps(value, sort_keys=True, separators=(",", ":"))`; long texts are cut.
    static func json(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value): value.description
        case .string(let text): asciiJSON(text)
        case .array(let elements): "[" + elements.prefix(100).map(json).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.prefix(100).sorted { $0.key < $1.key }.map { asciiJSON($0.key) + ":" + json($0.value) }
                .joined(separator: ",") + "}"
        }
    }

    static func typeName(of value: JSONValue) -> String {
        switch value {
        case .null: "NoneType"
        case .bool: "bool"
        case .integer: "int"
        case .number: "float"
        case .string: "str"
        case .array: "list"
        case .object: "dict"
        }
    }

    /// A string as JSON in ASCII only.
    static func asciiJSON(_ text: String) -> String {
        var result = "\""
        for unit in text.prefix(2_000).utf16 {
            switch unit {
            case 0x22: result += "\\\""
            case 0x5c: result += "\\\\"
            case 0x0a: result += "\\n"
            case 0x0d: result += "\\r"
            case 0x09: result += "\\t"
            case 0x20..<0x7f: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return result + "\""
    }

    /// As `repr(text)`.
    static func quoted(_ text: String) -> String {
        let mark: Character = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = String(mark)
        for character in text.prefix(2_000) {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case mark: result += "\\" + String(mark)
            default: result.append(character)
            }
        }
        result.append(mark)
        return result
    }
}
