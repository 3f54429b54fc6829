import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import MartletHTTP
import Testing

private let json: HTTPFields = [.contentType: "application/json"]
private let api = "/api/2.0/mlflow"
private let nobody = String(repeating: "f", count: 32)

private let scenarios: [APIScenario] = [
    .init(name: "health", method: .get, path: "/health", status: 200, contains: "OK"),
    .init(name: "version", method: .get, path: "/version", status: 200, contains: "3.18.0"),
    .init(
        name: "server-info",
        method: .get,
        path: "/api/3.0/mlflow/server-info",
        status: 200,
        contains: "\"multipart_uploads_enabled\":true"
    ),
    .init(name: "ajax form", method: .get, path: "/ajax-api/2.0/mlflow/runs/get?run_id=RUN", status: 200),
    .init(
        name: "run",
        method: .get,
        path: "\(api)/runs/get?run_id=RUN&run_uuid=RUN",
        status: 200,
        contains: "\"inputs\":{},\"outputs\":{}"
    ),
    .init(
        name: "unknown run",
        method: .get,
        path: "\(api)/runs/get?run_id=nope",
        status: 404,
        contains: "Run with id=nope not found"
    ),
    .init(
        name: "no run named",
        method: .get,
        path: "\(api)/runs/get",
        status: 400,
        contains: "Missing value for required parameter 'run_id'"
    ),
    .init(
        name: "name taken",
        path: "\(api)/experiments/create",
        body: #"{"name": "Default"}"#,
        status: 400,
        contains: "RESOURCE_ALREADY_EXISTS"
    ),
    .init(
        name: "unknown experiment",
        method: .get,
        path: "\(api)/experiments/get?experiment_id=77",
        status: 404,
        contains: "No Experiment with id=77 exists"
    ),
    .init(
        name: "experiment that is no number",
        method: .get,
        path: "\(api)/experiments/get?experiment_id=x",
        status: 400,
        contains: "Experiment ID must be a valid integer"
    ),
    .init(
        name: "unknown name",
        method: .get,
        path: "\(api)/experiments/get-by-name?experiment_name=a%2Bb",
        status: 404,
        contains: "Could not find experiment with name 'a+b'"
    ),
    .init(
        name: "two names",
        path: "\(api)/runs/create",
        body: #"{"experiment_id": "0", "run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]}"#,
        status: 400,
        contains: "with different values"
    ),
    .init(
        name: "both spellings",
        path: "\(api)/runs/delete",
        body: #"{"run_id": "RUN", "runId": "RUN"}"#,
        status: 400,
        contains: "Request specifies both"
    ),
    .init(name: "malformed body", path: "\(api)/runs/create", body: "{", status: 400, contains: "not valid JSON"),
    .init(
        name: "unknown tag",
        path: "\(api)/runs/delete-tag",
        body: #"{"run_id": "RUN", "key": "q"}"#,
        status: 404,
        contains: "No tag with name: q in run with id"
    ),
    .init(
        name: "bad filter",
        path: "\(api)/runs/search",
        body: #"{"experiment_ids": ["0"], "filter": "a b c"}"#,
        status: 400,
        contains: "INVALID_PARAMETER_VALUE"
    ),
    .init(
        name: "no limit",
        path: "\(api)/runs/search",
        body: #"{"experiment_ids": ["0"], "max_results": 0}"#,
        status: 400,
        contains: "It must be a positive integer"
    ),
    .init(
        name: "history without points",
        method: .get,
        path: "\(api)/metrics/get-history?run_id=RUN&metric_key=m&max_results=5",
        status: 200,
        contains: "{}"
    ),
    .init(
        name: "history of nobody",
        method: .get,
        path: "\(api)/metrics/get-history?run_id=\(nobody)&metric_key=m",
        status: 404
    ),
    .init(
        name: "half an interval",
        method: .get,
        path: "\(api)/metrics/get-history-bulk-interval?run_ids=RUN&metric_key=m&start_step=1",
        status: 400,
        contains: "both must be specified"
    ),
    .init(
        name: "registered model",
        path: "\(api)/registered-models/create",
        body: #"{"name": "m"}"#,
        status: 200,
        contains: #"{"registered_model":{"name":"m","#
    ),
    .init(name: "traces", path: "/api/3.0/mlflow/traces", body: "{}", status: 501),
    .init(name: "unknown path", path: "\(api)/runs/nothing", body: "{}", status: 404, contains: "error_code"),
    .init(
        name: "wrong status of a model",
        method: .get,
        path: "\(api)/logged-models/m-1",
        status: 404,
        contains: "Logged model with ID 'm-1' not found."
    ),
    .init(
        name: "path that leads out",
        method: .get,
        path: "/api/2.0/mlflow-artifacts/artifacts?path=..%2F..",
        status: 400,
        contains: "Invalid path"
    ),
    .init(
        name: "path that leads out, twice encoded",
        method: .get,
        path: "/api/2.0/mlflow-artifacts/artifacts/0/%252e%252e/x",
        status: 400,
        contains: "Invalid path"
    ),
    .init(
        name: "no such file",
        method: .get,
        path: "/api/2.0/mlflow-artifacts/artifacts/0/RUN/artifacts/x",
        status: 404,
        contains: "No such artifact"
    ),
    .init(
        name: "no such folder",
        method: .get,
        path: "/api/2.0/mlflow-artifacts/artifacts?path=0/RUN/artifacts/x",
        status: 200,
        contains: "{}"
    ),
    .init(
        name: "unsigned part",
        method: .put,
        path: "/api/2.0/mlflow-artifacts/signed-part/u/1",
        body: "x",
        status: 403
    ),
]

