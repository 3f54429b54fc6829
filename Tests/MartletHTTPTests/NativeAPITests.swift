import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import MartletHTTP
import Testing

/// One request and what must come of it.
struct APIScenario: Sendable, CustomTestStringConvertible {
    var name: String
    var method: HTTPRequest.Method = .post
    /// `RUN` stands for the id of a run that exists.
    var path: String
    var body: String?
    var role = Principal.Role.admin
    var status: Int
    var contains = ""

    var testDescription: String { name }
}

private let nobody = String(repeating: "f", count: 32)

private let scenarios: [APIScenario] = [
    .init(name: "version", method: .get, path: "/api/v1/version", status: 200, contains: #""api":1"#),
    .init(name: "experiments", method: .get, path: "/api/v1/experiments", status: 200, contains: "Default"),
    .init(name: "experiments, bad limit", method: .get, path: "/api/v1/experiments?limit=0", status: 400),
    .init(name: "create experiment", path: "/api/v1/experiments", body: #"{"name":"E"}"#, status: 201),
    .init(name: "create experiment twice", path: "/api/v1/experiments", body: #"{"name":"Default"}"#, status: 409),
    .init(
        name: "create experiment without name",
        path: "/api/v1/experiments",
        body: "{}",
        status: 400,
        contains: "name"
    ),
    .init(
        name: "create experiment as reader",
        path: "/api/v1/experiments",
        body: #"{"name":"E"}"#,
        role: .viewer,
        status: 403
    ),
    .init(name: "malformed body", path: "/api/v1/experiments", body: "{", status: 400, contains: "not valid JSON"),
    .init(name: "body that is no object", path: "/api/v1/experiments", body: "[1]", status: 400),
    .init(name: "unknown experiment", method: .get, path: "/api/v1/experiments/77", status: 404),
    .init(name: "experiment that is no number", method: .get, path: "/api/v1/experiments/x%2f..", status: 404),
    .init(
        name: "create run",
        path: "/api/v1/runs",
        body: #"{"experimentID":"0","tags":{"a":1}}"#,
        status: 201,
        contains: #""value":"1""#
    ),
    .init(name: "create run, id a number", path: "/api/v1/runs", body: #"{"experimentID":0}"#, status: 400),
    .init(name: "create run in no experiment", path: "/api/v1/runs", body: #"{"experimentID":"9"}"#, status: 404),
    .init(name: "read run", method: .get, path: "/api/v1/runs/RUN", status: 200, contains: #""isStalled":false"#),
    .init(name: "read unknown run", method: .get, path: "/api/v1/runs/\(nobody)", status: 404),
    .init(
        name: "change run",
        method: .patch,
        path: "/api/v1/runs/RUN",
        body: #"{"conclusion":"c"}"#,
        status: 200,
        contains: #""conclusion":"c""#
    ),
    .init(
        name: "change run, bad status",
        method: .patch,
        path: "/api/v1/runs/RUN",
        body: #"{"status":"x"}"#,
        status: 400
    ),
    .init(
        name: "log",
        path: "/api/v1/runs/RUN/log",
        body: #"{"metrics":[{"key":"l","value":"NaN"}],"params":{"p":1}}"#,
        status: 204
    ),
    .init(
        name: "log bare NaN",
        path: "/api/v1/runs/RUN/log",
        body: #"{"metrics":[{"key":"l","value":NaN}]}"#,
        status: 400
    ),
    .init(
        name: "log illegal key",
        path: "/api/v1/runs/RUN/log",
        body: #"{"metrics":[{"key":"a//b","value":1}]}"#,
        status: 400
    ),
    .init(name: "log U+0000", path: "/api/v1/runs/RUN/log", body: #"{"params":{"p":"a\u0000"}}"#, status: 400),
    .init(name: "log nothing readable", path: "/api/v1/runs/RUN/log", body: #"{"metrics":["#, status: 400),
    .init(name: "log no list", path: "/api/v1/runs/RUN/log", body: #"{"metrics":{"l":1}}"#, status: 400),
    .init(
        name: "log without a value",
        path: "/api/v1/runs/RUN/log",
        body: #"{"metrics":[{"key":"l"}]}"#,
        status: 400,
        contains: "value"
    ),
    .init(name: "log to unknown run", path: "/api/v1/runs/\(nobody)/log", body: #"{"params":{"p":1}}"#, status: 404),
    .init(
        name: "log as reader",
        path: "/api/v1/runs/RUN/log",
        body: #"{"params":{"p":1}}"#,
        role: .viewer,
        status: 403
    ),
    .init(name: "tags", path: "/api/v1/runs/RUN/tags", body: #"{"set":{"a":"b"},"delete":["zz"]}"#, status: 204),
    .init(
        name: "search",
        path: "/api/v1/runs/search",
        body: #"{"experimentIDs":["0"]}"#,
        status: 200,
        contains: #""total":1"#
    ),
    .init(
        name: "search with bad filter",
        path: "/api/v1/runs/search",
        body: #"{"experimentIDs":["0"],"filter":"metrics.x <"}"#,
        status: 400
    ),
    .init(name: "search nowhere", path: "/api/v1/runs/search", body: "{}", status: 400, contains: "experimentIDs"),
    .init(name: "columns", path: "/api/v1/runs/columns", body: #"{"experimentIDs":["0"]}"#, status: 200),
    .init(
        name: "export",
        path: "/api/v1/runs/export",
        body: #"{"experimentIDs":["0"]}"#,
        status: 200,
        contains: "id,experiment,name"
    ),
    .init(
        name: "bulk",
        path: "/api/v1/runs/bulk",
        body: #"{"ids":["RUN"],"action":"delete"}"#,
        status: 200,
        contains: #""changed":1"#
    ),
    .init(name: "bulk without ids", path: "/api/v1/runs/bulk", body: #"{"action":"delete"}"#, status: 400),
    .init(
        name: "bulk as reader",
        path: "/api/v1/runs/bulk",
        body: #"{"ids":["RUN"],"action":"delete"}"#,
        role: .viewer,
        status: 403
    ),
    .init(
        name: "bulk, unknown run",
        path: "/api/v1/runs/bulk",
        body: #"{"ids":["\#(nobody)"],"action":"delete"}"#,
        status: 404
    ),
    .init(name: "heartbeat", path: "/api/v1/runs/RUN/heartbeat", status: 204),
    .init(name: "heartbeat of nobody", path: "/api/v1/runs/\(nobody)/heartbeat", status: 404),
    .init(
        name: "truncate",
        path: "/api/v1/runs/RUN/truncate",
        body: #"{"fromStep":0}"#,
        status: 200,
        contains: #""removed":0"#
    ),
    .init(name: "truncate without a step", path: "/api/v1/runs/RUN/truncate", body: "{}", status: 400),
    .init(name: "truncate, odd step", path: "/api/v1/runs/RUN/truncate", body: #"{"fromStep":"x"}"#, status: 400),
    .init(
        name: "truncate as reader",
        path: "/api/v1/runs/RUN/truncate",
        body: #"{"fromStep":0}"#,
        role: .viewer,
        status: 403
    ),
    .init(
        name: "truncate nobody",
        path: "/api/v1/runs/\(nobody)/truncate",
        body: #"{"fromStep":0}"#,
        status: 404
    ),
    .init(name: "bulk, unknown action", path: "/api/v1/runs/bulk", body: #"{"ids":["RUN"],"action":"x"}"#, status: 400),
    .init(
        name: "series of an unknown run",
        path: "/api/v1/series",
        body: #"{"runs":["\#(nobody)"],"keys":["a"]}"#,
        status: 404
    ),
    .init(
        name: "series, too many buckets",
        path: "/api/v1/series",
        body: #"{"runs":[],"keys":[],"buckets":10001}"#,
        status: 400
    ),
    .init(name: "history of an unknown run", method: .get, path: "/api/v1/runs/\(nobody)/history?key=a", status: 404),
    .init(name: "artifacts", method: .get, path: "/api/v1/runs/RUN/artifacts", status: 200, contains: #""entries":[]"#),
    .init(
        name: "write artifact",
        method: .put,
        path: "/api/v1/runs/RUN/artifacts/content?path=a/b.txt",
        body: "hi",
        status: 200,
        contains: #""size":2"#
    ),
    .init(
        name: "write artifact as reader",
        method: .put,
        path: "/api/v1/runs/RUN/artifacts/content?path=a",
        body: "x",
        role: .viewer,
        status: 403
    ),
    .init(name: "missing artifact", method: .get, path: "/api/v1/runs/RUN/artifacts/content?path=no", status: 404),
    .init(
        name: "artifact above the root",
        method: .get,
        path: "/api/v1/runs/RUN/artifacts/content?path=..%2fx",
        status: 400
    ),
    .init(
        name: "artifact above the root, encoded twice",
        method: .get,
        path: "/api/v1/runs/RUN/artifacts/content?path=%252e%252e%252fx",
        status: 400
    ),
    .init(
        name: "absolute artifact",
        method: .put,
        path: "/api/v1/runs/RUN/artifacts/content?path=/etc/x",
        body: "x",
        status: 400
    ),
    .init(
        name: "artifact with NUL",
        method: .put,
        path: "/api/v1/runs/RUN/artifacts/content?path=a%00b",
        body: "x",
        status: 400
    ),
    .init(
        name: "artifact that is not UTF-8",
        method: .put,
        path: "/api/v1/runs/RUN/artifacts/content?path=%ff",
        body: "x",
        status: 400
    ),
    .init(
        name: "artifact with backslash",
        method: .put,
        path: "/api/v1/runs/RUN/artifacts/content?path=..%5cx",
        body: "x",
        status: 400
    ),
    .init(name: "logged models", path: "/api/v1/logged-models/search", body: #"{"experimentIDs":["0"]}"#, status: 200),
    .init(
        name: "filter",
        path: "/api/v1/filter",
        body: #"{"filter":"metrics.a < 1 word"}"#,
        status: 200,
        contains: #""ok":true"#
    ),
    .init(name: "events of nothing", method: .get, path: "/api/v1/events", status: 400),
    .init(name: "unknown path", method: .get, path: "/api/v1/nope", status: 404, contains: "notFound"),
    .init(name: "wrong method", method: .delete, path: "/api/v1/runs/search", status: 405, contains: "use POST"),
    .init(
        name: "unknown path of the dialect",
        method: .get,
        path: "/api/2.0/mlflow/nope",
        status: 404,
        contains: "error_code"
    ),
    .init(name: "a page", method: .get, path: "/e/0/charts", status: 200, contains: "<!doctype html>"),
    .init(name: "unknown script", method: .get, path: "/js/nope.js", status: 404),
    .init(name: "metrics of the server", method: .get, path: "/metrics", status: 200, contains: "martlet_connections"),
]

@Suite("The native API")
struct NativeAPITests {
    @Test("answers as documented", arguments: scenarios)
    func scenario(_ scenario: APIScenario) async throws {
        var server = try await TestServer()
        let run = try await server.makeRun()
        server.configuration.principal = Principal(name: "ana", role: scenario.role)
        let response = try await server.send(
            scenario.method,
            scenario.path.replacing("RUN", with: run.id.rawValue),
            scenario.body?.replacing("RUN", with: run.id.rawValue)
        )
        #expect(response.status.code == scenario.status, "\(response.text)")
        #expect(scenario.contains.isEmpty || response.text.contains(scenario.contains), "\(response.text)")
        #expect(response.headers[.requestID] != nil)
    }

    @Test("a body over the limit is refused with 413 and the connection closed")
    func tooLarge() async throws {
        var server = try await TestServer()
        server.configuration.largestBody = 1_024
        let response = try await server.send(.post, "/api/v1/runs", String(repeating: " ", count: 2_000))
        #expect(response.status == .contentTooLarge)
        #expect(response.headers[.connection] == "close")
    }

    @Test("many runs are tagged, deleted and restored at once; a deleted one takes no points")
    func bulk() async throws {
        let server = try await TestServer()
        let runs = [try await server.makeRun().id, try await server.makeRun().id]
        let bulk = { (rest: String) in
            let ids = runs.map { "\"\($0)\"" }.joined(separator: ",")
            return try await server.send(.post, "/api/v1/runs/bulk", #"{"ids":[\#(ids)],\#(rest)}"#)
        }
        let point = #"{"metrics":[{"key":"l","value":1}]}"#
        #expect(try await bulk(#""action":"tag","set":{"a":"b"},"delete":["none"]"#).text == #"{"changed":2}"#)
        #expect(try await bulk(#""action":"delete""#).status == .ok)
        for run in runs {
            let text = try await server.send(.get, "/api/v1/runs/\(run)").text
            #expect(text.contains(#""stage":"deleted""#) && text.contains(#""a""#), "\(text)")
            let refused = try await server.send(.post, "/api/v1/runs/\(run)/log", point)
            #expect(refused.status == .badRequest)
            #expect(refused.text.contains("failedPrecondition"), "\(refused.text)")
        }
        #expect(try await bulk(#""action":"restore""#).status == .ok)
        for run in runs {
            #expect(try await server.send(.post, "/api/v1/runs/\(run)/log", point).status == .noContent)
        }
    }

    @Test("a series comes back whole, NaN as a string")
    func history() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun()
        _ = try await server.send(
            .post,
            "/api/v1/runs/\(run.id)/log",
            #"{"metrics":[{"key":"l","value":0.5,"step":1,"time":5},{"key":"l","value":"NaN","step":2,"time":6}]}"#
        )
        let json = try await server.send(.get, "/api/v1/runs/\(run.id)/history?key=l")
        #expect(json.text == #"{"steps":[1,2],"times":[5,6],"values":[0.5,"NaN"]}"#)
        let csv = try await server.send(.get, "/api/v1/runs/\(run.id)/history?key=l&format=csv")
        #expect(csv.text == "step,time,value\n1,5,0.5\n2,6,NaN\n")
    }

    @Test("a compact series leaves out what says nothing, and digits are as many as the values need")
    func compactSeries() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun()
        func log(_ key: String, _ values: [(step: Int, value: String)]) async throws {
            let points = values.map { #"{"key":"\#(key)","value":\#($0.value),"step":\#($0.step),"time":1}"# }
            let body = #"{"metrics":[\#(points.joined(separator: ","))]}"#
            _ = try await server.send(.post, "/api/v1/runs/\(run.id)/log", body)
        }
        func series(_ key: String, _ more: String) async throws -> String {
            let body = #"{"runs":["\#(run.id)"],"keys":["\#(key)"],\#(more)}"#
            return try await server.send(.post, "/api/v1/series", body).text
        }
        let head = { (key: String) in #"{"series":[{"run":"\#(run.id)","key":"\#(key)","count":4,"# }
        try await log("even", [(0, "0.123456789"), (1, "1"), (2, "200000.7"), (3, "1e-9")])
        let even = try await series("even", #""compact":true,"digits":4,"columns":["last"]"#)
        #expect(even == head("even") + #""x0":0,"mean":[0.1235,1.0,200000.0,1e-09]}]}"#)
        // Close together: four digits of what they differ by.
        try await log("close", [(5, "1000.00012345"), (7, "1000.0"), (9, "\"NaN\""), (20, "1000.0002")])
        let close = try await series("close", #""compact":true,"digits":4"#)
        #expect(
            close == head("close")
                + #""x0":5,"dx":[2,2,11],"mean":[1000.0001235,1000.0,null,1000.0002],"nan":[0,0,1,0]}]}"#
        )
        let dense = try await series("even", #""compact":true,"digits":3,"buckets":2,"columns":["min"]"#)
        #expect(
            dense == head("even") + #""x0":0,"dx":2,"width":1,"mean":[0.562,100000.0],"min":[0.123,1e-09],"n":2}]}"#
        )
        let full = try await series("even", #""buckets":2,"columns":[]"#)
        #expect(full.hasPrefix(head("even") + #""firstX":[0,2],"lastX":[1,3],"mean":["#))
        #expect(full.hasSuffix(#","n":[2,2],"nan":[0,0],"inf":[0,0],"smoothed":[]}]}"#))
        #expect(try await series("even", #""columns":["mean"]"#).contains("invalidArgument"))
    }

    @Test("a stored page is shown in a sandbox, and is text as a download")
    func sandbox() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun()
        let path = "/api/v1/runs/\(run.id)/artifacts/content?path=x.html"
        _ = try await server.send(.put, path, "<script>")
        let response = try await server.send(.get, path + "&inline=1")
        #expect(response.headers[.contentType] == "text/html; charset=utf-8")
        #expect(response.headers[.contentSecurityPolicy]?.hasPrefix("sandbox; default-src 'none'") == true)
        #expect(response.headers[.xContentTypeOptions] == "nosniff")
        let part = try await server.send(.get, path, headers: [.range: "bytes=1-3"])
        #expect(part.status == .partialContent)
        #expect(part.headers[.contentType] == "text/plain; charset=utf-8")
        #expect(part.text == "scr")
        let tag = try #require(response.headers[.eTag])
        let known = try await server.send(.get, path, headers: [.ifNoneMatch: tag])
        #expect(known.status == .notModified)
    }
}