@Suite("MLflow's routes")
struct MLflowRoutesTests {
    @Test("each request gets MLflow's answer", arguments: scenarios)
    func scenario(_ scenario: APIScenario) async throws {
        let server = try await TestServer()
        let run = try await server.makeRun().id.rawValue
        let answer = try await server.send(
            scenario.method,
            scenario.path.replacing("RUN", with: run),
            scenario.body?.replacing("RUN", with: run),
            headers: json
        )
        #expect(Int(answer.status.code) == scenario.status, "\(answer.text)")
        #expect(scenario.contains.isEmpty || answer.text.contains(scenario.contains), "\(answer.text)")
    }

    @Test("a body of another type than JSON is refused")
    func contentType() async throws {
        let server = try await TestServer()
        let answer = try await server.send(
            .post,
            "\(api)/runs/create",
            "{}",
            headers: [.contentType: "text/plain"]
        )
        #expect(answer.status == .badRequest)
        #expect(answer.text.contains("Content-Type must be one of ['application/json']"))
    }

    @Test("a batch is there to be read at once, infinite values as the greatest numbers")
    func batch() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun().id
        let body = """
            {"run_id": "\(run)", "metrics": [{"key": "l", "value": "Infinity", "timestamp": 5, "step": 1},
             {"key": "l", "value": "NaN", "timestamp": 6, "step": 2}], "params": [{"key": "p", "value": "1"}],
             "tags": [{"key": "mlflow.runName", "value": "new"}, {"key": "t", "value": "v"}]}
            """
        #expect(try await server.send(.post, "\(api)/runs/log-batch", body, headers: json).text == "{}")
        let text = try await server.send(.get, "\(api)/runs/get?run_id=\(run)").text
        #expect(text.contains(#"{"key":"l","value":"NaN","timestamp":6,"step":2}"#))
        #expect(text.contains(#""run_name":"new""#))
        #expect(text.contains(#"{"key":"p","value":"1"}"#))
        let history = try await server.send(.get, "\(api)/metrics/get-history?run_id=\(run)&metric_key=l").text
        #expect(
            history
                == #"{"metrics":[{"key":"l","value":1.7976931348623157e+308,"timestamp":5,"step":1},"#
                + #"{"key":"l","value":"NaN","timestamp":6,"step":2}]}"#
        )
    }

    @Test("a history in pages is the whole history")
    func pages() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun().id
        let points = (0..<25).map { #"{"key": "l", "value": \#($0), "timestamp": \#($0 / 3), "step": \#($0)}"# }
        _ = try await server.send(
            .post,
            "\(api)/runs/log-batch",
            #"{"run_id": "\#(run)", "metrics": [\#(points.joined(separator: ","))]}"#,
            headers: json
        )
        var steps: [JSONValue] = []
        var token = ""
        repeat {
            let text = try await server.send(
                .get,
                "\(api)/metrics/get-history?run_id=\(run)&metric_key=l&max_results=10&page_token=\(token)"
            ).text
            let answer = try JSONParser.parse(Array(text.utf8))
            guard case .array(let metrics)? = answer["metrics"] else { break }
            #expect(metrics.count <= 10)
            steps += metrics.compactMap { $0["step"] }
            guard case .string(let next)? = answer["next_page_token"] else { break }
            token = next.replacing("+", with: "%2B").replacing("=", with: "%3D").replacing("/", with: "%2F")
        } while steps.count < 100
        #expect(steps == (0..<25).map { .integer($0) })
    }

    @Test("a changed parameter is refused in MLflow's words, and nothing of the batch is stored")
    func changedParam() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun().id
        let log = { (value: String) in
            try await server.send(
                .post,
                "\(api)/runs/log-batch",
                #"{"run_id": "\#(run)", "params": [{"key": "p", "value": "\#(value)"}], "tags": [{"key": "t\#(value)"}]}"#,
                headers: json
            )
        }
        #expect(try await log("1").status == .ok)
        let answer = try await log("2")
        #expect(answer.status == .badRequest)
        #expect(answer.text.contains("Params were already logged='[{'key': 'p', 'old_value': '1', 'new_value': '2'}]'"))
        #expect(try await !server.send(.get, "\(api)/runs/get?run_id=\(run)").text.contains("t2"))
    }

    @Test("a deleted run refuses points, until it is restored")
    func deletedRun() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun().id
        let body = #"{"run_id": "\#(run)"}"#
        let point = #"{"run_id": "\#(run)", "key": "l", "value": 1, "timestamp": 1}"#
        #expect(try await server.send(.post, "\(api)/runs/delete", body, headers: json).status == .ok)
        let refused = try await server.send(.post, "\(api)/runs/log-metric", point, headers: json)
        #expect(refused.status == .badRequest)
        #expect(refused.text.contains("must be in the 'active' state. Current state is deleted."))
        _ = try await server.send(.post, "\(api)/runs/restore", body, headers: json)
        #expect(try await server.send(.post, "\(api)/runs/log-metric", point, headers: json).status == .ok)
    }
}
